"""The table of HTTP routes: what each wants, answers and refuses. OpenAPI is made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel

from media.ports import CallLog
from monitoring.health import HealthBoard
from monitoring.metrics import Metrics
from protocol.base import Outgoing, Payload
from protocol.errors import ErrorCode, Unauthenticated
from rooms.ports import Clock, RelationStore
from signalling.auth import Identity, Scope, TokenMint
from signalling.services import Services
from visavis.config import Config

STATUS: dict[ErrorCode, int] = {
    ErrorCode.INVALID: 422,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.BLOCKED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.BUSY: 409,
    ErrorCode.GONE: 410,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class House:
    """What HTTP handlers are given of the running server."""

    config: Config
    services: Services
    relations: RelationStore
    calls: CallLog
    clock: Clock
    metrics: Metrics
    health: HealthBoard
    version: str
    mint: TokenMint | None
    open_rooms: Callable[[], int]


class NoQuery(Payload):
    """No query parameters."""


class Body(Payload):
    """A JSON body of a request. Unlike events, unknown keys are refused: a typing error must not pass for a default."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One request after everything about it was checked."""

    house: House
    identity: Identity | None
    path: dict[str, str]
    query: Any
    body: Any
    headers: dict[str, str]

    @property
    def caller(self) -> Identity:
        """Who asks. Raises `Unauthenticated` when the route is open and nobody was named."""
        if self.identity is None:
            raise Unauthenticated
        return self.identity


P = TypeVar("P", bound=Outgoing)


class Listing(RootModel[list[P]], Generic[P]):
    """An answer that is a list."""

    def wire(self) -> list[dict[str, Any]]:
        """The JSON array as it travels."""
        return [part.wire() for part in self.root]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of a good answer."""

    body: Outgoing | Listing[Any]
    status: int = 200


HandlerCall = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `scopes`: who may call it, None = everybody, without a token."""

    method: str
    path: str
    call: HandlerCall
    scopes: tuple[Scope, ...] | None
    answer: type[BaseModel]
    body: type[Body] | None
    query: type[Payload]
    statuses: tuple[int, ...]
    errors: tuple[ErrorCode, ...]

    @property
    def dev_only(self) -> bool:
        """Only there in development mode."""
        return self.path.startswith("/api/v1/dev/")

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.call.__doc__ or "").strip().splitlines()[0]


ROUTES: list[Route] = []

H = TypeVar("H", bound=HandlerCall)


def route(
    method: str,
    path: str,
    *,
    answer: type[BaseModel],
    scopes: tuple[Scope, ...] | None,
    body: type[Body] | None = None,
    query: type[Payload] = NoQuery,
    statuses: tuple[int, ...] = (200,),
    errors: tuple[ErrorCode, ...] = (),
) -> Callable[[H], H]:
    """Register a handler for `method path`; `{name}` in the path is an id."""

    def register(call: H) -> H:
        ROUTES.append(Route(method, path, call, scopes, answer, body, query, statuses, errors))
        return call

    return register
