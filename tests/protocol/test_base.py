"""The decorator, the registry and the two ways over the wire."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import Field, ValidationError

from protocol.base import (
    CLIENT_TO_SERVER,
    REGISTRY,
    SERVER_TO_CLIENT,
    Empty,
    Event,
    Outgoing,
    Payload,
    ServerEvent,
    event,
    events,
)
from protocol.errors import NotFound


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    """What a test declares is gone after it."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


class Answer(Outgoing):
    """An answer."""

    count: int


def test_the_decorator_stores_what_it_was_told_and_registers_the_class() -> None:
    @event("probe", CLIENT_TO_SERVER, namespace="/probe", ack=Answer, errors=(NotFound,))
    class Probe(Event):
        """A probe."""

    spec = Probe.spec
    assert (spec.name, spec.direction, spec.namespace) == ("probe", CLIENT_TO_SERVER, "/probe")
    assert (spec.ack, spec.errors) == (Answer, (NotFound,))
    assert REGISTRY[CLIENT_TO_SERVER, "/probe", "probe"] is Probe
    assert events(CLIENT_TO_SERVER, "/probe") == {"probe": Probe}
    assert events(SERVER_TO_CLIENT, "/probe") == {}


def test_a_client_event_is_always_answered_and_a_server_event_never() -> None:
    @event("probe", CLIENT_TO_SERVER)
    class Asked(Event):
        """Asked."""

    @event("probe", SERVER_TO_CLIENT)
    class Told(ServerEvent):
        """Told."""

    assert Asked.spec.ack is Empty
    assert Told.spec.ack is None
    assert Asked.spec.namespace == Told.spec.namespace == "/"


def test_the_same_name_twice_in_one_direction_is_refused() -> None:
    @event("probe", CLIENT_TO_SERVER)
    class First(Event):
        """First."""

    with pytest.raises(TypeError, match="probe is declared twice: First and Second"):

        @event("probe", CLIENT_TO_SERVER)
        class Second(Event):
            """Second."""

    assert REGISTRY[CLIENT_TO_SERVER, "/", "probe"] is First


def test_the_same_name_in_another_namespace_is_another_event() -> None:
    for namespace in ("/a", "/b"):

        @event("probe", CLIENT_TO_SERVER, namespace=namespace)
        class Probe(Event):
            """A probe."""

    assert {"/a", "/b"} <= {namespace for _, namespace, name in REGISTRY if name == "probe"}


@pytest.mark.parametrize("base", [Event, ServerEvent])
def test_a_class_without_a_docstring_of_its_own_is_refused(base: type[Event]) -> None:
    bare = type("Bare", (base,), {"__module__": __name__})
    with pytest.raises(TypeError, match="Bare has no docstring"):
        event("probe", CLIENT_TO_SERVER)(bare)
    assert (CLIENT_TO_SERVER, "/", "probe") not in REGISTRY


def test_every_registered_event_carries_its_own_spec() -> None:
    for (direction, namespace, name), cls in REGISTRY.items():
        assert (cls.spec.direction, cls.spec.namespace, cls.spec.name) == (direction, namespace, name)
        assert issubclass(cls, ServerEvent) == (direction is SERVER_TO_CLIENT)
        assert (cls.spec.ack is None) == (direction is SERVER_TO_CLIENT)


class Sample(Event):
    """A sample."""

    match_id: str | None = None
    reply_to: int = 0


class Told(ServerEvent):
    """A sample from the server."""

    match_id: str
    from_: str = Field(alias="from")
    last_seen: str | None = None


def test_only_camel_case_keys_of_a_client_count() -> None:
    assert Sample.from_wire({"matchId": "m"}).match_id == "m"
    assert Sample.from_wire({"match_id": "m"}).match_id is None


def test_unknown_keys_of_a_client_are_ignored() -> None:
    assert Sample.from_wire({"matchId": "m", "colour": "red"}) == Sample(match_id="m")


@pytest.mark.parametrize(
    "value", [{"matchId": 7}, {"matchId": b"m"}, {"replyTo": "1"}, {"replyTo": True}, {"replyTo": 1.0}, None, [], "m"]
)
def test_what_a_client_sends_must_have_the_declared_type(value: Any) -> None:
    with pytest.raises(ValidationError):
        Sample.from_wire(value)


def test_an_undeclared_field_in_what_the_server_sends_is_our_bug() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Told.model_validate({"match_id": "m", "from_": "u", "colour": "red"})
    with pytest.raises(ValidationError, match="colour"):
        Answer.model_validate({"count": 1, "colour": "red"})


def test_the_wire_has_camel_case_keys_and_no_absent_fields() -> None:
    assert Told(match_id="m", from_="u").wire() == {"matchId": "m", "from": "u"}
    assert Told(match_id="m", from_="u", last_seen="t").wire() == {"matchId": "m", "from": "u", "lastSeen": "t"}


def test_payloads_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Sample(match_id="m").match_id = "n"  # type: ignore[misc]  # frozen on purpose


def test_an_empty_answer_is_an_empty_object() -> None:
    assert Empty().wire() == {}
    assert issubclass(Empty, Payload)
