"""Series of how calls are: scores, losses, causes, notices and silences. No label names a call or a person."""

from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from monitoring.series import Series
from protocol.quality import CauseKind, LegDirection, NoticeKind, QualityLevel

SilenceKind = Literal["social", "technical"]

_MOS_BUCKETS: Final = (1, 1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.4)
_LOSS_BUCKETS: Final = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
_JITTER_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4)
_RTT_BUCKETS: Final = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.8)

CALL_MOS: Final = Series(
    "call_mos",
    "histogram",
    "Score of a leg (1 to 5), a sample a second with something to judge.",
    ("direction",),
    _MOS_BUCKETS,
)
CALL_SCORED_SECONDS: Final = Series(
    "call_scored_seconds_total",
    "counter",
    "Seconds of legs by level. Alert on the share of `poor` and `lost`, not on a mean score.",
    ("direction", "level"),
)
CALL_LOSS: Final = Series(
    "call_loss_ratio",
    "histogram",
    "Share of a leg's packets that were lost or late, each second.",
    ("direction",),
    _LOSS_BUCKETS,
)
CALL_JITTER: Final = Series(
    "call_jitter_seconds", "histogram", "Jitter of a leg (RFC 3550), each second.", ("direction",), _JITTER_BUCKETS
)
CALL_RTT: Final = Series("call_rtt_seconds", "histogram", "Round trip to a person, each second.", (), _RTT_BUCKETS)
CALL_CAUSE_SECONDS: Final = Series(
    "call_cause_seconds_total", "counter", "Seconds of calls in which this was at fault.", ("kind",)
)
CALL_NOTICES: Final = Series("call_notices_total", "counter", "Notices told to callers.", ("kind",))
TALK_SILENCES: Final = Series("talk_silences_total", "counter", "Silences of 4 s and more that have ended.", ("kind",))
TALK_DEAD_AIR: Final = Series("talk_dead_air_seconds_total", "counter", "How long those silences were.", ("kind",))

CALL_QUALITY_SERIES: Final = (
    CALL_MOS,
    CALL_SCORED_SECONDS,
    CALL_LOSS,
    CALL_JITTER,
    CALL_RTT,
    CALL_CAUSE_SECONDS,
    CALL_NOTICES,
    TALK_SILENCES,
    TALK_DEAD_AIR,
)
CALL_QUALITY_LABELS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("`direction` of calls", get_args(LegDirection)),
    ("`level`", get_args(QualityLevel)),
    ("`kind` of `call_cause_seconds_total`", get_args(CauseKind)),
    ("`kind` of `call_notices_total`", get_args(NoticeKind)),
    ("`kind` of silences", get_args(SilenceKind)),
)


class CallQualityMetrics:
    """The series of one server. All label values exist from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ways = get_args(LegDirection)
        mos, loss, jitter = (_histogram(series, registry) for series in (CALL_MOS, CALL_LOSS, CALL_JITTER))
        self._mos = {way: mos.labels(way) for way in ways}
        self._loss = {way: loss.labels(way) for way in ways}
        self._jitter = {way: jitter.labels(way) for way in ways}
        self._rtt = _histogram(CALL_RTT, registry)
        scored = _counter(CALL_SCORED_SECONDS, registry)
        self._scored = {(way, level): scored.labels(way, level) for way in ways for level in get_args(QualityLevel)}
        causes, notices = _counter(CALL_CAUSE_SECONDS, registry), _counter(CALL_NOTICES, registry)
        self._causes = {kind: causes.labels(kind) for kind in get_args(CauseKind)}
        self._notices = {kind: notices.labels(kind) for kind in get_args(NoticeKind)}
        silences, dead_air = _counter(TALK_SILENCES, registry), _counter(TALK_DEAD_AIR, registry)
        self._silences = {kind: silences.labels(kind) for kind in get_args(SilenceKind)}
        self._dead_air = {kind: dead_air.labels(kind) for kind in get_args(SilenceKind)}

    def leg(
        self,
        direction: LegDirection,
        level: QualityLevel,
        *,
        mos: float | None,
        loss: float,
        jitter_s: float,
        rtt_s: float | None,
    ) -> None:
        """A second of one direction of one person. `loss` is a ratio."""
        self._scored[direction, level].inc()
        self._loss[direction].observe(loss)
        self._jitter[direction].observe(jitter_s)
        if mos is not None:
            self._mos[direction].observe(mos)
        if rtt_s is not None and direction == "up":  # it is of the person; once is enough
            self._rtt.observe(rtt_s)

    def cause(self, kind: CauseKind) -> None:
        """A second of a call with something at fault."""
        self._causes[kind].inc()

    def notice(self, kind: NoticeKind) -> None:
        """Callers were told something."""
        self._notices[kind].inc()

    def silence(self, kind: SilenceKind, seconds: float) -> None:
        """A silence is over."""
        self._silences[kind].inc()
        self._dead_air[kind].inc(max(0.0, seconds))


def _counter(series: Series, registry: CollectorRegistry) -> Counter:
    return Counter(series.name, series.help, series.labels, registry=registry)


def _histogram(series: Series, registry: CollectorRegistry) -> Histogram:
    return Histogram(series.name, series.help, series.labels, buckets=series.buckets, registry=registry)
