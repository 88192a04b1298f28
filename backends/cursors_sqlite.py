"""The other hot path of chat: every message moves its receivers' cursors. On the driver's connection, for the reason
that stands in `appends_sqlite.py`; inside the transaction of the caller."""

import sqlite3
from collections.abc import Sequence

from rooms.model import Cursor

_STANDING = "SELECT delivered_seq, read_seq FROM match_members WHERE match_id = ? AND user_id = ?"
_MOVE = "UPDATE match_members SET delivered_seq = ?, read_seq = ? WHERE match_id = ? AND user_id = ?"

Key = tuple[str, str]


def advance_all(connection: sqlite3.Connection, cursors: Sequence[Cursor]) -> list[Cursor]:
    """Move each forward as far as it goes; returns them as they then stand.

    Somebody who is not in the match has no cursor: zeros are returned and nothing is stored.
    """
    keys = [(cursor.match_id, cursor.user_id) for cursor in cursors]
    standing: dict[Key, Cursor] = {}
    for key in dict.fromkeys(keys):
        row = connection.execute(_STANDING, key).fetchone()
        if row is not None:
            standing[key] = Cursor(*key, *row)
    moved: dict[Key, Cursor] = {}
    for key, wanted in zip(keys, cursors, strict=True):
        old = standing.get(key)
        if old is not None and (new := _later(old, wanted)) != old:
            standing[key] = moved[key] = new
    connection.executemany(_MOVE, [(new.delivered_seq, new.read_seq, *key) for key, new in moved.items()])
    return [standing.get(key) or Cursor(*key) for key in keys]


def _later(old: Cursor, wanted: Cursor) -> Cursor:
    return Cursor(
        match_id=old.match_id,
        user_id=old.user_id,
        delivered_seq=max(old.delivered_seq, wanted.delivered_seq, wanted.read_seq),
        read_seq=max(old.read_seq, wanted.read_seq),
    )


__all__ = ["advance_all"]
