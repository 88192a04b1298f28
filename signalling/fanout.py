"""Events from the bus to the devices that are connected here."""

from collections.abc import Awaitable
from typing import Any, Protocol

from rooms.facts import FactBus, MessageReachedDevice
from rooms.ports import Envelope
from signalling.session import ConnectionTable


class Emitter(Protocol):
    """The part of the Socket.IO server that sends. One call encodes once, whoever many rooms are named."""

    def emit(self, event: str, data: Any, *, to: list[str], skip_sid: str | None, namespace: str) -> Awaitable[None]:
        """Send to every connection in these rooms but one."""
        ...


def user_room(user_id: str) -> str:
    """The name of the Socket.IO room that holds all devices of a user."""
    return f"u:{user_id}"


class LocalFanout:
    """Delivers envelopes to local connections and notes which users a message has reached."""

    def __init__(self, *, emitter: Emitter, connections: ConnectionTable, facts: FactBus) -> None:
        self._emitter = emitter
        self._connections = connections
        self._facts = facts

    async def deliver(self, envelope: Envelope) -> None:
        """Send to the devices here. Returns when all of it is in their send buffers."""
        namespace = envelope.namespace
        here = [user_id for user_id in envelope.user_ids if self._connections.of_user(user_id, namespace)]
        if not here:
            return
        if envelope.only is not None:
            await self._to_connections(here, envelope, envelope.only)
            return
        if envelope.event == "ai_suggestion":
            await self._suggest(here, envelope)
            return
        await self._emitter.emit(
            envelope.event,
            envelope.payload,
            to=[user_room(user_id) for user_id in here],
            skip_sid=envelope.skip,
            namespace=envelope.namespace,
        )
        if envelope.receipt is not None:
            self._note(here, envelope, *envelope.receipt)

    def _note(self, here: list[str], envelope: Envelope, match_id: str, seq: int) -> None:
        # "Reached" means: in the send buffer of a live connection. A device that drops before its
        # buffer is flushed comes back with `since` and gets the message again.
        for user_id in here:
            if user_id != envelope.payload["from"]:
                self._facts.publish(MessageReachedDevice(match_id, user_id, seq))

    async def _to_connections(self, here: list[str], envelope: Envelope, only: tuple[str, ...]) -> None:
        """Only to these, and only while they are these users'."""
        devices = [device for user_id in here for device in self._connections.of_user(user_id, envelope.namespace)]
        owned = {device.connection_id for device in devices}
        to = [connection_id for connection_id in only if connection_id in owned]
        if to:
            await self._emitter.emit(
                envelope.event, envelope.payload, to=to, skip_sid=envelope.skip, namespace=envelope.namespace
            )

    async def _suggest(self, here: list[str], envelope: Envelope) -> None:
        """Old clients get the bare text."""
        for user_id in here:
            for connection in self._connections.of_user(user_id):
                data = envelope.payload["text"] if connection.bare_suggestions else envelope.payload
                await self._emitter.emit(
                    envelope.event,
                    data,
                    to=[connection.connection_id],
                    skip_sid=envelope.skip,
                    namespace=envelope.namespace,
                )
