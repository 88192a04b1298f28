"""The E-model's worked numbers (ITU-T G.107)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.emodel import delay_impairment, mos_to_r, r_to_mos


@pytest.mark.parametrize(
    ("rating", "mos"),
    [(-5, 1), (0, 1), (6.52, 1), (20, 1.252), (50, 2.575), (60, 3.1), (70, 3.597), (80, 4.024), (90, 4.339),
     (93.2, 4.409), (100, 4.5), (130, 4.5)],
)  # fmt: skip
def test_rating_to_mos(rating: float, mos: float) -> None:
    assert r_to_mos(rating) == pytest.approx(mos, abs=0.001)


@pytest.mark.parametrize(
    ("one_way_ms", "impairment"),
    [(0, 0), (100, 0), (150, 0.164), (200, 3.044), (250, 8.917), (300, 14.761), (400, 24.070), (500, 30.636)],
)
def test_delay(one_way_ms: float, impairment: float) -> None:
    assert delay_impairment(one_way_ms) == pytest.approx(impairment, abs=0.01)


@given(st.floats(0, 120), st.floats(0, 120))
def test_a_better_rating_is_never_a_worse_score(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 1 <= r_to_mos(low) <= r_to_mos(high) + 1e-9 <= 4.5 + 1e-9


@given(st.floats(1.01, 4.49))
def test_a_score_comes_back_through_its_rating(mos: float) -> None:
    assert r_to_mos(mos_to_r(mos)) == pytest.approx(mos, abs=1e-6)


def test_a_score_that_no_rating_gives_is_the_nearest() -> None:
    assert mos_to_r(5) == pytest.approx(100)
    assert mos_to_r(0) == pytest.approx(6.52)
