"""One person of a call as the relay finds them: what comes from them, and what reaches them.

Contract: `feed` with the counters of the leg as often as one likes, `second` once a second; both take `now`. Counters
are cumulative; another SSRC is another source. Down there is only what the receiver reports (RFC 3550 6.4.1).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from media.core.arrival import Arrivals, Unwrapper
from media.core.cause import LegSecond, Path, Source
from media.core.speech import Span, SpeechDetector
from media.core.stream_quality import Kind, Scale, Second, StreamMeter
from protocol.quality import LegDirection as Direction

# Packets may still be on their way that were spoken so long ago: until then a silence is not certain.
SETTLE_S: Final = 0.2
# Opus in silence sends a packet every 0.4 s (RFC 7587 3.1.3): after this nothing comes any more.
GONE_S: Final = 2.0
BURST_S: Final = 0.5  # of lost sound, after which a silence may be the fault of the path
_INVENTED_SECONDS: Final = 3  # over which invented sound is averaged
_DIGITAL_SILENCE: Final = 127
_NONE: Final = Arrivals()


@dataclass(frozen=True, slots=True)
class StreamCounters:
    """A stream of a leg, up or down, as counted by the engine; cumulative but for `arrivals`, which are new."""

    stream_id: int
    ssrc: int | None
    direction: Direction
    kind: Kind
    clock_rate: int
    packets: int
    octets: int
    lost: int  # before recovery
    recovered: int
    jitter_s: float
    fec: bool = False
    arrivals: Arrivals = _NONE  # numbers as they came


@dataclass(frozen=True, slots=True)
class LegCounters:
    """All streams of a person."""

    user_id: str
    rtt_s: float | None  # smoothed
    rtt_newest_s: float | None  # as the last report told it: what changes is seen in it first
    streams: Sequence[StreamCounters]


@dataclass(frozen=True, slots=True)
class Change:
    """What the counters of one direction and kind have grown by in a second."""

    packets: int = 0
    octets: int = 0
    lost: int = 0
    recovered: int = 0
    jitter_s: float = 0.0


_NO_CHANGE: Final = Change()


@dataclass(frozen=True, slots=True)
class LegMeasures:
    """A second of a leg. `audio` and `video` are None where nothing of the kind is sent."""

    audio: Second | None
    video: Second | None
    cause: LegSecond
    rtt_s: float | None  # smoothed
    down: dict[Kind, Change]
    lost: bool  # media should come from here and does not


@dataclass(slots=True)
class _Up:
    """A stream that comes from the person."""

    key: tuple[int, int | None]
    meter: StreamMeter
    speech: SpeechDetector | None
    unwrapper: Unwrapper = field(default_factory=Unwrapper)
    silent: bool = True  # every packet since the last second was digital silence


class LegMeter:
    """See the module. `audio_on` and `video_on` are what `call_media` says; until it says so, all is on."""

    def __init__(self, user_id: str, *, now: float) -> None:
        self.user_id = user_id
        self.audio_on = self.video_on = True
        self.connected = True
        self.burst_at: float | None = None
        self.heard_audio = now  # last packet of sound, or when it could first have come
        self.shown_at = now  # last packet of video, likewise
        self._seen: set[Kind] = set()
        self._rtt_s: float | None = None
        self._rtt_newest_s: float | None = None
        self._ups: dict[Kind, _Up] = {}
        self._past: list[Span] = []  # speech under SSRCs that are gone
        self._latest: dict[int, StreamCounters] = {}
        self._before: dict[int, StreamCounters] = {}
        self._invented: deque[tuple[int, int]] = deque(maxlen=_INVENTED_SECONDS)
        self._second_at = now

    def set_media(self, *, audio: bool, video: bool, now: float) -> None:
        """The person mutes, unmutes, shows or hides."""
        if audio and not self.audio_on:
            self.heard_audio = now
        if video and not self.video_on:
            self.shown_at = now
        self.audio_on, self.video_on = audio, video

    def due(self, kind: Kind) -> bool:
        """Whether packets of this kind should come: they have come before, and nobody has switched them off."""
        return kind in self._seen and (self.audio_on if kind == "audio" else self.video_on)

    def feed(self, leg: LegCounters, *, now: float) -> None:
        """Take what has come since the last time."""
        self._rtt_s, self._rtt_newest_s = leg.rtt_s, leg.rtt_newest_s
        self._latest = {stream.stream_id: stream for stream in leg.streams}
        for stream in leg.streams:
            self._before.setdefault(stream.stream_id, stream)
            if stream.direction == "up":
                self._hear(stream)
        for kind, up in self._ups.items():
            if kind == "video" and not self.video_on:
                up.meter.stop()
            up.meter.advance(now)
            if up.speech is not None:
                up.speech.advance(now - SETTLE_S)

    def spans(self) -> list[Span]:
        """When the person spoke, so far."""
        speech = self._detector
        return self._past + (speech.spans() if speech is not None else [])

    @property
    def speech_end(self) -> float | None:
        """When they were last heard; None: never."""
        speech = self._detector
        if speech is not None and speech.speech_end is not None:
            return speech.speech_end
        return self._past[-1].end if self._past else None

    @property
    def speaking(self) -> bool:
        """Whether speech goes on, as far as it has come."""
        return self._detector is not None and self._detector.speaking_s > 0

    @property
    def levels(self) -> bool:
        """Whether there is anything to tell speech by."""
        return self._detector is not None and self._detector.heard_level

    @property
    def invented(self) -> float:
        """Percent of the person's sound, over the last seconds, that did not come in time."""
        expected = sum(expected for expected, _ in self._invented)
        return 100 * self.missing / expected if expected else 0.0

    @property
    def missing(self) -> int:
        """Packets of the person's sound, over the same seconds, that did not come in time."""
        return sum(missing for _, missing in self._invented)

    @property
    def frame_s(self) -> float:
        """The time that a packet of the person's sound is worth."""
        up = self._ups.get("audio")
        return up.meter.buffer.frame_s if up is not None else 0.0

    @property
    def buffer_s(self) -> float:
        """How long a listener's buffer holds this person's sound."""
        up = self._ups.get("audio")
        return up.meter.buffer.delay_s if up is not None else 0.0

    def second(self, *, now: float) -> LegMeasures:
        """Close a second."""
        seconds = max(1e-3, now - self._second_at)
        self._second_at = now
        changes = {(stream.direction, stream.kind): _NO_CHANGE for stream in self._latest.values()}
        for stream in self._latest.values():
            key = stream.direction, stream.kind
            changes[key] = _added(changes[key], stream, self._before[stream.stream_id])
        self._before = dict(self._latest)
        found = {kind: up.meter.take(seconds) for kind, up in self._ups.items()}
        audio, video = found.get("audio"), found.get("video")
        if audio is not None:
            self._note_sound(audio, now)
        cause = LegSecond(
            self.user_id,
            up=self._path_up(changes),
            down=_path_down(changes),
            rtt_s=self._rtt_newest_s,
            audio=self._source("audio", changes),
            video=self._source("video", changes),
        )
        for up in self._ups.values():
            up.silent = True
        down: dict[Kind, Change] = {kind: change for (way, kind), change in changes.items() if way == "down"}
        return LegMeasures(audio, video, cause, self._rtt_s, down, self._lost(audio, now))

    @property
    def _detector(self) -> SpeechDetector | None:
        up = self._ups.get("audio")
        return up.speech if up is not None else None

    def _hear(self, stream: StreamCounters) -> None:
        up = self._ups.get(stream.kind)
        if not stream.arrivals:
            return
        if up is None or up.key != (stream.stream_id, stream.ssrc):
            if up is not None and up.speech is not None:
                self._past += up.speech.spans()
            up = self._ups[stream.kind] = _new_up(stream)
        packets = up.unwrapper.extend_all(stream.arrivals)
        up.meter.packets(packets)
        up.silent = up.silent and packets.levels.count(_DIGITAL_SILENCE) == len(packets)
        if up.speech is not None:
            up.speech.packets(packets)
        self._seen.add(stream.kind)
        last = packets.times[-1]
        if stream.kind == "audio":
            self.heard_audio = last
        else:
            self.shown_at = last

    def _note_sound(self, audio: Second, now: float) -> None:
        missing = audio.lost + audio.late
        self._invented.append((audio.expected, missing))
        if missing * self.frame_s >= BURST_S:
            self.burst_at = now

    def _lost(self, audio: Second | None, now: float) -> bool:
        if not self.connected or (audio is not None and audio.gone and self.audio_on):
            return True
        dead = [now - self.heard_audio >= GONE_S] if self.due("audio") else []
        dead += [now - self.shown_at >= GONE_S] if self.due("video") else []
        return bool(dead) and all(dead)

    def _path_up(self, changes: dict[tuple[Direction, Kind], Change]) -> Path:
        found = [change for (way, _), change in changes.items() if way == "up"]
        packets, lost = sum(change.packets for change in found), sum(change.lost for change in found)
        kind = _main_kind("up", changes)
        if packets == 0 or kind is None:
            return Path(expected=max(0, lost), lost=max(0, lost))
        buffer = self._ups[kind].meter.buffer if kind in self._ups else None
        return Path(
            expected=packets + max(0, lost),
            lost=max(0, lost),
            recovered=sum(change.recovered for change in found),
            jitter_s=changes["up", kind].jitter_s,
            spread_s=buffer.spread_s if buffer is not None else None,
            queue_s=buffer.queue_s if buffer is not None else 0.0,
        )

    def _source(self, kind: Kind, changes: dict[tuple[Direction, Kind], Change]) -> Source:
        packets = changes.get(("up", kind), _NO_CHANGE).packets
        up = self._ups.get(kind)
        return Source(self.due(kind), packets, silent=kind == "audio" and packets > 0 and up is not None and up.silent)


def _new_up(stream: StreamCounters) -> _Up:
    meter = StreamMeter(stream.kind, stream.clock_rate, Scale("browser", stream.fec))
    speech = SpeechDetector(stream.clock_rate) if stream.kind == "audio" else None
    return _Up((stream.stream_id, stream.ssrc), meter, speech)


def _added(change: Change, stream: StreamCounters, before: StreamCounters) -> Change:
    return Change(
        packets=change.packets + max(0, stream.packets - before.packets),
        octets=change.octets + max(0, stream.octets - before.octets),
        lost=change.lost + stream.lost - before.lost,
        recovered=change.recovered + max(0, stream.recovered - before.recovered),
        jitter_s=max(change.jitter_s, stream.jitter_s),
    )


def _path_down(changes: dict[tuple[Direction, Kind], Change]) -> Path:
    found = [change for (way, _), change in changes.items() if way == "down"]
    kind = _main_kind("down", changes)
    if kind is None:
        return Path()
    lost = max(0, sum(change.lost for change in found))
    return Path(sum(change.packets for change in found), lost, jitter_s=changes["down", kind].jitter_s)


def _main_kind(way: Direction, changes: dict[tuple[Direction, Kind], Change]) -> Kind | None:
    """What jitter is read from: sound comes in even steps, pictures in bursts of their sender's making."""
    kinds: tuple[Kind, Kind] = ("audio", "video")
    return next((kind for kind in kinds if changes.get((way, kind), _NO_CHANGE).packets > 0), None)
