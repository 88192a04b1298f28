"""Turns, gaps, overlaps, backchannels, silences and shares by their definitions."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.speech import Span
from media.core.talk import Talk, analyse, clipped, joined

Pairs = list[tuple[float, float]]


def talk(first: Pairs, second: Pairs, end: float = 60.0) -> Talk:
    return analyse([Span(*pair) for pair in first], [Span(*pair) for pair in second], start=0.0, end=end)


def plain(found: Iterable[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return [tuple(each) for each in found]


def test_pauses_under_a_fifth_of_a_second_are_inside_a_unit() -> None:
    spans = [Span(2.0, 3.0), Span(0.0, 1.0), Span(1.15, 1.5), Span(0.5, 0.9)]
    assert plain(joined(spans, 0.2)) == [(0.0, 1.5), (2.0, 3.0)]


def test_clipping_leaves_what_is_between() -> None:
    spans = [Span(0, 2), Span(3, 4), Span(5, 8), Span(9, 10)]
    assert plain(clipped(spans, 1, 6)) == [(1, 2), (3, 4), (5, 6)]


def test_two_who_alternate_have_turns_and_gaps() -> None:
    found = talk([(0, 2), (4.5, 6)], [(2.2, 4.3)], end=6)
    assert plain(found.turns) == [(0, 0, 2), (1, 2.2, 4.3), (0, 4.5, 6)]
    assert found.gaps == pytest.approx((0.2, 0.2))
    assert plain(found.silences) == []
    assert found.longest_silence_s == pytest.approx(0.2)


def test_pauses_under_a_second_stay_in_the_turn_and_longer_ones_end_it() -> None:
    found = talk([(0, 2), (2.9, 4), (5.1, 6)], [])
    assert plain(found.turns) == [(0, 0, 4), (0, 5.1, 6)]
    assert found.gaps == ()


def test_a_backchannel_is_neither_turn_nor_talk_over() -> None:
    found = talk([(0, 5)], [(2, 2.9)])
    assert plain(found.turns) == [(0, 0, 5)]
    assert plain(found.backchannels) == [(1, 2, 2.9)]
    assert plain(found.overlaps) == []


def test_what_is_long_or_reaches_beyond_is_a_turn_and_talk_over() -> None:
    found = talk([(0, 5)], [(2, 3.2), (4.4, 5.1)])
    assert [turn.who for turn in found.turns] == [0, 1, 1]
    assert plain(found.backchannels) == []
    assert plain(found.overlaps) == [(2, 3.2), (4.4, 5)]


def test_a_short_overlap_at_the_change_of_speaker_is_a_negative_gap_and_no_talk_over() -> None:
    found = talk([(0, 2), (4, 6)], [(1.8, 3.9)])
    assert found.gaps == pytest.approx((-0.2, 0.1))
    assert plain(found.overlaps) == []


def test_one_turn_over_several_of_the_other_overlaps_each() -> None:
    found = talk([(0, 10)], [(1, 3), (4, 6), (12, 13)])
    assert plain(found.overlaps) == [(1, 3), (4, 6)]
    found = talk([(0, 2), (3, 5)], [(1, 4)])
    assert plain(found.overlaps) == [(1, 2), (3, 4)]


def test_silences_are_of_both_and_over_two_seconds() -> None:
    found = talk([(1, 2), (3, 4), (20, 21)], [(3.5, 6), (8, 9)], end=30)
    assert plain(found.silences) == [(9, 20), (21, 30)]
    assert found.longest_silence_s == 11
    assert talk([], [], end=0).longest_silence_s == 0
    assert plain(talk([], [], end=5).silences) == [(0, 5)]


def test_shares_need_twenty_seconds_of_speech() -> None:
    assert talk([(0, 10)], [(11, 20)]).shares is None
    assert talk([(0, 15)], [(16, 21)]).shares == pytest.approx((0.75, 0.25))


SIDE = st.lists(st.tuples(st.floats(0.05, 4), st.floats(0.05, 4)), max_size=25)


def laid_out(steps: list[tuple[float, float]]) -> Pairs:
    at, found = 0.0, []
    for pause, length in steps:
        found.append((at + pause, at + pause + length))
        at += pause + length
    return found


@given(SIDE, SIDE)
def test_for_any_talk_the_parts_fit_together(first: Pairs, second: Pairs) -> None:
    sides = laid_out(first), laid_out(second)
    found = talk(*sides, end=250.0)
    assert sum(found.speech_s) >= sum(length for side in (first, second) for _, length in side) - 1e-6
    assert list(found.turns) == sorted(found.turns, key=lambda turn: turn.start)
    assert len(found.gaps) < max(1, len(found.turns))
    for silence in found.silences:
        assert not any(silence.start < (start + end) / 2 < silence.end for side in sides for start, end in side)
    for overlap in found.overlaps:
        assert overlap.end - overlap.start >= 0.5
    swapped = talk(sides[1], sides[0], end=250.0)
    assert swapped.speech_s == found.speech_s[::-1]
    assert swapped.silences == found.silences
    assert sorted(swapped.overlaps) == sorted(found.overlaps)
