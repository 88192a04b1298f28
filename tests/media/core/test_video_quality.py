"""Scores of video: the worked numbers of the second term, and that frozen time rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.video_quality import picture_mos, watching_mos


@pytest.mark.parametrize(
    ("kbit", "fps", "mos"), [(1000, 30, 4.02), (500, 30, 3.63), (250, 30, 3.24), (500, 15, 2.70), (100, 10, 1.25)]
)
def test_the_picture_follows_the_worked_numbers(kbit: float, fps: float, mos: float) -> None:
    # Those are with 50 ms of delay, which cost 0.1; none of them is at the floor.
    assert picture_mos(1000 * kbit, fps, expected_fps=30) == pytest.approx(mos + 0.1, abs=0.005)


def test_nothing_shown_is_the_worst() -> None:
    assert picture_mos(0, 0, 30) == picture_mos(1e6, 0, 30) == picture_mos(0, 30, 30) == 1
    assert picture_mos(1, 30, 30) == 1
    assert picture_mos(1e9, 30, 30) == 5


def test_frozen_time_outweighs_a_fine_picture() -> None:
    assert watching_mos(4.5, 0) == 4.5
    assert watching_mos(4.5, 0.1) == pytest.approx(2.75)
    assert watching_mos(4.5, 0.5) < 1.6
    assert watching_mos(4.5, 0.18) < watching_mos(3.0, 0)


@given(st.floats(1, 5), st.floats(0, 1), st.floats(0, 1))
def test_more_frozen_time_is_never_better(picture: float, first: float, second: float) -> None:
    few, many = sorted((first, second))
    assert 1 <= watching_mos(picture, many) <= watching_mos(picture, few) <= picture
