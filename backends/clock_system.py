"""The real clocks, and ids made from them."""

import secrets
import time

from protocol.ids import encode_id
from rooms.ports import Clock

_RANDOM_BITS = 80
_SEED_BITS = 63


class SystemClock:
    """`rooms.ports.Clock` of the operating system."""

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000


class UlidIds:
    """`rooms.ports.Ids`. Within one millisecond, and while the wall clock stands or goes back, the random part
    counts up from the last id (https://github.com/ulid/spec, monotonicity)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ms = -1
        self._randomness = 0

    def new(self) -> str:
        """26 characters that sort after those of all earlier calls."""
        now_ms = self._clock.wall_ms()
        if now_ms > self._last_ms:
            self._restart(now_ms)
        else:
            self._randomness += 1
            if self._randomness >> _RANDOM_BITS:
                self._restart(self._last_ms + 1)
        return encode_id(self._last_ms, self._randomness)

    def _restart(self, time_ms: int) -> None:
        # Half of the range stays free above the start, so that counting up has room within the millisecond.
        self._last_ms = time_ms
        self._randomness = secrets.randbits(_RANDOM_BITS - 1)

    def seed(self) -> int:
        """63 random bits."""
        return secrets.randbits(_SEED_BITS)


__all__ = ["SystemClock", "UlidIds"]
