"""Scores of speech: the worked numbers, and what x is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.audio_quality import (
    CURVES,
    REPORTED,
    Concealment,
    Curve,
    conversational_mos,
    invented_percent,
    listening_mos,
    one_way_ms,
)
from media.core.jitter_buffer import Tally

CONCEALMENTS = st.sampled_from(["browser", "opus"])


@pytest.mark.parametrize(
    ("curve", "points"),
    [
        (CURVES["opus", False], {0: 4.380, 1: 4.066, 3: 3.310, 5.25: 2.690, 10: 1.987, 20: 1.464}),
        (CURVES["browser", False], {0: 4.470, 1: 4.057, 3.87: 2.735, 10: 1.684}),
        (REPORTED, {0: 4.310, 1: 3.679, 3.21: 2.655, 10: 1.650}),
        (CURVES["opus", True], {0: 3.99, 6.38: 2.495}),
    ],
)
def test_curves_follow_the_worked_numbers(curve: Curve, points: dict[float, float]) -> None:
    assert {x: curve.mos(x) for x in points} == {x: pytest.approx(mos, abs=0.001) for x, mos in points.items()}


def test_filler_counts_for_a_player_that_does_not_stretch_time() -> None:
    tally = Tally(expected=100, missing=4, late=1, filler=3)
    assert invented_percent(tally, "opus", fec=False) == pytest.approx(100 * 7 / 103)
    assert invented_percent(tally, "browser", fec=False) == pytest.approx(4)


def test_what_fec_repairs_counts_for_a_fifth() -> None:
    tally = Tally(expected=100, missing=10, repairable=10)
    assert invented_percent(tally, "opus", fec=True) == pytest.approx(2.1)
    assert invented_percent(tally, "opus", fec=False) == pytest.approx(10)
    assert listening_mos(tally, "opus", fec=True) > 3.4
    assert listening_mos(tally, "opus", fec=False) < 2


def test_a_browser_pays_for_fec_only_when_there_are_losses() -> None:
    assert listening_mos(Tally(expected=100), "browser", fec=True) == 4.47
    tally = Tally(expected=100, missing=5, repairable=5)
    assert listening_mos(tally, "browser", fec=True) > 3.4 > listening_mos(tally, "browser", fec=False)


def test_a_repair_that_belongs_to_the_interval_before_does_not_make_more_than_all() -> None:
    assert invented_percent(Tally(expected=10, repairable=2), "opus", fec=True) == 0
    assert invented_percent(Tally(), "opus", fec=True) == 0


@given(CONCEALMENTS, st.booleans(), st.integers(0, 200), st.integers(0, 200))
def test_more_missing_is_never_a_better_score(concealment: Concealment, fec: bool, first: int, second: int) -> None:
    few, many = sorted((first, second))
    scores = [listening_mos(Tally(expected=200, missing=n), concealment, fec=fec) for n in (many, few)]
    assert 1 <= scores[0] <= scores[1] <= 4.5


def test_delay_costs_nothing_until_it_hinders_talk() -> None:
    assert conversational_mos(4.47, one_way_ms(0.05, 0.04)) == 4.47
    assert one_way_ms(0.1, 0.04) == pytest.approx(116.5)
    scores = [conversational_mos(4.4, delay) for delay in (100, 200, 300, 400, 600)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 4.4
    assert scores[3] == pytest.approx(3.5, abs=0.15)
    assert conversational_mos(1.0, 900) == 1.0
