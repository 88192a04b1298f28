"""Frozen time of a video, by the rule of W3C webrtc-stats (freezeCount, totalFreezesDuration).

Contract: `shown` for each picture at the time it is shown, `advance` with the present time in between; or `passed` for
many such times at once. An interval
between two pictures of at least max(3 x mean, mean + 150 ms) of the last 30 intervals is a freeze, and the whole of it
is frozen time; it counts as soon as it has lasted so long, not only when the next picture ends it. Times in seconds.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

FACTOR: Final = 3.0
MARGIN_S: Final = 0.150
_INTERVALS: Final = 30  # frozen ones too: a camera that makes a picture a second is no freeze for long
# With fewer pictures nobody knows what the usual interval is; this one is then taken for it.
_INTERVALS_MIN: Final = 5
_INTERVAL_S: Final = 0.1


def freeze_threshold(mean_s: float) -> float:
    """The interval from which on a picture is frozen, given the mean interval."""
    return max(FACTOR * mean_s, mean_s + MARGIN_S)


class FreezeMeter:
    """See the module. By whole second since `origin`: `frozen_s`, and `freezes`, how many began to be seen in it."""

    __slots__ = ("_counted_to", "_intervals", "_last", "_origin", "_sum", "freezes", "frozen_s")

    def __init__(self, origin: float) -> None:
        self.freezes: Counter[int] = Counter()
        self.frozen_s: defaultdict[int, float] = defaultdict(float)
        self._origin = origin
        self._last: float | None = None
        self._counted_to: float | None = None  # end of the frozen time that was counted; None: it is not frozen
        self._intervals: deque[float] = deque()
        self._sum = 0.0

    def shown(self, now: float) -> None:
        """A picture is shown."""
        self.advance(now)
        self._show(now)

    def advance(self, now: float) -> None:
        """Time has come this far."""
        if self._last is None or now <= self._last or not self._frozen(self._last, now):
            return
        if self._counted_to is None:
            self.freezes[int((now - self._origin) // 1)] += 1
            self._counted_to = self._last
        self._count(self._counted_to, now)
        self._counted_to = max(self._counted_to, now)

    def passed(self, times: Sequence[float], shown: Iterable[int]) -> None:
        """Time has come to each of `times`, which ascend; with those at the indices `shown` a picture was shown."""
        done = 0
        for index in shown:
            self._pass(times[done : index + 1])
            self._show(times[index])
            done = index + 1
        self._pass(times[done:])

    def stop(self) -> None:
        """The camera is off: what follows is no freeze."""
        self._last = self._counted_to = None

    def _pass(self, times: Sequence[float]) -> None:
        """`advance` to each of these times. If the last one is in no freeze, none of them is."""
        if times and self._last is not None and self._frozen(self._last, times[-1]):
            for now in times:
                self.advance(now)

    def _show(self, now: float) -> None:
        if self._last is not None:
            self._learn(now - self._last)
        self._last = now
        self._counted_to = None

    def _frozen(self, last: float, now: float) -> bool:
        """Whether the picture of `last` is frozen now."""
        return self._counted_to is not None or now - last >= self._threshold() - 1e-9

    def _threshold(self) -> float:
        count = len(self._intervals)
        return freeze_threshold(self._sum / count if count >= _INTERVALS_MIN else _INTERVAL_S)

    def _learn(self, interval: float) -> None:
        self._intervals.append(interval)
        self._sum += interval
        if len(self._intervals) > _INTERVALS:
            self._sum -= self._intervals.popleft()

    def _count(self, start: float, end: float) -> None:
        at = start - self._origin
        end -= self._origin
        while at < end:
            second = int(at // 1)
            until = min(end, second + 1.0)
            self.frozen_s[second] += until - at
            at = until
