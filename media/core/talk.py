"""What two people's speech makes of a conversation: turns, gaps, overlaps, silences, shares.

The definitions keep the numbers comparable with the literature:

- an *inter-pausal unit* (IPU) is speech whose pauses are under 200 ms;
- a *backchannel* ("mm", "yes") is an IPU under 1 s that lies within an IPU of the other: no turn and no talk-over;
- a *turn* is made of the IPUs of one speaker with no turn of the other in between and pauses under 1 s;
- a *gap* goes from the end of a turn to the beginning of the other's; negative when they overlap;
- *talk-over* is both at once for at least 500 ms; *silence* is neither of them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from media.core.speech import Span

IPU_PAUSE_S: Final = 0.2
TURN_PAUSE_S: Final = 1.0
BACKCHANNEL_S: Final = 1.0
TALK_OVER_S: Final = 0.5
LONG_SILENCE_S: Final = 2.0
# With less speech than this, who has the larger part is chance.
SHARES_NEED_S: Final = 20.0


class Turn(NamedTuple):
    """One person holds the floor. `who` is 0 or 1."""

    who: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation of two people, in seconds. `shares` is None while too little was said."""

    speech_s: tuple[float, float]
    turns: tuple[Turn, ...]
    gaps: tuple[float, ...]
    backchannels: tuple[Turn, ...]
    overlaps: tuple[Span, ...]
    silences: tuple[Span, ...]
    longest_silence_s: float

    @property
    def shares(self) -> tuple[float, float] | None:
        """Who has how much of the speech, 0..1 each."""
        both = sum(self.speech_s)
        return (self.speech_s[0] / both, self.speech_s[1] / both) if both >= SHARES_NEED_S else None


def joined(spans: Iterable[Span], pause_s: float) -> list[Span]:
    """Return the spans in order, joined where the pause between them is shorter than `pause_s`."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start - found[-1].end < pause_s:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def clipped(spans: Iterable[Span], start: float, end: float) -> list[Span]:
    """Return what of the spans lies between the two times."""
    cut = (Span(max(span.start, start), min(span.end, end)) for span in spans)
    return [span for span in cut if span.start < span.end]


def analyse(first: Iterable[Span], second: Iterable[Span], *, start: float, end: float) -> Talk:
    """Describe the talk between `start` and `end` of the persons 0 and 1, given the speech of each."""
    units = [joined(clipped(spans, start, end), IPU_PAUSE_S) for spans in (first, second)]
    kept: list[Turn] = []
    backchannels: list[Turn] = []
    for who, own in enumerate(units):
        for unit in own:
            back = unit.end - unit.start < BACKCHANNEL_S and _within(unit, units[1 - who])
            (backchannels if back else kept).append(Turn(who, *unit))
    turns = _turns(sorted(kept, key=lambda unit: (unit.start, unit.who)))
    silences = _silences(units[0] + units[1], start, end)
    return Talk(
        speech_s=(_length(units[0]), _length(units[1])),
        turns=tuple(turns),
        gaps=tuple(after.start - turn.end for turn, after in pairwise(turns) if after.who != turn.who),
        backchannels=tuple(sorted(backchannels, key=lambda unit: unit.start)),
        overlaps=tuple(_overlaps([Span(*unit[1:]) for unit in kept if unit.who == who] for who in (0, 1))),
        silences=tuple(span for span in silences if span.end - span.start > LONG_SILENCE_S),
        longest_silence_s=max((span.end - span.start for span in silences), default=0.0),
    )


def _within(unit: Span, others: Sequence[Span]) -> bool:
    before = bisect_left(others, unit) - 1
    return before >= 0 and unit.end < others[before].end


def _turns(units: Sequence[Turn]) -> list[Turn]:
    turns: list[Turn] = []
    for unit in units:
        if turns and turns[-1].who == unit.who and unit.start - turns[-1].end < TURN_PAUSE_S:
            turns[-1] = Turn(unit.who, turns[-1].start, unit.end)
        else:
            turns.append(unit)
    return turns


def _overlaps(sides: Iterable[Sequence[Span]]) -> list[Span]:
    first, second = sides
    found: list[Span] = []
    at = 0
    for span in first:
        while at < len(second) and second[at].end <= span.start:
            at += 1
        ahead = at
        while ahead < len(second) and second[ahead].start < span.end:
            other = second[ahead]
            both = Span(max(span.start, other.start), min(span.end, other.end))
            if both.end - both.start >= TALK_OVER_S:
                found.append(both)
            ahead += 1
    return found


def _silences(units: Iterable[Span], start: float, end: float) -> list[Span]:
    found: list[Span] = []
    at = start
    for unit in joined(units, 0.0):
        if unit.start > at:
            found.append(Span(at, unit.start))
        at = unit.end
    if end > at:
        found.append(Span(at, end))
    return found


def _length(spans: Iterable[Span]) -> float:
    return sum(span.end - span.start for span in spans)
