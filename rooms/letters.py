"""Events of one call, one scene or the like to its people, in the order in which they arose."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.base import ServerEvent
from protocol.errors import Unavailable
from rooms.kit import Kit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """An event for these users: to all their connections but `skip`, or to the connections `only`."""

    user_ids: tuple[str, ...]
    event: ServerEvent
    only: tuple[str, ...] | None = None
    skip: str | None = None


class Letters:
    """Takes events at once and tells them from a task, so that the answer to a client comes before what follows it.

    To whom is settled when an event is put."""

    def __init__(self, kit: Kit, about: str) -> None:
        """`about`: whose events they are, for the log, such as "call 01K"."""
        self._announcer = kit.announcer
        self._timers = kit.timers
        self._about = about
        self._waiting: deque[Letter] = deque()
        self._telling = asyncio.Lock()

    def put(self, letters: Iterable[Letter]) -> None:
        """These are next."""
        self._waiting.extend(letters)
        if self._waiting:
            self._timers.spawn(self.flush(), f"events of {self._about}")

    async def flush(self) -> None:
        """Returns when everything that was put is told. What the bus does not take is logged and lost."""
        async with self._telling:
            while self._waiting:
                letter = self._waiting.popleft()
                try:
                    await self._announcer.tell(letter.user_ids, letter.event, skip=letter.skip, only=letter.only)
                except Unavailable:
                    log.warning("an event was not told", extra={"event": letter.event.spec.name, "about": self._about})


__all__ = ["Letter", "Letters"]
