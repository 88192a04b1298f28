"""Delivered and read, as cursors: one row per member, not one per message."""

import logging

from protocol.chat import MessageStatus
from protocol.errors import InvalidPayload, Unavailable
from rooms.alarm import Alarm
from rooms.core.cache import RecentMap
from rooms.core.receipts import ReceiptTable
from rooms.facts import MessageReachedDevice
from rooms.kit import Kit
from rooms.model import Cursor
from rooms.ports import MessageStore
from rooms.service import RoomService

log = logging.getLogger(__name__)

_REMEMBERED = 50_000  # cursors already told; more saves repeated events, each costs about 300 bytes


class ReceiptService:
    """Notes what reached which member and tells the room."""

    def __init__(
        self,
        kit: Kit,
        *,
        rooms: RoomService,
        messages: MessageStore,
        flush_s: float,
    ) -> None:
        self._rooms = rooms
        self._messages = messages
        self._announcer = kit.announcer
        self._clock = kit.clock
        self._timers = kit.timers
        self._table = ReceiptTable(flush_s=flush_s)
        self._alarm = Alarm(deadline=self._table.deadline, ring=self._flush_later, timers=kit.timers, clock=kit.clock)
        self._told: RecentMap[tuple[str, str], Cursor] = RecentMap(_REMEMBERED)
        self._stalled = False
        kit.facts.subscribe(MessageReachedDevice, self._on_reached)

    def delivered(self, match_id: str, user_id: str, seq: int) -> None:
        """A device of the user has the match up to `seq`; written and told within the flush time."""
        self._table.delivered(match_id, user_id, seq, now=self._clock.monotonic())
        self._alarm.arm()

    async def read(self, user_id: str, match_id: str, seq: int) -> int:
        """The user has read up to `seq`; returns the cursor as it stands after the commit.

        Raises `NotFound`, `NotAMember`, and `InvalidPayload` for a seq that no message has yet."""
        await self._rooms.membership(user_id, match_id)
        if seq > await self._messages.last_seq(match_id):
            raise InvalidPayload("no message has this seq yet", field="seq")
        moved = await self._messages.advance([Cursor(match_id, user_id, delivered_seq=seq, read_seq=seq)])
        await self._tell(moved)
        return moved[0].read_seq if moved else 0

    async def flush(self) -> None:
        """Write what waits, in one commit, and tell the rooms. Raises `Unavailable`; it then goes on waiting."""
        await self._tell(await self._write())

    async def _write(self) -> list[Cursor]:
        waiting = self._table.take()
        self._alarm.arm()
        try:
            return await self._messages.advance(waiting) if waiting else []
        except Unavailable:
            for cursor in waiting:
                self.delivered(cursor.match_id, cursor.user_id, cursor.delivered_seq)
            raise

    async def _flush_in_time(self) -> None:
        """What the alarm does. A store that is down is tried again each time; the log hears of it once."""
        try:
            moved = await self._write()
        except Unavailable:
            if not self._stalled:
                log.warning("receipts wait for the store")
            self._stalled = True
            return
        self._stalled = False
        await self._tell(moved)

    def _on_reached(self, fact: MessageReachedDevice) -> None:
        self.delivered(fact.match_id, fact.user_id, fact.seq)

    def _flush_later(self) -> None:
        self._timers.spawn(self._flush_in_time(), "receipts")

    async def _tell(self, cursors: list[Cursor]) -> None:
        for cursor in cursors:
            key = (cursor.match_id, cursor.user_id)
            told = self._told.get(key)
            if told is not None and told.delivered_seq >= cursor.delivered_seq and told.read_seq >= cursor.read_seq:
                continue
            self._told.put(key, cursor)
            match = await self._rooms.find(cursor.match_id)
            if match is None:
                continue
            event = MessageStatus(
                match_id=cursor.match_id,
                user_id=cursor.user_id,
                delivered_seq=cursor.delivered_seq,
                read_seq=cursor.read_seq,
            )
            await self._announcer.tell(match.members, event)
