"""The hot path of chat: all appends of one group, on the driver's connection, inside the transaction of the group.

SQLAlchemy's executor costs more per statement than SQLite does, so this file speaks SQL to the driver; the tables are
those of `tables.py`, and everything else that writes goes through SQLAlchemy.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from backends import tables as t
from backends.rows import encode_content
from protocol.errors import NotFound
from rooms.model import Appended, Message, NewMessage

_INSERTED = (
    "message_id",
    "match_id",
    "seq",
    "sender_id",
    "type",
    "content",
    "structured",
    "created_ms",
    "client_id",
    "reply_to",
    "version",
)
_INSERT = f"INSERT INTO {t.messages.name} ({', '.join(_INSERTED)}) VALUES ({', '.join('?' for _ in _INSERTED)})"
_KNOWN = "SELECT message_id FROM messages WHERE match_id = ? AND sender_id = ? AND client_id = ?"
_LAST = "SELECT last_seq, active_ms FROM matches WHERE match_id = ?"
_MOVE = "UPDATE matches SET last_seq = ?, active_ms = ? WHERE match_id = ?"

Row = tuple[str | int | None, ...]
ClientKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What was asked for is stored already, under this id."""

    message_id: str


@dataclass(slots=True)
class _Match:
    """Where a match stands within the group."""

    last_seq: int
    active_ms: int


class Appends:
    """Collects the appends of one group; `write` then puts them into the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._matches: dict[str, _Match | None] = {}
        self._new: dict[ClientKey, Message] = {}
        self._rows: list[Row] = []

    def add(self, message: NewMessage) -> Appended | Known | NotFound:
        """Give the next `seq`, or say where the same client id was stored, or that there is no such match."""
        match = self._match(message.match_id)
        if match is None:
            return NotFound("no such match", field="matchId")
        key = None
        if message.client_id is not None:
            key = (message.match_id, message.sender_id, message.client_id)
            if (in_group := self._new.get(key)) is not None:
                return Appended(in_group, duplicate=True)
            if (row := self._connection.execute(_KNOWN, key).fetchone()) is not None:
                return Known(row[0])
        match.last_seq += 1
        match.active_ms = max(match.active_ms, message.created_ms)
        stored = self._store(message, match.last_seq)
        if key is not None:
            self._new[key] = stored
        return Appended(stored, duplicate=False)

    def write(self) -> None:
        """Send what was added to the database; nothing is committed here."""
        moved = [(match.last_seq, match.active_ms, match_id) for match_id, match in self._matches.items() if match]
        self._connection.executemany(_MOVE, moved)
        self._connection.executemany(_INSERT, self._rows)

    def _match(self, match_id: str) -> _Match | None:
        try:
            return self._matches[match_id]
        except KeyError:
            row = self._connection.execute(_LAST, (match_id,)).fetchone()
            match = self._matches[match_id] = _Match(*row) if row is not None else None
            return match

    def _store(self, message: NewMessage, seq: int) -> Message:
        text, structured = encode_content(message.content)
        self._rows.append(
            (
                message.message_id,
                message.match_id,
                seq,
                message.sender_id,
                message.type,
                text,
                structured,
                message.created_ms,
                message.client_id,
                message.reply_to,
                1,
            )
        )
        return Message(
            message_id=message.message_id,
            match_id=message.match_id,
            seq=seq,
            sender_id=message.sender_id,
            type=message.type,
            content=message.content,
            created_ms=message.created_ms,
            client_id=message.client_id,
            reply_to=message.reply_to,
        )


def append_all(connection: sqlite3.Connection, messages: Sequence[NewMessage]) -> list[Appended | Known | NotFound]:
    """Append in the given order, each match numbered on without holes; for each message what became of it.

    Raises what the driver raises, with some of the messages written: the caller rolls back.
    """
    appends = Appends(connection)
    outcomes = [appends.add(message) for message in messages]
    appends.write()
    return outcomes


__all__ = ["Known", "append_all"]
