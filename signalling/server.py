"""The Socket.IO server: accepting connections, binding them to users, closing them with a reason."""

import asyncio
import ipaddress
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from pydantic import TypeAdapter, ValidationError
from socketio.exceptions import ConnectionRefusedError

from monitoring.metrics import Metrics, RejectKind
from protocol.base import NAMESPACE_CHAT, NAMESPACE_SCENE
from protocol.errors import CloseReason, InvalidPayload, ProtocolError, RateLimited, Unauthenticated
from protocol.ids import IdString, iso_time
from protocol.session import Connected
from protocol.version import PROTOCOL_VERSION, refusal
from rooms.core.limits import TokenBuckets
from rooms.facts import DeviceCame, DeviceLeft
from rooms.kit import Kit
from rooms.ports import RelationStore
from signalling.auth import Identity
from signalling.dispatch import Answer, Dispatcher
from signalling.engine import EngineServer
from signalling.fanout import LocalFanout, user_room
from signalling.services import Services
from signalling.session import Connection, ConnectionTable

log = logging.getLogger(__name__)

_id: TypeAdapter[str] = TypeAdapter(IdString)


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """How many connections and events are let in; rates per second."""

    connections_per_user: int
    connects_per_second: int
    events_per_second: int


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client said when it connected."""

    auth: dict[str, Any]
    query: dict[str, str]
    address: str

    @classmethod
    def read(cls, environ: dict[str, Any], auth: object) -> "Hello":
        """From the handshake. Anything but an object as `auth` counts as none."""
        query = {key: values[0] for key, values in parse_qs(str(environ.get("QUERY_STRING", ""))).items()}
        return cls(auth if isinstance(auth, dict) else {}, query, str(environ.get("REMOTE_ADDR") or ""))

    @property
    def is_old_client(self) -> bool:
        """The client of the original description names user and match in its query."""
        return "userId" in self.query and "matchId" in self.query


class Door:
    """Accepts connections and knows who is behind each."""

    def __init__(
        self,
        *,
        server: EngineServer,
        services: Services,
        relations: RelationStore,
        kit: Kit,
        metrics: Metrics,
        limits: DoorLimits,
    ) -> None:
        self.server = server
        self._services = services
        self._relations = relations
        self._kit = kit
        self._metrics = metrics
        self._limits = limits
        self._connects: TokenBuckets[str] = TokenBuckets(
            rate=limits.connects_per_second, burst=limits.connects_per_second
        )
        events: TokenBuckets[str] = TokenBuckets(rate=limits.events_per_second, burst=limits.events_per_second)
        self.connections = ConnectionTable()
        self._dispatcher = Dispatcher(
            services=services,
            binder=self,
            connections=self.connections,
            limits=events,
            metrics=metrics,
            malformed=self._malformed,
        )
        self.fanout = LocalFanout(emitter=server, connections=self.connections, facts=kit.facts)
        for namespace in (NAMESPACE_CHAT, NAMESPACE_SCENE):
            server.on("connect", partial(self._connect, namespace), namespace=namespace)
            server.on("disconnect", self._disconnect, namespace=namespace)
            server.on("*", partial(self._event, namespace), namespace=namespace)

    async def bind_name(self, connection: Connection, user_id: str) -> None:
        """Development mode: the name is believed."""
        await self._bind(connection, user_id, None)
        connection.bound_by = "name"

    async def bind_token(self, connection: Connection, identity: Identity) -> None:
        """The connection is this identity's until the token expires."""
        if connection.bound_by == "token" and connection.user_id != identity.user_id:
            raise Unauthenticated("the connection belongs to another user")
        await self._bind(connection, identity.user_id, identity.name)
        connection.bound_by = "token"
        connection.scope = identity.scope
        self._expire(connection, identity.expires_at)
        # The other namespaces of a page live on the same socket: its newest token counts for all of them.
        for sibling in self.connections.siblings(connection):
            if sibling.bound_by == "token" and sibling.expires_at < identity.expires_at:
                self._expire(sibling, identity.expires_at)

    def _expire(self, connection: Connection, expires_at: float) -> None:
        connection.forget_expiry()
        connection.expires_at = expires_at
        left_s = expires_at - time.time()
        connection.cancel_expiry = self._kit.timers.call_at(
            self._kit.clock.monotonic() + max(0.0, left_s), lambda: self._expired(connection)
        )

    def current_match(self, connection: Connection) -> str | None:
        """Of this connection, else of the same page's connection in another namespace."""
        matches = (one.current_match for one in (connection, *self.connections.siblings(connection)))
        return next((match_id for match_id in matches if match_id is not None), None)

    def close(self, connection_id: str, reason: CloseReason) -> None:
        """Tell the reason, then close, in every namespace."""
        eio_sid = self._eio_sid(connection_id)
        if eio_sid is not None:
            self.server.close_connection(eio_sid, reason.value, reconnect=reason.reconnect.value)

    async def close_all(self) -> None:
        """The server stops: tell everybody and close within a second; nobody new is let in."""
        reason = CloseReason.SHUTDOWN
        await self.server.close_all(reason.value, reconnect=reason.reconnect.value)

    def _eio_sid(self, connection_id: str) -> str | None:
        connection = self.connections.get(connection_id)
        return None if connection is None else self.server.eio_sid(connection_id, connection.namespace)

    def _malformed(self, connection_id: str) -> None:
        eio_sid = self._eio_sid(connection_id)
        if eio_sid is not None:
            self.server.note_malformed(eio_sid)

    async def _connect(self, namespace: str, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        hello = Hello.read(environ, auth)
        try:
            identity, name = await self._identify(hello)
            connection = Connection(
                sid,
                namespace,
                self.server.eio_sid(sid, namespace),
                bare_suggestions=_wants_text(hello),
                lang=_lang(hello),
            )
            self.connections.add(connection)
            if identity is not None:
                await self.bind_token(connection, identity)
            elif name is not None:
                await self.bind_name(connection, name)
        except ProtocolError as error:
            self._forget(sid)
            self._metrics.reject(_reject_kind(error))
            raise ConnectionRefusedError(error.message, error.body()) from None
        self._metrics.websocket_connections.set(len(self.connections))
        if hello.is_old_client and connection.user_id is not None:
            if namespace == NAMESPACE_CHAT:
                connection.entering = asyncio.Event()
            else:
                connection.current_match = _match_id(hello)
        self._kit.timers.spawn(self._welcome(connection, hello), "welcome")

    async def _identify(self, hello: Hello) -> tuple[Identity | None, str | None]:
        """(identity by token, or None), (name in development mode, or None). Raises a `ProtocolError` to refuse."""
        self._limit_connects(hello.address)
        self._check_version(hello.auth.get("protocolVersion", 1))
        token = hello.auth.get("token")
        if token is not None:
            return await self._services.authenticator.verify(token), None
        if not self._services.dev:
            raise Unauthenticated("a token is needed in auth.token")
        name = hello.query.get("userId")
        if name is None:
            return None, None
        try:
            return None, _id.validate_python(name)
        except ValidationError:
            raise InvalidPayload("not a user id", field="userId") from None

    def _limit_connects(self, address: str) -> None:
        if self._services.dev and _is_loopback(address):
            return
        wait_s = self._connects.take(address, now=self._kit.clock.monotonic())
        if wait_s:
            raise RateLimited("too many connections", retry_after_ms=int(wait_s * 1000) + 1)

    def _check_version(self, version: object) -> None:
        if not isinstance(version, int) or isinstance(version, bool):
            raise InvalidPayload("protocolVersion must be a whole number", field="protocolVersion")
        kind = refusal(version)
        if kind is not None:
            self._metrics.reject(RejectKind(kind))
            message = f"this server speaks version {PROTOCOL_VERSION} of the protocol"
            body = {"code": kind, "message": message, "retryable": False}
            raise ConnectionRefusedError(message, body)

    async def _bind(self, connection: Connection, user_id: str, name: str | None) -> None:
        before = connection.user_id
        if before == user_id:
            await self._relations.ensure_user(user_id, name, now_ms=self._kit.clock.wall_ms())
            return
        sid, namespace = connection.connection_id, connection.namespace
        if len(self.connections.of_user(user_id, namespace)) >= self._limits.connections_per_user:
            raise ConnectionLimit(retry_after_ms=1000)
        await self._relations.ensure_user(user_id, name, now_ms=self._kit.clock.wall_ms())
        # First what may fail: a connection that is bound has its presence, so that a second try is not needed.
        if namespace == NAMESPACE_CHAT:
            await self._services.presence.connected(user_id, sid)
        if before is not None:
            await self.server.leave_room(sid, user_room(before), namespace=namespace)
            self._left(connection, before)
            connection.current_match = None
        self.connections.bind(connection, user_id)
        await self.server.enter_room(sid, user_room(user_id), namespace=namespace)
        if connection.welcomed:
            self._came(connection, user_id)

    def _came(self, connection: Connection, user_id: str) -> None:
        """Devices are told of by their connection to `/`; the one of a scene is the scene's business."""
        if connection.namespace == NAMESPACE_CHAT:
            self._kit.facts.publish(DeviceCame(user_id, connection.connection_id))

    def _left(self, connection: Connection, user_id: str) -> None:
        sid = connection.connection_id
        if connection.namespace == NAMESPACE_SCENE:
            self._services.scenes.disconnected(sid)
            return
        self._services.presence.disconnected(user_id, sid)
        self._kit.facts.publish(DeviceLeft(user_id, sid))

    async def _welcome(self, connection: Connection, hello: Hello) -> None:
        """After the answer to the handshake: `connected`, and for the old client its room."""
        event = Connected(
            server_time=iso_time(self._kit.clock.wall_ms()),
            session_id=connection.connection_id,
            resumed=False,
            user_id=connection.user_id,
        )
        sid = connection.connection_id
        try:
            await self.server.emit(event.spec.name, event.wire(), to=[sid], namespace=connection.namespace)
            self._welcomed(connection)
            if connection.entering is not None:
                join = {"matchId": hello.query["matchId"]}
                await self._dispatcher.dispatch(NAMESPACE_CHAT, "join_chat", sid, (join,))
        finally:
            if connection.entering is not None:
                connection.entering.set()
                connection.entering = None

    def _welcomed(self, connection: Connection) -> None:
        """From here on the device can be told other things."""
        connection.welcomed = True
        if connection.user_id is not None and self.connections.get(connection.connection_id) is connection:
            self._came(connection, connection.user_id)

    async def _event(self, namespace: str, name: str, sid: str, *arguments: Any) -> Answer:
        connection = self.connections.get(sid)
        if connection is not None and connection.entering is not None:
            await connection.entering.wait()
        return await self._dispatcher.dispatch(namespace, name, sid, arguments)

    async def _disconnect(self, sid: str, reason: str = "") -> None:
        self._forget(sid)
        self._metrics.connection_closed(_close_reason(reason))
        self._metrics.websocket_connections.set(len(self.connections))

    def _forget(self, sid: str) -> None:
        connection = self.connections.remove(sid)
        if connection is None:
            return
        connection.forget_expiry()
        if connection.user_id is not None:
            self._left(connection, connection.user_id)

    def _expired(self, connection: Connection) -> None:
        self.close(connection.connection_id, CloseReason.AUTH_EXPIRED)


class ConnectionLimit(RateLimited):
    """The user holds as many connections as one may."""

    default_message = "too many connections of this user"


def _close_reason(cause: str) -> CloseReason:
    """The engine knows more causes than clients are told: a lost network and a closed page are both `client_left`."""
    try:
        return CloseReason(cause)
    except ValueError:
        return CloseReason.CLIENT_LEFT


def _reject_kind(error: ProtocolError) -> RejectKind:
    if isinstance(error, Unauthenticated):
        return RejectKind.BAD_TOKEN
    if isinstance(error, ConnectionLimit):
        return RejectKind.CONNECTION_LIMIT
    return RejectKind(error.code.value)


def _match_id(hello: Hello) -> str | None:
    try:
        return _id.validate_python(hello.query["matchId"])
    except ValidationError:
        return None


def _wants_text(hello: Hello) -> bool:
    return hello.is_old_client or hello.auth.get("suggestionText") is True


def _lang(hello: Hello) -> str | None:
    lang = hello.auth.get("lang") or hello.query.get("lang")
    return lang if isinstance(lang, str) and len(lang) <= 35 else None  # noqa: PLR2004  # RFC 5646 4.4.1


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
