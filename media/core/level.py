"""Good, fair, poor, lost: the score of a leg in words that do not flicker.

Contract: `judge` once a second with that second's score; None means that the second says nothing (silence that was not
sent, a muted microphone) and leaves everything as it is. `lost=True` says that media should come and does not.
"""

from collections import deque
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """As on the wire; `unknown` is never sent."""

    UNKNOWN = "unknown"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    LOST = "lost"


# The bands of G.107 annex B: under a rating of 70 some are dissatisfied, under 50 nearly all are. A browser's listener
# comes under the first at 2 % of lost packets, under the second at 4.
GOOD_MOS: Final = 3.6
FAIR_MOS: Final = 2.6
# What one has to be better by to come up again. Less flickers, more tells people of a trouble that is over.
RISE_MOS: Final = 0.2
# Seconds that are averaged. One lost packet in a second of 50 is no trouble; three seconds of it are.
SECONDS: Final = 3

_L = Level
# What a score at or above the first number is, for one who is at the level now; the first row that fits counts.
TABLE: Final[dict[Level, tuple[tuple[float, Level], ...]]] = {
    _L.UNKNOWN: ((GOOD_MOS, _L.GOOD), (FAIR_MOS, _L.FAIR), (0, _L.POOR)),
    _L.GOOD: ((GOOD_MOS, _L.GOOD), (FAIR_MOS, _L.FAIR), (0, _L.POOR)),
    _L.FAIR: ((GOOD_MOS + RISE_MOS, _L.GOOD), (FAIR_MOS, _L.FAIR), (0, _L.POOR)),
    _L.POOR: ((GOOD_MOS + RISE_MOS, _L.GOOD), (FAIR_MOS + RISE_MOS, _L.FAIR), (0, _L.POOR)),
    _L.LOST: ((GOOD_MOS, _L.GOOD), (FAIR_MOS, _L.FAIR), (0, _L.POOR)),
}


def level_of(mos: float, *, now: Level = Level.UNKNOWN) -> Level:
    """The level of a score for one who is at `now`."""
    return next(level for least, level in TABLE[now] if mos >= least)


class LevelMeter:
    """See the module."""

    __slots__ = ("_recent", "level")

    def __init__(self) -> None:
        self.level = Level.UNKNOWN
        self._recent: deque[float] = deque(maxlen=SECONDS)

    def judge(self, mos: float | None, *, lost: bool = False) -> Level:
        """Take a second and return the level after it."""
        if lost:
            self._recent.clear()
            self.level = Level.LOST
        elif mos is not None:
            self._recent.append(mos)
            self.level = level_of(sum(self._recent) / len(self._recent), now=self.level)
        return self.level
