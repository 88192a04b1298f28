"""Engine.IO v4 and Socket.IO v5 packets from a client, without I/O.

Contract: `split_payload` and `parse_engine` raise `BadFrameError` on anything that a client may not send.
`PacketDecoder.receive(data)` takes the data of one Engine.IO message and returns what came of it, in order:
`Packet` for what is well formed, `Refused` for what is not. It never raises on input.
Attachments are collected inside; `abandon()` gives up a packet whose attachments did not come. What depends on
the state of the connection (namespaces, acks that were asked for) is judged by the caller.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from signalling.engine.options import Refusal

__all__ = [
    "BadFrameError",
    "EngineType",
    "Packet",
    "PacketDecoder",
    "PacketType",
    "Refused",
    "nesting_exceeds",
    "parse_engine",
    "split_payload",
]


class EngineType(IntEnum):
    """Engine.IO packet types."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


class PacketType(IntEnum):
    """Socket.IO packet types."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


class BadFrameError(Exception):
    """Engine.IO input that has to be refused."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A well-formed Socket.IO packet; binary ones have become EVENT or ACK with bytes in their data."""

    type: PacketType
    namespace: str
    id: int | None
    data: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused input. `ack_id` is set when it was an event whose sender waits for an answer."""

    kind: Refusal
    namespace: str = "/"
    ack_id: int | None = None


_SEPARATOR = "\x1e"
# The reference client keeps these names to itself; so an event that carries one is forged.
_RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})
_HEADER = re.compile(r"([0-6])(?:([0-9]{1,10})-)?(?:(/[^,]*)(?:,|\Z))?([0-9]*)", re.ASCII)
# The part of an oversized packet that is searched for its header: more would let a peer buy work with bytes.
_HEADER_CHARS = 512
# Acks are numbered by a counter in the client; beyond the safe integers of JavaScript none can be real.
_MAX_ID_DIGITS = 16
_BINARY = {PacketType.BINARY_EVENT: PacketType.EVENT, PacketType.BINARY_ACK: PacketType.ACK}
# After a refused binary packet its attachments are skipped with it, if it announced a believable number of them.
_MAX_SKIPPED = 64


def split_payload(body: bytes, *, max_packets: int) -> list[str]:
    """The packets of one poll body. Raises BadFrameError on bad UTF-8, an empty body or too many packets."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadFrameError("poll body is not UTF-8") from None
    if not text:
        raise BadFrameError("empty poll body")
    if text.count(_SEPARATOR) >= max_packets:
        raise BadFrameError("too many packets in one poll body")
    return text.split(_SEPARATOR)


def parse_engine(frame: str | bytes) -> tuple[EngineType, str | bytes]:
    """One Engine.IO packet: its type and data (bytes for a binary message). Raises BadFrameError."""
    if isinstance(frame, bytes):
        return EngineType.MESSAGE, frame
    first = frame[:1]
    if first == "b":
        try:
            return EngineType.MESSAGE, base64.b64decode(frame[1:].encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise BadFrameError("bad base64") from None
    if not first or first not in "0123456":
        raise BadFrameError("unknown Engine.IO packet type")
    return EngineType(int(first)), frame[1:]


def nesting_exceeds(value: Any, limit: int) -> bool:
    """True when arrays and objects of parsed JSON nest deeper than `limit`; not recursive itself."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return bool(level)


class PacketDecoder:
    """The Socket.IO side of one connection: parses, bounds, joins attachments. See the module for the contract."""

    __slots__ = ("_loads", "_max_attachments", "_max_bytes", "_max_depth", "_parts", "_skip", "_waiting", "_wanted")

    def __init__(self, *, loads: Callable[[str], Any], max_bytes: int, max_attachments: int, max_depth: int) -> None:
        """`loads` parses JSON and raises ValueError; `max_bytes` counts text and attachments together."""
        self._loads = loads
        self._max_bytes = max_bytes
        self._max_attachments = max_attachments
        self._max_depth = max_depth
        self._waiting: Packet | None = None
        self._wanted = 0
        self._parts: list[bytes] = []
        self._skip = 0

    @property
    def waiting(self) -> bool:
        """True while attachments of a packet are still to come."""
        return self._waiting is not None

    def receive(self, data: str | bytes) -> list[Packet | Refused]:
        """What came of one Engine.IO message; usually one item, none for a part of something."""
        if isinstance(data, bytes):
            outcome = self._attach(data)
            return [] if outcome is None else [outcome]
        self._skip = 0
        abandoned = self.abandon()
        outcome = self._receive_text(data)
        return [item for item in (abandoned, outcome) if item is not None]

    def abandon(self) -> Refused | None:
        """Give up a packet whose attachments did not all come; None when there is none."""
        if self._waiting is None:
            return None
        self._forget()
        return Refused(Refusal.MALFORMED_PACKET)

    def _forget(self) -> None:
        self._waiting = None
        self._parts = []

    def _receive_text(self, text: str) -> Packet | Refused | None:
        header = _HEADER.match(text[:_HEADER_CHARS] if len(text) > _HEADER_CHARS else text)
        if header is None:
            return Refused(Refusal.MALFORMED_PACKET)
        if _size(text) > self._max_bytes:
            return self._too_large(header)
        parsed = self._parse(text, header)
        if parsed is None:
            announced = int(header[2] or 0)
            self._skip = announced if announced <= _MAX_SKIPPED else 0
            return Refused(Refusal.MALFORMED_PACKET)
        if parsed.type not in _BINARY:
            return parsed
        self._waiting, self._wanted, self._parts = parsed, int(header[2]), []
        # The text counts too; its size takes the place of a first part.
        self._parts.append(text.encode())
        return None

    def _too_large(self, header: re.Match[str]) -> Refused:
        kind = PacketType(int(header[1]))
        self._skip = min(int(header[2] or 0), _MAX_SKIPPED)
        is_event = kind in (PacketType.EVENT, PacketType.BINARY_EVENT)
        ack_id = int(header[4]) if is_event and 0 < len(header[4]) <= _MAX_ID_DIGITS else None
        return Refused(Refusal.TOO_LARGE, _namespace(header[3]), ack_id)

    def _parse(self, text: str, header: re.Match[str]) -> Packet | None:
        kind = PacketType(int(header[1]))
        if len(header[4]) > _MAX_ID_DIGITS or not self._attachments_fit(kind, header[2]):
            return None
        ack_id = int(header[4]) if header[4] else None
        has_data, data = self._load(text[header.end() :])
        if not has_data or not _shape_is_right(kind, ack_id, data):
            return None
        if kind in _BINARY and not _placeholders_are_right(data, int(header[2])):
            return None
        return Packet(kind, _namespace(header[3]), ack_id, data)

    def _attachments_fit(self, kind: PacketType, announced: str | None) -> bool:
        if kind not in _BINARY:
            return announced is None
        return announced is not None and 0 < int(announced) <= self._max_attachments

    def _load(self, rest: str) -> tuple[bool, Any]:
        if not rest:
            return True, None
        try:
            data = self._loads(rest)
        except ValueError:
            return False, None
        # Only text with that many brackets can nest that deeply: the walk is for the rare one.
        if rest.count("[") + rest.count("{") > self._max_depth and nesting_exceeds(data, self._max_depth):
            return False, None
        # A literal null is data; only CONNECT could be confused by it, and it may not carry one.
        return data is not None, data

    def _attach(self, data: bytes) -> Packet | Refused | None:
        if self._waiting is None:
            if self._skip:
                self._skip -= 1
                return None
            return Refused(Refusal.MALFORMED_FRAME)
        packet, self._parts = self._waiting, [*self._parts, data]
        have = len(self._parts) - 1
        if sum(map(len, self._parts)) > self._max_bytes:
            self._skip = self._wanted - have
            self._forget()
            ack_id = packet.id if packet.type is PacketType.BINARY_EVENT else None
            return Refused(Refusal.TOO_LARGE, packet.namespace, ack_id)
        if have < self._wanted:
            return None
        whole = _fill(packet.data, self._parts[1:])
        self._forget()
        return Packet(_BINARY[packet.type], packet.namespace, packet.id, whole)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _namespace(matched: str | None) -> str:
    # A query in a namespace is allowed by the protocol and has no meaning here.
    return "/" if matched is None else matched.partition("?")[0]


def _shape_is_right(kind: PacketType, ack_id: int | None, data: Any) -> bool:
    match kind:
        case PacketType.CONNECT:
            return ack_id is None and (data is None or isinstance(data, dict))
        case PacketType.DISCONNECT:
            return ack_id is None and data is None
        case PacketType.EVENT | PacketType.BINARY_EVENT:
            return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED
        case PacketType.ACK | PacketType.BINARY_ACK:
            return ack_id is not None and isinstance(data, list)
        case _:  # CONNECT_ERROR is for servers to send
            return False


def _placeholders_are_right(data: Any, count: int) -> bool:
    if isinstance(data, list):
        return all(_placeholders_are_right(item, count) for item in data)
    if not isinstance(data, dict):
        return True
    if data.get("_placeholder") is not True:
        return all(_placeholders_are_right(item, count) for item in data.values())
    number = data.get("num")
    return type(number) is int and 0 <= number < count


def _fill(data: Any, attachments: list[bytes]) -> Any:
    if isinstance(data, list):
        return [_fill(item, attachments) for item in data]
    if not isinstance(data, dict):
        return data
    if data.get("_placeholder") is True:
        return attachments[data["num"]]
    return {key: _fill(value, attachments) for key, value in data.items()}
