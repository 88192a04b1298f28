"""RFC 6455 frames for the server side, without I/O.

Contract: `FrameReader.feed(data)` takes what came from the socket, then `next()` is called until it returns None
(more bytes are needed). Headers are judged before their payload has arrived, so that an over-long frame costs no
memory. The first violation raises `FrameError` with the close code to send; after it the reader is spent and
raises again. No extension is ever negotiated, so every reserved bit is an error.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["CloseCode", "FrameError", "FrameReader", "Message", "Opcode", "build_close", "build_frame", "unmask"]


class Opcode(IntEnum):
    """RFC 6455 section 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """RFC 6455 section 7.4.1, and the two of ours."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    SLOW_CONSUMER = 4008


# What an endpoint may send: 1004 to 1006 and 1015 are reserved, 1016 to 2999 unassigned, from 5000 on undefined.
_SENDABLE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
_OPCODES = frozenset(Opcode)
_CONTROL = 0x8
_MAX_CONTROL_BYTES = 125
_LEN_16, _LEN_64 = 126, 127
_MAX_16 = 0xFFFF
_SHORT_HEADER, _WIDTH_16, _WIDTH_64 = 2, 2, 8
# Consumed bytes stay in front of the buffer up to here; moving it for each small frame would cost more.
_COMPACT_AT = 16 * 1024


class FrameError(Exception):
    """The peer broke RFC 6455; `code` is the close code that tells it so."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message or control frame.

    `data` is a `str` for text and bytes otherwise; for CLOSE it is the payload and `code` the status (1005: none).
    """

    opcode: int
    data: str | bytes
    code: int = 0


def unmask(mask: bytes, data: bytes) -> bytes:
    """XOR `data` with the four bytes of `mask`, as RFC 6455 section 5.3."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def build_frame(opcode: int, payload: bytes) -> bytes:
    """One final, unmasked frame, as a server sends it."""
    first, size = 0x80 | opcode, len(payload)
    if size < _LEN_16:
        return bytes((first, size)) + payload
    if size <= _MAX_16:
        return struct.pack("!BBH", first, _LEN_16, size) + payload
    return struct.pack("!BBQ", first, _LEN_64, size) + payload


def build_close(code: int, reason: str = "") -> bytes:
    """A close frame; `reason` must be ASCII of at most 123 characters. Code 1005 gives an empty one."""
    if code == CloseCode.NO_STATUS:
        return build_frame(Opcode.CLOSE, b"")
    return build_frame(Opcode.CLOSE, struct.pack("!H", code) + reason.encode("ascii"))


class FrameReader:
    """Takes bytes, gives messages; joins fragments. See the module for the contract."""

    __slots__ = ("_buffer", "_error", "_joined", "_max_bytes", "_opcode", "_start")

    def __init__(self, *, max_bytes: int) -> None:
        """`max_bytes` bounds one message, joined from all its fragments."""
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._start = 0
        # One buffer, not a list: a million fragments of one byte must not cost a million objects.
        self._joined = bytearray()
        self._opcode = 0
        self._error: FrameError | None = None

    @property
    def pending(self) -> bool:
        """True while a frame or a fragmented message has begun and not ended."""
        return self._error is None and (len(self._buffer) > self._start or self._opcode != 0)

    @property
    def buffered_bytes(self) -> int:
        """Bytes held: unread ones and fragments waiting for their end."""
        return len(self._buffer) - self._start + len(self._joined)

    def feed(self, data: bytes) -> None:
        """Add what came from the socket."""
        if self._error is None:
            self._buffer += data

    def next(self) -> Message | None:
        """The next message, or None when more bytes are needed.

        Raises:
            FrameError: the peer broke the protocol; the connection has to be closed with its code.
        """
        if self._error is not None:
            raise self._error
        try:
            while (frame := self._next_frame()) is not None:
                fin, opcode, payload = frame
                message = _control(opcode, payload) if opcode & _CONTROL else self._join(fin, opcode, payload)
                if message is not None:
                    return message
        except FrameError as error:
            self._error = error
            self._buffer.clear()
            self._joined.clear()
            self._start = 0
            raise
        return None

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        buffer, start = self._buffer, self._start
        if len(buffer) - start < _SHORT_HEADER:
            return None
        first, second = buffer[start], buffer[start + 1]
        fin, opcode = bool(first & 0x80), first & 0x0F
        _check_header(first, second)
        self._check_order(opcode)
        size, at = second & 0x7F, start + 2
        if size >= _LEN_16:
            width = _WIDTH_16 if size == _LEN_16 else _WIDTH_64
            if len(buffer) < at + width:
                return None
            size = self._long_length(buffer[at : at + width])
            at += width
        if not opcode & _CONTROL and size + len(self._joined) > self._max_bytes:
            raise FrameError(CloseCode.MESSAGE_TOO_BIG, "message too big")
        end = at + 4 + size
        if len(buffer) < end:
            return None
        payload = unmask(bytes(buffer[at : at + 4]), bytes(buffer[at + 4 : end]))
        self._consume(end)
        return fin, opcode, payload

    @staticmethod
    def _long_length(raw: bytearray) -> int:
        size = int.from_bytes(raw, "big")
        # RFC 6455 section 5.2: the minimal number of bytes must be used, the most significant bit must be 0.
        if size < _LEN_16 or (len(raw) == _WIDTH_64 and (size <= _MAX_16 or size >> 63)):
            raise FrameError(CloseCode.PROTOCOL_ERROR, "length not encoded as the protocol demands")
        return size

    def _consume(self, end: int) -> None:
        if end == len(self._buffer):
            self._buffer.clear()
            self._start = 0
        elif end > _COMPACT_AT:
            del self._buffer[:end]
            self._start = 0
        else:
            self._start = end

    def _check_order(self, opcode: int) -> None:
        if opcode & _CONTROL:
            return
        if opcode == Opcode.CONTINUATION and not self._opcode:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "continuation of nothing")
        if opcode != Opcode.CONTINUATION and self._opcode:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "new message inside a fragmented one")

    def _join(self, fin: bool, opcode: int, payload: bytes) -> Message | None:
        if not fin:
            self._opcode = self._opcode or opcode
            self._joined += payload
            return None
        if self._opcode:
            opcode, self._opcode = self._opcode, 0
            payload = bytes(self._joined) + payload
            self._joined.clear()
        if opcode == Opcode.BINARY:
            return Message(opcode, payload)
        return Message(opcode, _utf8(payload))


def _check_header(first: int, second: int) -> None:
    if first & 0x70:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "reserved bit set")
    opcode = first & 0x0F
    if opcode not in _OPCODES:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "unknown opcode")
    if not second & 0x80:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "frame of a client without mask")
    if opcode & _CONTROL:
        if not first & 0x80:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "fragmented control frame")
        if second & 0x7F > _MAX_CONTROL_BYTES:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "control frame too long")


def _utf8(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise FrameError(CloseCode.INVALID_TEXT, "text that is not UTF-8") from None


def _control(opcode: int, payload: bytes) -> Message:
    if opcode != Opcode.CLOSE:
        return Message(opcode, payload)
    if not payload:
        return Message(opcode, payload, CloseCode.NO_STATUS)
    if len(payload) == 1:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if code not in _SENDABLE_CODES:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "close code that must not be sent")
    _utf8(payload[2:])
    return Message(opcode, payload, code)
