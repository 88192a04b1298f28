"""What `build` puts together out of a configuration."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.metrics import MediaCounts, Metrics, RejectKind
from protocol.base import REGISTRY, Direction
from protocol.calls import AnswerCall, StartCall
from protocol.chat import SendMessage
from protocol.errors import Unauthenticated
from rooms.model import User
from signalling.engine import EngineOptions, Refusal
from tests.support.in_process import RecordingServer, config, in_process, memory_stores
from tests.support.keys import SigningKeys, good
from tests.support.media import ScriptedMedia
from visavis.config import ConfigError
from visavis.lifecycle import open_embedded
from visavis.version import VERSION
from visavis.wiring import Hooks, build, make_metrics

KINDS = {refusal: refusal.value for refusal in Refusal} | {Refusal.BAD_REQUEST: "http_invalid"}


@pytest.fixture
def metrics() -> Metrics:
    return make_metrics(config(), None)


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one series."""
    return metrics.registry.get_sample_value(name, labels)


# -- hooks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", Refusal)
def test_what_the_engine_refuses_is_counted_by_its_kind(metrics: Metrics, refusal: Refusal) -> None:
    Hooks(metrics).rejected(refusal.value, eio_sid=None)
    assert {kind.value: metrics.rejected(kind) for kind in RejectKind if metrics.rejected(kind)} == {KINDS[refusal]: 1}


def test_an_event_over_the_limit_is_answered_as_any_refusal(metrics: Metrics) -> None:
    (answer,) = Hooks(metrics).too_large_ack("/", 1)
    assert answer["ok"] is False
    assert answer["error"].keys() == {"code", "message", "retryable"}
    assert answer["error"]["code"] == "too_large"


def test_a_connection_that_joined_nothing_counts_nowhere(metrics: Metrics) -> None:
    Hooks(metrics).closed("sid", "client_left")
    assert sample(metrics, "connections_closed_total", reason="client_left") == 0


# -- metrics -------------------------------------------------------------------------------------------------------


def test_every_client_event_has_its_series_from_the_start(metrics: Metrics) -> None:
    for name in (name for direction, _, name in REGISTRY if direction is Direction.CLIENT_TO_SERVER):
        assert sample(metrics, "events_total", event=name, outcome="ok") == 0
    assert sample(metrics, "visavis_info", version=VERSION, signalling="stock", media="python") == 1


def test_rejections_reach_whoever_gathers_them() -> None:
    heard: list[tuple[RejectKind, int]] = []
    make_metrics(config(), lambda kind, count: heard.append((kind, count))).reject(RejectKind.INVALID, 2)
    assert heard == [(RejectKind.INVALID, 2)]


async def test_a_stored_message_is_counted_once() -> None:
    async with in_process(dev=True) as house:
        match, _ = await house.built.services.rooms.create(("ann", "bob"))
        for _ in range(2):
            message = SendMessage(match_id=match.match_id, content="hello", client_id="one")
            await house.built.services.chat.send("ann", message, current=None)
        assert sample(house.metrics, "messages_total") == 1


async def test_calls_are_counted_by_how_they_went() -> None:
    async with in_process(dev=True) as house:
        assert isinstance(house.built.media, ScriptedMedia)
        calls = house.built.services.calls
        match, _ = await house.built.services.rooms.create(("ann", "bob"))
        ack = await calls.start("ann", "a1", StartCall(match_id=match.match_id), current=None)
        assert sample(house.metrics, "calls_active") == 1
        calls.answer("bob", "b1", AnswerCall(call_id=ack.call_id, accept=True))
        house.built.media.up(ack.call_id, "ann", "bob")
        calls.hang_up("bob", "b1", ack.call_id)
        assert sample(house.metrics, "calls_active") == 0
        assert sample(house.metrics, "calls_total", reason="completed") == 1
        assert sample(house.metrics, "call_setup_seconds_count") == 1
        house.built.media.counted = MediaCounts(legs=2)
        assert sample(house.metrics, "media_legs") == 2


# -- the server ----------------------------------------------------------------------------------------------------


async def test_the_options_of_the_engine_are_those_of_the_configuration() -> None:
    given: dict[str, Any] = {
        "ping_interval_s": 1.5,
        "ping_timeout_s": 2.5,
        "max_payload_bytes": 3000,
        "max_frame_bytes": 4000,
        "max_packets_per_poll": 50,
        "send_buffer_bytes": 70_000,
        "malformed_per_10s": 7,
    }
    seen: list[EngineOptions] = []

    def make_server(options: EngineOptions, hooks: Hooks, *, cors_allowed_origins: str) -> RecordingServer:
        seen.append(options)
        return RecordingServer()

    settings = config(signalling=given)
    built = build(
        settings,
        stores=memory_stores(),
        metrics=make_metrics(settings, None),
        make_media=ScriptedMedia,
        make_server=make_server,
    )
    await built.timers.aclose()
    assert {name: getattr(seen[0], name) for name in given} == given


async def test_a_server_is_ready_when_its_parts_have_said_so() -> None:
    async with in_process() as house:
        board = house.built.health
        assert board.readiness()["checks"].keys() == {"database", "signalling"}
        board.set("database", ok=True)
        assert not board.ready
        board.set("signalling", ok=True)
        assert board.ready


async def test_a_deleted_message_leaves_the_log_of_these_stores() -> None:
    emptied = 0

    async def checkpoint() -> bool:
        nonlocal emptied
        emptied += 1
        return True

    class Enough(Exception):
        """The test has seen all."""

    naps = iter(range(2))

    async def sleep(seconds: float) -> None:
        if next(naps, None) is None:
            raise Enough

    settings = config()
    built = build(
        settings,
        stores=dataclasses.replace(memory_stores(), checkpoint=checkpoint),
        metrics=make_metrics(settings, None),
        make_media=ScriptedMedia,
        make_server=lambda *_, **__: RecordingServer(),
    )
    match, _ = await built.services.rooms.create(("ann", "bob"))
    message = SendMessage(match_id=match.match_id, content="hello")
    sent = await built.services.chat.send("ann", message, current=None)
    await built.services.chat.delete("ann", sent.message_id)
    with pytest.raises(Enough):
        await built.erasure.run(sleep=sleep)
    await built.timers.aclose()
    assert emptied == 1


# -- tokens --------------------------------------------------------------------------------------------------------


async def test_issuer_audience_and_leeway_are_those_of_the_configuration() -> None:
    async with in_process(auth={"issuer": "us", "audience": "app", "leeway_s": 60}) as house:
        verify = house.built.services.authenticator.verify
        assert (await verify(good("ann", iss="us", aud="app"))).user_id == "ann"
        for claims in ({"iss": "us"}, {"aud": "app"}, {"iss": "them", "aud": "app"}, {"iss": "us", "aud": "x"}):
            with pytest.raises(Unauthenticated):
                await verify(good("ann", **claims))
        expired = house.built.services.clock.wall_ms() // 1000 - 30
        assert (await verify(good("ann", iss="us", aud="app", exp=expired))).user_id == "ann"


async def test_a_key_set_in_a_file_verifies_tokens_and_the_secret_does_not(tmp_path: Path) -> None:
    keys, file = SigningKeys(), tmp_path / "keys.json"
    file.write_text(json.dumps(keys.document()))
    async with in_process(dev=False, auth={"secret": None, "jwks_file": str(file)}) as house:
        verify = house.built.services.authenticator.verify
        assert (await verify(keys.token("EdDSA", sub="ann"))).user_id == "ann"
        with pytest.raises(Unauthenticated):
            await verify(good("ann"))


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'])
async def test_a_file_without_keys_is_a_mistake_of_the_configuration(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=r"^auth\.jwks_file: holds no key"):
        async with in_process(auth={"secret": None, "jwks_file": str(file)}):
            pass


# -- the embedded database -----------------------------------------------------------------------------------------


async def test_the_embedded_database_is_made_and_keeps_what_it_was_given(tmp_path: Path) -> None:
    settings = config(server={"data": str(tmp_path)})
    metrics = make_metrics(settings, None)
    stores = await open_embedded(settings, metrics)
    await stores.relations.put_user(User(user_id="ann", name="Ann"), now_ms=1)
    assert await stores.checkpoint()
    await stores.close()
    assert (tmp_path / "visavis.db").exists()
    again = await open_embedded(settings, metrics)
    assert (await again.relations.users(["ann"]))["ann"].name == "Ann"
    await again.close()
    assert sample(metrics, "store_commit_seconds_count")
