"""Typing: told at once, never stored, lapses by itself."""

from protocol.presence import TypingChanged
from rooms.alarm import Alarm
from rooms.core.typing import TypingChange, TypingTable
from rooms.facts import MessageStored, UserWentOffline
from rooms.kit import Kit
from rooms.service import RoomService


class TypingService:
    """Who types where, told to every other device of the room."""

    def __init__(
        self,
        kit: Kit,
        *,
        rooms: RoomService,
        lapse_s: float,
    ) -> None:
        self._rooms = rooms
        self._announcer = kit.announcer
        self._clock = kit.clock
        self._timers = kit.timers
        self._table = TypingTable(lapse_s=lapse_s)
        self._alarm = Alarm(deadline=self._table.deadline, ring=self._lapse, timers=kit.timers, clock=kit.clock)
        kit.facts.subscribe(MessageStored, self._on_message)
        kit.facts.subscribe(UserWentOffline, self._on_gone)

    async def set(self, user_id: str, match_id: str, *, typing: bool, connection_id: str) -> None:
        """The user says so on one device. Raises `NotFound` or `NotAMember`."""
        await self._rooms.membership(user_id, match_id)
        now = self._clock.monotonic()
        changes = self._table.set(match_id, user_id, typing=typing, origin=connection_id, now=now)
        self._alarm.arm()
        for change in changes:
            await self._tell(change)

    def _on_message(self, fact: MessageStored) -> None:
        message, now = fact.message, self._clock.monotonic()
        self._later(self._table.set(message.match_id, message.sender_id, typing=False, origin=None, now=now))
        self._alarm.arm()

    def _on_gone(self, fact: UserWentOffline) -> None:
        self._later(self._table.gone(fact.user_id))
        self._alarm.arm()

    def _lapse(self) -> None:
        self._later(self._table.tick(now=self._clock.monotonic()))

    def _later(self, changes: list[TypingChange]) -> None:
        for change in changes:
            self._timers.spawn(self._tell(change), "typing")

    async def _tell(self, change: TypingChange) -> None:
        match = await self._rooms.find(change.match_id)
        if match is not None:
            event = TypingChanged(match_id=change.match_id, user_id=change.user_id, typing=change.typing)
            await self._announcer.tell(match.members, event, skip=change.origin)
