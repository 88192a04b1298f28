"""All services of `rooms` over the memory back ends, with clocks that stand still and lines that can be cut."""

from backends.bus_memory import MemoryBus
from backends.games_memory import MemoryGameStore
from backends.memory_tables import MemoryTables
from backends.messages_memory import MemoryMessageStore
from backends.presence_memory import MemoryPresenceStore
from backends.relations_memory import MemoryRelationStore
from protocol.chat import SendMessage
from rooms import facts as kinds
from rooms.announcer import Announcer
from rooms.chat import ChatService
from rooms.core.limits import TokenBuckets
from rooms.facts import FactBus
from rooms.kit import Kit
from rooms.model import Match, User
from rooms.play import GameService
from rooms.presence import PresenceService
from rooms.receipts import ReceiptService
from rooms.service import RoomService
from rooms.typing import TypingService
from tests.support.clock import FakeClock, FakeIds, FakeTimers
from tests.support.fakes import Ears, Line, ScriptedOpening, through

MAX_CHARS = 200
BURST = 30
RATE = 10
GRACE_S = 10.0
LAPSE_S = 6.0
FLUSH_S = 0.2


class House:
    """`store_line` leads to all stores, `bus_line` to the bus. `ears` hears what people and the house are told."""

    def __init__(self, *, dev: bool = False) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.facts = FactBus()
        self.ears = Ears()
        self.store_line, self.bus_line = Line(), Line()
        self.opening = ScriptedOpening()
        self.tables = tables = MemoryTables()
        self.messages = through(self.store_line, MemoryMessageStore(tables))
        self.relations = through(self.store_line, MemoryRelationStore(tables))
        self.games = through(self.store_line, MemoryGameStore(tables))
        self.online = through(self.store_line, MemoryPresenceStore())
        bus = through(self.bus_line, MemoryBus())
        bus.subscribe(self.ears.deliver)
        self.ears.listen(
            self.facts,
            kinds.UserCameOnline,
            kinds.UserWentOffline,
            kinds.MatchMade,
            kinds.UserJoined,
            kinds.MessageStored,
            kinds.MessageChanged,
        )
        kit = Kit(self.clock, FakeIds(self.clock), self.timers, self.facts, Announcer(bus))
        self.rooms = RoomService(
            kit,
            relations=self.relations,
            messages=self.messages,
            presence=self.online,
            opening=self.opening,
            dev=dev,
        )
        self.chat = ChatService(
            kit,
            rooms=self.rooms,
            messages=self.messages,
            presence=self.online,
            limits=TokenBuckets(rate=RATE, burst=BURST),
            max_chars=MAX_CHARS,
        )
        self.receipts = ReceiptService(kit, rooms=self.rooms, messages=self.messages, flush_s=FLUSH_S)
        self.typing = TypingService(kit, rooms=self.rooms, lapse_s=LAPSE_S)
        self.presence = PresenceService(kit, store=self.online, relations=self.relations, grace_s=GRACE_S)
        self.play = GameService(kit, rooms=self.rooms, games=self.games)

    async def match(self, *members: str) -> Match:
        """A match of ann and bob unless others are named, with what telling it made forgotten."""
        match, _ = await self.rooms.create(members or ("ann", "bob"))
        await self.timers.settle()
        self.ears.forget()
        return match

    async def person(self, user_id: str, name: str, *interests: str) -> User:
        """Somebody with a profile."""
        return await self.relations.put_user(User(user_id, name, interests=interests), now_ms=self.clock.wall_ms())

    async def say(self, user_id: str, match: Match, *texts: str) -> list[str]:
        """Texts sent, a second apart so that no limit is met; their message ids."""
        made = []
        for text in texts:
            await self.timers.advance(1)
            sent = await self.chat.send(user_id, message(text, matchId=match.match_id), current=None)
            made.append(sent.message_id)
        return made


def message(content: object, **fields: object) -> SendMessage:
    """A `send_message` as it comes in, with wire names."""
    return SendMessage.from_wire({"content": content, **fields})
