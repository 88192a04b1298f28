"""Facts of calls, counted."""

from media import facts
from media.meter import LEVELS
from monitoring.call_quality import CallQualityMetrics
from monitoring.metrics import Metrics
from rooms.facts import FactBus


def count_calls(bus: FactBus, metrics: Metrics) -> None:
    """From now on count what happens in calls."""
    quality = metrics.call_quality
    bus.subscribe(facts.CallConnected, lambda fact: metrics.call_setup_seconds.observe(fact.setup_s))
    bus.subscribe(facts.CallEnded, lambda fact: metrics.call_ended(fact.reason))
    bus.subscribe(facts.CallMeasured, lambda fact: _count_second(quality, fact))
    bus.subscribe(facts.SilenceEnded, lambda fact: _count_silence(quality, fact))


def _count_second(quality: CallQualityMetrics, fact: facts.CallMeasured) -> None:
    for score in fact.second.legs:
        level = LEVELS.get(score.level)
        if level is not None:
            quality.leg(
                score.direction,
                level,
                mos=score.mos,
                loss=score.loss,
                jitter_s=score.jitter_s,
                rtt_s=score.rtt_s,
            )
    if fact.second.cause is not None:
        quality.cause(fact.second.cause.kind)
    for notice in fact.second.notices:
        quality.notice(notice.kind)


def _count_silence(quality: CallQualityMetrics, fact: facts.SilenceEnded) -> None:
    quality.silence("social" if fact.social else "technical", fact.silence_s)
