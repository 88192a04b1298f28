"""From an event's name and raw arguments to its handler and back to an answer.

One of the two places where exceptions become error bodies (the other is `visavis/http.py`).
Whatever a client sends, `dispatch` returns an answer and raises nothing.
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from pydantic import ValidationError

from monitoring.metrics import Metrics, RejectKind
from protocol.base import NAMESPACE_CHAT
from protocol.errors import (
    Gone,
    Internal,
    InvalidPayload,
    ProtocolError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    UnknownEvent,
)
from rooms.core.limits import TokenBuckets
from signalling.handlers import HANDLERS, Handler
from signalling.services import Binder, Context, Services
from signalling.session import Connection, ConnectionTable

log = logging.getLogger(__name__)

_TOO_LONG = frozenset({"string_too_long", "too_long", "bytes_too_long"})
_EVERYWHERE = frozenset({"authenticate", "refresh_token"})  # declared for `/`, valid in every namespace
_BARE = frozenset({"authenticate", "play_game"})  # events whose payload may be a bare string

Answer = dict[str, Any]


def refusal_of(error: ValidationError) -> ProtocolError:
    """The first thing wrong with a payload, with the key as it stands on the wire; never its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-")) or None
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] in _TOO_LONG:
        return TooLarge(message, field=field)
    return InvalidPayload(message, field=field)


def payload_of(name: str, arguments: tuple[Any, ...]) -> Any:
    """The one payload of an event. None and nothing at all count as an empty object."""
    if len(arguments) > 1:
        raise InvalidPayload("an event carries one payload")
    payload = arguments[0] if arguments else None
    if payload is None:
        return {}
    if isinstance(payload, dict) or (isinstance(payload, str) and name in _BARE):
        return payload
    raise InvalidPayload("the payload must be an object")


class Dispatcher:
    """Validates, authorises, calls, answers and counts."""

    def __init__(
        self,
        *,
        services: Services,
        binder: Binder,
        connections: ConnectionTable,
        limits: TokenBuckets[str],
        metrics: Metrics,
        malformed: Callable[[str], None],
    ) -> None:
        """`malformed(connection_id)` is told of payloads that count towards the limit of malformed ones."""
        self._services = services
        self._binder = binder
        self._connections = connections
        self._limits = limits
        self._metrics = metrics
        self._malformed = malformed

    async def dispatch(self, namespace: str, name: str, connection_id: str, arguments: tuple[Any, ...]) -> Answer:
        """The answer to one event: `{"ok": true, ...}` or `{"ok": false, "error": {...}}`."""
        handler = HANDLERS.get((NAMESPACE_CHAT if name in _EVERYWHERE else namespace, name))
        label = name if handler is not None else "unknown"
        began = perf_counter()
        try:
            answer = await self._call(handler, name, connection_id, arguments)
            outcome = "ok"
        except ProtocolError as error:
            answer, outcome = {"ok": False, "error": error.body()}, error.code.value
            self._refused(error, connection_id)
        except Exception:
            log.exception("a handler failed", extra={"event": label})
            answer, outcome = {"ok": False, "error": Internal().body()}, "internal"
            self._metrics.reject(RejectKind.INTERNAL)
        self._metrics.observe_event(label, outcome, perf_counter() - began)
        return answer

    async def _call(self, handler: Handler | None, name: str, connection_id: str, arguments: tuple[Any, ...]) -> Answer:
        if handler is None:
            raise UnknownEvent
        connection = self._connections.get(connection_id)
        if connection is None:
            raise Gone("the connection is closed")
        if connection.user_id is None and not handler.anonymous:
            raise Unauthenticated
        try:
            event = handler.event.from_wire(payload_of(name, arguments))
        except ValidationError as error:
            raise refusal_of(error) from None
        if handler.limited:
            self._limit(connection)
        result = await handler.call(Context(connection, self._services, self._binder), event)
        return {"ok": True} if result is None else {"ok": True, **result.wire()}

    def _limit(self, connection: Connection) -> None:
        key = connection.user_id or f"connection {connection.connection_id}"
        wait_s = self._limits.take(key, now=self._services.clock.monotonic())
        if wait_s:
            raise RateLimited(retry_after_ms=int(wait_s * 1000) + 1)

    def _refused(self, error: ProtocolError, connection_id: str) -> None:
        self._metrics.reject(
            RejectKind.UNKNOWN_EVENT if isinstance(error, UnknownEvent) else RejectKind(error.code.value)
        )
        if isinstance(error, InvalidPayload | UnknownEvent | TooLarge):
            self._malformed(connection_id)
