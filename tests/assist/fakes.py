"""A house small enough for talk help: rooms, a bus that keeps what passes, clocks and ids that count."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from assist.ports import Ask, Offer, Suggestion
from assist.providers.builtin import BuiltinProvider
from assist.service import AssistService, AssistStores, Providers
from backends.suggestions_memory import MemorySuggestionLog
from rooms.announcer import Announcer
from rooms.facts import FactBus
from rooms.kit import Kit
from rooms.model import Match, Message, User
from rooms.ports import Envelope


class CountingClock:
    """Each look at the monotonic clock is a quarter of a second after the last."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.25
        return self.now

    def wall_ms(self) -> int:
        return 1_700_000_000_000


class CountingIds:
    """`id-1`, `id-2` ... and seeds 1, 2 ..."""

    def __init__(self) -> None:
        self.ids = 0
        self.seeds = 0

    def new(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def seed(self) -> int:
        self.seeds += 1
        return self.seeds


class RecordingBus:
    """Keeps envelopes; `before` is called first with each."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.before: Callable[[Envelope], None] = lambda envelope: None

    async def publish(self, envelope: Envelope) -> None:
        self.before(envelope)
        self.sent.append(envelope)

    def subscribe(self, deliver: Callable[[Envelope], Awaitable[None]]) -> None:
        raise AssertionError("nobody listens here")


class TaskTimers:
    """Spawned work as tasks that `settle` awaits."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        raise AssertionError("talk help sets no timers")

    def spawn(self, work: Awaitable[None], name: str) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def settle(self) -> None:
        while self.tasks:
            await self.tasks.pop(0)


class Rooms:
    """Matches, people and messages."""

    def __init__(self) -> None:
        self.matches: dict[str, Match] = {}
        self.people: dict[str, User] = {}
        self.messages: dict[str, list[Message]] = {}

    def put(self, match_id: str, *users: User, kind_of_room: str = "pair", sealed: bool = False) -> Match:
        for user in users:
            self.people[user.user_id] = user
        members = tuple(user.user_id for user in users)
        match = Match(match_id, "pair" if kind_of_room == "pair" else "group", members, 0, sealed=sealed)
        self.matches[match_id] = match
        return match

    def say(self, match_id: str, sender_id: str, *texts: str) -> None:
        talk = self.messages.setdefault(match_id, [])
        for text in texts:
            seq = len(talk) + 1
            talk.append(Message(f"m{seq}", match_id, seq, sender_id, "text", text, 0))

    async def match(self, match_id: str) -> Match | None:
        return self.matches.get(match_id)

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        return {user_id: self.people[user_id] for user_id in user_ids if user_id in self.people}

    async def page(
        self, match_id: str, *, after: int | None = None, before: int | None = None, limit: int
    ) -> list[Message]:
        return self.messages.get(match_id, [])[-limit:]

    async def last_seq(self, match_id: str) -> int:
        return len(self.messages.get(match_id, []))


class OpenLog(MemorySuggestionLog):
    """The memory log with a look inside."""

    def stored(self, suggestion_id: str) -> Suggestion | None:
        return self._suggestions.get(suggestion_id)

    def all(self) -> list[Suggestion]:
        return list(self._suggestions.values())


class BrokenProvider:
    """Fails at every call."""

    name = "broken"

    async def icebreakers(self, ask: Ask) -> list[Offer]:
        raise RuntimeError("no answer")

    async def topics(self, ask: Ask) -> list[Offer]:
        raise RuntimeError("no answer")


@dataclass
class House:
    """Everything a test of the service touches."""

    clock: CountingClock = field(default_factory=CountingClock)
    bus: RecordingBus = field(default_factory=RecordingBus)
    timers: TaskTimers = field(default_factory=TaskTimers)
    rooms: Rooms = field(default_factory=Rooms)
    log: OpenLog = field(default_factory=OpenLog)
    facts: FactBus = field(default_factory=FactBus)
    observed: list[tuple[str, str, float]] = field(default_factory=list)

    def service(self, provider: BuiltinProvider | BrokenProvider | None = None, per_request: int = 3) -> AssistService:
        kit = Kit(self.clock, CountingIds(), self.timers, self.facts, Announcer(self.bus))
        used = provider or BuiltinProvider()
        return AssistService(
            kit,
            AssistStores(self.log, self.rooms, self.rooms),
            Providers(used, used, lambda *call: self.observed.append(call)),
            suggestions_per_request=per_request,
        )

    def payloads(self, user_id: str) -> list[dict[str, object]]:
        """What was sent to a person, oldest first."""
        return [envelope.payload for envelope in self.bus.sent if envelope.user_ids == (user_id,)]
