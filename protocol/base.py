"""Event classes and the registry they enter when they are declared.

One class per event; the decorator `@event` gives it its wire name, direction,
namespace, answer and refusals, and refuses a second class of the same name.
Python fields are snake_case, the wire is camelCase through one alias generator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from protocol.errors import ProtocolError

NAMESPACE_CHAT = "/"
NAMESPACE_SCENE = "/virtual-date"


class Direction(StrEnum):
    """Who sends an event."""

    CLIENT_TO_SERVER = "client_to_server"
    SERVER_TO_CLIENT = "server_to_client"


CLIENT_TO_SERVER = Direction.CLIENT_TO_SERVER
SERVER_TO_CLIENT = Direction.SERVER_TO_CLIENT


class Payload(BaseModel):
    """A part of an event or an answer. Frozen; unknown keys from a client are ignored."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore"
    )

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Validate what a client sent. Only camelCase keys count; raises `pydantic.ValidationError`."""
        return cls.model_validate(value, by_alias=True, by_name=False)

    def wire(self) -> dict[str, Any]:
        """The JSON object as it travels: camelCase keys, absent optional fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Outgoing(Payload):
    """A part of what the server sends: a field that is not declared is our bug."""

    model_config = ConfigDict(extra="forbid")


class Empty(Outgoing):
    """An answer that says no more than `ok`."""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What `@event` was told about a class."""

    name: str
    direction: Direction
    namespace: str
    ack: type[Outgoing] | None
    errors: tuple[type[ProtocolError], ...]


class Event(Payload):
    """An event on the wire. Concrete classes carry their `spec`.

    Strict: what a client sends must have the declared type. Bytes are no text, `"1"` no number, `1` no boolean."""

    model_config = ConfigDict(strict=True)

    spec: ClassVar[EventSpec]


class ServerEvent(Event, Outgoing):
    """An event from the server to clients."""

    model_config = ConfigDict(strict=False, extra="forbid")


REGISTRY: dict[tuple[Direction, str, str], type[Event]] = {}

E = TypeVar("E", bound=type[Event])


def event(
    name: str,
    direction: Direction,
    *,
    namespace: str = NAMESPACE_CHAT,
    ack: type[Outgoing] | None = None,
    errors: tuple[type[ProtocolError], ...] = (),
) -> Callable[[E], E]:
    """Declare a class as the event `name`.

    A client event is always answered, so `ack` defaults to `Empty` for it.
    Raises `TypeError` for a duplicate name or a class without a docstring.
    """

    def declare(cls: E) -> E:
        key = (direction, namespace, name)
        if key in REGISTRY:
            raise TypeError(f"event {name} is declared twice: {REGISTRY[key].__name__} and {cls.__name__}")
        if not cls.__dict__.get("__doc__"):
            raise TypeError(f"event class {cls.__name__} has no docstring")
        answer = ack if ack is not None or direction is SERVER_TO_CLIENT else Empty
        cls.spec = EventSpec(name, direction, namespace, answer, errors)
        REGISTRY[key] = cls
        return cls

    return declare


def events(direction: Direction, namespace: str = NAMESPACE_CHAT) -> dict[str, type[Event]]:
    """All events of one direction in a namespace, by wire name."""
    return {name: cls for (d, ns, name), cls in REGISTRY.items() if d is direction and ns == namespace}
