"""Events of one scene to its people, in the order in which they arose."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from protocol.base import ServerEvent
from protocol.errors import Unavailable
from rooms.kit import Kit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """An event for these connections of these users."""

    user_ids: tuple[str, ...]
    connections: tuple[str, ...]
    event: ServerEvent


class Outbox:
    """Takes events at once and tells them from a task, so that the answer to a client comes before what follows it.

    To whom is settled when an event is put: who joins later has it in the snapshot already."""

    def __init__(self, kit: Kit, scene_id: str) -> None:
        self._announcer = kit.announcer
        self._timers = kit.timers
        self._scene_id = scene_id
        self._waiting: deque[Letter] = deque()
        self._telling = asyncio.Lock()

    def put(self, letters: list[Letter]) -> None:
        """These are next."""
        self._waiting.extend(letters)
        if letters:
            self._timers.spawn(self._flush(), f"events of scene {self._scene_id}")

    async def _flush(self) -> None:
        """What the bus does not take is logged and lost; the next snapshot has it."""
        async with self._telling:
            while self._waiting:
                letter = self._waiting.popleft()
                try:
                    await self._announcer.tell(letter.user_ids, letter.event, only=letter.connections)
                except Unavailable:
                    log.warning("an event of a scene was not told", extra={"event": letter.event.spec.name})
