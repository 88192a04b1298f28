"""Messages in the embedded database."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select, update

from backends import tables as t
from backends.cursors_sqlite import advance_all
from backends.database_sqlite import SqliteDatabase
from backends.engine_sqlite import driver_of
from backends.rows import MESSAGE, load_messages, messages_of
from rooms.model import Appended, Cursor, Message, NewMessage


class SqliteMessageStore:
    """`rooms.ports.MessageStore` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def append(self, message: NewMessage) -> Appended:
        """See the port. An unknown match raises `NotFound`, a message id that is taken `Conflict`."""
        return await self._database.append(message)

    async def get(self, message_id: str) -> Message | None:
        """See the port."""
        return await self._database.read(partial(_get, message_id=message_id))

    async def page(
        self, match_id: str, *, after: int | None = None, before: int | None = None, limit: int
    ) -> list[Message]:
        """See the port. With both bounds: the oldest ones between them."""
        if limit <= 0:
            return []
        return await self._database.read(partial(_page, match_id=match_id, after=after, before=before, limit=limit))

    async def last_seq(self, match_id: str) -> int:
        """See the port."""
        query = select(t.matches.c.last_seq).where(t.matches.c.match_id == match_id)
        return await self._database.read(lambda connection: connection.execute(query).scalar()) or 0

    async def edit(self, message_id: str, content: str, *, now_ms: int) -> Message | None:
        """See the port. The old text is overwritten in the file."""
        return await self._database.write(partial(_edit, message_id=message_id, content=content, now_ms=now_ms))

    async def delete(self, message_id: str, *, now_ms: int) -> Message | None:
        """See the port. The text is overwritten in the file; the write-ahead log may hold it until the next
        `SqliteDatabase.checkpoint`."""
        return await self._database.write(partial(_delete, message_id=message_id, now_ms=now_ms))

    async def react(self, message_id: str, user_id: str, emoji: str, *, on: bool, now_ms: int) -> Message | None:
        """See the port."""
        return await self._database.write(
            partial(_react, message_id=message_id, user_id=user_id, emoji=emoji, on=on, now_ms=now_ms)
        )

    async def advance(self, cursors: Sequence[Cursor]) -> list[Cursor]:
        """See the port. Somebody who is not in the match has no cursor: zeros come back, nothing is stored."""
        if not cursors:
            return []
        return await self._database.write(partial(_advance, cursors=tuple(cursors)))

    async def cursors(self, match_id: str) -> dict[str, Cursor]:
        """See the port."""
        return await self._database.read(partial(_cursors, match_id=match_id))


def _get(connection: Connection, message_id: str) -> Message | None:
    return load_messages(connection, [message_id]).get(message_id)


def _page(connection: Connection, *, match_id: str, after: int | None, before: int | None, limit: int) -> list[Message]:
    query = select(*MESSAGE).where(t.messages.c.match_id == match_id).limit(limit)
    if after is not None:
        query = query.where(t.messages.c.seq > after)
    if before is not None:
        query = query.where(t.messages.c.seq < before)
    if after is not None:
        return messages_of(connection, connection.execute(query.order_by(t.messages.c.seq)).all())
    newest = connection.execute(query.order_by(t.messages.c.seq.desc())).all()
    return messages_of(connection, newest[::-1])


def _edit(connection: Connection, *, message_id: str, content: str, now_ms: int) -> Message | None:
    changed = connection.execute(
        update(t.messages)
        .where(t.messages.c.message_id == message_id, t.messages.c.deleted_ms.is_(None))
        .values(content=content, structured=False, edited_ms=now_ms, version=t.messages.c.version + 1)
    ).rowcount
    return _get(connection, message_id) if changed else None


def _delete(connection: Connection, *, message_id: str, now_ms: int) -> Message | None:
    changed = connection.execute(
        update(t.messages)
        .where(t.messages.c.message_id == message_id, t.messages.c.deleted_ms.is_(None))
        .values(content="", structured=False, deleted_ms=now_ms, version=t.messages.c.version + 1)
    ).rowcount
    if changed:
        connection.execute(delete(t.reactions).where(t.reactions.c.message_id == message_id))
    return _get(connection, message_id)


def _react(
    connection: Connection, *, message_id: str, user_id: str, emoji: str, on: bool, now_ms: int
) -> Message | None:
    message = _get(connection, message_id)
    if message is None or message.deleted:
        return None
    if on == (user_id in message.reactions.get(emoji, ())):
        return message
    if on:
        connection.execute(
            insert(t.reactions).values(message_id=message_id, emoji=emoji, user_id=user_id, created_ms=now_ms)
        )
    else:
        connection.execute(
            delete(t.reactions).where(
                t.reactions.c.message_id == message_id,
                t.reactions.c.emoji == emoji,
                t.reactions.c.user_id == user_id,
            )
        )
    connection.execute(
        update(t.messages).where(t.messages.c.message_id == message_id).values(version=t.messages.c.version + 1)
    )
    return _get(connection, message_id)


def _advance(connection: Connection, cursors: Sequence[Cursor]) -> list[Cursor]:
    return advance_all(driver_of(connection), cursors)


_CURSOR = (
    t.match_members.c.match_id,
    t.match_members.c.user_id,
    t.match_members.c.delivered_seq,
    t.match_members.c.read_seq,
)


def _cursors(connection: Connection, match_id: str) -> dict[str, Cursor]:
    rows = connection.execute(
        select(*_CURSOR).where(t.match_members.c.match_id == match_id).order_by(t.match_members.c.position)
    )
    return {row.user_id: Cursor(*row) for row in rows}


__all__ = ["SqliteMessageStore"]
