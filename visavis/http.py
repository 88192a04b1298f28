"""HTTP: the API's shell, health, metrics, the page. The second place where exceptions become error bodies."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import hdrs, web
from aiohttp.abc import AbstractAccessLogger
from pydantic import TypeAdapter, ValidationError

from monitoring import exporter
from monitoring.health import liveness
from monitoring.metrics import Metrics, RejectKind
from protocol.errors import (
    ErrorCode,
    Forbidden,
    Internal,
    InvalidPayload,
    NotFound,
    ProtocolError,
    RateLimited,
    TooLarge,
    Unauthenticated,
)
from protocol.ids import IdString
from rooms.core.limits import TokenBuckets
from signalling.auth import Identity
from signalling.dispatch import refusal_of
from visavis import api
from visavis.openapi import docs_page, openapi
from visavis.page_files import add_page
from visavis.routes import ROUTES, STATUS, Call, House, Route

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_id: TypeAdapter[str] = TypeAdapter(IdString)
_HOUSE: web.AppKey[House] = web.AppKey("house", House)
_STATUS_KIND = {
    400: RejectKind.HTTP_INVALID,
    401: RejectKind.UNAUTHENTICATED,
    403: RejectKind.FORBIDDEN,
    404: RejectKind.NOT_FOUND,
    413: RejectKind.TOO_LARGE,
    429: RejectKind.RATE_LIMITED,
}
# 64 KiB take this long at 50 kbit/s; longer lets one who sends nothing hold a connection longer.
_BODY_WITHIN_S = 10.0
_SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class BadJson(InvalidPayload):
    """The body is not JSON at all."""

    default_message = "the body is not valid JSON"


class BodyTooSlow(InvalidPayload):
    """The body did not arrive in time."""

    default_message = "the body did not arrive"


class UnsupportedMediaType(InvalidPayload):
    """The body is not declared as JSON."""

    default_message = "the body must be application/json"


_INVALID_STATUS: dict[type[ProtocolError], int] = {BadJson: 400, BodyTooSlow: 408, UnsupportedMediaType: 415}


def status_of(error: ProtocolError) -> int:
    """The HTTP status of a refusal."""
    return _INVALID_STATUS.get(type(error)) or STATUS[error.code]


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer in UTF-8."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", charset="utf-8", headers=headers
    )


def refuse(error: ProtocolError) -> web.Response:
    """The answer to a refused request: `{"ok": false, "error": {...}}`."""
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if error.retry_after_ms is not None:
        headers[hdrs.RETRY_AFTER] = str(-(-error.retry_after_ms // 1000))
    return reply({"ok": False, "error": error.body()}, status_of(error), headers)


def allowed_origin(request: web.Request, house: House) -> bool:
    """Whether a browser page of this origin may talk to us. No Origin header: not a browser's foreign page."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or house.config.server.dev or origin in house.config.server.allowed_origins:
        return True
    return _is_own(origin, request)


def _is_own(origin: str, request: web.Request) -> bool:
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:  # brackets without an address in them
        return False


def _cors(request: web.Request, answer: web.StreamResponse, house: House) -> None:
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or answer.prepared or _is_own(origin, request):
        return
    answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    answer.headers[hdrs.VARY] = "Origin"
    answer.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Authorization, Content-Type, Idempotency-Key"
    answer.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST, PUT"


class Guard:
    """The middleware around everything: origin, errors to bodies, counting."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer the request; nothing escapes."""
        socketio = request.path == "/socket.io/"
        if not allowed_origin(request, self._house):
            self._house.metrics.reject(RejectKind.BAD_ORIGIN)
            return refuse(Forbidden("this origin is not allowed"))
        if socketio:
            return await handler(request)
        if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
            answer: web.StreamResponse = web.Response(status=204)
        else:
            answer = await self._answer(request, handler)
        if not answer.prepared:
            answer.headers.update(_SAFE_HEADERS)
            _cors(request, answer, self._house)
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reject = self._house.metrics.reject
        try:
            return await handler(request)
        except ProtocolError as error:
            kind = RejectKind.HTTP_INVALID if error.code is ErrorCode.INVALID else RejectKind(error.code.value)
            reject(kind)
            return refuse(error)
        except web.HTTPException as error:
            if error.status < web.HTTPBadRequest.status_code:
                return error
            reject(_STATUS_KIND.get(error.status, RejectKind.HTTP_INVALID))
            return _plain(error)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("a request failed", extra={"route": _template(request)})
            reject(RejectKind.INTERNAL)
            return refuse(Internal())


def _plain(error: web.HTTPException) -> web.Response:
    """An aiohttp refusal in our form, with its Allow header."""
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return refuse(TooLarge("the body is too large"))
    if isinstance(error, web.HTTPNotFound):
        return refuse(NotFound("no such page"))
    code = ErrorCode.INVALID if error.status < web.HTTPInternalServerError.status_code else ErrorCode.INTERNAL
    body = {"code": code.value, "message": error.reason.lower(), "retryable": False}
    headers: dict[str, str] = {hdrs.ALLOW: error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
    return reply({"ok": False, "error": body}, error.status, headers)


def _template(request: web.BaseRequest) -> str | None:
    if not isinstance(request, web.Request):
        return None
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical


class AccessCounter(AbstractAccessLogger):
    """Counts answers instead of writing lines: a line would hold addresses and, in queries, user names.

    aiohttp reports a request that it could not parse as method UNKNOWN."""

    metrics: Metrics | None = None

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """One answered request; `time` in seconds is not used."""
        if self.metrics is None:
            return
        if request.method == "UNKNOWN":
            self.metrics.reject(RejectKind.HTTP_MALFORMED)
            self.metrics.observe_http(None, response.status)
            return
        if response.status == web.HTTPExpectationFailed.status_code:
            # aiohttp answers an unknown Expect header before any middleware.
            self.metrics.reject(RejectKind.HTTP_INVALID)
        self.metrics.observe_http(_template(request), response.status)


def access_counter(metrics: Metrics) -> type[AccessCounter]:
    """The class that aiohttp's runner wants, bound to one server's metrics."""
    return type("BoundAccessCounter", (AccessCounter,), {"metrics": metrics})


class ApiHandler:
    """Runs one `Route`: token, limits, path, query, body, handler, answer."""

    def __init__(self, route: Route, house: House, limits: TokenBuckets[str]) -> None:
        self._route = route
        self._house = house
        self._limits = limits

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer. Raises `ProtocolError` for `Guard`."""
        route = self._route
        if route.dev_only and not self._house.config.server.dev:
            raise NotFound("this server does not run in development mode")
        identity = await self._identity(request)
        call = Call(
            house=self._house,
            identity=identity,
            path={name: self._path_id(name, value) for name, value in request.match_info.items()},
            query=_checked(route.query, dict(request.query)),
            body=None if route.body is None else _checked(route.body, await _json(request)),
            headers={key.lower(): value for key, value in request.headers.items()},
        )
        good = await route.call(call)
        return reply(good.body.wire(), good.status)

    async def _identity(self, request: web.Request) -> Identity | None:
        if self._route.scopes is None:
            return None
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("a bearer token is needed")
        identity = await self._house.services.authenticator.verify(token.strip())
        if identity.scope not in self._route.scopes:
            raise Forbidden("the token's scope does not allow it")
        if identity.scope == "user":
            wait_s = self._limits.take(identity.user_id, now=self._house.clock.monotonic())
            if wait_s:
                raise RateLimited(retry_after_ms=int(wait_s * 1000) + 1)
        return identity

    def _path_id(self, name: str, value: str) -> str:
        try:
            return _id.validate_python(value)
        except ValidationError:
            raise InvalidPayload("not an id", field=name) from None


def _checked(model: Any, value: object) -> Any:
    try:
        return model.from_wire(value)
    except ValidationError as error:
        raise refusal_of(error) from None


async def _json(request: web.Request) -> object:
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            body = await request.read()
        return orjson.loads(body)
    except TimeoutError:
        raise BodyTooSlow from None
    except (orjson.JSONDecodeError, web.RequestPayloadError):  # the latter: a Content-Encoding that it is not in
        raise BadJson from None


def _static(body: bytes, content_type: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return handler


def _operations(house: House) -> list[web.RouteDef]:
    async def healthz(request: web.Request) -> web.Response:
        engine = house.config.signalling.engine
        return reply(liveness(version=house.version, media="python", signalling=engine))

    async def readyz(request: web.Request) -> web.Response:
        return reply(house.health.readiness(), 200 if house.health.ready else 503)

    async def metrics(request: web.Request) -> web.Response:
        online, seen_24h = await house.services.presence.counts()
        house.metrics.set_users(online=online, seen_24h=seen_24h)
        house.metrics.rooms_open.set(house.open_rooms())
        house.metrics.scenes_open.set(house.services.scenes.open)
        house.metrics.scene_people.set(house.services.scenes.people)
        return web.Response(body=exporter.render(house.metrics), headers={hdrs.CONTENT_TYPE: exporter.CONTENT_TYPE})

    document = openapi(house.version)
    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        web.get("/api/openapi.json", _static(json.dumps(document).encode(), "application/json")),
        web.get("/api/docs", _static(docs_page(document).encode(), "text/html")),
    ]


def make_app(house: House) -> web.Application:
    """The aiohttp application without Socket.IO, which the server attaches itself to."""
    guard = Guard(house)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard(request, handler)

    app = web.Application(middlewares=[middleware], client_max_size=house.config.signalling.max_payload_bytes)
    app[_HOUSE] = house
    events_per_second = house.config.limits.events_per_second
    limits: TokenBuckets[str] = TokenBuckets(rate=events_per_second, burst=events_per_second)
    app.add_routes(_operations(house))
    app.add_routes([web.route(route.method, route.path, ApiHandler(route, house, limits).answer) for route in ROUTES])
    add_page(app)
    return app


__all__ = ["AccessCounter", "access_counter", "api", "make_app"]
