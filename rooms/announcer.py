"""Events to people, through the bus, encoded once for all of their devices."""

from collections.abc import Iterable

from protocol.base import ServerEvent
from rooms.ports import Bus, Envelope


class Announcer:
    """The one way in which a service speaks to clients."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def tell(
        self,
        user_ids: Iterable[str],
        event: ServerEvent,
        *,
        skip: str | None = None,
        receipt: tuple[str, int] | None = None,
        only: tuple[str, ...] | None = None,
    ) -> None:
        """Send `event` to every device of these users but the connection `skip`, or to the connections `only`."""
        spec = event.spec
        envelope = Envelope(tuple(user_ids), spec.name, event.wire(), spec.namespace, skip, receipt, only)
        await self._bus.publish(envelope)
