"""One person's devices."""

import pytest

from media.core.participant import Person
from protocol.errors import Forbidden


def joined(device: str = "d1") -> Person:
    person = Person("ann")
    person.join(device)
    return person


def test_somebody_is_rung_and_then_joined() -> None:
    assert Person("ann").on_wire().state == "ringing"
    assert joined().on_wire().state == "joined"


def test_somebody_in_the_call_is_told_on_that_device_and_on_those_that_came_later() -> None:
    person = joined()
    person.came("d3")
    person.came("d2")
    assert person.devices() == ("d1", "d2", "d3")
    person.left("d3", now=1)
    person.left("d1", now=1)
    assert person.devices() == ("d2",)
    assert person.signal_lost_at is None


def test_a_device_that_is_told_of_after_it_rang_is_there_once() -> None:
    person = joined()
    person.came("d1")
    assert person.devices() == ("d1",)
    person.left("d1", now=1)
    assert (person.devices(), person.signal_lost_at) == ((), 1)


def test_the_loss_counts_from_the_moment_at_which_nobody_was_left() -> None:
    person = joined()
    person.came("d2")
    lost_at = []
    for number, device in enumerate(("d1", "d2", "d3")):
        person.left(device, now=number)
        lost_at.append(person.signal_lost_at)
    assert lost_at == [None, 1, 1]
    assert person.devices() == ()


def test_acting_ends_the_loss_and_sends_the_other_devices_away() -> None:
    person = joined()
    assert person.act("d1") == ()
    with pytest.raises(Forbidden):
        person.act("d2")
    person.came("d2")
    person.came("d3")
    assert person.act("d2") == ("d1", "d3")
    with pytest.raises(Forbidden):
        person.act("d3")
    person.left("d2", now=1)
    assert person.act("d9") == ()
    assert (person.device, person.signal_lost_at) == ("d9", None)
