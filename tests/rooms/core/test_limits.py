"""Token buckets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.core.limits import TokenBuckets

# Mostly nothing between two tries, so that bursts are used up; now and then a pause.
GAPS = st.lists(st.just(0.0) | st.floats(0, 0.2) | st.sampled_from([1.0, 30.0]), max_size=120)


@settings(deadline=None)
@given(rate=st.floats(0.1, 50), burst=st.integers(1, 40), gaps=GAPS)
def test_in_any_window_there_are_never_more_than_burst_and_rate_times_its_length(
    rate: float, burst: int, gaps: list[float]
) -> None:
    buckets = TokenBuckets[str](rate=rate, burst=burst)
    now, taken = 100.0, list[float]()
    for gap in gaps:
        now += gap
        if buckets.take("u", now=now) == 0.0:
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - begin) + 1e-6


@settings(deadline=None)
@given(rate=st.floats(0.1, 50), burst=st.integers(1, 40), gaps=GAPS)
def test_after_the_wait_that_was_told_the_action_may_happen(rate: float, burst: int, gaps: list[float]) -> None:
    buckets = TokenBuckets[str](rate=rate, burst=burst)
    now = 0.0
    for gap in gaps:
        now += gap
        wait = buckets.take("u", now=now)
        assert 0.0 <= wait <= 1 / rate + 1e-9
        if wait:
            now += wait + 1e-6
            assert buckets.take("u", now=now) == 0.0


def test_the_burst_is_there_at_once_and_then_the_rate() -> None:
    buckets = TokenBuckets[str](rate=10, burst=3)
    assert [buckets.take("u", now=0.0) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.1)]
    assert buckets.take("u", now=0.05) == pytest.approx(0.05)
    assert buckets.take("u", now=0.1) == 0.0


def test_a_long_pause_saves_up_no_more_than_the_burst() -> None:
    buckets = TokenBuckets[str](rate=10, burst=3)
    buckets.take("u", now=0.0)
    assert [buckets.take("u", now=1000.0) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.1)]


def test_a_refused_action_costs_nothing() -> None:
    buckets = TokenBuckets[str](rate=1, burst=1)
    buckets.take("u", now=0.0)
    for _ in range(100):
        assert buckets.take("u", now=0.5) == pytest.approx(0.5)
    assert buckets.take("u", now=1.0) == 0.0


def test_keys_do_not_touch_each_other() -> None:
    buckets = TokenBuckets[str](rate=1, burst=1)
    assert buckets.take("a", now=0.0) == 0.0
    assert buckets.take("b", now=0.0) == 0.0
    assert buckets.take("a", now=0.0) == 1.0


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    buckets = TokenBuckets[str](rate=1, burst=2)
    buckets.take("u", now=10.0)
    assert buckets.take("u", now=5.0) == 0.0
    assert buckets.take("u", now=5.0) == 1.0


def test_the_longest_unused_key_is_forgotten_when_there_are_too_many() -> None:
    buckets = TokenBuckets[str](rate=1, burst=1, max_keys=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, now=0.0)
    assert len(buckets) == 2
    assert buckets.take("a", now=0.0) > 0
    assert buckets.take("b", now=0.0) == 0.0
