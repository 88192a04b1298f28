"""Topics shown in calls and what became of them, in the embedded database."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, insert, select, update

from assist.ports import Prompt, PromptRating, PromptWhy
from backends import tables as t
from backends.database_sqlite import SqliteDatabase


class SqlitePromptLog:
    """`assist.ports.PromptLog` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, prompt: Prompt) -> None:
        """See the port."""
        await self._database.write(partial(_add, prompt=prompt))

    async def withdraw(self, prompt_id: str) -> None:
        """See the port."""
        await self._database.write(partial(_withdraw, prompt_id=prompt_id))

    async def get(self, prompt_id: str) -> Prompt | None:
        """See the port."""
        return await self._database.read(partial(_get, prompt_id=prompt_id))

    async def of_call(self, call_id: str) -> list[Prompt]:
        """See the port."""
        return await self._database.read(partial(_of_call, call_id=call_id))

    async def resumed(self, prompt_id: str, *, after_ms: int) -> None:
        """See the port."""
        await self._database.write(partial(_resumed, prompt_id=prompt_id, after_ms=after_ms))

    async def rate(self, prompt_id: str, user_id: str, *, used: bool, rating: int | None) -> None:
        """See the port."""
        await self._database.write(partial(_rate, prompt_id=prompt_id, user_id=user_id, used=used, rating=rating))

    async def ratings(self, prompt_id: str) -> Mapping[str, PromptRating]:
        """See the port."""
        return await self._database.read(partial(_ratings, prompt_id=prompt_id))


def _prompt_of(row: Row[Any]) -> Prompt:
    fields = row._asdict()
    fields["why"] = cast(PromptWhy, row.why)
    return Prompt(**fields)


def _add(connection: Connection, prompt: Prompt) -> None:
    values = {column.name: getattr(prompt, column.name) for column in t.prompts.columns}
    connection.execute(insert(t.prompts).values(**values))


def _withdraw(connection: Connection, prompt_id: str) -> None:
    connection.execute(delete(t.prompt_ratings).where(t.prompt_ratings.c.prompt_id == prompt_id))
    connection.execute(delete(t.prompts).where(t.prompts.c.prompt_id == prompt_id))


def _get(connection: Connection, prompt_id: str) -> Prompt | None:
    row = connection.execute(select(t.prompts).where(t.prompts.c.prompt_id == prompt_id)).first()
    return _prompt_of(row) if row is not None else None


def _of_call(connection: Connection, call_id: str) -> list[Prompt]:
    query = select(t.prompts).where(t.prompts.c.call_id == call_id).order_by(t.prompts.c.at_ms, t.prompts.c.prompt_id)
    return [_prompt_of(row) for row in connection.execute(query)]


def _resumed(connection: Connection, prompt_id: str, after_ms: int) -> None:
    connection.execute(update(t.prompts).where(t.prompts.c.prompt_id == prompt_id).values(resumed_after_ms=after_ms))


def _rate(connection: Connection, prompt_id: str, user_id: str, used: bool, rating: int | None) -> None:
    table, said = t.prompt_ratings, {"used": used, "rating": rating}
    own = (table.c.prompt_id == prompt_id) & (table.c.user_id == user_id)
    if connection.execute(update(table).where(own).values(**said)).rowcount == 0 and _get(connection, prompt_id):
        connection.execute(insert(table).values(prompt_id=prompt_id, user_id=user_id, **said))


def _ratings(connection: Connection, prompt_id: str) -> dict[str, PromptRating]:
    table = t.prompt_ratings
    rows = connection.execute(select(table).where(table.c.prompt_id == prompt_id))
    return {row.user_id: PromptRating(row.used, row.rating) for row in rows}


__all__ = ["SqlitePromptLog"]
