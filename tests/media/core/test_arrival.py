"""Numbers that wrap and numbers that do not give the same stream."""

from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Unwrapper

STEPS = st.lists(st.tuples(st.integers(-400, 400), st.integers(-48_000, 48_000)), max_size=200)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), STEPS)
def test_wrapped_numbers_come_back_whole(sequence: int, timestamp: int, steps: list[tuple[int, int]]) -> None:
    unwrapper = Unwrapper()
    assert unwrapper.extend(sequence, timestamp) == (sequence, timestamp)
    highest, at = sequence, timestamp
    for forward, ticks in steps:
        number, time = highest + forward, at + ticks
        assert unwrapper.extend(number & 0xFFFF, time & 0xFFFFFFFF) == (number, time)
        if number > highest:
            highest, at = number, time


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.lists(st.integers(1, 1 << 40), max_size=20))
def test_whole_numbers_stay_as_they_are(sequence: int, timestamp: int, steps: list[int]) -> None:
    unwrapper = Unwrapper()
    sequence, timestamp = sequence + (1 << 16), timestamp + (1 << 32)
    for step in steps:
        assert unwrapper.extend(sequence, timestamp) == (sequence, timestamp)
        sequence, timestamp = sequence + step, timestamp + 960 * step


def test_whole_numbers_are_known_once_they_outgrow_a_wrapped_one() -> None:
    unwrapper = Unwrapper()
    assert unwrapper.extend(65_535, 0xFFFFFFFF) == (65_535, 0xFFFFFFFF)
    assert unwrapper.extend(65_536, 0x100000000) == (65_536, 0x100000000)
    assert unwrapper.extend(65_535, 0xFFFFFFFF) == (65_535, 0xFFFFFFFF)
    assert unwrapper.extend(500_000, 0x900000000) == (500_000, 0x900000000)


def test_a_retransmission_is_read_beside_the_stream_and_does_not_move_it() -> None:
    unwrapper = Unwrapper()
    assert unwrapper.extend(9, 9, retransmitted=True) == (9, 9)
    unwrapper.extend(65_530, 0)
    assert unwrapper.extend(40_000, 960, retransmitted=True) == (40_000, 960)
    assert unwrapper.extend(3, 9 * 960, retransmitted=True) == (65_539, 9 * 960)
    assert unwrapper.extend(65_531, 960) == (65_531, 960)
    assert unwrapper.extend(70_000, 1 << 33, retransmitted=True) == (70_000, 1 << 33)
    assert unwrapper.extend(2, 8 * 960) == (65_538, 8 * 960)
