"""Losses that a receiver can not report: while no packet reaches it, it does not know that any was sent.

Its reports then go on with the highest number that it has, and the same loss (RFC 3550 6.4.1, A.3). What was sent long
enough before such a report is lost. With the next packet that arrives the receiver counts these losses itself.
"""

from collections import deque
from typing import Final

# Packets sent so long before a report have arrived or never will; twice the round trip if that is longer. A smaller
# value takes a spike of delay for loss, a larger one leaves a silence longer without its cause.
UNHEARD_S: Final = 1.0
# Between two marks: more often costs memory while a receiver reports often, more seldom tells later.
_MARK_S: Final = 0.25


class Unheard:
    """Of one stream to a receiver. Times in seconds."""

    __slots__ = ("_highest", "_marks", "_sent")

    def __init__(self) -> None:
        self._highest: int | None = None
        self._sent = 0  # before the report that was the first with this number
        self._marks: deque[tuple[float, int]] = deque()  # when a report came, packets sent before it

    def reported(self, highest: int, sent: int, rtt: float | None, now: float) -> int:
        """Packets lost beyond what the report says. `highest`: of the report; `sent`: packets so far."""
        if highest != self._highest:
            self._highest, self._sent = highest, sent
            self._marks.clear()
        if not self._marks or now - self._marks[-1][0] >= _MARK_S:
            self._marks.append((now, sent))
        before = now - max(UNHEARD_S, 2 * (rtt or 0.0))
        while len(self._marks) > 1 and self._marks[1][0] <= before:
            self._marks.popleft()
        at, until = self._marks[0]
        return until - self._sent if at <= before else 0
