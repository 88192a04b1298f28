"""Clocks, ids and timers that move only when a test says so."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

from protocol.ids import encode_id
from rooms.ports import Clock

EPOCH_MS = 1_700_000_000_000
# How often tasks may hand over to each other before `settle` takes them to be waiting for something outside.
_TURNS = 200


class FakeClock:
    """`rooms.ports.Clock`. Both clocks move together; the monotonic one starts at 0.0 seconds."""

    def __init__(self, *, epoch_ms: int = EPOCH_MS) -> None:
        self._epoch_ms = epoch_ms
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return self._epoch_ms + round(self.now_s * 1000)


class FakeIds:
    """`rooms.ports.Ids`. Real ids whose random part counts up; seeds are 1, 2 ..."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made = 0
        self._seeds = 0

    def new(self) -> str:
        self._made += 1
        return encode_id(self._clock.wall_ms(), self._made)

    def seed(self) -> int:
        self._seeds += 1
        return self._seeds


class FakeTimers:
    """`rooms.ports.Timers` on a `FakeClock`. Spawned work runs on the test's loop.

    A spawned task or a callback that fails is kept in `failures`; a test that expects none asserts that it is empty.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._armed: list[tuple[float, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()
        self._tasks: set[asyncio.Future[None]] = set()
        self.failures: list[tuple[str, BaseException]] = []

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        number = next(self._order)
        heapq.heappush(self._armed, (when, number, callback))
        return lambda: self._cancelled.add(number)

    def spawn(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(name, ended))

    @property
    def armed(self) -> list[float]:
        """When the timers that are still to fire are due, the next one first."""
        return sorted(when for when, number, _ in self._armed if number not in self._cancelled)

    @property
    def running(self) -> int:
        """How many spawned tasks are not over."""
        return len(self._tasks)

    async def settle(self) -> None:
        """Let spawned work run as far as it comes without the clock."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if not self._tasks:
                return

    async def drain(self) -> None:
        """Wait until all spawned work is over, however long it takes (on the virtual loop: no time at all)."""
        while self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move the clock, stopping at each timer that is due on the way, in order."""
        until = self._clock.now_s + seconds
        await self.settle()
        while self._armed and self._armed[0][0] <= until:
            when, number, callback = heapq.heappop(self._armed)
            if number in self._cancelled:
                self._cancelled.discard(number)
                continue
            self._clock.now_s = max(self._clock.now_s, when)
            try:
                callback()
            except Exception as error:
                self.failures.append(("timer", error))
            await self.settle()
        self._clock.now_s = until

    def _ended(self, name: str, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append((name, error))
