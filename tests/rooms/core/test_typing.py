"""Who types where."""

from rooms.core.typing import TypingChange, TypingTable

BEGAN = TypingChange("m", "ann", typing=True, origin="c1")


def test_beginning_and_stopping_are_told_once_each() -> None:
    table = TypingTable(lapse_s=6)
    assert table.set("m", "ann", typing=True, origin="c1", now=0) == [BEGAN]
    assert table.set("m", "ann", typing=True, origin="c1", now=1) == []
    assert table.set("m", "ann", typing=False, origin="c2", now=2) == [
        TypingChange("m", "ann", typing=False, origin="c2")
    ]
    assert table.set("m", "ann", typing=False, origin="c2", now=3) == []
    assert table.deadline() is None


def test_a_silent_typist_lapses_and_a_repeated_one_lapses_later() -> None:
    table = TypingTable(lapse_s=6)
    table.set("m", "ann", typing=True, origin="c1", now=0)
    table.set("m", "bob", typing=True, origin="c2", now=1)
    table.set("m", "ann", typing=True, origin="c1", now=4)
    assert table.deadline() == 7
    assert table.tick(now=6.9) == []
    assert table.tick(now=7) == [TypingChange("m", "bob", typing=False, origin=None)]
    assert table.deadline() == 10
    assert table.tick(now=10) == [TypingChange("m", "ann", typing=False, origin=None)]
    assert table.deadline() is None


def test_one_who_left_types_nowhere() -> None:
    table = TypingTable(lapse_s=6)
    for match_id, user_id in (("m", "ann"), ("m", "bob"), ("n", "ann")):
        table.set(match_id, user_id, typing=True, origin="c", now=0)
    assert table.gone("ann") == [
        TypingChange("m", "ann", typing=False, origin=None),
        TypingChange("n", "ann", typing=False, origin=None),
    ]
    assert table.gone("ann") == []
    assert table.tick(now=6) == [TypingChange("m", "bob", typing=False, origin=None)]
