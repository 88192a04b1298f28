"""A WebSocket client that can also do everything a WebSocket client must not do.

Plain asyncio streams and hand-made frames, so that no library keeps a test from sending nonsense: missing masks,
reserved bits, wrong lengths, bad UTF-8, forbidden close codes. `Frame` says what goes on the wire byte by byte.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from dataclasses import dataclass, replace
from typing import Self

__all__ = ["Frame", "RawWebSocket", "close_frame", "text_frame"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Frame:
    """One frame as it will be sent; each field may break the protocol."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    reserved: int = 0
    """RSV1 to RSV3 as the bits 4, 2, 1."""
    mask: bytes | None = b"\x12\x34\x56\x78"
    """None sends it unmasked."""
    length: int | None = None
    """What the header claims instead of the truth."""
    width: int | None = None
    """Bytes of the length field (0, 2, 8) instead of the fitting one."""

    def encode(self) -> bytes:
        """The bytes on the wire."""
        size = len(self.payload) if self.length is None else self.length
        width = (0 if size < 126 else 2 if size < 65536 else 8) if self.width is None else self.width
        flag = {0: size, 2: 126, 8: 127}[width]
        head = bytes((0x80 * self.fin | self.reserved << 4 | self.opcode, 0x80 * (self.mask is not None) | flag))
        head += {0: b"", 2: struct.pack("!H", size & 0xFFFF), 8: struct.pack("!Q", size)}[width]
        if self.mask is None:
            return head + self.payload
        body = bytes(byte ^ self.mask[index % 4] for index, byte in enumerate(self.payload))
        return head + self.mask + body

    def with_(self, **changes: object) -> Frame:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # any field


def text_frame(text: str) -> Frame:
    """A well-formed text frame."""
    return Frame(TEXT, text.encode())


def close_frame(code: int | None = 1000, reason: bytes = b"") -> Frame:
    """A close frame with any code; None sends an empty one."""
    return Frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class RawWebSocket:
    """One connection. `closed_code` and `reset` tell how the server ended it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.closed_code: int | None = None
        self.reset = False

    @classmethod
    async def connect(
        cls, host: str, port: int, path: str, *, headers: dict[str, str] | None = None, limit: int = 65536
    ) -> Self:
        """Open a TCP connection and do the handshake. Raises ConnectionError when it is refused."""
        reader, writer = await asyncio.open_connection(host, port, limit=limit)
        key = base64.b64encode(b"0123456789abcdef")
        lines = {
            "Host": f"{host}:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key.decode(),
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(head.encode() + b"\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        if not answer.startswith(b"HTTP/1.1 101 ") or accept not in answer:
            writer.close()
            raise ConnectionError(answer.split(b"\r\n", 1)[0].decode())
        return cls(reader, writer)

    async def send(self, *frames: Frame | bytes) -> None:
        """Send frames or plain bytes in one write; an ended connection is no error here."""
        data = b"".join(frame if isinstance(frame, bytes) else frame.encode() for frame in frames)
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            self.reset = True

    async def send_text(self, text: str) -> None:
        """Send one well-formed text frame."""
        await self.send(text_frame(text))

    async def receive(self) -> tuple[int, bytes] | None:
        """The next frame as (opcode, payload); None at the end. A close frame sets `closed_code` first."""
        try:
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            payload = await self._reader.readexactly(size)
        except asyncio.IncompleteReadError:
            return None
        except ConnectionError:
            self.reset = True
            return None
        if first & 0x0F == CLOSE and len(payload) >= 2:
            self.closed_code = int.from_bytes(payload[:2], "big")
        return first & 0x0F, payload

    async def receive_text(self) -> str | None:
        """The next text frame; None when the connection ends first."""
        while (frame := await self.receive()) is not None:
            if frame[0] == TEXT:
                return frame[1].decode()
        return None

    async def drain_to_end(self) -> list[str]:
        """Every text up to the end of the connection."""
        texts = []
        while (text := await self.receive_text()) is not None:
            texts.append(text)
        return texts

    async def close(self) -> None:
        """Drop the TCP connection without a close frame."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            self.reset = True
