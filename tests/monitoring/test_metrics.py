"""The list of series and what counts into them."""

from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitoring.exporter import CONTENT_TYPE, render
from monitoring.metrics import (
    RECORDING_RULES,
    SERIES,
    MediaCounts,
    MediaRefusal,
    Metrics,
    PromptOutcome,
    PromptTrigger,
    RejectKind,
    metrics_reference,
    recording_rules,
)
from protocol.calls import EndReason
from protocol.errors import CloseReason, ErrorCode


def make(**options: object) -> Metrics:
    # Options of any type: each test names its own.
    return Metrics(version="1.2.3", signalling="stock", media="python", events=("typing",), **options)  # type: ignore[arg-type]


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(render(metrics).decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((name, frozenset(labels.items())))


def test_every_declared_series_and_no_other_is_exported() -> None:
    lines = render(make()).decode().splitlines()
    exported = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert exported == {series.name for series in SERIES}


def test_the_wire_contract_names_exist() -> None:
    names = {series.name for series in SERIES}
    assert {
        "websocket_connections",
        "messages_total",
        "ai_processing_latency_seconds",
        "user_online_rate",
        "rejected_total",
    } <= names
    assert {name for name, _, _ in RECORDING_RULES} == {"messages_per_second", "ai_processing_latency"}


def test_created_series_are_left_out() -> None:
    metrics = make()
    metrics.messages_total.inc()
    metrics.observe_ai("builtin", "reply", 0.1)
    assert b"_created" not in render(metrics)


def test_the_content_type_is_the_prometheus_text_format() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("kind", list(RejectKind))
def test_every_kind_starts_at_zero_and_counts_alone(kind: RejectKind) -> None:
    metrics = make()
    assert {other: metrics.rejected(other) for other in RejectKind} == dict.fromkeys(RejectKind, 0)
    metrics.reject(kind)
    metrics.reject(kind, 4)
    assert {other: metrics.rejected(other) for other in RejectKind} == {**dict.fromkeys(RejectKind, 0), kind: 5}
    assert value(metrics, "rejected_total", kind=kind.value) == 5


def test_every_error_code_is_a_kind_of_rejection() -> None:
    assert {code.value for code in ErrorCode} <= {kind.value for kind in RejectKind}


def test_a_rejection_is_told_to_the_listener_as_well() -> None:
    told: list[tuple[RejectKind, int]] = []
    metrics = make(on_reject=lambda kind, count: told.append((kind, count)))
    metrics.reject(RejectKind.BAD_TOKEN, 2)
    assert told == [(RejectKind.BAD_TOKEN, 2)]


def test_two_servers_in_one_process_do_not_mix() -> None:
    first, second = make(), make()
    first.messages_total.inc()
    assert value(first, "messages_total") == 1
    assert value(second, "messages_total") == 0


def test_a_declared_event_is_counted_by_outcome_and_timed() -> None:
    metrics = make()
    metrics.observe_event("typing", "ok", 0.003)
    metrics.observe_event("typing", "forbidden", 0.001)
    assert value(metrics, "events_total", event="typing", outcome="ok") == 1
    assert value(metrics, "events_total", event="typing", outcome="forbidden") == 1
    assert value(metrics, "events_total", event="typing", outcome="busy") == 0
    assert value(metrics, "event_seconds_count", event="typing") == 2
    assert value(metrics, "event_seconds_sum", event="typing") == pytest.approx(0.004)


@pytest.mark.parametrize(("event", "outcome"), [("made\nup", "ok"), ("typing", "made up")])
def test_a_name_that_is_not_declared_never_becomes_a_label(event: str, outcome: str) -> None:
    metrics = make()
    before = samples(metrics)
    metrics.observe_event(event, outcome, 1.0)
    assert samples(metrics) == before


@pytest.mark.parametrize("reason", list(CloseReason))
def test_a_closed_connection_is_counted_by_reason(reason: CloseReason) -> None:
    metrics = make()
    assert value(metrics, "connections_closed_total", reason=reason.value) == 0
    metrics.connection_closed(reason)
    assert value(metrics, "connections_closed_total", reason=reason.value) == 1


@pytest.mark.parametrize("reason", get_args(EndReason))
def test_a_call_that_ended_is_counted_by_reason(reason: EndReason) -> None:
    metrics = make()
    assert value(metrics, "calls_total", reason=reason) == 0
    metrics.call_ended(reason)
    assert value(metrics, "calls_total", reason=reason) == 1


@pytest.mark.parametrize("outcome", list(PromptOutcome))
def test_a_topic_that_was_due_is_counted_by_what_became_of_it(outcome: PromptOutcome) -> None:
    metrics = make()
    labels = {"trigger": "dead_air", "outcome": outcome.value}
    assert value(metrics, "talk_prompts_total", **labels) == 0
    metrics.talk_prompt(PromptTrigger.DEAD_AIR, outcome)
    assert value(metrics, "talk_prompts_total", **labels) == 1
    assert value(metrics, "talk_prompt_resumed_seconds_count") == 0


def test_how_long_a_topic_took_to_be_taken_up_is_observed() -> None:
    metrics = make()
    metrics.talk_prompt(PromptTrigger.DEAD_AIR, PromptOutcome.RESUMED, 3.5)
    assert value(metrics, "talk_prompt_resumed_seconds_bucket", le="3.0") == 0
    assert value(metrics, "talk_prompt_resumed_seconds_bucket", le="4.0") == 1


MEDIA_VALUES: tuple[tuple[str, dict[str, str], int], ...] = (
    ("media_legs", {}, 4),
    ("media_packets_total", {"direction": "in", "kind": "audio"}, 11),
    ("media_packets_total", {"direction": "out", "kind": "video"}, 12),
    ("media_packets_total", {"direction": "in", "kind": "video"}, 0),
    ("media_bytes_total", {"direction": "out", "kind": "audio"}, 13),
    ("media_retransmitted_total", {"direction": "in"}, 14),
    ("media_retransmitted_total", {"direction": "out"}, 0),
    ("media_refused_total", {"reason": "srtp_replay"}, 15),
    ("media_refused_total", {"reason": "internal"}, 0),
    ("media_datagrams_dropped_total", {}, 16),
)


def test_a_scrape_reads_calls_and_media_where_they_are_counted() -> None:
    metrics = make()
    assert value(metrics, "calls_active") == 0
    assert {value(metrics, name, **labels) for name, labels, _ in MEDIA_VALUES} == {0}
    running = [3]
    counts = MediaCounts(
        packets={("in", "audio"): 11, ("out", "video"): 12},
        octets={("out", "audio"): 13},
        retransmitted={"in": 14},
        refused={"srtp_replay": 15},
        dropped=16,
        legs=4,
    )
    metrics.watch_calls(lambda: running[0], lambda: counts)
    assert value(metrics, "calls_active") == 3
    running[0] = 1
    assert value(metrics, "calls_active") == 1
    for name, labels, expected in MEDIA_VALUES:
        assert value(metrics, name, **labels) == expected


@pytest.mark.parametrize(("online", "seen", "rate"), [(0, 0, 0.0), (1, 4, 0.25), (4, 4, 1.0), (5, 4, 1.0), (3, 0, 0.0)])
def test_the_online_rate_is_a_share_between_zero_and_one(online: int, seen: int, rate: float) -> None:
    metrics = make()
    metrics.set_users(online=online, seen_24h=seen)
    assert value(metrics, "users_online") == online
    assert value(metrics, "user_online_rate") == rate


def test_commits_providers_and_requests_are_observed() -> None:
    metrics = make()
    metrics.observe_commit(0.002, 17)
    metrics.observe_ai("builtin", "reply", 0.004)
    metrics.observe_http("/api/v1/matches/{id}", 200)
    metrics.observe_http(None, 404)
    assert value(metrics, "store_commit_seconds_count") == 1
    assert value(metrics, "store_batch_size_sum") == 17
    assert value(metrics, "store_batch_size_bucket", le="16.0") == 0
    assert value(metrics, "store_batch_size_bucket", le="32.0") == 1
    labels = {"provider": "builtin", "capability": "reply"}
    assert value(metrics, "ai_processing_latency_seconds_count", **labels) == 1
    assert value(metrics, "http_requests_total", route="/api/v1/matches/{id}", status="200") == 1
    assert value(metrics, "http_requests_total", route="unmatched", status="404") == 1


def test_the_info_series_says_what_runs() -> None:
    labels = {"version": "1.2.3", "signalling": "stock", "media": "python"}
    assert value(make(), "visavis_info", **labels) == 1


def test_the_reference_names_every_series_label_value_and_rule() -> None:
    text = metrics_reference()
    for series in SERIES:
        assert f"| `{series.name}` | {series.type} |" in text
        assert series.help in text
    for member in (*RejectKind, *CloseReason, *ErrorCode, *MediaRefusal, *PromptTrigger, *PromptOutcome):
        assert f"`{member.value}`" in text
    for reason in get_args(EndReason):
        assert f"`{reason}`" in text
    for name, expression, _ in RECORDING_RULES:
        assert f"`{name}`" in text
        assert expression in text


def test_bucket_bounds_rise() -> None:
    for series in SERIES:
        assert list(series.buckets) == sorted(set(series.buckets))
        assert bool(series.buckets) == (series.type == "histogram")


def test_recording_rules_only_use_exported_series() -> None:
    exported = {name for name, _ in samples(make())} | {"ai_processing_latency_seconds_bucket"}
    text = recording_rules()
    assert text.count("- record: ") == len(RECORDING_RULES)
    for name, expression, _ in RECORDING_RULES:
        assert f"- record: {name}\n        expr: {expression}\n" in text
        assert any(series in expression for series in exported)
