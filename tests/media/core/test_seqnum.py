"""Numbers that wrap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.seqnum import distance, newer, timestamp_distance, unwrap


@pytest.mark.parametrize(
    ("sequence", "near", "extended"),
    [
        (5, 5, 5),
        (6, 5, 6),
        (0, 65535, 65536),  # forward over the wrap
        (65535, 65536, 65535),  # and back
        (65530, 3, -6),  # before the first packet
        (0x8000, 0, -0x8000),  # exactly half: backwards
        (0x7FFF, 0, 0x7FFF),
        (1, 5 * 65536 + 65535, 6 * 65536 + 1),
    ],
)
def test_the_nearest_extended_number_is_taken(sequence: int, near: int, extended: int) -> None:
    assert unwrap(sequence, near) == extended


@given(near=st.integers(-(2**20), 2**40), sequence=st.integers(0, 65535))
def test_an_extended_number_has_the_low_bits_and_lies_within_half_a_circle(near: int, sequence: int) -> None:
    extended = unwrap(sequence, near)
    assert extended & 0xFFFF == sequence
    assert -0x8000 <= extended - near < 0x8000


@given(start=st.integers(0, 65535), steps=st.lists(st.integers(-0x7FFF, 0x7FFF), max_size=50))
def test_a_walk_in_steps_below_half_a_circle_is_followed_over_any_number_of_wraps(start: int, steps: list[int]) -> None:
    true = reached = start
    for step in steps:
        true += step
        reached = unwrap(true & 0xFFFF, reached)
        assert reached == true


@given(first=st.integers(0, 65535), second=st.integers(0, 65535))
def test_distance_is_signed_and_newer_is_its_sign(first: int, second: int) -> None:
    way = distance(first, second)
    assert (second + way) & 0xFFFF == first
    assert -0x8000 <= way < 0x8000
    assert newer(first, second) is (way > 0)


def test_timestamps_wrap_at_32_bits() -> None:
    assert timestamp_distance(100, 0xFFFFFFFF) == 101
    assert timestamp_distance(0xFFFFFFFF, 100) == -101
    assert timestamp_distance(0x80000000, 0) == -0x80000000
