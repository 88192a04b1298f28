"""From raw arguments to an answer, whatever they are."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, model_validator

from monitoring.metrics import Metrics, RejectKind
from protocol import errors
from protocol.base import REGISTRY, Direction
from protocol.chat import SendMessage
from protocol.errors import ErrorCode, InvalidPayload, ProtocolError, TooLarge, UnknownEvent
from protocol.presence import SetTyping
from rooms.core.limits import TokenBuckets
from signalling.dispatch import Dispatcher, payload_of, refusal_of
from signalling.handlers import HANDLERS, Handler
from signalling.handlers.base import handles
from signalling.session import Connection, ConnectionTable
from tests.support.hostile import namespaces, schemas
from tests.support.in_process import InProcess, in_process

EXAMPLES = 5_000 if os.environ.get("VISAVIS_TEST_LONG") == "1" else 500
PLENTY: dict[str, Any] = {
    "limits": {"messages_per_second": 10**9, "messages_burst": 10**9, "suggestions_per_minute": 10**9}
}


class Bench:
    """A dispatcher over the real services; `known` is somebody in the room "m", `anon` nobody yet."""

    def __init__(self, house: InProcess, *, rate: int = 10**9) -> None:
        self.house = house
        self.metrics: Metrics = house.metrics
        self.malformed: list[str] = []
        self.table = ConnectionTable()
        self.dispatcher = Dispatcher(
            services=house.built.services,
            binder=house.built.door,
            connections=self.table,
            limits=TokenBuckets(rate=rate, burst=rate),
            metrics=self.metrics,
            malformed=self.malformed.append,
        )
        for connection_id in ("known", "anon"):
            self.table.add(Connection(connection_id))
        known = self.table.get("known")
        assert known is not None
        self.table.bind(known, "ann")

    async def ask(self, name: str, *arguments: Any, by: str = "known", namespace: str = "/") -> dict[str, Any]:
        return await self.dispatcher.dispatch(namespace, name, by, arguments)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with in_process(**PLENTY) as house:
        yield Bench(house)


def put_in(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `typing` fail with this."""

    async def fail(context: Any, event: Any) -> None:
        raise error

    handler = Handler(event=SetTyping, call=fail, anonymous=True, limited=False)
    monkeypatch.setitem(HANDLERS, ("/", "typing"), handler)


def test_every_declared_client_event_has_its_handler_and_no_other_has_one() -> None:
    declared = {(ns, name): event for (way, ns, name), event in REGISTRY.items() if way is Direction.CLIENT_TO_SERVER}
    assert {key: handler.event for key, handler in HANDLERS.items()} == declared


def test_a_second_handler_of_an_event_is_a_programming_error() -> None:
    async def another(context: Any, event: SetTyping) -> None:
        """Never registered."""

    with pytest.raises(TypeError, match="two handlers"):
        handles(SetTyping)(another)


async def test_an_event_is_answered_with_what_its_handler_says(bench: Bench) -> None:
    joined = await bench.ask("join_chat", {"matchId": "m"})
    assert joined["ok"] is True
    assert joined["matchId"] == "m"
    assert await bench.ask("typing", {"typing": True}) == {"ok": True}
    assert await bench.ask("leave_chat") == {"ok": True}
    assert bench.malformed == []


ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, ProtocolError) and value is not ProtocolError
]


@pytest.mark.parametrize("error", ERRORS)
async def test_every_refusal_is_answered_with_its_body_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: type[ProtocolError]
) -> None:
    raised = error("so it is", field="x", retry_after_ms=5)
    put_in(monkeypatch, raised)
    assert await bench.ask("typing") == {"ok": False, "error": raised.body()}
    kind = "unknown_event" if error is UnknownEvent else error.code.value
    assert bench.house.counted() == {kind: 1}
    counts = error in (InvalidPayload, UnknownEvent, TooLarge)
    assert bench.malformed == (["known"] if counts else [])


async def test_a_mistake_of_ours_is_logged_and_not_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put_in(monkeypatch, RuntimeError("the password is 1234"))
    with caplog.at_level(logging.ERROR):
        answer = await bench.ask("typing")
    assert answer["error"] == {
        "code": "internal",
        "message": "something went wrong on the server",
        "retryable": True,
    }
    assert bench.house.counted() == {"internal": 1}
    assert bench.malformed == []
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "1234" not in record.getMessage()


async def test_cancelling_is_no_mistake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch, asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await bench.ask("typing")
    assert bench.house.counted() == {}


async def test_unknown_events_and_namespaces_are_refused_and_become_no_label(bench: Bench) -> None:
    for name, namespace in (("no_such", "/"), ("typing", "/ops"), ("", "/"), ("__proto__", "/")):
        answer = await bench.ask(name, {}, namespace=namespace)
        assert answer["error"]["code"] == "invalid"
    assert bench.house.counted() == {"unknown_event": 4}
    assert bench.malformed == ["known"] * 4
    samples = [sample for family in bench.metrics.registry.collect() for sample in family.samples]
    assert not [sample for sample in samples if sample.labels.get("event") in ("no_such", "__proto__", "unknown")]


async def test_outcomes_are_counted_by_event(bench: Bench) -> None:
    await bench.ask("join_chat", {"matchId": "m"})
    await bench.ask("join_chat", {})
    value = bench.metrics.registry.get_sample_value
    assert value("events_total", {"event": "join_chat", "outcome": "ok"}) == 1
    assert value("events_total", {"event": "join_chat", "outcome": "invalid"}) == 1
    assert value("event_seconds_count", {"event": "join_chat"}) == 2


async def test_a_connection_that_is_gone_gets_gone(bench: Bench) -> None:
    assert (await bench.ask("typing", by="left"))["error"]["code"] == "gone"


async def test_who_has_not_said_who_they_are_may_only_say_that(bench: Bench) -> None:
    for name, handler in HANDLERS.items():
        answer = await bench.ask(name[1], {"nonsense": 1}, by="anon", namespace=name[0])
        refused_as_unknown = answer.get("error", {}).get("code") == "unauthenticated"
        assert refused_as_unknown is not handler.anonymous
    anonymous = {name for (_, name), handler in HANDLERS.items() if handler.anonymous}
    assert anonymous == {"authenticate", "join_chat", "join_scene"}
    assert (await bench.ask("join_chat", {"matchId": "m"}, by="anon"))["error"]["code"] == "unauthenticated"


async def test_events_over_the_rate_are_told_when_to_come_back(bench: Bench) -> None:
    slow = Bench(bench.house, rate=2)
    answers = [await slow.ask("typing", {"matchId": "m"}) for _ in range(3)]
    error = answers[2]["error"]
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert 0 < error["retryAfterMs"] <= 501
    anonymous = [await slow.ask("authenticate", {"token": "x"}, by="anon") for _ in range(3)]
    assert anonymous[2]["error"]["code"] == "rate_limited"


async def test_messages_do_not_count_towards_the_rate_of_other_events(bench: Bench) -> None:
    slow = Bench(bench.house, rate=1)
    await slow.ask("join_chat", {"matchId": "m"})
    answers = [await slow.ask("send_message", {"content": "x"}) for _ in range(5)]
    assert all(answer["ok"] for answer in answers)


# -- payloads ----------------------------------------------------------------------------------------------------------


def test_an_absent_payload_is_an_empty_one() -> None:
    assert payload_of("typing", ()) == {}
    assert payload_of("typing", (None,)) == {}


def test_a_bare_string_is_a_payload_of_two_events_only() -> None:
    assert payload_of("authenticate", ("ann",)) == "ann"
    assert payload_of("play_game", ("icebreaker",)) == "icebreaker"
    with pytest.raises(InvalidPayload):
        payload_of("send_message", ("hello",))


@pytest.mark.parametrize("arguments", [({}, {}), ([],), (1,), (True,), (b"x",), ({}, None)], ids=repr)
def test_anything_else_is_no_payload(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidPayload):
        payload_of("authenticate", arguments)


class Inner(BaseModel):
    short: str = Field(max_length=3)
    many: list[int] = Field(default_factory=list, max_length=2)


class Outer(BaseModel):
    inner: Inner

    @model_validator(mode="after")
    def _never_five(self) -> "Outer":
        if self.inner.many == [5]:
            raise ValueError("not five")
        return self


@pytest.mark.parametrize(
    ("value", "kind", "field", "message"),
    [
        ({}, InvalidPayload, "inner", "Field required"),
        ({"inner": {"short": 7}}, InvalidPayload, "inner.short", "valid string"),
        ({"inner": {"short": "secret"}}, TooLarge, "inner.short", "at most 3"),
        ({"inner": {"short": "x", "many": [1, 2, 3]}}, TooLarge, "inner.many", "at most 2"),
        ({"inner": {"short": "x", "many": [1, "secret"]}}, InvalidPayload, "inner.many.1", "valid integer"),
        ({"inner": {"short": "x", "many": [5]}}, InvalidPayload, None, "not five"),
    ],
)
def test_a_refusal_names_the_field_and_never_its_value(
    value: object, kind: type[ProtocolError], field: str | None, message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(value)
    refusal = refusal_of(caught.value)
    assert type(refusal) is kind
    assert refusal.field == field
    assert message in refusal.message
    assert "secret" not in str(refusal.body())


def test_fields_are_named_as_on_the_wire() -> None:
    with pytest.raises(ValidationError) as caught:
        SendMessage.from_wire({"content": "x", "clientId": 7})
    assert refusal_of(caught.value).field == "clientId"


# -- anything at all ---------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=30) | st.sampled_from(["m", "ann", "x" * 129, "x" * 5000, "\x00", "\u202e", "__proto__"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    SCALARS | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PLACES = namespaces()
NAMES = sorted(PLACES)
KEYS = sorted({key for schema in schemas().values() for key in schema["properties"]})
LIKELY = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)
CODES = {code.value for code in ErrorCode}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        yield running


@pytest.mark.parametrize("dev", [True, False], ids=["dev", "not dev"])
def test_whatever_comes_is_answered_in_the_right_shape_and_nothing_is_raised(runner: asyncio.Runner, dev: bool) -> None:
    manager = in_process(dev=dev, **PLENTY)
    bench = Bench(runner.run(manager.__aenter__()))

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        name=st.sampled_from(NAMES) | TEXT,
        arguments=st.lists(LIKELY, min_size=1, max_size=1) | st.lists(JSON, max_size=3),
        by=st.sampled_from(["known", "known", "known", "anon", "gone"]),
    )
    def anything(name: str, arguments: list[Any], by: str) -> None:
        before = len(bench.malformed)
        answer = runner.run(bench.ask(name, *arguments, by=by, namespace=PLACES.get(name, "/")))
        orjson.dumps(answer)
        if answer["ok"] is True:
            assert name in NAMES
            return
        assert set(answer) == {"ok", "error"}
        error = answer["error"]
        assert error["code"] in CODES - {"internal"}
        assert isinstance(error["message"], str)
        assert isinstance(error["retryable"], bool)
        assert set(error) <= {"code", "message", "retryable", "field", "retryAfterMs"}
        assert (len(bench.malformed) > before) is (error["code"] in ("invalid", "too_large"))

    try:
        anything()
        assert bench.metrics.rejected(RejectKind.INTERNAL) == 0
    finally:
        runner.run(manager.__aexit__(None, None, None))
