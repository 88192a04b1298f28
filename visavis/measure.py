"""What `visavis speech` and `visavis quality` print about recorded packet logs.

The same cores as in live calls do the work; here is only how their findings are written down (wire contract, 7, 8.18).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from media.core.arrival import Arrival
from media.core.speech import Span, SpeechDetector
from media.core.talk import IPU_PAUSE_S, analyse, joined
from visavis.packet_log import PacketLogError, read_packet_log

_DIGITS: Final = 3  # milliseconds


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


def _speech(path: Path, log: Iterable[Arrival], clock_rate: int) -> list[Span]:
    detector = SpeechDetector(clock_rate)
    for packet in log:
        detector.packet(packet)
    if not detector.heard_level:
        raise PacketLogError(f"{path}: no packet carries a level")
    return joined(detector.spans(), IPU_PAUSE_S)


def _written(spans: Iterable[Span]) -> list[list[float]]:
    return [[round(span.start, _DIGITS), round(span.end, _DIGITS)] for span in spans]
