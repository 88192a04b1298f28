"""What the light peer's counts say of gaps, doubles and pictures in parts; and how hostile datagrams are told apart."""

from itertools import islice

import pytest

from tests.support.hostile_media import FAMILIES, family, junk
from tests.support.light_peer import Heard, Pictures

PERIOD = 0.02


def heard(*entries: tuple[int, float, float]) -> Heard:
    found = Heard()
    for number, sent, arrived in entries:
        if found.take(number, sent, arrived):
            found.whole.append((number, sent, arrived))
    return found


def part(number: int, index: int, of: int, sent: float = 1.0) -> bytes:
    return b"\x10\x00" + Pictures.part(sent, number, index, of)


def test_a_number_that_comes_twice_is_counted_and_not_whole_twice() -> None:
    found = heard((1, 1.0, 1.01), (2, 1.02, 1.03), (1, 1.0, 1.04))
    assert (found.packets, found.doubled, len(found.whole)) == (3, 1, 2)
    assert found.numbers(since=1.01) == {2}
    assert found.numbers(until=1.01) == {1}


def test_a_gap_on_the_way_counts_whole() -> None:
    assert heard((1, 1.0, 1.0), (2, 1.02, 1.5)).longest_gap(PERIOD) == pytest.approx(0.5)
    assert heard((1, 1.0, 1.0), (9, 1.16, 1.16)).longest_gap(PERIOD) == pytest.approx(0.16)


def test_what_the_sender_was_late_itself_is_no_gap_of_the_path() -> None:
    assert heard((1, 1.0, 1.0), (2, 1.5, 1.5)).longest_gap(PERIOD) == pytest.approx(PERIOD)
    assert heard((1, 1.0, 1.0), (2, 1.5, 1.6)).longest_gap(PERIOD) == pytest.approx(0.12)


def test_a_gap_before_the_measured_time_does_not_count() -> None:
    found = heard((1, 1.0, 1.0), (2, 1.02, 3.0), (3, 1.04, 3.02))
    assert found.longest_gap(PERIOD, since=2.99) == pytest.approx(PERIOD)


def test_of_a_gap_that_begins_earlier_the_rest_counts() -> None:
    found = heard((1, 1.0, 1.0), (2, 1.02, 3.0), (3, 1.04, 3.02))
    assert found.longest_gap(PERIOD, since=2.0) == pytest.approx(1.0)


def test_silence_at_either_end_is_a_gap() -> None:
    found = heard((1, 1.0, 1.0), (2, 1.02, 1.02))
    assert found.longest_gap(PERIOD, since=0.3) == pytest.approx(0.7)
    assert found.longest_gap(PERIOD, since=0.99, until=5.0) == pytest.approx(3.98)
    assert found.longest_gap(PERIOD, since=0.99, until=1.03) == pytest.approx(PERIOD)


def test_where_nothing_comes_all_is_a_gap() -> None:
    assert heard().longest_gap(PERIOD, since=1.0, until=9.0) == pytest.approx(8.0)
    assert heard((1, 1.0, 1.0)).longest_gap(PERIOD, since=2.0, until=9.0) == pytest.approx(7.0)


def test_a_picture_is_whole_with_its_last_part_whatever_the_order() -> None:
    pictures = Pictures()
    for number, index in ((1, 1), (2, 0), (1, 0), (1, 0)):
        pictures.take(part(number, index, 2), 2.0)
    assert pictures.heard.numbers() == {1}
    assert pictures.heard.doubled == 1


def test_hostile_datagrams_repeat_by_their_seed_and_are_of_every_family() -> None:
    first, again = (list(islice(junk(7), 500)) for _ in range(2))
    assert first == again
    assert {family(datagram) for datagram in first} == set(FAMILIES)
    assert family(b"") == "none"
