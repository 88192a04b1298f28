"""Every Prometheus series of the server, declared once.

`SERIES` is the list; `Metrics` makes the objects from it in a registry of its own
(one per server, so that two servers in one process do not mix), and
`metrics_reference()` writes docs/metrics.md from it. Labels are closed sets or
names fixed in code: nothing a client sends becomes a label.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring.call_quality import CALL_QUALITY_LABELS, CALL_QUALITY_SERIES, CallQualityMetrics
from monitoring.series import Series
from protocol.calls import EndReason
from protocol.errors import CloseReason, ErrorCode


class RejectKind(StrEnum):
    """Why an input was refused: the closed set of `rejected_total{kind}`.

    The first twelve are the error codes of the wire contract, `invalid` without the
    cases that have a kind of their own.
    """

    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    BLOCKED = "blocked"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_NAMESPACE = "unknown_namespace"
    MALFORMED_PACKET = "malformed_packet"
    MALFORMED_FRAME = "malformed_frame"
    WEBSOCKET_PROTOCOL = "websocket_protocol"
    BAD_TOKEN = "bad_token"
    BAD_ORIGIN = "bad_origin"
    HTTP_INVALID = "http_invalid"
    HTTP_MALFORMED = "http_malformed"
    SLOW_CONSUMER = "slow_consumer"
    CLIENT_TOO_OLD = "client_too_old"
    SERVER_TOO_OLD = "server_too_old"
    CONNECTION_LIMIT = "connection_limit"


class MediaRefusal(StrEnum):
    """Why a datagram at the media port was not used: the closed set of `media_refused_total{reason}`.

    The names are those of the transport's and the engine's own sets; `send_failed` is in both."""

    STUN_MALFORMED = "stun_malformed"
    STUN_UNEXPECTED = "stun_unexpected"
    STUN_UNKNOWN_UFRAG = "stun_unknown_ufrag"
    STUN_UNAUTHENTICATED = "stun_unauthenticated"
    STUN_ADDRESS_TAKEN = "stun_address_taken"
    DTLS_UNCHECKED_ADDRESS = "dtls_unchecked_address"
    DTLS_MALFORMED = "dtls_malformed"
    DTLS_PLAIN_ALERT = "dtls_plain_alert"
    DTLS_LIMIT = "dtls_limit"
    SCTP_UNEXPECTED = "sctp_unexpected"
    SCTP_MALFORMED = "sctp_malformed"
    SCTP_LIMIT = "sctp_limit"
    UNKNOWN = "unknown"
    INTERNAL = "internal"
    RTP_UNCHECKED_ADDRESS = "rtp_unchecked_address"
    RTP_TOO_EARLY = "rtp_too_early"
    UNKNOWN_LEG = "unknown_leg"
    RTP_MALFORMED = "rtp_malformed"
    RTP_UNKNOWN_STREAM = "rtp_unknown_stream"
    RTP_UNKNOWN_PAYLOAD = "rtp_unknown_payload"
    RTP_DUPLICATE = "rtp_duplicate"
    RTX_MALFORMED = "rtx_malformed"
    SRTP_AUTH = "srtp_auth"
    SRTP_REPLAY = "srtp_replay"
    SRTCP_AUTH = "srtcp_auth"
    SRTCP_REPLAY = "srtcp_replay"
    RTCP_MALFORMED = "rtcp_malformed"
    NACK_LIMITED = "nack_limited"
    SEND_FAILED = "send_failed"


class PromptTrigger(StrEnum):
    """What makes a topic due in a call: the closed set of `talk_prompts_total{trigger}`."""

    DEAD_AIR = "dead_air"


class PromptOutcome(StrEnum):
    """What became of a topic that was due: the closed set of `talk_prompts_total{outcome}`.

    Each one shown counts a second time, as resumed or not."""

    SHOWN = "shown"
    RESUMED = "resumed"
    NOT_RESUMED = "not_resumed"
    HELD_BACK_RECENT = "held_back_recent"
    HELD_BACK_WAVED_AWAY = "held_back_waved_away"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MediaCounts:
    """What the relay has counted since its start; nothing but `legs` ever falls.

    Keys are label values: direction `in` or `out`, kind `audio` or `video`, a reason of `MediaRefusal`."""

    packets: Mapping[tuple[str, str], int] = field(default_factory=dict)
    octets: Mapping[tuple[str, str], int] = field(default_factory=dict)
    retransmitted: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0
    legs: int = 0


# Handlers and commits: from 100 us (a message without disk) to 5 s (the client gave up).
_WORK_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
# Providers answer in tenths of a second to their deadline of some seconds; the built-in one in under 10 ms.
_AI_BUCKETS: Final = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)
_LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
# Set-up is some round trips of the clients; over 3 s somebody waits, 10 s is the default limit.
_SETUP_BUCKETS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20)
# Somebody who takes a topic up answers in some seconds; after 20 s the silence is no longer the topic's merit or fault.
_RESUME_BUCKETS: Final = (1, 2, 3, 4, 5, 7.5, 10, 15, 20)
_BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

WEBSOCKET_CONNECTIONS: Final = Series("websocket_connections", "gauge", "Open connections of clients.")
USERS_ONLINE: Final = Series("users_online", "gauge", "Users with at least one connection.")
USER_ONLINE_RATE: Final = Series(
    "user_online_rate", "gauge", "Users online now / users seen in the last 24 hours, 0 to 1."
)
ROOMS_OPEN: Final = Series("rooms_open", "gauge", "Rooms that a connection is in at the moment.")
SCENES_OPEN: Final = Series("scenes_open", "gauge", "Scenes that somebody is in, or may still come back to.")
SCENE_PEOPLE: Final = Series("scene_people", "gauge", "Seats taken in scenes, those kept for a reconnect included.")
MESSAGES: Final = Series("messages_total", "counter", "Chat messages stored, replays not counted.")
REJECTED: Final = Series("rejected_total", "counter", "Inputs refused, by reason.", ("kind",))
CONNECTIONS_CLOSED: Final = Series(
    "connections_closed_total", "counter", "Connections that ended, by reason.", ("reason",)
)
EVENTS: Final = Series(
    "events_total", "counter", "Declared client events handled, by ok or error code.", ("event", "outcome")
)
EVENT_SECONDS: Final = Series(
    "event_seconds", "histogram", "Seconds from a decoded event to its answer.", ("event",), _WORK_BUCKETS
)
STORE_COMMIT_SECONDS: Final = Series(
    "store_commit_seconds", "histogram", "Seconds a durable commit took.", (), _WORK_BUCKETS
)
STORE_BATCH_SIZE: Final = Series("store_batch_size", "histogram", "Writes that shared one commit.", (), _BATCH_BUCKETS)
AI_LATENCY: Final = Series(
    "ai_processing_latency_seconds",
    "histogram",
    "Seconds a talk help provider took, failures included.",
    ("provider", "capability"),
    _AI_BUCKETS,
)
LOOP_LAG: Final = Series(
    "event_loop_lag_seconds", "histogram", "Seconds by which a timer of the event loop was late.", (), _LAG_BUCKETS
)
HTTP_REQUESTS: Final = Series(
    "http_requests_total", "counter", "HTTP requests answered, by route template.", ("route", "status")
)
CALLS_ACTIVE: Final = Series("calls_active", "gauge", "Calls that ring or run.")
CALLS: Final = Series("calls_total", "counter", "Calls that ended, by reason.", ("reason",))
CALL_SETUP_SECONDS: Final = Series(
    "call_setup_seconds", "histogram", "Seconds from the answer of a call to media of everybody.", (), _SETUP_BUCKETS
)
TALK_PROMPTS: Final = Series(
    "talk_prompts_total", "counter", "Topics that were due in calls, by what became of them.", ("trigger", "outcome")
)
TALK_PROMPT_RESUMED_SECONDS: Final = Series(
    "talk_prompt_resumed_seconds",
    "histogram",
    "Seconds from a topic being shown in a call to the next word.",
    (),
    _RESUME_BUCKETS,
)
MEDIA_LEGS: Final = Series("media_legs", "gauge", "Peer connections with the relay, those being set up included.")
MEDIA_PACKETS: Final = Series(
    "media_packets_total", "counter", "RTP packets taken and sent on, without retransmissions.", ("direction", "kind")
)
MEDIA_BYTES: Final = Series(
    "media_bytes_total", "counter", "RTP headers and payloads of `media_packets_total`.", ("direction", "kind")
)
MEDIA_RETRANSMITTED: Final = Series(
    "media_retransmitted_total", "counter", "RTP packets that came, or were sent, a second time.", ("direction",)
)
MEDIA_REFUSED: Final = Series(
    "media_refused_total", "counter", "Datagrams, or parts of one, that were not used, by reason.", ("reason",)
)
MEDIA_DROPPED: Final = Series(
    "media_datagrams_dropped_total", "counter", "Datagrams that the kernel dropped because they were not read in time."
)
INFO: Final = Series("visavis_info", "info", "Always 1; the labels say what runs.", ("version", "signalling", "media"))

SERIES: Final = (
    WEBSOCKET_CONNECTIONS,
    USERS_ONLINE,
    USER_ONLINE_RATE,
    ROOMS_OPEN,
    SCENES_OPEN,
    SCENE_PEOPLE,
    MESSAGES,
    REJECTED,
    CONNECTIONS_CLOSED,
    EVENTS,
    EVENT_SECONDS,
    STORE_COMMIT_SECONDS,
    STORE_BATCH_SIZE,
    AI_LATENCY,
    LOOP_LAG,
    HTTP_REQUESTS,
    CALLS_ACTIVE,
    CALLS,
    CALL_SETUP_SECONDS,
    TALK_PROMPTS,
    TALK_PROMPT_RESUMED_SECONDS,
    *CALL_QUALITY_SERIES,
    MEDIA_LEGS,
    MEDIA_PACKETS,
    MEDIA_BYTES,
    MEDIA_RETRANSMITTED,
    MEDIA_REFUSED,
    MEDIA_DROPPED,
    INFO,
)

# (name, PromQL, what it says). Prometheus computes these; the server does not.
RECORDING_RULES: Final = (
    ("messages_per_second", "sum(rate(messages_total[1m]))", "Chat messages stored a second, over one minute."),
    (
        "ai_processing_latency",
        "1000 * histogram_quantile(0.95, sum by (le, provider, capability)"
        " (rate(ai_processing_latency_seconds_bucket[5m])))",
        "Milliseconds, 95th percentile over 5 minutes.",
    ),
)

OK: Final = "ok"
UNMATCHED_ROUTE: Final = "unmatched"
_DIRECTIONS: Final = ("in", "out")
_KINDS: Final = ("audio", "video")


class _MediaCollector(Collector):
    """Reads the relay's own counters when somebody scrapes, so that a packet costs nothing more."""

    def __init__(self) -> None:
        self.read: Callable[[], MediaCounts] = MediaCounts

    def collect(self) -> Iterator[Metric]:
        counts = self.read()
        legs = GaugeMetricFamily(MEDIA_LEGS.name, MEDIA_LEGS.help)
        legs.add_metric([], counts.legs)
        yield legs
        pairs = [(direction, kind) for direction in _DIRECTIONS for kind in _KINDS]
        yield _counter_family(MEDIA_PACKETS, {pair: counts.packets.get(pair, 0) for pair in pairs})
        yield _counter_family(MEDIA_BYTES, {pair: counts.octets.get(pair, 0) for pair in pairs})
        yield _counter_family(MEDIA_RETRANSMITTED, {(way,): counts.retransmitted.get(way, 0) for way in _DIRECTIONS})
        yield _counter_family(MEDIA_REFUSED, {(why.value,): counts.refused.get(why, 0) for why in MediaRefusal})
        yield _counter_family(MEDIA_DROPPED, {(): counts.dropped})


def _counter_family(series: Series, values: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(series.name, series.help, labels=series.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


class Metrics:
    """The series of one server.

    `events` are the names that may become the `event` label; others are left to
    `rejected_total`. `on_reject` is told of every rejection too (the log gathers
    them), so that a caller has one thing to call. Methods are cheap, never raise on
    what a client sent, and may be called from any thread.
    """

    def __init__(
        self,
        *,
        version: str,
        signalling: str,
        media: str,
        events: Iterable[str] = (),
        on_reject: Callable[[RejectKind, int], None] | None = None,
    ) -> None:
        self.registry = CollectorRegistry()
        self.websocket_connections = self._gauge(WEBSOCKET_CONNECTIONS)
        self.users_online = self._gauge(USERS_ONLINE)
        self.user_online_rate = self._gauge(USER_ONLINE_RATE)
        self.rooms_open = self._gauge(ROOMS_OPEN)
        self.scenes_open = self._gauge(SCENES_OPEN)
        self.scene_people = self._gauge(SCENE_PEOPLE)
        self.messages_total = self._counter(MESSAGES)
        self.store_commit_seconds = self._histogram(STORE_COMMIT_SECONDS)
        self.store_batch_size = self._histogram(STORE_BATCH_SIZE)
        self.event_loop_lag_seconds = self._histogram(LOOP_LAG)
        self.call_setup_seconds = self._histogram(CALL_SETUP_SECONDS)
        self._prompt_resumed = self._histogram(TALK_PROMPT_RESUMED_SECONDS)
        self._calls_active = self._gauge(CALLS_ACTIVE)
        self.call_quality = CallQualityMetrics(self.registry)
        self._media = _MediaCollector()
        self.registry.register(self._media)
        self._ai = self._histogram(AI_LATENCY)
        self._http = self._counter(HTTP_REQUESTS)
        self._on_reject = on_reject
        self._bind_labels(tuple(events))
        info = Info(INFO.name.removesuffix("_info"), INFO.help, registry=self.registry)
        info.info({"version": version, "signalling": signalling, "media": media})

    def _bind_labels(self, events: tuple[str, ...]) -> None:
        # Bound once: a look-up by label costs more than the increment, and a series
        # that exists from the start shows 0 instead of nothing.
        rejected = self._counter(REJECTED)
        self._rejected = {kind: rejected.labels(kind.value) for kind in RejectKind}
        closed = self._counter(CONNECTIONS_CLOSED)
        self._closed = {reason: closed.labels(reason.value) for reason in CloseReason}
        calls = self._counter(CALLS)
        self._calls = {reason: calls.labels(reason) for reason in get_args(EndReason)}
        prompts = self._counter(TALK_PROMPTS)
        self._prompts = {
            (trigger, outcome): prompts.labels(trigger.value, outcome.value)
            for trigger in PromptTrigger
            for outcome in PromptOutcome
        }
        outcomes = self._counter(EVENTS)
        seconds = self._histogram(EVENT_SECONDS)
        self._event_seconds = {name: seconds.labels(name) for name in events}
        self._event_outcomes = {
            (name, outcome): outcomes.labels(name, outcome)
            for name in events
            for outcome in (OK, *(code.value for code in ErrorCode))
        }

    def reject(self, kind: RejectKind, count: int = 1) -> None:
        """Count `count` refused inputs."""
        self._rejected[kind].inc(count)
        if self._on_reject is not None:
            self._on_reject(kind, count)

    def rejected(self, kind: RejectKind) -> int:
        """How many inputs were refused for `kind` so far."""
        sample = self.registry.get_sample_value(REJECTED.name, {"kind": kind.value})
        return int(sample or 0)

    def observe_event(self, event: str, outcome: str, seconds: float) -> None:
        """A declared client event was answered with `outcome` (`"ok"` or an error code)."""
        counter = self._event_outcomes.get((event, outcome))
        if counter is not None:
            counter.inc()
            self._event_seconds[event].observe(seconds)

    def connection_closed(self, reason: CloseReason) -> None:
        """A connection ended."""
        self._closed[reason].inc()

    def call_ended(self, reason: EndReason) -> None:
        """A call is over."""
        self._calls[reason].inc()

    def talk_prompt(self, trigger: PromptTrigger, outcome: PromptOutcome, resumed_s: float | None = None) -> None:
        """Something became of a topic that was due in a call; `resumed_s` when somebody spoke in time."""
        self._prompts[trigger, outcome].inc()
        if resumed_s is not None:
            self._prompt_resumed.observe(resumed_s)

    def watch_calls(self, running: Callable[[], int], media: Callable[[], MediaCounts]) -> None:
        """From now on a scrape reads the number of calls and the relay's counters here."""
        self._calls_active.set_function(running)
        self._media.read = media

    def observe_commit(self, seconds: float, batch_size: int) -> None:
        """A durable commit of `batch_size` writes took `seconds`."""
        self.store_commit_seconds.observe(seconds)
        self.store_batch_size.observe(batch_size)

    def observe_ai(self, provider: str, capability: str, seconds: float) -> None:
        """A talk help provider answered or failed after `seconds`; both names are ours, not a client's."""
        self._ai.labels(provider, capability).observe(seconds)

    def observe_http(self, route: str | None, status: int) -> None:
        """A request was answered; `route` is the template (`/api/v1/matches/{id}`), None when none fits."""
        self._http.labels(route or UNMATCHED_ROUTE, str(status)).inc()

    def set_users(self, *, online: int, seen_24h: int) -> None:
        """Users online now and users seen in the last 24 hours (those online included)."""
        self.users_online.set(online)
        self.user_online_rate.set(min(1.0, online / seen_24h) if seen_24h > 0 else 0.0)

    def _gauge(self, series: Series) -> Gauge:
        return Gauge(series.name, series.help, series.labels, registry=self.registry)

    def _counter(self, series: Series) -> Counter:
        return Counter(series.name, series.help, series.labels, registry=self.registry)

    def _histogram(self, series: Series) -> Histogram:
        return Histogram(series.name, series.help, series.labels, buckets=series.buckets, registry=self.registry)


def metrics_reference() -> str:
    """docs/metrics.md: every series, label value and recording rule, as Markdown."""
    lines = [
        "# Metrics",
        "",
        "Generated from `monitoring/metrics.py`. Scrape `GET /metrics`. With `deploy/prometheus/rules.yml` Prometheus"
        " makes `messages_per_second` and `ai_processing_latency` (95 % quantile, milliseconds) of them.",
        "",
        "| series | type | labels | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for series in SERIES:
        labels = ", ".join(f"`{label}`" for label in series.labels)
        text = series.help
        if series.buckets:
            text += " Buckets: " + ", ".join(f"{bound:g}" for bound in series.buckets) + "."
        lines.append(f"| `{series.name}` | {series.type} | {labels} | {text} |")
    lines += ["", "## Label values", ""]
    lines.append("- `kind` of `rejected_total`: " + _values(RejectKind) + ".")
    lines.append("- `reason` of `connections_closed_total`: " + _values(CloseReason) + ".")
    lines.append("- `reason` of `calls_total`: " + _names(get_args(EndReason)) + ".")
    lines.append("- `reason` of `media_refused_total`: " + _values(MediaRefusal) + ".")
    lines.append("- `kind` of media: " + _names(_KINDS) + ".")
    lines.append("- `direction` of media: " + _names(_DIRECTIONS) + ", seen from the server.")
    lines += [f"- {label}: {_names(values)}." for label, values in CALL_QUALITY_LABELS]
    lines.append("- `outcome` of `events_total`: `ok`, " + _values(ErrorCode) + ".")
    lines.append("- `trigger` of `talk_prompts_total`: " + _values(PromptTrigger) + ".")
    lines.append(
        "- `outcome` of `talk_prompts_total`: " + _values(PromptOutcome) + "; what is `shown` counts again within 20 s,"
        " as `resumed` or `not_resumed`."
    )
    lines.append("- `event`: the client events of [the protocol](protocol.md).")
    lines.append(f"- `route`: a route template, or `{UNMATCHED_ROUTE}`.")
    lines += ["", "## Recording rules", ""]
    for name, expression, text in RECORDING_RULES:
        lines += [f"`{name}`: {text}", "", "```promql", expression, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def recording_rules() -> str:
    """A Prometheus rule file with `RECORDING_RULES`."""
    lines = ["groups:", "  - name: visavis", "    rules:"]
    for name, expression, _ in RECORDING_RULES:
        lines += [f"      - record: {name}", f"        expr: {expression}"]
    return "\n".join(lines) + "\n"


def _values(members: Iterable[StrEnum]) -> str:
    return _names(member.value for member in members)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
