"""What is said of calls that are over."""

from media.core.ended import KEPT_S, EndedCalls
from protocol.errors import Gone, NotAMember, NotFound


def test_a_call_that_ended_is_gone_for_its_people_and_nothing_to_others() -> None:
    calls = EndedCalls()
    calls.remember("c", ("ann", "bob"), now=0)
    assert isinstance(calls.refuse("c", "bob", now=1), Gone)
    assert isinstance(calls.refuse("c", "eve", now=1), NotAMember)
    assert isinstance(calls.refuse("d", "ann", now=1), NotFound)


def test_it_is_forgotten_after_ten_minutes() -> None:
    calls = EndedCalls()
    calls.remember("c", ("ann",), now=0)
    calls.remember("d", ("ann",), now=5)
    assert calls.holds("c", now=KEPT_S - 0.1)
    assert not calls.holds("c", now=KEPT_S)
    assert calls.holds("d", now=KEPT_S)
    assert isinstance(calls.refuse("c", "ann", now=KEPT_S), NotFound)


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    calls = EndedCalls(size=2)
    for number in range(3):
        calls.remember(f"c{number}", ("ann",), now=number)
    assert [calls.holds(f"c{number}", now=3) for number in range(3)] == [False, True, True]
