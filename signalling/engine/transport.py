"""The Engine.IO endpoint: HTTP requests in, connections of our own kind behind them.

It takes the place of python-engineio's `AsyncServer` and keeps its public face (`sockets`, `send`, `disconnect`,
handlers). What differs: every refused request is counted and answered with the error body of the reference server,
no request text is ever logged, polls may carry up to `max_packets_per_poll` packets, JSONP does not exist, and
the tasks that it starts are owned and awaited.
"""

from __future__ import annotations

import asyncio
import logging
import urllib.parse
from collections.abc import Coroutine
from typing import Any

import engineio
from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError
from engineio import exceptions
from engineio import packet as eio_packet

from signalling.engine.codec import dumps
from signalling.engine.connection import MAX_POLL_ANSWER, Connection, encode_polling
from signalling.engine.frames import CloseCode
from signalling.engine.options import CloseCause, EngineHooks, EngineOptions, Refusal
from signalling.engine.packets import BadFrameError, split_payload
from signalling.engine.websocket import HandshakeError, WebSocket

__all__ = ["EngineTransport", "log_failure"]

logger = logging.getLogger(__name__)

# How long the last words to a polling client wait for its next poll.
FAREWELL_S = 1.0
# POSTs of one connection that may wait for the one before them. Real clients send one at a time.
_MAX_WAITING_POSTS = 8
_READ_CHUNK = 64 * 1024
_FAIR_SHARE = 16


class _Silent(logging.Logger):
    """The stock servers log payloads and session ids at INFO and peers' text at ERROR; this one says nothing."""

    def isEnabledFor(self, level: int) -> bool:
        return False


class _RateLimit:
    """One line a second about failures of handlers, however many there are."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self.suppressed = 0


_failures = _RateLimit()


def log_failure(where: str, error: BaseException) -> None:
    """Log an exception that escaped a handler, with its traceback, at most once a second."""
    now = asyncio.get_running_loop().time()
    if now < _failures.next_at:
        _failures.suppressed += 1
        return
    suppressed, _failures.suppressed = _failures.suppressed, 0
    _failures.next_at = now + 1.0
    logger.error("handler failed: %s (%d more not shown)", where, suppressed, exc_info=error)


class _RefusedRequest(Exception):
    """An HTTP request to answer with an error. Codes and texts are those of the reference server."""

    def __init__(self, kind: Refusal, message: str, *, status: str = "400 BAD REQUEST", code: int = 3) -> None:
        super().__init__(message)
        self.kind = kind
        self.response = _bad(message, status=status, code=code)


class EngineTransport(engineio.AsyncServer):  # type: ignore[misc]  # no types there
    """See the module. Made by the Socket.IO server with the keyword arguments that it does not know itself."""

    sockets: dict[str, Connection]

    class reason:
        """What `disconnect` handlers are told."""

        SERVER_DISCONNECT = CloseCause.SERVER_DISCONNECT.value
        CLIENT_DISCONNECT = CloseCause.CLIENT_LEFT.value
        PING_TIMEOUT = CloseCause.PING_TIMEOUT.value
        TRANSPORT_CLOSE = CloseCause.TRANSPORT_LOST.value
        TRANSPORT_ERROR = CloseCause.TRANSPORT_LOST.value

    def __init__(self, *, engine_options: EngineOptions, engine_hooks: EngineHooks, **kwargs: Any) -> None:
        self.options = engine_options
        self.hooks = engine_hooks
        self.draining = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._farewells: dict[str, list[Any]] = {}
        super().__init__(
            async_mode="aiohttp",
            ping_interval=engine_options.ping_interval_s,
            ping_timeout=engine_options.ping_timeout_s,
            max_http_buffer_size=engine_options.max_frame_bytes,
            http_compression=False,
            monitor_clients=False,
            logger=_Silent("engineio.silent"),
            **kwargs,
        )

    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Add the endpoint to an application, for all methods: refusing the wrong ones is our business too."""
        app.router.add_route("*", f"/{engineio_path.strip('/')}/", self.handle_request)

    def create_queue(self, *_args: Any, **_kwargs: Any) -> None:
        """No connection of ours has a queue."""

    def strike_out(self, connection: Connection) -> None:
        """A connection has sent too much malformed input. The Socket.IO server says so to the client first."""
        connection.terminate(CloseCause.PROTOCOL_ERROR)

    # -- tasks and endings ---------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine in a task that the server holds on to."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def connection_ended(self, sid: str, cause: str) -> None:
        """Run the `disconnect` handlers of a connection that is already gone, then tell the owner."""
        await self._trigger_event("disconnect", sid, str(cause))
        self.hooks.closed(sid, str(cause))

    def leave_farewell(self, sid: str, packets: list[Any]) -> None:
        """Keep the last packets for a polling client until it has fetched them or a second has passed."""
        self._farewells[sid] = packets
        asyncio.get_running_loop().call_later(FAREWELL_S, self._farewells.pop, sid, None)

    def take_farewell(self, sid: str) -> list[Any] | None:
        """The last packets, each of them once."""
        packets = self._farewells.pop(sid, None)
        if packets is not None and len(packets) > MAX_POLL_ANSWER:
            packets, self._farewells[sid] = packets[:MAX_POLL_ANSWER], packets[MAX_POLL_ANSWER:]
        return packets

    async def close_everything(self, cause: str, *, code: int, timeout_s: float) -> None:
        """End every connection, refuse new ones, and wait until handlers and sockets are done or time is up."""
        self.draining = True
        connections = list(self.sockets.values())
        for connection in connections:
            connection.terminate(cause, code=code)
        waits = [self.spawn(connection.transport_gone()) for connection in connections]
        if not self._tasks:
            return
        await asyncio.wait([*self._tasks, *waits], timeout=timeout_s)
        for connection in connections:
            connection.drop_transport()
        for wait in waits:
            wait.cancel()

    async def _trigger_event(self, event: str, *args: Any, run_async: bool = False) -> Any:
        """Call a handler in line; an exception is logged here and goes no further."""
        handler = self.handlers.get(event)
        if handler is None:
            return None
        try:
            return await handler(*args)
        except Exception as error:  # the boundary of one input
            log_failure(event, error)
            return False if event == "connect" else None

    # -- requests ------------------------------------------------------------------------------------------------

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request to the endpoint."""
        environ = self._environ(request)
        try:
            self._check_origin(environ)
            return await self._route(request, environ)
        except _RefusedRequest as refused:
            self.hooks.rejected(refused.kind, eio_sid=self._known_sid(environ))
            return await self._respond(refused.response, environ)

    def _environ(self, request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = self._async["translate_request"](request)
        # The stock driver hands over a decoded query and a constant address.
        environ["QUERY_STRING"] = request.rel_url.raw_query_string
        environ["REMOTE_ADDR"] = request.remote or ""
        return environ

    def _check_origin(self, environ: dict[str, Any]) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if self.cors_allowed_origins == [] or not origin:
            return
        allowed = self._cors_allowed_origins(environ)
        if allowed is not None and origin not in allowed:
            raise _RefusedRequest(Refusal.BAD_ORIGIN, "Forbidden", status="403 FORBIDDEN", code=4)

    @staticmethod
    def _query(environ: dict[str, Any]) -> dict[str, str]:
        pairs = urllib.parse.parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        return {key: values[0] for key, values in pairs.items()}

    def _known_sid(self, environ: dict[str, Any]) -> str | None:
        sid = self._query(environ).get("sid")
        return sid if sid in self.sockets else None

    async def _route(self, request: web.Request, environ: dict[str, Any]) -> web.StreamResponse:
        query = self._query(environ)
        sid, transport = query.get("sid"), query.get("transport")
        if request.method == "OPTIONS":
            return await self._respond(_ok(b"ok"), environ)
        if request.method not in ("GET", "POST"):
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad handshake method", code=2)
        if transport not in self.transports:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Transport unknown", code=0)
        if "j" in query:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "JSONP is not supported")
        upgrade = "websocket" in request.headers.get("Upgrade", "").lower()
        if sid is None:
            return await self._handshake(request, environ, query, upgrade=upgrade)
        connection = self.sockets.get(sid)
        if connection is None:
            return await self._respond(self._farewell_or_refusal(sid, request.method), environ)
        if request.method == "POST":
            return await self._post(connection, request, environ)
        if transport == "websocket":
            return await self._upgrade(connection, request, upgrade=upgrade)
        return await self._poll(connection, request, environ)

    def _farewell_or_refusal(self, sid: str, method: str) -> dict[str, Any]:
        packets = self.take_farewell(sid) if method == "GET" else None
        if packets is None:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Session ID unknown", code=1)
        return _ok(encode_polling(packets))

    async def _respond(self, response: dict[str, Any], environ: dict[str, Any]) -> web.StreamResponse:
        answer: web.StreamResponse = await self._make_response(response, environ)
        return answer

    # -- new connections -----------------------------------------------------------------------------------------

    async def _handshake(
        self, request: web.Request, environ: dict[str, Any], query: dict[str, str], *, upgrade: bool
    ) -> web.StreamResponse:
        if query.get("EIO") != "4":
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Unsupported protocol version", code=5)
        if request.method != "GET":
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad handshake method", code=2)
        is_websocket = query.get("transport") == "websocket"
        if is_websocket != upgrade:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad request")
        if self.draining:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Shutting down", status="503 UNAVAILABLE")
        ws, response = await self._accept(request) if is_websocket else (None, None)
        connection = await self._new_connection(environ, "websocket" if is_websocket else "polling")
        if ws is None or response is None:
            connection.connected = True
            return await self._poll(connection, request, environ)
        await connection.serve_websocket(ws)
        return response

    async def _accept(self, request: web.Request) -> tuple[WebSocket, web.StreamResponse]:
        ws = WebSocket(max_bytes=self.options.max_frame_bytes)
        try:
            return ws, await ws.accept(request)
        except HandshakeError as error:
            raise _RefusedRequest(Refusal.BAD_REQUEST, str(error)) from None

    async def _new_connection(self, environ: dict[str, Any], transport: str) -> Connection:
        sid = self.generate_id()
        connection = self.sockets[sid] = Connection(self, sid)
        connection.send_now(
            eio_packet.Packet(
                eio_packet.OPEN,
                {
                    "sid": sid,
                    "upgrades": self._upgrades(sid, transport),
                    "pingInterval": round(self.options.ping_interval_s * 1000),
                    "pingTimeout": round(self.options.ping_timeout_s * 1000),
                    "maxPayload": self.options.max_frame_bytes,
                },
            )
        )
        await self._trigger_event("connect", sid, environ)
        connection.schedule_ping()
        connection.arm_ghost()
        return connection

    # -- known connections ---------------------------------------------------------------------------------------

    async def _upgrade(self, connection: Connection, request: web.Request, *, upgrade: bool) -> web.StreamResponse:
        if not upgrade:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad request")
        ws, response = await self._accept(request)
        if connection.may_upgrade():
            await connection.serve_websocket(ws)
        else:
            # As the reference server: a second WebSocket is accepted and closed, the first one goes on.
            self.hooks.rejected(Refusal.BAD_REQUEST, eio_sid=connection.sid)
            ws.close(CloseCode.POLICY_VIOLATION)
            await ws.ended()
        return response

    async def _poll(self, connection: Connection, request: web.Request, environ: dict[str, Any]) -> web.StreamResponse:
        if connection.upgraded:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad request")
        try:
            packets = await (connection.poll_while_upgrading() if connection.upgrading else connection.poll())
        except exceptions.EngineIOError:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad request") from None
        response = await self._respond(_ok(encode_polling(packets)), environ)
        await self._deliver(connection, request, response)
        return response

    async def _deliver(self, connection: Connection, request: web.Request, response: web.StreamResponse) -> None:
        """Write the answer here and not in aiohttp, so that a client that does not read it is noticed."""
        transport = request.transport
        if transport is None:
            connection.terminate(CloseCause.TRANSPORT_LOST, abort=True)
            return
        connection.writing_poll(transport)
        try:
            async with asyncio.timeout(self.options.ping_timeout_s):
                await response.prepare(request)
                await response.write_eof()
        except (ConnectionError, TimeoutError):
            connection.terminate(CloseCause.TRANSPORT_LOST, abort=True)
        finally:
            connection.writing_poll(None)

    async def _post(self, connection: Connection, request: web.Request, environ: dict[str, Any]) -> web.StreamResponse:
        if connection.upgraded or connection.posts_waiting >= _MAX_WAITING_POSTS:
            raise _RefusedRequest(Refusal.BAD_REQUEST, "Bad request")
        connection.posts_waiting += 1
        try:
            async with connection.post_lock:
                response = await self._handle_post(connection, request)
        finally:
            connection.posts_waiting -= 1
        return await self._respond(response, environ)

    async def _handle_post(self, connection: Connection, request: web.Request) -> dict[str, Any]:
        """Handle the packets of one body in order; bad ones are counted one by one and do not stop the others."""
        body = await self._read_body(connection, request)
        if body is None:
            connection.refuse(Refusal.MALFORMED_FRAME)
            return _bad("Body not received")
        if len(body) > self.options.max_frame_bytes:
            connection.refuse(Refusal.TOO_LARGE)
            return _bad("Payload too large", status="413 PAYLOAD TOO LARGE")
        try:
            frames = split_payload(body, max_packets=self.options.max_packets_per_poll)
        except BadFrameError as error:
            connection.refuse(Refusal.MALFORMED_FRAME)
            return _bad(str(error))
        all_good = True
        for count, frame in enumerate(frames, 1):
            all_good &= await connection.receive_frame(frame)
            if count % _FAIR_SHARE == 0:
                await asyncio.sleep(0)
        if all_good:
            return _ok(b"ok")
        if self.options.close_on_bad_poll:
            connection.terminate(CloseCause.PROTOCOL_ERROR, abort=True)
        return _bad("Bad packet")

    async def _read_body(self, connection: Connection, request: web.Request) -> bytes | None:
        """The body, or a little more than is allowed of it; None when it did not arrive."""
        body = bytearray()
        try:
            async with asyncio.timeout(self.options.connect_timeout_s):
                while chunk := await request.content.read(_READ_CHUNK):
                    body += chunk
                    if len(body) > self.options.max_frame_bytes:
                        break
        except (TimeoutError, ConnectionError, web.PayloadAccessError, ClientPayloadError, HttpProcessingError):
            return None
        return bytes(body)


def _ok(body: bytes) -> dict[str, Any]:
    return {
        "status": "200 OK",
        "headers": [("Content-Type", "text/plain; charset=UTF-8"), ("Cache-Control", "no-store")],
        "response": body,
    }


def _bad(message: str, *, status: str = "400 BAD REQUEST", code: int = 3) -> dict[str, Any]:
    """An error body as the reference server writes it."""
    return {
        "status": status,
        "headers": [("Content-Type", "application/json")],
        "response": dumps({"code": code, "message": message}).encode(),
    }
