"""What is missing and when it is asked for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine.nack import (
    GAP_LIMIT,
    GIVE_UP_S,
    REORDER_MAX_S,
    REORDER_MIN_S,
    RETRY_MIN_S,
    RTT_UNKNOWN_S,
    TRIES,
    NackGenerator,
)


def test_a_gap_is_asked_for_after_the_tolerance_for_reordering() -> None:
    nack = NackGenerator()
    assert nack.deadline is None
    assert nack.gap(5, 8, 1.0)
    assert nack.deadline == pytest.approx(1.0 + REORDER_MIN_S)
    assert nack.due(1.005, 0.05) == []
    assert nack.due(1.011, 0.05) == [5, 6, 7]
    assert nack.due(1.012, 0.05) == []


def test_it_is_asked_again_a_round_trip_later_and_not_for_ever() -> None:
    nack = NackGenerator()
    nack.gap(5, 6, 1.0)
    asked, now = [], 1.0
    while nack.deadline is not None:
        now = nack.deadline
        if nack.due(now, 0.2):
            asked.append(now)
    assert len(asked) == TRIES
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert pauses == pytest.approx([0.2 + REORDER_MIN_S] * (TRIES - 1))
    assert now == pytest.approx(1.0 + GIVE_UP_S)
    assert len(nack) == 0


def test_after_the_last_try_the_answer_may_still_come() -> None:
    nack = NackGenerator()
    nack.gap(5, 6, 1.0)
    for now in (1.02, 1.04, 1.06, 1.08):
        nack.due(now, 0.0)
        nack.due(now + 0.01, 0.0)
    assert nack.due(1.9, 0.0) == []
    assert nack.arrived(5, 1.9, recovered=True) == TRIES


def test_an_unreported_round_trip_is_learnt_from_requests_and_answers() -> None:
    nack = NackGenerator()
    now = 1.0
    for sequence in range(0, 200, 2):
        nack.gap(sequence, sequence + 1, now)
        nack.due(now + 0.02, None)
        nack.arrived(sequence, now + 0.42, recovered=True)
        now += 1
    nack.gap(1000, 1001, now)
    nack.due(now + 0.02, None)
    assert nack.deadline == pytest.approx(now + 0.02 + 0.4 + REORDER_MIN_S, abs=0.001)


@pytest.mark.parametrize(("rtt", "pause"), [(None, RTT_UNKNOWN_S + REORDER_MIN_S), (0.0, RETRY_MIN_S)])
def test_an_unknown_or_tiny_round_trip_gives_a_sane_pause(rtt: float | None, pause: float) -> None:
    nack = NackGenerator()
    nack.gap(5, 6, 1.0)
    assert nack.due(1.02, rtt) == [5]
    assert nack.deadline == pytest.approx(1.02 + pause)


def test_what_is_too_old_to_be_played_is_not_asked_for() -> None:
    nack = NackGenerator()
    nack.gap(5, 6, 1.0)
    assert nack.due(1.0 + GIVE_UP_S + 0.01, 0.05) == []
    assert len(nack) == 0


def test_what_arrives_is_not_asked_for() -> None:
    nack = NackGenerator()
    nack.gap(5, 8, 1.0)
    assert nack.arrived(6, 1.001, recovered=False) == 0
    assert nack.due(1.011, 0.05) == [5, 7]
    assert nack.arrived(5, 1.06, recovered=True) == 1
    assert nack.arrived(5, 1.06, recovered=True) == -1
    assert nack.arrived(7, 1.06, recovered=True) == 1
    assert nack.deadline is None


def test_the_tolerance_follows_how_late_packets_come_by_themselves() -> None:
    nack = NackGenerator()
    now = 1.0
    for sequence in range(0, 200, 2):
        nack.gap(sequence, sequence + 1, now)
        nack.arrived(sequence, now + 0.5, recovered=False)
        now += 0.01
    nack.gap(1000, 1001, now)
    assert nack.deadline == pytest.approx(now + REORDER_MAX_S, abs=0.001)
    nack.arrived(1000, now, recovered=True)
    for sequence in range(2000, 2600):
        nack.gap(sequence, sequence + 1, now)
        nack.arrived(sequence, now, recovered=True)
    nack.gap(3000, 3001, now)
    assert nack.deadline == pytest.approx(now + REORDER_MIN_S, abs=0.001)


def test_an_earlier_gap_keeps_the_deadline() -> None:
    nack = NackGenerator()
    nack.gap(5, 6, 1.0)
    nack.gap(8, 9, 1.005)
    assert nack.deadline == pytest.approx(1.0 + REORDER_MIN_S)


def test_a_hole_too_long_to_repair_is_given_up_as_a_whole() -> None:
    nack = NackGenerator()
    assert nack.gap(0, GAP_LIMIT, 1.0)
    assert not nack.gap(GAP_LIMIT, GAP_LIMIT + 1, 1.0)
    assert len(nack) == 0
    assert nack.deadline is None


@given(
    gaps=st.lists(st.tuples(st.integers(1, 5), st.floats(0, 0.2), st.booleans()), max_size=60),
    rtt=st.none() | st.floats(0, 2),
)
def test_requests_per_packet_are_bounded_and_the_deadline_is_that_of_the_next_one(
    gaps: list[tuple[int, float, bool]], rtt: float | None
) -> None:
    nack = NackGenerator()
    sequence, now = 0, 10.0
    asked: dict[int, int] = {}
    for length, pause, comes in gaps:
        nack.gap(sequence, sequence + length, now)
        if comes:
            nack.arrived(sequence, now, recovered=False)
        sequence += length + 1
        now += pause
        for number in nack.due(now, rtt):
            asked[number] = asked.get(number, 0) + 1
        assert (nack.deadline is None) == (len(nack) == 0)
        assert nack.deadline is None or nack.deadline > now
    assert all(times <= TRIES for times in asked.values())
