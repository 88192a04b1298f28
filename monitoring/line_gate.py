"""Who may write a log line now. Pure: the time is an argument.

Whatever strangers send may cost at most one line a second in all, however many
sources complain about it: refusals that we gather and the warnings of the
libraries below us share one `LineGate`. Lines about our own mistakes are limited
for each place in the code, so that a flood of one does not hide another.
"""

from collections import Counter
from typing import Final

# Longer hides more for longer; shorter lets a flood fill the disk faster.
LINE_INTERVAL_S: Final = 1.0


class LineGate:
    """At most one line each `interval_s`; what had to be held back is counted by source."""

    def __init__(self, interval_s: float = LINE_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._next: float | None = None
        self._held: Counter[str] = Counter()

    @property
    def holding(self) -> bool:
        """Whether lines were held back since the last `release`."""
        return bool(self._held)

    def admit(self, now: float) -> bool:
        """True when a line may be written at `now` (monotonic seconds), which uses the turn up."""
        if self._next is not None and now < self._next:
            return False
        self._next = now + self._interval_s
        return True

    def hold(self, source: str) -> None:
        """Count a line that was not written. `source` is a logger's name, never a client's text."""
        self._held[source] += 1

    def release(self) -> dict[str, int]:
        """What was held back since the last call, by source."""
        held = dict(sorted(self._held.items()))
        self._held.clear()
        return held


class PlaceLimit:
    """At most one line each `interval_s` for each place in the code, which is a bounded set."""

    def __init__(self, interval_s: float = LINE_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._places: dict[tuple[str, int], tuple[float, int]] = {}

    def admit(self, place: tuple[str, int], now: float) -> int | None:
        """None: not now. Else how many lines of this place were held back before this one."""
        until, held = self._places.get(place, (now, 0))
        if now < until:
            self._places[place] = (until, held + 1)
            return None
        self._places[place] = (now + self._interval_s, 0)
        return held
