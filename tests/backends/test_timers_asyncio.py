import asyncio
import logging
import time
import warnings

import pytest
import uvloop

from backends.clock_system import SystemClock
from backends.timers_asyncio import AsyncioTimers
from rooms.ports import Timers


class LoopClock:
    """The clock of the running loop, which may jump."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall_ms(self) -> int:
        return int(self.monotonic() * 1000)


class CountingClock(SystemClock):
    """Counts how often it is looked at."""

    looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic()


class LaggingClock(LoopClock):
    """May fall behind the loop, so that the loop's timers come early."""

    behind = 0.0

    def monotonic(self) -> float:
        return super().monotonic() - self.behind


@pytest.mark.virtual_time
async def test_callbacks_come_in_the_order_of_their_times() -> None:
    clock = LoopClock()
    timers: Timers = AsyncioTimers(clock)
    began = clock.monotonic()
    called: list[tuple[str, float]] = []
    for name, delay in (("hour", 3600.0), ("past", -5.0), ("second", 1.0)):
        # The default binds the name of this turn; mypy can not infer such a lambda.
        timers.call_at(began + delay, lambda name=name: called.append((name, clock.monotonic() - began)))  # type: ignore[misc]
    await asyncio.sleep(7200)
    assert [name for name, _ in called] == ["past", "second", "hour"]
    assert [after for _, after in called] == pytest.approx([0, 1, 3600], abs=0.01)


@pytest.mark.virtual_time
async def test_a_cancelled_timer_does_not_call() -> None:
    clock = LoopClock()
    timers = AsyncioTimers(clock)
    called: list[int] = []
    cancel = timers.call_at(clock.monotonic() + 5, lambda: called.append(1))
    cancel()
    cancel()
    await asyncio.sleep(60)
    assert called == []


@pytest.mark.virtual_time
async def test_a_timer_never_calls_before_its_time() -> None:
    clock = LaggingClock()
    timers = AsyncioTimers(clock)
    due = clock.monotonic() + 10
    called: list[float] = []
    timers.call_at(due, lambda: called.append(clock.monotonic()))
    clock.behind = 0.5
    await asyncio.sleep(10.2)
    assert called == []
    await asyncio.sleep(60)
    assert len(called) == 1
    assert called[0] >= due


def test_a_timer_that_comes_early_does_not_spin() -> None:
    """On the server's own loop, whose timers round to milliseconds."""
    clock = CountingClock()

    async def one() -> int:
        timers = AsyncioTimers(clock)
        called = asyncio.Event()
        before = clock.looks
        timers.call_at(time.monotonic() + 0.0004, called.set)
        await called.wait()
        return clock.looks - before

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        # At the call, at the early turn twice, and at the right one; once more if that was early too.
        assert max(runner.run(one()) for _ in range(20)) <= 6


@pytest.mark.virtual_time
async def test_a_callback_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    timers = AsyncioTimers(LoopClock())

    def fail() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        timers.call_at(0.0, fail)
        await asyncio.sleep(1)
    assert [record.message for record in caplog.records] == ["a timer's callback failed"]


async def test_the_system_clock_and_the_real_loop_agree() -> None:
    clock = SystemClock()
    timers = AsyncioTimers(clock)
    due = clock.monotonic() + 0.02
    called = asyncio.get_running_loop().create_future()
    timers.call_at(due, lambda: called.set_result(clock.monotonic()))
    assert due <= await called < due + 5


async def test_spawned_work_runs_and_its_exception_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    timers: Timers = AsyncioTimers(SystemClock())
    done = asyncio.Event()

    async def work() -> None:
        done.set()
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        timers.spawn(work(), "sums")
        await done.wait()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    [record] = caplog.records
    assert (record.message, record.__dict__["task"]) == ("a task failed", "sums")
    assert record.exc_info is not None


@pytest.mark.virtual_time
async def test_closing_ends_timers_and_tasks_and_waits_for_them(caplog: pytest.LogCaptureFixture) -> None:
    clock = LoopClock()
    timers = AsyncioTimers(clock)
    called: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(1)
            called.append("cleaned up")

    timers.call_at(clock.monotonic() + 5, lambda: called.append("timer"))
    timers.spawn(long(), "long")
    await asyncio.sleep(1)
    await timers.aclose()
    assert called == ["cleaned up"]
    await asyncio.sleep(60)
    assert called == ["cleaned up"]
    assert caplog.records == []
    await timers.aclose()


@pytest.mark.virtual_time
async def test_after_closing_nothing_begins() -> None:
    timers = AsyncioTimers(LoopClock())
    called: list[str] = []

    async def work() -> None:
        called.append("task")

    timers.spawn(work(), "cancelled before its first step")
    await timers.aclose()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        timers.spawn(work(), "late")
        timers.call_at(0.0, lambda: called.append("timer"))()
        timers.call_at(0.0, lambda: called.append("timer"))
        await asyncio.sleep(1)
    assert called == []
