"""The hardened stock engine: python-socketio's server over our own transport.

`create_server` gives a `socketio.AsyncServer` with the usual face (`on`, `emit`, `enter_room`, `disconnect`,
`attach`). What its owner has to know:

- Handlers run in line, one after the other for each connection (`async_handlers` is off). That gives order and
  back-pressure for free; a handler that must wait for its own client (`call`) has to do so in a task of its own.
- `connect` handlers are called with `(sid, environ, auth)`, auth being an object or None; `disconnect` handlers with
  `(sid, reason)`, the reason a `CloseCause` or what `close_connection` was given. `environ["aiohttp.request"]` is the
  request, `REMOTE_ADDR` the peer, `QUERY_STRING` raw.
- Malformed input never reaches a handler, raises nothing, logs nothing: it is refused, counted through the hooks
  exactly once, and after `malformed_per_10s` of it in ten seconds the connection is told `connection_closing
  {reason: "protocol_error", reconnect: "after"}` and closed. `note_malformed` adds what the handlers refused.
- An exception that escapes a handler is logged (at most a line a second); the connection goes on.
- Nothing else may be built from private names of the two libraries; they are pinned by
  tests/signalling/engine/test_pins.py.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import socketio
from aiohttp import web
from socketio import exceptions
from socketio import packet as sio_packet

from signalling.engine.codec import OutPacket, loads
from signalling.engine.connection import Connection
from signalling.engine.frames import CloseCode
from signalling.engine.manager import LocalManager
from signalling.engine.options import CloseCause, EngineHooks, EngineOptions, Refusal
from signalling.engine.packets import Packet, PacketDecoder, PacketType, Refused
from signalling.engine.transport import EngineTransport, log_failure

__all__ = ["EngineServer", "create_server"]

CLOSING_EVENT = "connection_closing"
# Time that `close_all` grants to handlers and closing handshakes; the rest of a second is for the caller.
_CLOSE_ALL_S = 0.8


class _Transport(EngineTransport):
    """The transport, with the farewell that only Socket.IO can say."""

    on_strike_out: Callable[[Connection], None]

    def strike_out(self, connection: Connection) -> None:
        self.on_strike_out(connection)


class _Incoming:
    """What the server keeps per connection: the decoder, and a timer while attachments are to come."""

    __slots__ = ("decoder", "timer")

    def __init__(self, decoder: PacketDecoder) -> None:
        self.decoder = decoder
        self.timer: asyncio.TimerHandle | None = None


class EngineServer(socketio.AsyncServer):  # type: ignore[misc]  # no types there
    """See the module. Use `create_server` to make one."""

    eio: _Transport
    reason = EngineTransport.reason

    def __init__(self, *, engine_options: EngineOptions, engine_hooks: EngineHooks, **kwargs: Any) -> None:
        self.options = engine_options
        self.hooks = engine_hooks
        self._incoming: dict[str, _Incoming] = {}
        super().__init__(
            engine_options=engine_options,
            engine_hooks=engine_hooks,
            serializer=OutPacket,
            async_handlers=False,
            always_connect=False,
            **kwargs,
        )
        # Set after the base class has chosen its own: that one logs payloads.
        self.logger = self.eio.logger
        self.eio.on_strike_out = self._strike_out

    def _engineio_server_class(self) -> type[EngineTransport]:
        return _Transport

    # -- for the owner -------------------------------------------------------------------------------------------

    def attach(self, app: web.Application, socketio_path: str = "socket.io") -> None:
        """Add the endpoint to an application."""
        self.eio.attach(app, socketio_path)

    def note_malformed(self, eio_sid: str) -> None:
        """A handler has refused a payload (`invalid`, `too_large`): a strike against the connection."""
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None:
            connection.strike()

    def eio_sid(self, sid: str, namespace: str = "/") -> str | None:
        """The Engine.IO connection under a Socket.IO one."""
        found: str | None = self.manager.eio_sid_from_sid(sid, namespace)
        return found

    def close_connection(
        self, eio_sid: str, reason: str, *, reconnect: str = "after", code: int = CloseCode.NORMAL
    ) -> None:
        """Tell the client why, in each namespace it is in, then close. `code` is the WebSocket close code."""
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None:
            self._say_closing(connection, reason, reconnect)
            connection.terminate(reason, code=code)

    async def close_all(self, reason: str, *, reconnect: str = "after") -> None:
        """Tell every client why, close every connection within a second, and refuse new ones from now on."""
        for connection in list(self.eio.sockets.values()):
            self._say_closing(connection, reason, reconnect)
        await self.eio.close_everything(reason, code=CloseCode.GOING_AWAY, timeout_s=_CLOSE_ALL_S)

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """As the stock method; a connection that is in no namespace any more has the connect timeout to join one."""
        eio_sid = self.eio_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace=namespace, ignore_queue=ignore_queue)
        if eio_sid is not None:
            self._arm_ghost_if_alone(eio_sid)

    # -- endings -------------------------------------------------------------------------------------------------

    def _say_closing(self, connection: Connection, reason: str, reconnect: str) -> None:
        for namespace in self._namespaces_of(connection.sid):
            if not self.manager.is_connected(self.manager.sid_from_eio_sid(connection.sid, namespace), namespace):
                continue  # its connect handler is still running
            pkt = OutPacket(
                sio_packet.EVENT,
                [CLOSING_EVENT, {"reason": str(reason), "reconnect": reconnect}],
                namespace=namespace,
            )
            connection.send_text(str(pkt.encode()))

    def _strike_out(self, connection: Connection) -> None:
        self.close_connection(
            connection.sid,
            CloseCause.PROTOCOL_ERROR,
            reconnect="after",
            code=CloseCode.POLICY_VIOLATION,
        )

    def _namespaces_of(self, eio_sid: str) -> list[str]:
        return [
            namespace
            for namespace in self.manager.get_namespaces()
            if self.manager.sid_from_eio_sid(eio_sid, namespace) is not None
        ]

    def _arm_ghost_if_alone(self, eio_sid: str) -> None:
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None and not self._namespaces_of(eio_sid):
            connection.arm_ghost()

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        incoming = self._incoming.pop(eio_sid, None)
        if incoming is not None:
            self._stop_timer(incoming)
            abandoned = incoming.decoder.abandon()
            if abandoned is not None:
                self.hooks.rejected(abandoned.kind, eio_sid=eio_sid)
        for namespace in self._namespaces_of(eio_sid):
            try:
                await self._handle_disconnect(eio_sid, namespace, reason)
            except Exception as error:  # one handler must not keep the others from running
                log_failure("disconnect", error)
                sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
                await self.manager.disconnect(sid, namespace, ignore_queue=True)
        self.environ.pop(eio_sid, None)

    # -- input ---------------------------------------------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        options = self.options
        self._incoming[eio_sid] = _Incoming(
            PacketDecoder(
                loads=loads,
                max_bytes=options.max_payload_bytes,
                max_attachments=options.max_attachments,
                max_depth=options.max_depth,
            )
        )

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        incoming = self._incoming.get(eio_sid)
        if incoming is None:
            return
        for item in incoming.decoder.receive(data):
            if isinstance(item, Refused):
                await self._refuse(eio_sid, item)
            else:
                await self._dispatch(eio_sid, item)
        self._watch_attachments(eio_sid, incoming)

    def _watch_attachments(self, eio_sid: str, incoming: _Incoming) -> None:
        if not incoming.decoder.waiting:
            self._stop_timer(incoming)
        elif incoming.timer is None:
            loop = asyncio.get_running_loop()
            incoming.timer = loop.call_later(self.options.connect_timeout_s, self._attachments_missing, eio_sid)

    def _attachments_missing(self, eio_sid: str) -> None:
        incoming, connection = self._incoming.get(eio_sid), self.eio.sockets.get(eio_sid)
        if incoming is not None and connection is not None:
            incoming.timer = None
            abandoned = incoming.decoder.abandon()
            if abandoned is not None:
                connection.refuse(abandoned.kind)

    @staticmethod
    def _stop_timer(incoming: _Incoming) -> None:
        if incoming.timer is not None:
            incoming.timer.cancel()
            incoming.timer = None

    async def _refuse(self, eio_sid: str, refused: Refused) -> None:
        connection = self.eio.sockets.get(eio_sid)
        if connection is None:
            return
        connection.refuse(refused.kind)
        namespace, ack_id = refused.namespace, refused.ack_id
        if ack_id is None or self.manager.sid_from_eio_sid(eio_sid, namespace) is None:
            return
        answer = self.hooks.too_large_ack(namespace, ack_id)
        if answer is not None:
            pkt = OutPacket(sio_packet.ACK, list(answer), namespace=namespace, id=ack_id)
            await self._send_packet(eio_sid, pkt)

    async def _dispatch(self, eio_sid: str, pkt: Packet) -> None:
        refusal = self._objection(eio_sid, pkt)
        if refusal is not None:
            await self._refuse(eio_sid, Refused(refusal))
            if refusal is Refusal.UNKNOWN_NAMESPACE and pkt.type is PacketType.CONNECT:
                await self._send_connect_error(eio_sid, pkt.namespace, {"message": "Invalid namespace"})
            return
        try:
            match pkt.type:
                case PacketType.CONNECT:
                    await self._handle_connect(eio_sid, pkt.namespace, pkt.data)
                case PacketType.DISCONNECT:
                    await self._handle_disconnect(eio_sid, pkt.namespace, self.reason.CLIENT_DISCONNECT)
                    self._arm_ghost_if_alone(eio_sid)
                case PacketType.EVENT:
                    await self._handle_event(eio_sid, pkt.namespace, pkt.id, pkt.data)
                case _:
                    await self._handle_ack(eio_sid, pkt.namespace, pkt.id, pkt.data)
        except Exception as error:  # the boundary of one packet
            log_failure(pkt.type.name.lower(), error)

    def _objection(self, eio_sid: str, pkt: Packet) -> Refusal | None:
        """What speaks against a well-formed packet in the present state of the connection."""
        namespace = pkt.namespace
        if not self._is_known(namespace):
            return Refusal.UNKNOWN_NAMESPACE
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if pkt.type is PacketType.CONNECT:
            return None if sid is None else Refusal.MALFORMED_PACKET
        if sid is None or not self.manager.is_connected(sid, namespace):
            return Refusal.MALFORMED_PACKET
        # Id 0 holds the manager's own counter.
        if pkt.type is PacketType.ACK and (not pkt.id or pkt.id not in self.manager.callbacks.get(sid, {})):
            return Refusal.MALFORMED_PACKET
        return None

    def _is_known(self, namespace: str) -> bool:
        return (
            namespace in self.handlers
            or namespace in self.namespace_handlers
            or self.namespaces == "*"
            or namespace in self.namespaces
        )

    # -- joining a namespace -------------------------------------------------------------------------------------

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        """As the stock method, with one signature for handlers, and no trace left of a client that left meanwhile."""
        namespace = namespace or "/"
        sid = await self.manager.pre_connect(eio_sid, namespace)
        if sid is None:
            return
        refusal = await self._ask_connect_handler(eio_sid, namespace, sid, data)
        connection = self.eio.sockets.get(eio_sid)
        if refusal is not None or connection is None:
            if refusal is None:
                await self._trigger_event("disconnect", namespace, sid, CloseCause.TRANSPORT_LOST.value)
            await self.manager.disconnect(sid, namespace, ignore_queue=True)
            if refusal is not None:
                await self._send_connect_error(eio_sid, namespace, refusal)
            return
        await self._send_packet(eio_sid, OutPacket(sio_packet.CONNECT, {"sid": sid}, namespace=namespace))
        await self.manager.connect(sid, namespace)
        connection.disarm_ghost()

    async def _ask_connect_handler(self, eio_sid: str, namespace: str, sid: str, auth: Any) -> dict[str, Any] | None:
        """None when the client may come in, else the data of the CONNECT_ERROR."""
        try:
            answer = await self._trigger_event("connect", namespace, sid, self.environ.get(eio_sid, {}), auth)
        except exceptions.ConnectionRefusedError as refused:
            arguments: dict[str, Any] = refused.error_args
            return arguments
        except Exception as error:  # the boundary of one packet
            log_failure("connect", error)
            return {"message": "internal"}
        return {"message": "Connection rejected by server"} if answer is False else None

    async def _send_connect_error(self, eio_sid: str, namespace: str, data: dict[str, Any]) -> None:
        await self._send_packet(eio_sid, OutPacket(sio_packet.CONNECT_ERROR, data, namespace=namespace))

    # -- handlers ------------------------------------------------------------------------------------------------

    def _get_event_handler(self, event: str, namespace: str, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        # A client may name its event "*"; the stock look-up then calls the catch-all without the event's name.
        if event != "*":
            found: tuple[Any, tuple[Any, ...]] = super()._get_event_handler(event, namespace, args)
            return found
        handler = self.handlers.get(namespace, {}).get("*")
        return (handler, (event, *args)) if handler is not None else (None, args)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        """Call a handler; unlike the stock method it does not guess signatures and lets cancellation through."""
        handler, arguments = self._get_event_handler(event, namespace, args)
        if handler is not None:
            result = handler(*arguments)
            return await result if inspect.isawaitable(result) else result
        handler, arguments = self._get_namespace_handler(namespace, args)
        if handler is not None:
            return await handler.trigger_event(event, *arguments)
        return self.not_handled


def create_server(
    options: EngineOptions,
    hooks: EngineHooks,
    *,
    cors_allowed_origins: str | Sequence[str] | Callable[..., bool] | None = None,
    namespaces: Sequence[str] = ("/",),
    client_manager: Any = None,
) -> EngineServer:
    """A Socket.IO server; call `attach(app)` on it, and `close_all` before the web server stops.

    Args:
        options: The bounds.
        hooks: Who is told of refusals and endings.
        cors_allowed_origins: `None` for the same origin only, `"*"` for any, a list, or a function of the origin.
        namespaces: Namespaces that exist beside those with handlers.
        client_manager: Who keeps the rooms; a `LocalManager` by default.
    """
    origins = list(cors_allowed_origins) if isinstance(cors_allowed_origins, tuple) else cors_allowed_origins
    return EngineServer(
        engine_options=options,
        engine_hooks=hooks,
        cors_allowed_origins=origins,
        namespaces=list(namespaces),
        client_manager=client_manager or LocalManager(),
    )
