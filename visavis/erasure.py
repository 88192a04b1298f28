"""What was deleted or replaced leaves the database's write-ahead log within seconds, too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from protocol.errors import ProtocolError
from rooms.facts import FactBus, MessageChanged

log = logging.getLogger(__name__)

# Shorter empties the log more often, longer leaves deleted text on the disk for longer; the wire contract gives 5 s.
INTERVAL_S = 2.0


class Erasure:
    """Empties the log after changes of messages; tries again when a reader was in the way."""

    def __init__(self, facts: FactBus, checkpoint: Callable[[], Awaitable[bool]]) -> None:
        self._checkpoint = checkpoint
        self._due = False
        facts.subscribe(MessageChanged, self._changed)

    def _changed(self, fact: MessageChanged) -> None:
        self._due = True

    async def run(self, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Until cancelled."""
        while True:
            await sleep(INTERVAL_S)
            if self._due:
                self._due = False
                self._due = not await self._emptied() or self._due

    async def _emptied(self) -> bool:
        try:
            return await self._checkpoint()
        except ProtocolError:
            log.warning("the write-ahead log could not be emptied")
            return False
