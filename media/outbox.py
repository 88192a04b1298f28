"""Events of one call to its people, in the order in which they arose."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable

from media.core.call import Tell
from protocol.errors import Unavailable
from rooms.kit import Kit

log = logging.getLogger(__name__)


class Outbox:
    """Takes events at once and tells them from a task, so that the answer to a client comes before what follows it."""

    def __init__(self, kit: Kit, call_id: str) -> None:
        self._announcer = kit.announcer
        self._timers = kit.timers
        self._call_id = call_id
        self._waiting: deque[Tell] = deque()
        self._telling = asyncio.Lock()

    def put(self, tells: Iterable[Tell]) -> None:
        """These are next."""
        self._waiting.extend(tells)
        if self._waiting:
            self._timers.spawn(self.flush(), f"events of call {self._call_id}")

    async def flush(self) -> None:
        """Returns when everything that was put is told. What the bus does not take is logged and lost."""
        async with self._telling:
            while self._waiting:
                tell = self._waiting.popleft()
                try:
                    await self._announcer.tell([tell.user_id], tell.event, skip=tell.skip, only=tell.only)
                except Unavailable:
                    log.warning(
                        "an event of a call was not told",
                        extra={"event": tell.event.spec.name, "call_id": self._call_id},
                    )
