"""A sliding window of strikes against one connection. Pure: the time is an argument."""

from __future__ import annotations

from collections import deque

__all__ = ["Strikes"]


class Strikes:
    """Counts strikes; `hit` says when `limit` of them lie within `window_s` seconds.

    Only the last `limit` times are kept, so a connection costs at most that many floats, and nothing before
    its first strike.
    """

    __slots__ = ("_limit", "_times", "_window_s")

    def __init__(self, *, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: deque[float] | None = None

    def hit(self, now: float) -> bool:
        """Record one strike at `now` (monotonic seconds); True when the limit is reached."""
        if self._times is None:
            self._times = deque(maxlen=self._limit)
        self._times.append(now)
        return len(self._times) == self._limit and now - self._times[0] <= self._window_s
