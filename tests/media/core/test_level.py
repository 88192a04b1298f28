"""Levels do not flicker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.level import TABLE, Level, LevelMeter, level_of

G, F, P, L, U = Level.GOOD, Level.FAIR, Level.POOR, Level.LOST, Level.UNKNOWN


@pytest.mark.parametrize(
    ("now", "levels"),
    [(U, "PFFGG"), (G, "PFFGG"), (F, "PFFFG"), (P, "PPFFG"), (L, "PFFGG")],
)
def test_the_table_from_each_level(now: Level, levels: str) -> None:
    found = "".join(level_of(mos, now=now).name[0] for mos in (2.59, 2.79, 3.59, 3.7, 3.81))
    assert found == levels


def test_every_level_has_a_row_for_every_score() -> None:
    assert set(TABLE) == set(Level)
    for rows in TABLE.values():
        assert rows[-1][0] == 0
        assert [least for least, _ in rows] == sorted((least for least, _ in rows), reverse=True)


def test_one_lost_packet_in_a_good_call_changes_nothing_and_three_seconds_of_loss_do() -> None:
    meter = LevelMeter()
    assert [meter.judge(mos) for mos in (4.4, 4.4, 3.5, 4.4, 4.4)] == [G] * 5
    assert [meter.judge(3.4) for _ in range(4)] == [G, G, F, F]


def test_a_score_between_two_levels_does_not_flicker() -> None:
    meter = LevelMeter()
    seen = [meter.judge(mos) for mos in (3.4, 3.4, 3.4) + (3.65, 3.55) * 20]
    assert set(seen) == {F}


def test_lost_is_at_once_and_the_first_score_ends_it() -> None:
    meter = LevelMeter()
    assert meter.judge(None) is U
    meter.judge(4.4)
    assert meter.judge(None) is G
    assert meter.judge(1.0, lost=True) is L
    assert meter.judge(None) is L
    assert meter.judge(4.4) is G


@given(st.lists(st.floats(1, 5), min_size=1, max_size=50))
def test_it_never_goes_up_on_a_mean_below_the_band(scores: list[float]) -> None:
    meter, order = LevelMeter(), [P, F, G]
    for number, mos in enumerate(scores):
        before = meter.level
        level = meter.judge(mos)
        recent = scores[max(0, number - 2) : number + 1]
        if before in order and order.index(level) > order.index(before):
            assert sum(recent) / len(recent) >= 2.8 - 1e-9
