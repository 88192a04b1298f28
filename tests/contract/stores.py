"""The back ends of the suites, and small values to feed them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist.ports import PromptLog, SuggestionLog
from backends import migrate
from backends.calls_memory import MemoryCallLog
from backends.calls_sqlite import SqliteCallLog
from backends.database_sqlite import SqliteDatabase
from backends.engine_sqlite import url_for
from backends.games_memory import MemoryGameStore
from backends.games_sqlite import SqliteGameStore
from backends.memory_tables import MemoryTables
from backends.messages_memory import MemoryMessageStore
from backends.messages_sqlite import SqliteMessageStore
from backends.prompts_memory import MemoryPromptLog
from backends.prompts_sqlite import SqlitePromptLog
from backends.relations_memory import MemoryRelationStore
from backends.relations_sqlite import SqliteRelationStore
from backends.suggestions_memory import MemorySuggestionLog
from backends.suggestions_sqlite import SqliteSuggestionLog
from media.ports import CallLog
from rooms.model import Appended, Match, NewMessage
from rooms.ports import GameStore, MessageStore, RelationStore

BACKENDS: Sequence[str] = ("memory", "sqlite")


@dataclass(frozen=True)
class Stores:
    """All stores of one server. `database` is there when they keep their rows in a file."""

    messages: MessageStore
    relations: RelationStore
    games: GameStore
    suggestions: SuggestionLog
    calls: CallLog
    prompts: PromptLog
    database: SqliteDatabase | None = None

    async def match(self, match_id: str = "m1", *members: str, **fields: Any) -> Match:
        """A stored match of u1 and u2, unless others are named."""
        members = members or ("u1", "u2")
        match, _ = await self.relations.create_match(Match(match_id, "pair", members, 1_000, **fields))
        return match

    async def say(self, number: int, match_id: str = "m1", sender_id: str = "u1", **fields: Any) -> Appended:
        """Append a text whose id carries `number`."""
        return await self.messages.append(new_message(number, match_id, sender_id, **fields))


def new_message(number: int, match_id: str = "m1", sender_id: str = "u1", **fields: Any) -> NewMessage:
    """A text message that differs from others by its number."""
    plain = NewMessage(
        message_id=f"{match_id}-{number:06}",
        match_id=match_id,
        sender_id=sender_id,
        type="text",
        content=f"text {number}",
        created_ms=1_000 + number,
    )
    return replace(plain, **fields)


def url_of(folder: Path) -> str:
    """The URL of the database in a data folder."""
    return url_for(folder / "visavis.db")


@asynccontextmanager
async def sqlite_stores(folder: Path, **options: Any) -> AsyncIterator[Stores]:
    """Stores over a real file, made or opened again."""
    migrate.upgrade(url_of(folder))
    database = await SqliteDatabase.open(url_of(folder), **options)
    try:
        yield Stores(
            messages=SqliteMessageStore(database),
            relations=SqliteRelationStore(database),
            games=SqliteGameStore(database),
            suggestions=SqliteSuggestionLog(database),
            calls=SqliteCallLog(database),
            prompts=SqlitePromptLog(database),
            database=database,
        )
    finally:
        await database.close()


@asynccontextmanager
async def memory_stores() -> AsyncIterator[Stores]:
    """Stores over dictionaries."""
    tables = MemoryTables()
    yield Stores(
        messages=MemoryMessageStore(tables),
        relations=MemoryRelationStore(tables),
        games=MemoryGameStore(tables),
        suggestions=MemorySuggestionLog(),
        calls=MemoryCallLog(),
        prompts=MemoryPromptLog(),
    )


def open_stores(backend: str, folder: Path) -> AbstractAsyncContextManager[Stores]:
    """The stores of a back end by its name."""
    return memory_stores() if backend == "memory" else sqlite_stores(folder)
