"""What happens in calls, as Prometheus sees it."""

from dataclasses import replace

from media import facts
from media.core.call_meter import CallSecond, LegScore
from media.core.cause import Cause
from media.core.level import Level
from media.core.notices import Notice
from monitoring.exporter import render
from monitoring.metrics import Metrics
from rooms.facts import FactBus
from visavis.call_metrics import count_calls

UP = LegScore("ann", "up", 4.25, Level.GOOD, 0.02, 0.004, 0.06, 51_000, None, None)


def counted(*published: object) -> dict[str, float]:
    """The values after these facts, without those that are 0."""
    bus, metrics = FactBus(), Metrics(version="1", signalling="fast", media="python")
    count_calls(bus, metrics)
    for fact in published:
        bus.publish(fact)  # type: ignore[arg-type]  # all are facts
    lines = [line.rsplit(" ", 1) for line in render(metrics).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines if float(value)}


def test_a_second_of_a_call_is_counted_by_direction_and_level() -> None:
    down = replace(UP, direction="down", level=Level.LOST, mos=None, rtt_s=0.06)
    unknown = replace(UP, user_id="bob", level=Level.UNKNOWN)
    second = CallSecond((UP, down, unknown), Cause("loss", "ann", "up", 2, 0.5), (Notice("one_way_audio", "ann"),))
    shown = counted(facts.CallMeasured("c", second), facts.CallMeasured("c", replace(second, cause=None, notices=())))
    assert shown['call_scored_seconds_total{direction="up",level="good"}'] == 2
    assert shown['call_scored_seconds_total{direction="down",level="lost"}'] == 2
    assert shown['call_mos_sum{direction="up"}'] == 8.5
    assert 'call_mos_count{direction="down"}' not in shown
    assert shown['call_loss_ratio_bucket{direction="up",le="0.02"}'] == 2
    assert shown['call_jitter_seconds_bucket{direction="down",le="0.005"}'] == 2
    assert shown["call_rtt_seconds_count"] == 2
    assert shown['call_cause_seconds_total{kind="loss"}'] == 1
    assert shown['call_notices_total{kind="one_way_audio"}'] == 1


def test_silences_are_told_apart_by_their_kind() -> None:
    shown = counted(
        facts.SilenceEnded("c", True, 9.5), facts.SilenceEnded("c", False, 5.0), facts.SilenceEnded("c", False, -0.5)
    )
    assert shown['talk_silences_total{kind="social"}'] == 1
    assert shown['talk_dead_air_seconds_total{kind="social"}'] == 9.5
    assert shown['talk_silences_total{kind="technical"}'] == 2
    assert shown['talk_dead_air_seconds_total{kind="technical"}'] == 5.0


def test_calls_are_counted_by_how_they_ended() -> None:
    shown = counted(
        facts.CallConnected("c", "m", 0.4), facts.CallEnded("c", "m", ("ann", "bob"), "connection_lost", 61.0)
    )
    assert shown["call_setup_seconds_count"] == 1
    assert shown['calls_total{reason="connection_lost"}'] == 1
