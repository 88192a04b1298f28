"""What calls were like, in the embedded database."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from backends import tables as t
from backends.database_sqlite import SqliteDatabase
from media.ports import CallRecord, TimelineEntry

_COLUMNS = tuple(column.name for column in t.calls.columns)


class SqliteCallLog:
    """`media.ports.CallLog` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def put(self, record: CallRecord) -> None:
        """See the port."""
        await self._database.write(partial(_put, record=record))

    async def call(self, call_id: str) -> CallRecord | None:
        """See the port."""
        return await self._database.read(partial(_call, call_id=call_id))

    async def calls_of(self, user_id: str, *, before: str | None = None, limit: int) -> list[CallRecord]:
        """See the port."""
        return await self._database.read(partial(_calls_of, user_id=user_id, before=before, limit=limit))

    async def add_seconds(self, call_id: str, entries: Sequence[TimelineEntry]) -> None:
        """See the port."""
        if entries:
            await self._database.write(partial(_add_seconds, call_id=call_id, entries=tuple(entries)))

    async def timeline(self, call_id: str, *, after_ms: int = -1, limit: int) -> list[TimelineEntry]:
        """See the port."""
        return await self._database.read(partial(_timeline, call_id=call_id, after_ms=after_ms, limit=limit))


def _put(connection: Connection, record: CallRecord) -> None:
    connection.execute(delete(t.call_people).where(t.call_people.c.call_id == record.call_id))
    connection.execute(delete(t.calls).where(t.calls.c.call_id == record.call_id))
    connection.execute(insert(t.calls).values(**{name: getattr(record, name) for name in _COLUMNS}))
    people = [
        {"call_id": record.call_id, "user_id": user_id, "position": position}
        for position, user_id in enumerate(record.user_ids)
    ]
    connection.execute(insert(t.call_people), people)


def _record_of(connection: Connection, row: Row[Any]) -> CallRecord:
    people = select(t.call_people.c.user_id).where(t.call_people.c.call_id == row.call_id)
    user_ids = connection.execute(people.order_by(t.call_people.c.position)).scalars()
    return CallRecord(user_ids=tuple(user_ids), **row._asdict())


def _call(connection: Connection, call_id: str) -> CallRecord | None:
    row = connection.execute(select(t.calls).where(t.calls.c.call_id == call_id)).first()
    return None if row is None else _record_of(connection, row)


def _calls_of(connection: Connection, user_id: str, before: str | None, limit: int) -> list[CallRecord]:
    query = select(t.calls).join(t.call_people, t.call_people.c.call_id == t.calls.c.call_id)
    query = query.where(t.call_people.c.user_id == user_id)
    if before is not None:
        # Ids are sortable by time.
        query = query.where(t.calls.c.call_id < before)
    rows = connection.execute(query.order_by(t.calls.c.call_id.desc()).limit(limit)).all()
    return [_record_of(connection, row) for row in rows]


def _add_seconds(connection: Connection, call_id: str, entries: Sequence[TimelineEntry]) -> None:
    times = [entry.at_ms for entry in entries]
    connection.execute(
        delete(t.call_seconds).where(t.call_seconds.c.call_id == call_id, t.call_seconds.c.at_ms.in_(times))
    )
    # Of two with the same time in one call the later is kept.
    kept = {entry.at_ms: dict(entry.data) for entry in entries}
    rows = [{"call_id": call_id, "at_ms": at_ms, "data": data} for at_ms, data in kept.items()]
    connection.execute(insert(t.call_seconds), rows)


def _timeline(connection: Connection, call_id: str, after_ms: int, limit: int) -> list[TimelineEntry]:
    query = select(t.call_seconds.c.at_ms, t.call_seconds.c.data).where(
        t.call_seconds.c.call_id == call_id, t.call_seconds.c.at_ms > after_ms
    )
    rows = connection.execute(query.order_by(t.call_seconds.c.at_ms).limit(limit)).all()
    return [TimelineEntry(row.at_ms, row.data) for row in rows]


__all__ = ["SqliteCallLog"]
