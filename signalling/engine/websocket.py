"""A WebSocket on aiohttp that is as strict as RFC 6455 and never buffers without a bound.

aiohttp does the handshake. The frames are read by our own `FrameReader`, because aiohttp's reader accepts unmasked
frames and reserved close codes, and written straight to the transport, because what waits in a queue of Python
objects can not be counted in bytes.

Reading is by pull: bytes stay bytes until `receive` is called, and beyond `max_bytes` plus one read the transport
is paused. So a peer that floods is slowed down by TCP instead of filling memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any, Protocol

from aiohttp import web

from signalling.engine.frames import (
    FrameError,
    FrameReader,
    Opcode,
    build_close,
    build_frame,
)

__all__ = ["HandshakeError", "WebSocket", "reset"]

# How long a peer may take to answer our close frame. Longer keeps dead sockets, shorter cuts off slow networks.
CLOSE_TIMEOUT_S = 0.5
# Kernel send buffer: the kernel doubles it. It is memory that waits for a stuck peer and that we can not count;
# 256 kB still carry 10 Mbit/s at 200 ms.
SEND_BUFFER_BYTES = 128 * 1024
# Unread bytes at which the transport is paused. More only helps peers that send faster than we handle.
READ_PAUSE_BYTES = 128 * 1024
# Messages handled in a row before other connections get their turn.
_FAIR_SHARE = 16


class HandshakeError(Exception):
    """The request can not become a WebSocket."""


class _Protocol(Protocol):
    """The part of aiohttp's request handler that a parser needs."""

    transport: asyncio.Transport | None

    def set_parser(self, parser: Any) -> None: ...
    def keep_alive(self, val: bool) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Drop a TCP connection with RST, so that the kernel forgets what waits for the peer."""
    if transport is None:
        return
    peer = transport.get_extra_info("socket")
    if peer is not None:
        with contextlib.suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()  # type: ignore[attr-defined]  # BaseTransport lacks what every stream transport has


class _Response(web.WebSocketResponse):
    """aiohttp's handshake without aiohttp's reader, writer and closing."""

    def __init__(self, owner: WebSocket) -> None:
        super().__init__(compress=False)
        self._owner = owner

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: Any) -> None:
        self._ws_protocol = protocol
        self._writer = writer
        self._owner.opened(request.protocol)

    async def write_eof(self, data: bytes = b"") -> None:
        self._eof_sent = True


class WebSocket:
    """One WebSocket. It is the parser that aiohttp feeds, and what the connection reads from and writes to."""

    def __init__(self, *, max_bytes: int) -> None:
        self._reader = FrameReader(max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._protocol: _Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._paused = False
        self._closing = False
        self._turn = 0
        self.peer_code: int | None = None
        """The close code that the peer sent, if it did."""

    async def accept(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer the handshake. Raises HandshakeError (nothing was sent) or ConnectionError."""
        # aiohttp logs a warning with the peer's text for each unknown subprotocol; we know none at all.
        if "Sec-WebSocket-Protocol" in request.headers:
            raise HandshakeError("no subprotocol is supported")
        response = _Response(self)
        try:
            await response.prepare(request)
        except (web.HTTPException, ValueError) as error:
            raise HandshakeError("bad WebSocket handshake") from error
        return response

    def opened(self, protocol: Any) -> None:
        """The handshake is answered; from here on the bytes are ours."""
        self._protocol = protocol
        self._transport = protocol.transport
        peer = protocol.transport.get_extra_info("socket")
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        protocol.keep_alive(False)
        protocol.set_parser(self)

    # -- the side of aiohttp -------------------------------------------------------------------------------------

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes from the socket; the result says "not at the end, nothing left over"."""
        self._reader.feed(data)
        if self._closing:
            self._look_for_close()
        else:
            if not self._paused and self._reader.buffered_bytes > self._max_bytes + READ_PAUSE_BYTES:
                self._pause(True)
            self._wake()
        return False, b""

    def feed_eof(self) -> None:
        """The socket is gone."""
        if self._linger is not None:
            self._linger.cancel()
        self._transport = None
        if not self._ended.done():
            self._ended.set_result(None)
        self._wake()

    def _look_for_close(self) -> None:
        """After our close frame only the peer's one is of interest."""
        try:
            while (message := self._reader.next()) is not None:
                if message.opcode == Opcode.CLOSE:
                    self._end()
                    return
        except FrameError:
            return

    def _pause(self, on: bool) -> None:
        self._paused = on
        if self._protocol is not None and self._transport is not None:
            if on:
                self._protocol.pause_reading()
            else:
                self._protocol.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the side of the connection ------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """Bytes written and not yet taken by the kernel."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def interrupted(self) -> bool:
        """True when the peer left in the middle of a frame or of a fragmented message."""
        return not self._closing and self._reader.pending

    async def receive(self) -> str | bytes | None:
        """The next text or binary message; None when the connection has ended or is being closed.

        Pings are answered here. Raises FrameError when the peer broke the protocol; the caller closes.
        """
        while not self._closing:
            message = self._reader.next()
            if message is None:
                if self._transport is None:
                    return None
                await self._more()
                continue
            if message.opcode in (Opcode.TEXT, Opcode.BINARY):
                await self._be_fair()
                return message.data
            if message.opcode == Opcode.PING and isinstance(message.data, bytes):
                self.write(build_frame(Opcode.PONG, message.data))
            elif message.opcode == Opcode.CLOSE:
                self.peer_code = message.code
                self.write(build_close(message.code))
                self._end()
                return None
        return None

    async def _more(self) -> None:
        self._turn = 0
        if self._paused:
            self._pause(False)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _be_fair(self) -> None:
        self._turn += 1
        if self._turn >= _FAIR_SHARE:
            self._turn = 0
            await asyncio.sleep(0)

    def write(self, frame: bytes) -> None:
        """Hand one frame to the transport; dropped when the connection is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and give the peer a moment to answer it; what is still unread is thrown away."""
        if self._closing:
            return
        self.write(build_close(code, reason))
        self._closing = True
        self._wake()
        if self._paused:
            self._pause(False)
        if self._transport is not None:
            self._linger = self._loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _end(self) -> None:
        """The closing handshake is done: flush and close, or reset if the peer takes nothing more."""
        self._closing = True
        if self._transport is not None:
            self._transport.close()
            if self._linger is None:
                self._linger = self._loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def abort(self) -> None:
        """Close now: in order when everything was sent, else by reset."""
        self._closing = True
        self._wake()
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                reset(self._transport)
            else:
                self._transport.abort()

    async def ended(self) -> None:
        """Wait until the socket is gone; at most about `CLOSE_TIMEOUT_S` after `close`."""
        await asyncio.shield(self._ended)
