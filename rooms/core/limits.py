"""Token buckets, one per key; the longest unused key is forgotten first.

`take(key, now=...)` returns 0.0 when the action may happen, else the seconds after
which it may be tried again; a refused action costs nothing. Time is monotonic seconds.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class TokenBuckets(Generic[K]):
    """`rate` actions a second on the long run, `burst` at once, for each key apart."""

    __slots__ = ("_buckets", "_burst", "_max_keys", "_rate")

    def __init__(self, *, rate: float, burst: float, max_keys: int = 100_000) -> None:
        """`max_keys` bounds memory: larger costs about 200 bytes a key, smaller forgets
        the longest unused key sooner, which gives it a full bucket."""
        self._rate = rate
        self._burst = float(burst)
        self._max_keys = max_keys
        self._buckets: OrderedDict[K, tuple[float, float]] = OrderedDict()

    def take(self, key: K, *, now: float) -> float:
        """Take one token. 0.0 when there was one, else seconds until there is."""
        tokens, at = self._buckets.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - at) * self._rate)
        wait = 0.0
        if tokens >= 1.0:
            tokens -= 1.0
        else:
            wait = (1.0 - tokens) / self._rate
        self._buckets[key] = (tokens, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._buckets)
