"""Seats: a slot each, kept through a lost connection."""

import pytest

from protocol.errors import SceneFull
from virtual_scene.core.seats import GRACE_S, Seats


def test_everybody_gets_the_lowest_free_slot_until_none_is_left() -> None:
    seats = Seats(3)
    assert [seats.take(user, user, f"{user}1").seat.slot for user in ("ann", "bob", "cat")] == [0, 1, 2]
    with pytest.raises(SceneFull):
        seats.take("dan", "Dan", "d1")
    seats.leave("bob")
    taken = seats.take("dan", "Dan", "d1")
    assert (taken.seat.slot, taken.new, taken.replaced) == (1, True, None)
    assert [seat.user_id for seat in seats.all()] == ["ann", "dan", "cat"]


def test_the_newest_connection_of_a_person_has_the_seat() -> None:
    seats = Seats(2)
    seats.take("ann", "Ann", "a1")
    taken = seats.take("ann", "Ann", "a2")
    assert (taken.seat.slot, taken.new, taken.replaced) == (0, False, "a1")
    assert (seats.of_device("a1"), seats.of_device("a2")) == (None, taken.seat)
    assert seats.drop("a1", now=0) is None
    again = seats.take("ann", "Ann", "a2")
    assert (again.new, again.replaced) == (False, None)


def test_a_lost_connection_keeps_the_seat_for_the_grace() -> None:
    seats = Seats(1)
    seats.take("ann", "Ann", "a1")
    assert seats.deadline() is None
    seats.drop("a1", now=10)
    assert seats.deadline() == 10 + GRACE_S
    with pytest.raises(SceneFull):
        seats.take("bob", "Bob", "b1")
    assert seats.tick(now=10 + GRACE_S - 0.001) == []
    taken = seats.take("ann", "Ann", "a2")
    assert (taken.seat.slot, taken.new, taken.replaced) == (0, False, None)
    assert seats.deadline() is None
    assert seats.tick(now=1000) == []


def test_after_the_grace_the_seat_is_free() -> None:
    seats = Seats(1)
    seats.take("ann", "Ann", "a1")
    seats.drop("a1", now=0)
    (over,) = seats.tick(now=GRACE_S)
    assert over.user_id == "ann"
    assert seats.take("bob", "Bob", "b1").seat.slot == 0
    assert seats.of_user("ann") is None


def test_leaving_frees_the_seat_at_once_from_near_and_far() -> None:
    seats = Seats(2)
    seats.take("ann", "Ann", "a1")
    seats.take("bob", "Bob", "b1")
    seats.drop("b1", now=0)
    assert [seat.user_id for seat in (seats.leave("ann"), seats.leave("bob")) if seat is not None] == ["ann", "bob"]
    assert seats.all() == []
    assert seats.leave("ann") is None
    assert (seats.of_device("a1"), seats.at(0), seats.deadline()) == (None, None, None)
