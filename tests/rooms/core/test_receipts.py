"""Cursors that wait to be written."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.core.receipts import ReceiptTable
from rooms.model import Cursor


def test_cursors_of_one_member_are_coalesced_and_the_highest_wins() -> None:
    table = ReceiptTable(flush_s=0.2)
    for seq in (1, 3, 2, 3):
        table.delivered("m", "ann", seq, now=0)
    table.delivered("m", "bob", 1, now=0)
    assert table.take() == [Cursor("m", "ann", delivered_seq=3), Cursor("m", "bob", delivered_seq=1)]
    assert table.take() == []


def test_the_deadline_follows_from_the_first_cursor_and_ends_when_they_are_taken() -> None:
    table = ReceiptTable(flush_s=0.5)
    assert table.deadline() is None
    table.delivered("m", "ann", 1, now=10)
    table.delivered("m", "ann", 2, now=10.4)
    assert table.deadline() == 10.5
    table.take()
    assert table.deadline() is None
    table.delivered("m", "ann", 3, now=20)
    assert table.deadline() == 20.5


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["m1", "m2"]), st.sampled_from(["u1", "u2"]), st.integers(0, 9))))
def test_what_is_taken_is_the_maximum_of_each(steps: list[tuple[str, str, int]]) -> None:
    table = ReceiptTable(flush_s=1)
    highest: dict[tuple[str, str], int] = {}
    for match_id, user_id, seq in steps:
        table.delivered(match_id, user_id, seq, now=0)
        highest[match_id, user_id] = max(seq, highest.get((match_id, user_id), 0))
    assert {(cursor.match_id, cursor.user_id): cursor.delivered_seq for cursor in table.take()} == highest
