"""What was offered to whom, in the embedded database."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import Connection, Row, insert, select, update

from assist.ports import OpeningLine, Suggestion, SuggestionKind
from backends import tables as t
from backends.database_sqlite import SqliteDatabase


class SqliteSuggestionLog:
    """`assist.ports.SuggestionLog` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
        """See the port. All of one call are recorded or, when a suggestion id is taken, none (`Conflict`)."""
        if not suggestions:
            return []
        return await self._database.write(partial(_add, suggestions=tuple(suggestions)))

    async def used_topics(self, match_id: str) -> frozenset[str]:
        """See the port."""
        return await self._database.read(partial(_used_topics, match_id=match_id))

    async def add_openings(self, lines: Sequence[OpeningLine]) -> None:
        """See the port."""
        if lines:
            await self._database.write(partial(_add_openings, lines=tuple(lines)))

    async def openings(self, match_id: str) -> list[OpeningLine]:
        """See the port."""
        return await self._database.read(partial(_openings, match_id=match_id))

    async def get(self, suggestion_id: str) -> Suggestion | None:
        """See the port."""
        return await self._database.read(partial(_get, suggestion_id=suggestion_id))

    async def rate(self, suggestion_id: str, *, used: bool, rating: int | None) -> None:
        """See the port."""
        await self._database.write(partial(_rate, suggestion_id=suggestion_id, used=used, rating=rating))


def _used_topics(connection: Connection, match_id: str) -> frozenset[str]:
    query = select(t.suggestions.c.topic_id).where(t.suggestions.c.match_id == match_id)
    return frozenset(connection.execute(query).scalars())


def _add(connection: Connection, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    used = {match_id: set(_used_topics(connection, match_id)) for match_id in {s.match_id for s in suggestions}}
    recorded = []
    for suggestion in suggestions:
        topics = used[suggestion.match_id]
        if suggestion.topic_id in topics:
            continue
        topics.add(suggestion.topic_id)
        connection.execute(insert(t.suggestions).values(**_columns(suggestion)))
        recorded.append(suggestion)
    return recorded


def _columns(suggestion: Suggestion) -> dict[str, Any]:
    return {column.name: getattr(suggestion, column.name) for column in t.suggestions.columns}


def _suggestion_of(row: Row[Any]) -> Suggestion:
    fields = row._asdict()
    fields["kind"] = cast(SuggestionKind, row.kind)
    return Suggestion(**fields)


def _get(connection: Connection, suggestion_id: str) -> Suggestion | None:
    row = connection.execute(select(t.suggestions).where(t.suggestions.c.suggestion_id == suggestion_id)).first()
    return _suggestion_of(row) if row is not None else None


def _rate(connection: Connection, suggestion_id: str, used: bool, rating: int | None) -> None:
    connection.execute(
        update(t.suggestions).where(t.suggestions.c.suggestion_id == suggestion_id).values(used=used, rating=rating)
    )


# The columns of a line, without the number that only keeps their order.
_LINE = tuple(column for column in t.opening_lines.columns if column.name != "line_no")


def _add_openings(connection: Connection, lines: Sequence[OpeningLine]) -> None:
    known = {
        (line.match_id, line.user_id, line.topic_id)
        for match_id in {line.match_id for line in lines}
        for line in _openings(connection, match_id)
    }
    for line in lines:
        key = (line.match_id, line.user_id, line.topic_id)
        if key not in known:
            known.add(key)
            values = {column.name: getattr(line, column.name) for column in _LINE}
            connection.execute(insert(t.opening_lines).values(**values))


def _openings(connection: Connection, match_id: str) -> list[OpeningLine]:
    rows = connection.execute(
        select(*_LINE).where(t.opening_lines.c.match_id == match_id).order_by(t.opening_lines.c.line_no)
    )
    return [OpeningLine(**row._asdict()) for row in rows]


__all__ = ["SqliteSuggestionLog"]
