"""Who is in which room, and sending to them without a task for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engineio import packet as eio_packet
from socketio import async_manager
from socketio import packet as sio_packet

__all__ = ["LocalManager"]


class LocalManager(async_manager.AsyncManager):  # type: ignore[misc]  # no types there
    """The stock manager, but `emit` writes to each connection at once instead of starting a task for it.

    Sending never waits in this engine (see `connection`), so there is nothing that a task could wait for.
    """

    async def emit(  # noqa: PLR0917 - the signature of the stock method
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: str | list[str] | None = None,
        callback: Callable[..., Any] | None = None,
        to: Any = None,
        **_kwargs: Any,
    ) -> None:
        """Send an event to a room, a connection, or all of a namespace; a packet is encoded once for all.

        A tuple in `data` is spread over the arguments of the event. With a `callback` each recipient gets a packet
        with an ack id of its own.
        """
        if namespace not in self.rooms:
            return
        if data is None:
            data = ()
        arguments = list(data) if isinstance(data, tuple) else [data]
        skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
        participants = [item for item in self.get_participants(namespace, to or room) if item[0] not in skipped]
        shared = None if callback else self._packets(event, arguments, namespace, None)
        for sid, eio_sid in participants:
            connection = self.server.eio.sockets.get(eio_sid)
            if connection is None:
                continue
            ack_id = self._generate_ack_id(sid, callback) if callback else None
            for pkt in shared or self._packets(event, arguments, namespace, ack_id):
                connection.send_now(pkt)

    def _packets(self, event: str, arguments: list[Any], namespace: str, ack_id: int | None) -> list[Any]:
        pkt = self.server.packet_class(sio_packet.EVENT, namespace=namespace, data=[event, *arguments], id=ack_id)
        encoded = pkt.encode()
        parts = encoded if isinstance(encoded, list) else [encoded]
        return [eio_packet.Packet(eio_packet.MESSAGE, part) for part in parts]
