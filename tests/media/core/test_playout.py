"""The play-out offset: what it follows, when it grows, how slowly it shrinks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.playout import HISTORY, LATE_TO_GROW, OFFSET_MIN_S, OFFSET_START_S, SHRINK_S, STEP_S, PlayoutOffset


def fed(transits: list[float], *, least: float = 0.0) -> PlayoutOffset:
    playout = PlayoutOffset(0.4)
    playout.begin(transits[0])
    for transit in transits:
        playout.add(transit, least, late=playout.late(transit))
    return playout


def test_it_begins_with_60_ms_and_shrinks_a_hundredth_of_play_out_speed_at_a_time_to_40() -> None:
    assert fed([0.0]).offset == pytest.approx(OFFSET_START_S - SHRINK_S)
    assert fed([0.0] * 50).offset == pytest.approx(OFFSET_START_S - 50 * SHRINK_S)
    assert fed([0.0] * 200).offset == OFFSET_MIN_S


def test_three_of_a_hundred_may_be_slower_than_what_it_follows() -> None:
    slow = [0.03] * 4 + [0.0] * (HISTORY - 4)
    assert fed(slow * 3).offset == pytest.approx(2 * STEP_S + STEP_S)
    assert fed([0.0, *slow[1:]] * 3).offset == pytest.approx(OFFSET_MIN_S)


def test_it_grows_when_a_second_one_of_ten_is_late() -> None:
    playout = fed([0.0] * 200)
    grown = [playout.add(0.3, 0.0, late=True) for _ in range(4)]
    # Until the fourth the quantile is still that of the fast ones.
    assert grown[:3] == [0.0] * 3
    assert grown[3] == pytest.approx(0.32 - OFFSET_MIN_S)
    assert playout.offset == pytest.approx(0.32)
    assert playout.add(0.3, 0.0, late=False) == 0.0


def test_it_ends_at_its_largest_above_the_least_transit() -> None:
    playout = fed([1.0] * 20, least=1.0)
    for _ in range(5):
        playout.add(9.0, 1.0, late=True)
    assert playout.offset == pytest.approx(1.4)


def test_nothing_has_no_quantile() -> None:
    playout = PlayoutOffset(0.4)
    assert (playout.quantile(0.5), playout.middle()) == (None, None)
    playout = fed([0.01, 0.03, 0.02])
    assert (playout.quantile(0.05), playout.middle(), playout.quantile(0.95)) == (0.01, 0.02, 0.03)


def test_many_at_once_end_before_what_is_late_too_fast_or_due() -> None:
    times = [10 + 0.02 * number for number in range(12)]
    steady = [0.01] * 12
    for transits, hole, count in (
        (steady, math.inf, 12),
        ([*steady[:7], 0.5, *steady[8:]], math.inf, 7),
        ([*steady[:7], -0.1, *steady[8:]], math.inf, 7),
        (steady, 10.105 - OFFSET_MIN_S, 6),
        ([0.5, *steady[1:]], math.inf, 0),
    ):
        assert fed([0.0] * 200).went_on(transits, times, 0.0, hole) == count
    playout = fed([0.0] * 200)
    for _ in range(LATE_TO_GROW):
        playout.add(0.0, 0.0, late=True)
    assert playout.went_on(steady, times, 0.0, math.inf) == 0


TRANSITS = st.sampled_from([0.015, 0.03, 0.07]).flatmap(
    lambda most: st.lists(st.floats(0, most), min_size=1, max_size=60)
)


@given(st.lists(TRANSITS, max_size=12), st.integers(0, 200))
def test_many_at_once_are_as_one_after_the_other(runs: list[list[float]], before: int) -> None:
    playout, other = (fed([0.0] * (before + 1)) for _ in range(2))
    for run in runs:
        count = playout.went_on(run, [0.0] * len(run), 0.0, math.inf)
        for transit in run[:count]:
            assert not other.late(transit)
            assert other.add(transit, 0.0, late=False) == 0.0
        for transit in run[count:]:
            for each in (playout, other):
                each.add(transit, 0.0, late=each.late(transit))
        assert playout.offset == pytest.approx(other.offset, abs=1e-9)
        assert (playout.middle(), playout.quantile(0.95)) == (other.middle(), other.quantile(0.95))
