"""How many lines may be written."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitoring.line_gate import LineGate, PlaceLimit

times = st.lists(st.floats(0, 1000, allow_nan=False), max_size=200).map(sorted)


@given(times)
def test_the_gate_lets_no_two_lines_through_within_its_interval(moments: list[float]) -> None:
    gate = LineGate(1.0)
    admitted = [now for now in moments if gate.admit(now)]
    assert all(later >= earlier + 1.0 for earlier, later in pairwise(admitted))
    assert bool(admitted) == bool(moments)


def test_what_was_held_back_is_told_once_by_source() -> None:
    gate = LineGate()
    before = gate.holding
    for source in ("b", "a", "b"):
        gate.hold(source)
    assert (before, gate.holding) == (False, True)
    assert gate.release() == {"a": 1, "b": 2}
    assert gate.release() == {}
    assert [gate.holding] == [False]


@given(times)
def test_a_place_writes_or_counts_every_line(moments: list[float]) -> None:
    limit = PlaceLimit(1.0)
    told = [held for now in moments if (held := limit.admit(("file.py", 1), now)) is not None]
    last = limit.admit(("file.py", 1), 10_000.0)
    assert last is not None
    assert len(told) + sum(told) + last == len(moments)


def test_places_do_not_hide_each_other() -> None:
    limit = PlaceLimit(1.0)
    assert limit.admit(("file.py", 1), 0.0) == 0
    assert limit.admit(("file.py", 2), 0.0) == 0
    assert limit.admit(("file.py", 1), 0.5) is None
    assert limit.admit(("file.py", 1), 1.0) == 1
