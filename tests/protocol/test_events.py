"""What holds for every event: it survives the wire, and no JSON can do more than be refused."""

import contextlib
import inspect
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import from_json

from protocol.base import CLIENT_TO_SERVER, REGISTRY, SERVER_TO_CLIENT, Direction, Event, Outgoing
from tests.protocol.samples import ANSWERS, EVENTS

CLIENT_EVENTS = [cls for cls in REGISTRY.values() if cls.spec.direction is CLIENT_TO_SERVER]
ALL_EVENTS = list(REGISTRY.values())

# JSON as our reader lets it in: no NaN, no lone surrogates (see signalling/engine/codec.py).
NUMBERS = st.integers() | st.integers(10**300, 10**310) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# What a looser reader would let in, and Python values that are no JSON at all.
WILD = JSON | st.floats() | st.binary() | st.text(st.characters()) | st.dictionaries(st.integers() | st.none(), JSON)


def title(cls: type[Event]) -> str:
    return f"{cls.spec.direction.value}-{cls.spec.name}"


def sample(cls: type[Event]) -> dict[str, Any]:
    return EVENTS[cls.spec.direction, cls.spec.name]


def aliases(cls: type[Event]) -> list[str]:
    return [str(field.alias) for field in cls.model_fields.values()]


def near_payload(cls: type[Event], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The event's own keys with anything below them, on top of a good payload: most get past the first check."""
    anything = st.dictionaries(st.sampled_from(aliases(cls)), values, max_size=5)
    return anything | anything.map(lambda changes: {**sample(cls), **changes})


def test_every_event_and_every_answer_has_a_sample() -> None:
    assert {(direction, name) for direction, _, name in REGISTRY} == set(EVENTS)
    assert {cls.spec.name for cls in CLIENT_EVENTS} == set(ANSWERS)


@pytest.mark.parametrize("cls", ALL_EVENTS, ids=title)
def test_a_sample_names_every_field_of_its_event(cls: type[Event]) -> None:
    assert sorted(sample(cls)) == sorted(aliases(cls))


@pytest.mark.parametrize("cls", ALL_EVENTS, ids=title)
def test_an_event_travels_unaltered(cls: type[Event]) -> None:
    read = cls.from_wire(json.loads(json.dumps(sample(cls))))
    assert read.wire() == sample(cls)
    assert cls.from_wire(read.wire()) == read


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_travels_unaltered(name: str) -> None:
    (ack,) = [cls.spec.ack for cls in CLIENT_EVENTS if cls.spec.name == name]
    assert ack is not None
    assert issubclass(ack, Outgoing)
    answer = ack.from_wire(ANSWERS[name])
    assert answer.wire() == ANSWERS[name]
    assert sorted(ANSWERS[name]) == sorted(str(field.alias) for field in ack.model_fields.values())


@pytest.mark.parametrize("cls", ALL_EVENTS, ids=title)
def test_names_are_snake_case_keys_camel_case_and_the_class_says_what_it_is(cls: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.spec.name)
    for key in aliases(cls):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", key)
    assert (inspect.getdoc(cls) or "").endswith(".")


@pytest.mark.parametrize("cls", CLIENT_EVENTS, ids=title)
def test_a_client_event_refuses_each_missing_field_it_needs_and_no_other(cls: type[Event]) -> None:
    needed = {str(field.alias) for field in cls.model_fields.values() if field.is_required()}
    for key in sample(cls):
        rest = {name: value for name, value in sample(cls).items() if name != key}
        if key in needed:
            with pytest.raises(ValidationError):
                cls.from_wire(rest)
        else:
            assert cls.from_wire(rest) is not None


@pytest.mark.parametrize("cls", CLIENT_EVENTS, ids=title)
def test_snake_case_keys_of_a_client_are_not_ours(cls: type[Event]) -> None:
    renamed = {name: field for name, field in cls.model_fields.items() if name != field.alias}
    for name, field in renamed.items():
        plain = {key: value for key, value in sample(cls).items() if key != field.alias}
        with_snake = {**plain, name: sample(cls)[str(field.alias)]}
        if field.is_required():
            with pytest.raises(ValidationError):
                cls.from_wire(with_snake)
        else:
            assert getattr(cls.from_wire(with_snake), name) == field.default


@pytest.mark.parametrize("cls", [cls for cls in ALL_EVENTS if cls.spec.direction is SERVER_TO_CLIENT], ids=title)
def test_a_server_event_forbids_what_is_not_declared(cls: type[Event]) -> None:
    with pytest.raises(ValidationError):
        cls.model_validate({**sample(cls), "colour": "red"})


@pytest.mark.parametrize("cls", CLIENT_EVENTS, ids=title)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_arbitrary_json_is_read_or_refused_and_raises_nothing_else(cls: type[Event], data: st.DataObject) -> None:
    payload = data.draw(JSON | near_payload(cls, JSON))
    try:
        read = cls.from_wire(payload)
    except ValidationError:
        return
    # What got in can be written again, by the strict writer that the sockets use.
    assert cls.from_wire(from_json(json.dumps(read.wire()))) == read


@pytest.mark.parametrize("cls", CLIENT_EVENTS, ids=title)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_values_that_are_no_json_raise_nothing_else(cls: type[Event], data: st.DataObject) -> None:
    with contextlib.suppress(ValidationError):
        cls.from_wire(data.draw(WILD | near_payload(cls, WILD)))


def test_both_directions_are_declared() -> None:
    assert {direction for direction, _, _ in REGISTRY} == set(Direction)


def test_a_rating_names_a_suggestion_or_a_topic() -> None:
    rating = next(cls for cls in CLIENT_EVENTS if cls.spec.name == "rate_suggestion")
    with pytest.raises(ValidationError, match="suggestionId or promptId is needed"):
        rating.from_wire({"used": True})
