"""Delivered cursors that wait to be written, coalesced per member and room.

Contract: `delivered` notes that a cursor moved; `take()` empties the table for one commit;
`deadline()` says when that is due. Cursors only grow. Reading is rarer and written at once.
A message costs one dictionary write here, and one row per member and flush in the store.
"""

from rooms.model import Cursor


class ReceiptTable:
    """`flush_s`: larger means fewer commits and later ticks in the sender's window."""

    def __init__(self, *, flush_s: float) -> None:
        self._flush_s = flush_s
        self._waiting: dict[tuple[str, str], Cursor] = {}
        self._due: float | None = None

    def delivered(self, match_id: str, user_id: str, seq: int, *, now: float) -> None:
        """A device of the user has everything of the match up to `seq`."""
        key = (match_id, user_id)
        old = self._waiting.get(key)
        if old is not None and old.delivered_seq >= seq:
            return
        self._waiting[key] = Cursor(match_id, user_id, delivered_seq=seq)
        if self._due is None:
            self._due = now + self._flush_s

    def take(self) -> list[Cursor]:
        """All that wait; the table is empty afterwards."""
        cursors = list(self._waiting.values())
        self._waiting.clear()
        self._due = None
        return cursors

    def deadline(self) -> float | None:
        """When to write them (monotonic seconds), None when nothing waits."""
        return self._due
