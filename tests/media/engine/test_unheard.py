"""Losses that a receiver can not report."""

from hypothesis import given
from hypothesis import strategies as st

from media.engine.unheard import UNHEARD_S, Unheard

steps = st.lists(st.tuples(st.floats(0.01, 3.0), st.integers(0, 60)), min_size=1, max_size=60)


@given(steps)
def test_of_a_path_that_is_gone_all_that_is_old_enough_is_lost_and_nothing_else(steps: list[tuple[float, int]]) -> None:
    unheard, now, sent = Unheard(), 0.0, 7
    assert unheard.reported(100, sent, None, now) == 0
    history, last = [(now, sent)], 0
    for wait, packets in steps:
        sent, now = sent + packets, now + wait
        lost = unheard.reported(100, sent, None, now)
        old = [count for at, count in history if at <= now - UNHEARD_S]
        assert last <= lost <= (old[-1] if old else 7) - 7
        history.append((now, sent))
        last = lost
    now += 2 * UNHEARD_S
    unheard.reported(100, sent, None, now)
    # A little later than just then: the sum of two times may be rounded down.
    assert unheard.reported(100, sent, None, now + UNHEARD_S + 0.01) == sent - 7


@given(steps)
def test_a_receiver_that_hears_anything_counts_by_itself(steps: list[tuple[float, int]]) -> None:
    unheard, now, sent, highest = Unheard(), 0.0, 0, 0
    for wait, packets in steps:
        sent, now, highest = sent + packets, now + wait, highest + 1
        assert unheard.reported(highest, sent, 0.1, now) == 0


def test_a_long_round_trip_is_waited_for() -> None:
    unheard = Unheard()
    unheard.reported(100, 10, 2.0, 0.0)
    assert unheard.reported(100, 60, 2.0, 3.0) == 0
    assert unheard.reported(100, 60, 2.0, 5.0) == 0
    assert unheard.reported(100, 60, 2.0, 7.0) == 50
