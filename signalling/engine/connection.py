"""One Engine.IO connection: polling, WebSocket, or the first on its way to the second.

It takes the place of python-engineio's `AsyncSocket`. What differs from it:
- No task, timer or queue per frame. Over WebSocket a packet is written to the transport at once; over polling it
  waits in a list. Both are counted in bytes; whoever has more than `send_buffer_bytes` waiting when the next packet
  comes ends as a slow consumer.
- One timer for the heartbeat, one for a connection that never becomes a Socket.IO one.
- Messages are handled inline, one after the other: order and back-pressure for free, and a handler that waits for
  an answer of its own client would wait for ever.
- It ends once, through `terminate`, which is synchronous: bookkeeping and memory are gone when it returns; the
  `disconnect` handlers run in a task that the server owns.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engineio import async_socket, exceptions
from engineio import packet as eio_packet

from signalling.engine.frames import CloseCode, FrameError, Opcode, build_frame
from signalling.engine.options import CloseCause, EngineOptions, Refusal
from signalling.engine.packets import BadFrameError, EngineType, parse_engine
from signalling.engine.strikes import Strikes
from signalling.engine.websocket import WebSocket, reset

if TYPE_CHECKING:
    from signalling.engine.transport import EngineTransport

__all__ = ["MAX_POLL_ANSWER", "Connection", "encode_polling", "frame_of"]

# A handler may hold up the PONG that lies behind its message; so many more timeouts are granted while one runs.
_GRACE_TIMEOUTS = 3
# A poll that arrives while the WebSocket of the same connection is being probed is held this long.
_UPGRADE_HOLD_S = 0.1
_STRIKE_WINDOW_S = 10.0
# Packets in the answer to one poll. The Python client refuses more; the rest comes with its next poll.
MAX_POLL_ANSWER = 16


def frame_of(pkt: Any) -> bytes:
    """The WebSocket frame of a packet, built once for all its recipients."""
    frame: bytes | None = getattr(pkt, "ws_frame", None)
    if frame is None:
        if pkt.binary:
            frame = build_frame(Opcode.BINARY, bytes(pkt.data))
        else:
            frame = build_frame(Opcode.TEXT, pkt.encode().encode())
        pkt.ws_frame = frame
    return frame


def encode_polling(packets: list[Any]) -> bytes:
    """The body of a poll. Goes around the cache of the stock class, which mixes up both transports' binary."""
    parts = [
        eio_packet.Packet(pkt.packet_type, pkt.data).encode(b64=True) if pkt.binary else pkt.encode() for pkt in packets
    ]
    return "\x1e".join(parts).encode()


class Connection(async_socket.AsyncSocket):  # type: ignore[misc]  # no types there
    """See the module. Attributes of the stock class that the stock server reads keep their names."""

    server: EngineTransport
    sid: str
    connected: bool
    """The handshake is done; set by the transport."""
    closing: bool
    closed: bool
    upgrading: bool
    upgraded: bool
    """It runs over WebSocket."""

    def __init__(self, server: EngineTransport, sid: str) -> None:
        super().__init__(server, sid)
        options: EngineOptions = server.options
        self.options = options
        self.loop = asyncio.get_running_loop()
        self.strikes = Strikes(limit=options.malformed_per_10s, window_s=_STRIKE_WINDOW_S)
        self.busy = False
        self.struck_out = False
        self.ended: asyncio.Task[None] | None = None
        self.post_lock = asyncio.Lock()
        self.posts_waiting = 0
        self._ws: WebSocket | None = None
        self._probing: WebSocket | None = None
        self._outbox: list[Any] = []
        self._outbox_bytes = 0
        self._poll_waiter: asyncio.Future[None] | None = None
        self._poll_transport: asyncio.Transport | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ghost: asyncio.TimerHandle | None = None
        self._late = 0
        self._upgrade: asyncio.Future[None] | None = None

    # -- sending -------------------------------------------------------------------------------------------------

    async def send(self, pkt: Any) -> None:
        """As the stock method; never waits."""
        self.send_now(pkt)

    def send_now(self, pkt: Any) -> None:
        """Write or queue one packet; dropped when the connection has ended."""
        if self.closed:
            return
        # Judged before this packet is added: one long answer to a client that reads must not end it.
        if self.waiting_bytes > self.options.send_buffer_bytes:
            self.server.hooks.rejected(Refusal.SLOW_CONSUMER, eio_sid=self.sid)
            self.terminate(CloseCause.SLOW_CONSUMER, code=CloseCode.SLOW_CONSUMER)
            return
        if self._ws is not None:
            self._ws.write(frame_of(pkt))
        else:
            self._queue(pkt)
            self._release_poll()

    def _queue(self, pkt: Any) -> None:
        self._outbox.append(pkt)
        self._outbox_bytes += len(frame_of(pkt))

    def send_text(self, text: str) -> None:
        """Send one Engine.IO message."""
        self.send_now(eio_packet.Packet(eio_packet.MESSAGE, text))

    @property
    def waiting_bytes(self) -> int:
        """Bytes that this client has not taken yet."""
        if self._ws is not None:
            return self._ws.waiting_bytes
        unsent = 0 if self._poll_transport is None else self._poll_transport.get_write_buffer_size()
        return self._outbox_bytes + unsent

    def _take_outbox(self) -> list[Any]:
        packets, self._outbox, self._outbox_bytes = self._outbox, [], 0
        return packets

    # -- receiving -----------------------------------------------------------------------------------------------

    async def receive_frame(self, frame: str | bytes) -> bool:
        """Handle one Engine.IO packet, however bad; False when it was none that a client may send."""
        if self.closed:
            return True
        try:
            kind, data = parse_engine(frame)
        except BadFrameError:
            self.refuse(Refusal.MALFORMED_FRAME)
            return False
        if kind is EngineType.MESSAGE:
            self.busy = True
            try:
                await self.server._trigger_event("message", self.sid, data)
            finally:
                self.busy = False
            if self.struck_out:
                self.server.strike_out(self)
        elif data or kind not in (EngineType.PONG, EngineType.CLOSE):
            self.refuse(Refusal.MALFORMED_FRAME)
            return False
        elif kind is EngineType.PONG:
            self.schedule_ping()
        else:
            self.terminate(CloseCause.CLIENT_LEFT)
        return True

    def refuse(self, kind: Refusal) -> None:
        """Count one refused input, and a strike against the connection."""
        self.server.hooks.rejected(kind, eio_sid=self.sid)
        self.strike()

    def strike(self) -> None:
        """Too many of these end the connection, after the answer that may be under way."""
        if self.strikes.hit(self.loop.time()):
            self.struck_out = True
            if not self.busy:
                self.server.strike_out(self)

    # -- heartbeat and ghosts ------------------------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """Start the next heartbeat; the answer to the last one has come."""
        if not self.closed:
            self._late = 0
            self._set_heartbeat(self.options.ping_interval_s, self._ping)

    def _set_heartbeat(self, delay_s: float, callback: Any) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._heartbeat = self.loop.call_later(delay_s, callback)

    def _ping(self) -> None:
        self._set_heartbeat(self.options.ping_timeout_s, self._ping_missed)
        self.send_now(eio_packet.Packet(eio_packet.PING))

    def _ping_missed(self) -> None:
        self._late += 1
        if self.busy and self._late <= _GRACE_TIMEOUTS:
            self._set_heartbeat(self.options.ping_timeout_s, self._ping_missed)
            return
        self._count_interrupted()
        self.terminate(CloseCause.PING_TIMEOUT)

    async def check_ping_timeout(self) -> bool:
        """As the stock method; the timers do the checking."""
        return not self.closed

    def arm_ghost(self) -> None:
        """Give the client the connect timeout to join a namespace."""
        self.disarm_ghost()
        if not self.closed:
            self._ghost = self.loop.call_later(
                self.options.connect_timeout_s, self.terminate, CloseCause.CONNECT_TIMEOUT
            )

    def disarm_ghost(self) -> None:
        """The client is in a namespace."""
        if self._ghost is not None:
            self._ghost.cancel()
            self._ghost = None

    # -- ending --------------------------------------------------------------------------------------------------

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """As the stock method: end, and wait for the `disconnect` handlers unless this is one of them."""
        self.terminate(reason or CloseCause.SERVER_DISCONNECT, abort=abort)
        if wait and self.ended is not None and self.ended is not asyncio.current_task():
            await self.ended

    def terminate(self, cause: str, *, code: int = CloseCode.NORMAL, abort: bool = False) -> None:
        """End the connection now, once; `abort` drops the transport without a word."""
        if self.closed:
            return
        self.closing = self.closed = True
        self.disarm_ghost()
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self.server.sockets.pop(self.sid, None)
        last_words = self._take_outbox()
        if self._probing is not None:
            self._probing.close(code)
        if self._ws is None:
            self._end_polling(cause, last_words, abort=abort or code == CloseCode.SLOW_CONSUMER)
        elif abort:
            self._ws.abort()
        else:
            self._ws.close(code)
        self.ended = self.server.spawn(self.server.connection_ended(self.sid, cause))

    def _end_polling(self, cause: str, last_words: list[Any], *, abort: bool) -> None:
        if abort:
            reset(self._poll_transport)
        elif cause == CloseCause.PING_TIMEOUT:
            pass  # nobody is there to be told
        elif cause != CloseCause.CLIENT_LEFT:
            self.server.leave_farewell(self.sid, [*last_words, eio_packet.Packet(eio_packet.CLOSE)])
        elif self._poll_waiter is not None:
            self.server.leave_farewell(self.sid, [eio_packet.Packet(eio_packet.NOOP)])
        self._release_poll()

    async def transport_gone(self) -> None:
        """Wait until the WebSocket is gone; at once for polling. Not for long: see `WebSocket.ended`."""
        for ws in (self._ws, self._probing):
            if ws is not None:
                await ws.ended()

    def drop_transport(self) -> None:
        """Do not wait for the peer any longer."""
        reset(self._poll_transport)
        for ws in (self._ws, self._probing):
            if ws is not None:
                ws.abort()

    # -- polling -------------------------------------------------------------------------------------------------

    async def poll(self) -> list[Any]:
        """The packets of one poll, as soon as there is one; the farewell when the connection ends meanwhile.

        Raises:
            EngineIOError: another poll is under way. The protocol demands that the connection ends.
        """
        if self._poll_waiter is not None:
            self.terminate(CloseCause.PROTOCOL_ERROR)
            raise exceptions.EngineIOError("overlapping polls")
        if not self._outbox and not self.closed:
            self._poll_waiter = self.loop.create_future()
            try:
                await self._poll_waiter
            finally:
                self._poll_waiter = None
        if self.closed:
            return self.server.take_farewell(self.sid) or [eio_packet.Packet(eio_packet.CLOSE)]
        # An upgrade may have taken the packets that woke this poll.
        packets = self._take_outbox()
        for pkt in packets[MAX_POLL_ANSWER:]:
            self._queue(pkt)
        return packets[:MAX_POLL_ANSWER] or [eio_packet.Packet(eio_packet.NOOP)]

    def _release_poll(self) -> None:
        if self._poll_waiter is not None and not self._poll_waiter.done():
            self._poll_waiter.set_result(None)

    def writing_poll(self, transport: asyncio.Transport | None) -> None:
        """The answer to a poll is being written to `transport`; None when that is over."""
        self._poll_transport = transport

    async def poll_while_upgrading(self) -> list[Any]:
        """A poll during the upgrade: a NOOP, unless the upgrade succeeds in a moment.

        Raises:
            EngineIOError: it did; this connection has no polls any more.
        """
        upgrade = self._upgrade
        if upgrade is not None:
            await asyncio.wait([upgrade], timeout=_UPGRADE_HOLD_S)
        if self.upgraded or self.closed:
            raise exceptions.EngineIOError("upgraded")
        return [eio_packet.Packet(eio_packet.NOOP)]

    # -- WebSocket -----------------------------------------------------------------------------------------------

    def may_upgrade(self) -> bool:
        """True while the connection runs over polling and no upgrade is under way."""
        return not (self.upgrading or self.upgraded or self.closed)

    async def serve_websocket(self, ws: WebSocket) -> None:
        """Run the connection, or its upgrade, on an accepted WebSocket until that has ended."""
        if self.connected and not await self._probe(ws):
            self._end_upgrade()
            ws.close(CloseCode.POLICY_VIOLATION)
            await ws.ended()
            return
        self.connected = self.upgraded = True
        self._ws = ws
        self._end_upgrade()
        for pkt in self._take_outbox():
            self.send_now(pkt)
        try:
            while (frame := await ws.receive()) is not None:
                await self.receive_frame(frame)
        except FrameError as error:
            self._protocol_error(ws, error)
        finally:
            self._count_interrupted()
            self.terminate(CloseCause.TRANSPORT_LOST if ws.peer_code is None else CloseCause.CLIENT_LEFT)
        await ws.ended()

    def _protocol_error(self, ws: WebSocket, error: FrameError) -> None:
        self.server.hooks.rejected(Refusal.WEBSOCKET_PROTOCOL, eio_sid=self.sid)
        ws.close(error.code)
        if self._ws is ws:
            self.terminate(CloseCause.PROTOCOL_ERROR)

    def _count_interrupted(self) -> None:
        # A frame that the peer began and never ended is refused input like any other.
        if self._ws is not None and not self.closed and self._ws.interrupted:
            self.server.hooks.rejected(Refusal.WEBSOCKET_PROTOCOL, eio_sid=self.sid)

    async def _probe(self, ws: WebSocket) -> bool:
        """The upgrade: "2probe", "3probe", then "5". False when the client did anything else."""
        self.upgrading, self._probing = True, ws
        self._upgrade = self.loop.create_future()
        try:
            async with asyncio.timeout(self.options.connect_timeout_s):
                if not await self._expect(ws, "2probe"):
                    return False
                ws.write(build_frame(Opcode.TEXT, b"3probe"))
                if self._poll_waiter is not None and not self._outbox:
                    self.send_now(eio_packet.Packet(eio_packet.NOOP))
                return await self._expect(ws, "5") and not self.closed
        except TimeoutError:
            return False

    def _end_upgrade(self) -> None:
        self.upgrading, self._probing = False, None
        if self._upgrade is not None:
            self._upgrade.set_result(None)
            self._upgrade = None

    async def _expect(self, ws: WebSocket, text: str) -> bool:
        try:
            frame = await ws.receive()
        except FrameError as error:
            self._protocol_error(ws, error)
            return False
        if frame is None and ws.interrupted:
            self.server.hooks.rejected(Refusal.WEBSOCKET_PROTOCOL, eio_sid=self.sid)
        elif frame not in (text, None):
            self.refuse(Refusal.MALFORMED_FRAME)
        return frame == text
