"""What `visavis speech` and `visavis quality` print about recorded packet logs.

The same cores as in live calls do the work; here is only how their findings are written down (wire contract, 7, 8.18).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from media.core.arrival import Arrival, Arrivals
from media.core.level import Level, LevelMeter, level_of
from media.core.speech import Span, SpeechDetector
from media.core.stream_quality import Kind, Scale, Second, StreamMeter
from media.core.talk import IPU_PAUSE_S, analyse, joined
from visavis.packet_log import PacketLogError, read_packet_log

_DIGITS: Final = 3  # milliseconds
_PART: Final = 256  # packets


def speech_report(paths: Sequence[Path], clock_rate: int) -> dict[str, Any]:
    """Describe the speech of one log, or the talk of two. Raises `PacketLogError`."""
    logs = [read_packet_log(path) for path in paths]
    speech = [_speech(path, log, clock_rate) for path, log in zip(paths, logs, strict=True)]
    if len(speech) == 1:
        return {"speech": _written(speech[0])}
    first, second = speech
    start, end = min(log[0].arrival for log in logs), max(log[-1].arrival for log in logs)
    talk = analyse(first, second, start=start, end=end)
    return {
        "speech": [_written(spans) for spans in speech],
        "turns": [
            {"who": turn.who, "start": round(turn.start, _DIGITS), "end": round(turn.end, _DIGITS)}
            for turn in talk.turns
        ],
        "overlaps": _written(talk.overlaps),
        "silences": _written(talk.silences),
    }


def quality_report(path: Path, kind: Kind, clock_rate: int, scale: Scale) -> dict[str, Any]:
    """Score one log. Raises `PacketLogError`."""
    log = read_packet_log(path)
    meter = StreamMeter(kind, clock_rate, scale)
    for packets in _parts(log):
        meter.packets(packets)
    meter.finish()
    seconds = log[-1].arrival - log[0].arrival + meter.buffer.frame_s
    per_second = meter.recorded(int(seconds + 1e-3))  # a log of ten seconds is not to have nine for a late last packet
    total = meter.total(seconds)
    judge = LevelMeter()
    return {
        **_measures(total, level_of(total.mos) if total.mos is not None else judge.judge(None, lost=True)),
        "perSecond": [_measures(second, judge.judge(second.mos, lost=second.gone)) for second in per_second],
    }


def _measures(second: Second, level: Level) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mos": None if second.mos is None else round(second.mos, _DIGITS),
        "level": None if level is Level.UNKNOWN else level.value,
        "expected": second.expected,
        "lost": second.lost,
        "late": second.late,
        "jitterMs": round(1000 * second.jitter_s, _DIGITS),
        "bitrate": round(second.bitrate),
    }
    if second.fps is not None and second.freeze_ratio is not None:
        found |= {
            "fps": round(second.fps, 1),
            "freezes": second.freezes,
            "freezeRatio": round(second.freeze_ratio, _DIGITS),
        }
    return found


def _parts(log: Sequence[Arrival]) -> Iterator[Arrivals]:
    """The log in parts: of all at once the columns would take as much memory as the log does."""
    return (Arrivals.of(log[at : at + _PART]) for at in range(0, len(log), _PART))


def _speech(path: Path, log: Sequence[Arrival], clock_rate: int) -> list[Span]:
    detector = SpeechDetector(clock_rate)
    for packets in _parts(log):
        detector.packets(packets)
    if not detector.heard_level:
        raise PacketLogError(f"{path}: no packet carries a level")
    return joined(detector.spans(), IPU_PAUSE_S)


def _written(spans: Iterable[Span]) -> list[list[float]]:
    return [[round(span.start, _DIGITS), round(span.end, _DIGITS)] for span in spans]
