"""The lag of the event loop, on a clock of the test's own."""

import asyncio

import pytest

from monitoring.looplag import watch_loop_lag


class LateSleeper:
    """A clock that moves on by what is slept, and by an agreed lateness each time."""

    def __init__(self, lateness: list[float]) -> None:
        self.now = 100.0
        self._lateness = list(lateness)

    async def sleep(self, seconds: float) -> None:
        if not self._lateness:
            raise asyncio.CancelledError
        self.now += seconds + self._lateness.pop(0)


async def test_each_timer_reports_how_late_it_was() -> None:
    clock = LateSleeper([0.0, 0.5, 0.125])
    seen: list[float] = []
    with pytest.raises(asyncio.CancelledError):
        await watch_loop_lag(seen.append, interval_s=1.0, clock=lambda: clock.now, sleep=clock.sleep)
    assert seen == [0.0, 0.5, 0.125]


async def test_an_early_timer_is_no_negative_lag() -> None:
    clock = LateSleeper([-0.25])
    seen: list[float] = []
    with pytest.raises(asyncio.CancelledError):
        await watch_loop_lag(seen.append, interval_s=1.0, clock=lambda: clock.now, sleep=clock.sleep)
    assert seen == [0.0]
