"""The bus of a server that is one process: publishing is delivering."""

import logging
from collections.abc import Awaitable, Callable

from rooms.ports import Envelope

log = logging.getLogger(__name__)


class MemoryBus:
    """`rooms.ports.Bus`. `publish` awaits the subscribers one after the other, so envelopes keep their order."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Envelope], Awaitable[None]]] = []

    def subscribe(self, deliver: Callable[[Envelope], Awaitable[None]]) -> None:
        """See the port."""
        self._subscribers.append(deliver)

    async def publish(self, envelope: Envelope) -> None:
        """See the port. A subscriber that fails is logged; the others and the publisher do not notice."""
        for deliver in self._subscribers:
            try:
                await deliver(envelope)
            except Exception:
                log.exception("a subscriber of the bus failed", extra={"event": envelope.event})


__all__ = ["MemoryBus"]
