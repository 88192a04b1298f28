"""JSON by orjson, and the Socket.IO packet class that writes with it."""

from __future__ import annotations

from typing import Any

import orjson
from socketio import packet as sio_packet

__all__ = ["OutPacket", "dumps", "loads"]


def dumps(value: Any, **_options: Any) -> str:
    """As `json.dumps`, always compact; the keyword arguments that python-socketio passes are ignored."""
    return orjson.dumps(value).decode()


def loads(text: str | bytes) -> Any:
    """As `json.loads`, but strict: no NaN, no lone surrogates. Raises ValueError."""
    return orjson.loads(text)


class _Json:
    """What python-socketio expects of a JSON module."""

    dumps = staticmethod(dumps)
    loads = staticmethod(loads)


class OutPacket(sio_packet.Packet):  # type: ignore[misc]  # no types there
    """A packet to send. It looks for binary parts only when orjson met one.

    The stock class walks every payload twice in Python to find bytes that are almost never there; here orjson
    fails on them in C, and only then the packet becomes a binary one.
    """

    json = _Json
    packet_type: int

    def __init__(
        self,
        packet_type: int = sio_packet.EVENT,
        data: Any = None,
        namespace: str | None = None,
        id: int | None = None,
        binary: bool | None = None,
        encoded_packet: str | None = None,
    ) -> None:
        super().__init__(packet_type, data, namespace, id, binary=bool(binary), encoded_packet=encoded_packet)

    def encode(self) -> str | list[str | bytes]:
        """The packet as text, or as text and its attachments when there are bytes in the data."""
        try:
            return super().encode()  # type: ignore[no-any-return]  # no types there
        except TypeError:
            if self.packet_type not in _BINARY_TWIN or not self.data_is_binary(self.data):
                raise
        self.packet_type = _BINARY_TWIN[self.packet_type]
        return super().encode()  # type: ignore[no-any-return]  # no types there


_BINARY_TWIN = {sio_packet.EVENT: sio_packet.BINARY_EVENT, sio_packet.ACK: sio_packet.BINARY_ACK}
