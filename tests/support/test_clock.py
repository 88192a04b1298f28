"""The clocks and timers that other tests rely on."""

import asyncio

import pytest

from tests.support.clock import EPOCH_MS, FakeClock, FakeIds, FakeTimers


async def test_both_clocks_move_together() -> None:
    clock = FakeClock()
    await FakeTimers(clock).advance(1.5)
    assert (clock.monotonic(), clock.wall_ms()) == (1.5, EPOCH_MS + 1500)


async def test_ids_sort_by_time_and_by_call_and_seeds_count() -> None:
    clock = FakeClock()
    ids = FakeIds(clock)
    made = [ids.new(), ids.new()]
    clock.now_s = 1
    made.append(ids.new())
    assert made == sorted(made)
    assert [ids.seed(), ids.seed()] == [1, 2]


async def test_timers_fire_in_order_at_their_own_times() -> None:
    clock = FakeClock()
    timers, seen = FakeTimers(clock), list[tuple[str, float]]()
    timers.call_at(5, lambda: seen.append(("b", clock.monotonic())))
    timers.call_at(2, lambda: seen.append(("a", clock.monotonic())))
    timers.call_at(9, lambda: seen.append(("c", clock.monotonic())))
    await timers.advance(5)
    assert seen == [("a", 2), ("b", 5)]
    assert timers.armed == [9]


async def test_a_cancelled_timer_does_not_fire() -> None:
    timers, seen = FakeTimers(FakeClock()), list[int]()
    cancel = timers.call_at(1, lambda: seen.append(1))
    cancel()
    assert timers.armed == []
    await timers.advance(2)
    assert seen == []


async def test_a_timer_that_a_timer_sets_fires_on_the_same_way() -> None:
    clock = FakeClock()
    timers, seen = FakeTimers(clock), list[float]()

    def first() -> None:
        timers.call_at(3, lambda: seen.append(clock.monotonic()))

    timers.call_at(1, first)
    await timers.advance(10)
    assert seen == [3]


async def test_spawned_work_runs_and_its_failure_is_kept() -> None:
    timers, done = FakeTimers(FakeClock()), list[int]()

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(1)

    async def fails() -> None:
        raise ValueError("no")

    timers.spawn(work(), "work")
    timers.spawn(fails(), "fails")
    await timers.settle()
    assert done == [1]
    assert [name for name, _ in timers.failures] == ["fails"]
    assert timers.running == 0


async def test_settle_leaves_work_that_waits_for_something_else() -> None:
    timers, gate = FakeTimers(FakeClock()), asyncio.Event()

    async def waits() -> None:
        await gate.wait()

    timers.spawn(waits(), "waits")
    await timers.settle()
    assert timers.running == 1
    gate.set()
    await timers.drain()
    assert timers.running == 0


@pytest.mark.virtual_time
async def test_drain_waits_for_sleepers() -> None:
    timers = FakeTimers(FakeClock())

    async def sleeps() -> None:
        await asyncio.sleep(3600)

    timers.spawn(sleeps(), "sleeps")
    await timers.drain()
    assert timers.running == 0


async def test_a_callback_that_fails_is_kept_and_the_next_one_fires() -> None:
    timers, seen = FakeTimers(FakeClock()), list[int]()

    def fails() -> None:
        raise ValueError("no")

    timers.call_at(1, fails)
    timers.call_at(2, lambda: seen.append(2))
    await timers.advance(2)
    assert seen == [2]
    assert [name for name, _ in timers.failures] == ["timer"]
