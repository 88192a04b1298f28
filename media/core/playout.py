"""When a listener plays what: the offset from a packet's media time to its moment, which follows the path.

Contract: `begin` with each source, `add` for each packet that came by itself; or `went_on` for as many as can be taken
at once. Times in seconds; a *transit* is arrival less media time. `offset` is what is added to a media time.

It follows the transit of the last packets: the 97 % quantile rounded up to 20 ms, and 20 ms more. It grows only when
packets have been late, and then the listener has to invent sound for the difference; it shrinks so slowly that nobody
hears it.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from itertools import repeat
from typing import Final

HISTORY: Final = 100  # packets; more reacts later to a path that gets worse, fewer make the buffer jump about
QUANTILE: Final = 0.97
STEP_S: Final = 0.02  # offset in whole packets of speech
OFFSET_MIN_S: Final = 0.04
OFFSET_START_S: Final = 0.06
SHRINK_S: Final = 0.0002  # per packet: 1 % of play-out speed
# Late packets among the last ten before the buffer grows. One alone is not worth the delay.
LATE_TO_GROW: Final = 2
_LATE_WINDOW: Final = 10
_ROUNDING: Final = 1e-6  # of a step
_LATE_S: Final = 1e-9
_NEAR_MIN: Final = 10  # fewer packets cost less to be put in order by size than all of them later
_USUAL_AT: Final = math.ceil(HISTORY * QUANTILE) - 1  # index of the quantile among so many


class PlayoutOffset:
    """See the module. The offset is at most `offset_max_s` above the least transit."""

    __slots__ = ("_late", "_offset_max", "_ordered", "_sorted", "_transits", "offset")

    def __init__(self, offset_max_s: float) -> None:
        self.offset = 0.0
        self._offset_max = offset_max_s
        self._transits: deque[float] = deque(maxlen=HISTORY)
        self._ordered: list[float] = []  # the same by size, if `_sorted`
        self._sorted = True
        self._late: deque[bool] = deque(maxlen=_LATE_WINDOW)

    def begin(self, transit: float) -> None:
        """The first packet of a source."""
        self.offset = transit + OFFSET_START_S
        self._transits.clear()
        self._ordered.clear()
        self._sorted = True

    def late(self, transit: float) -> bool:
        """Whether a packet comes after its moment."""
        return transit > self.offset + _LATE_S

    def quantile(self, share: float) -> float | None:
        """Of the last packets' transit; None: there are none."""
        ordered = self._by_size()
        return ordered[_at(len(ordered), share)] if ordered else None

    def middle(self) -> float | None:
        """The upper median of the same."""
        ordered = self._by_size()
        return ordered[len(ordered) // 2] if ordered else None

    def add(self, transit: float, least: float, *, late: bool) -> float:
        """Take a packet, given the least transit, and return by how much the offset has grown."""
        self._late.append(late)
        self._keep(transit)
        wanted = self._wanted(least)
        before = self.offset
        if wanted < before:
            self._shrink(wanted, least)
        elif sum(self._late) >= LATE_TO_GROW:
            self.offset = wanted
            return wanted - before
        return 0.0

    def went_on(self, transits: Sequence[float], times: Sequence[float], least: float, hole: float) -> int:
        """Take packets at once, for as long as none is late or faster than `least`, and one with the media time `hole`
        that is waited for does not fall due. Returns how many were taken; `times` are their arrivals, at least one."""
        if self.late(transits[0]) or sum(self._late) >= LATE_TO_GROW:
            return 0
        count = len(transits)
        if count >= _NEAR_MIN and self._all_near(transits, times[-1], least, hole):
            self._transits.extend(transits)
            self._sorted = False
        else:
            count = self._one_by_one(transits, times, least, hole)
        self._late.extend(repeat(False, min(count, _LATE_WINDOW)))
        return count

    def _all_near(self, transits: Sequence[float], last: float, least: float, hole: float) -> bool:
        """Let the offset shrink if all packets of all these windows are so fast that the least one will do: then the
        quantiles need not be known. False: it is not so, and nothing has changed."""
        slowest = max(transits)
        if _steps(max(slowest, self._slowest()) - least) > 1:
            return False
        wanted = self._above(least, 1)
        lowest = min(wanted, self.offset)
        if min(transits) < least or slowest > lowest or hole + lowest < last:
            return False
        for _ in transits:
            if wanted >= self.offset:
                break
            self._shrink(wanted, least)
        return True

    def _slowest(self) -> float:
        return max(self._ordered[-1:] if self._sorted else self._transits, default=-math.inf)

    def _one_by_one(self, transits: Sequence[float], times: Sequence[float], least: float, hole: float) -> int:
        ordered, window, offset = self._by_size(), self._transits, self.offset
        slowest, due = offset + _LATE_S, hole + offset
        wanted, low, high = 0.0, math.inf, -math.inf
        for count, (transit, time) in enumerate(zip(transits, times, strict=True)):
            if not least <= transit <= slowest or due < time:
                return count
            if len(window) == HISTORY:
                del ordered[bisect_left(ordered, window[0])]
            window.append(transit)
            insort(ordered, transit)
            # What is wanted rises with the quantile: between two that want the same, all do.
            slow = ordered[_USUAL_AT if len(ordered) == HISTORY else _at(len(ordered), QUANTILE)]
            if not low <= slow <= high:
                before, wanted = wanted, self._above(least, _steps(slow - least))
                low, high = (min(low, slow), max(high, slow)) if wanted == before else (slow, slow)
            if wanted < offset:
                self._shrink(wanted, least)
                offset = self.offset
                slowest, due = offset + _LATE_S, hole + offset
        return len(transits)

    def _keep(self, transit: float) -> None:
        ordered, transits = self._by_size(), self._transits
        if len(transits) == HISTORY:
            del ordered[bisect_left(ordered, transits[0])]
        transits.append(transit)
        insort(ordered, transit)

    def _by_size(self) -> list[float]:
        if not self._sorted:
            self._ordered = sorted(self._transits)
            self._sorted = True
        return self._ordered

    def _wanted(self, least: float) -> float:
        ordered = self._ordered
        return self._above(least, _steps(ordered[_at(len(ordered), QUANTILE)] - least))

    def _above(self, least: float, steps: int) -> float:
        return least + min(self._offset_max, max(OFFSET_MIN_S, steps * STEP_S + STEP_S))

    def _shrink(self, wanted: float, least: float) -> None:
        self.offset = max(wanted, min(self.offset - SHRINK_S, least + self._offset_max))


def _steps(slow: float) -> int:
    return math.ceil(slow / STEP_S - _ROUNDING)


def _at(count: int, share: float) -> int:
    """Index of a quantile in a sorted list."""
    return max(0, math.ceil(count * share) - 1)
