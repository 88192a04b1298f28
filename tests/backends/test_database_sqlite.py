"""The embedded database when things go wrong, by real causes: a full disk, a lock, a bug in one operation."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from backends import migrate, tables
from backends.database_sqlite import SqliteDatabase, refusal
from backends.engine_sqlite import create_sqlite_engine, driver_of, path_of, url_for
from backends.messages_sqlite import SqliteMessageStore
from backends.relations_sqlite import SqliteRelationStore
from protocol.errors import Conflict, InvalidPayload, NotFound, Unavailable
from rooms.model import Match, User
from tests.contract.stores import new_message, url_of


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    migrate.upgrade(url_of(tmp_path))
    opened = await SqliteDatabase.open(url_of(tmp_path))
    await SqliteRelationStore(opened).create_match(Match("m1", "pair", ("u1", "u2"), 1))
    yield opened
    await opened.close()


class Put:
    """An operation that writes one user, then perhaps fails."""

    def __init__(self, user_id: str, error: Exception | None = None) -> None:
        self._user_id = user_id
        self._error = error

    def __call__(self, connection: Connection) -> str:
        connection.execute(insert(tables.users).values(user_id=self._user_id, name="n", interests=[], created_ms=1))
        if self._error is not None:
            raise self._error
        return self._user_id


def user_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(tables.users.c.user_id).order_by("user_id")).scalars())


def pragmas(connection: Connection) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only", "busy_timeout")
    return {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in names}


async def test_the_settings_that_durability_rests_on_are_in_force(database: SqliteDatabase) -> None:
    settings = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5_000}
    assert await database.write(pragmas) == settings | {"query_only": 0}
    assert await database.read(pragmas) == settings | {"query_only": 1}


async def test_a_failing_operation_takes_back_its_own_writes_only(database: SqliteDatabase) -> None:
    results = await asyncio.gather(
        database.write(Put("a")),
        database.write(Put("b", ZeroDivisionError())),
        database.write(Put("c", NotFound())),
        database.append(new_message(1)),
        database.append(new_message(1, "nowhere")),
        database.write(Put("a")),
        database.write(Put("d")),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "str",
        "ZeroDivisionError",
        "NotFound",
        "Appended",
        "NotFound",
        "Conflict",
        "str",
    ]
    assert await database.read(user_ids) == ["a", "d"]


async def test_one_message_that_can_not_be_stored_does_not_harm_its_group(database: SqliteDatabase) -> None:
    results = await asyncio.gather(
        database.append(new_message(1)),
        database.append(new_message(2, content="lone surrogate \ud800")),
        database.append(new_message(3)),
        database.append(new_message(4, created_ms=1 << 70)),
        database.append(new_message(5)),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "Appended",
        "InvalidPayload",
        "Appended",
        "InvalidPayload",
        "Appended",
    ]
    page = await SqliteMessageStore(database).page("m1", limit=9)
    assert [(message.seq, message.message_id) for message in page] == [
        (1, "m1-000001"),
        (2, "m1-000003"),
        (3, "m1-000005"),
    ]


@pytest.fixture
def no_room() -> Iterator[Callable[[int], None]]:
    """Lets no file of this process grow beyond so many bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_unavailable_for_the_group_and_over_when_there_is_room(
    database: SqliteDatabase, no_room: Callable[[int], None]
) -> None:
    messages = SqliteMessageStore(database)
    await messages.append(new_message(1))
    no_room(300_000)
    for _ in range(3):
        results = await asyncio.gather(
            *(messages.append(new_message(number, content="x" * 100_000)) for number in range(2, 6)),
            database.write(Put("a")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [Unavailable] * 5
    assert await messages.last_seq("m1") == 1
    assert (await messages.append(new_message(2))).message.seq == 2, "a small one still has room"
    no_room(-1)
    assert (await messages.append(new_message(7, content="x" * 100_000))).message.seq == 3
    assert await database.read(user_ids) == []


async def test_a_database_that_another_process_locks_is_unavailable_and_loses_nothing(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    messages = SqliteMessageStore(database)
    await messages.append(new_message(1))
    await database.write(lambda connection: connection.execute(text("PRAGMA busy_timeout = 20")).close())
    other = sqlite3.connect(tmp_path / "visavis.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(messages.append(new_message(2)), database.write(Put("a")), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert await messages.last_seq("m1") == 1, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    assert (await messages.append(new_message(2))).message.seq == 2
    assert await database.read(user_ids) == []


async def test_a_failure_that_ends_the_transaction_fails_the_group(database: SqliteDatabase) -> None:
    def end(connection: Connection) -> None:
        # What SQLite does by itself on a full disk or an I/O error.
        driver_of(connection).execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    results = await asyncio.gather(
        database.write(Put("a")),
        database.write(end),
        database.write(Put("b")),
        database.append(new_message(1)),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {Unavailable}
    assert await database.read(user_ids) == []
    assert await database.write(Put("c")) == "c"


async def test_a_connection_in_an_unknown_state_is_replaced(database: SqliteDatabase) -> None:
    def close(connection: Connection) -> None:
        driver_of(connection).close()

    with pytest.raises(Unavailable):
        await database.write(close)
    assert await database.write(Put("c")) == "c"


async def test_a_cancelled_writer_leaves_the_others_alone(database: SqliteDatabase) -> None:
    appends = [asyncio.ensure_future(database.append(new_message(number))) for number in range(40)]
    await asyncio.sleep(0)
    for append in appends[::2]:
        append.cancel()
    kept = await asyncio.gather(*appends[1::2])
    page = await SqliteMessageStore(database).page("m1", after=0, limit=99)
    assert [message.seq for message in page] == list(range(1, len(page) + 1))
    assert {one.message.message_id for one in kept} <= {message.message_id for message in page}


async def test_a_read_sees_one_moment(database: SqliteDatabase) -> None:
    began, go_on = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[list[str], list[str]]:
        first = user_ids(connection)
        began.set()
        go_on.wait(5)
        return first, user_ids(connection)

    reading = asyncio.ensure_future(database.read(twice))
    await asyncio.to_thread(began.wait, 5)
    await database.write(Put("a"))
    go_on.set()
    assert await reading == ([], [])
    assert await database.read(user_ids) == ["a"]


async def test_a_checkpoint_says_when_a_reader_is_in_the_way(database: SqliteDatabase) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        user_ids(connection)
        began.set()
        go_on.wait(5)

    await database.write(lambda connection: connection.execute(text("PRAGMA busy_timeout = 20")).close())
    reading = asyncio.ensure_future(database.read(hold))
    await asyncio.to_thread(began.wait, 5)
    await database.write(Put("a"))
    assert not await database.checkpoint()
    go_on.set()
    await reading
    assert await database.checkpoint()


async def test_a_reader_can_not_write(database: SqliteDatabase) -> None:
    with pytest.raises(Unavailable):
        await database.read(Put("a"))
    assert await database.read(user_ids) == []


async def test_writes_that_wait_are_counted_and_committed_at_close(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    sizes: list[int] = []
    database = await SqliteDatabase.open(
        url_of(tmp_path), group_commit_max=10, observe=lambda size, _seconds: sizes.append(size)
    )
    writes = [asyncio.ensure_future(database.write(Put(f"u{number}"))) for number in range(30)]
    await asyncio.sleep(0)
    assert database.waiting == 30
    await database.close()
    assert len(await asyncio.gather(*writes)) == 30
    assert sizes == [10, 10, 10]
    for late in (database.write(Put("x")), database.append(new_message(1)), database.read(user_ids)):
        with pytest.raises(Unavailable):
            await late
    with pytest.raises(Unavailable):
        await database.checkpoint()
    await database.close()


async def test_a_missing_file_is_not_made_by_opening(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await SqliteDatabase.open(url_of(tmp_path))
    assert not path_of(url_of(tmp_path)).exists()


async def test_the_text_of_a_failed_statement_carries_no_content(database: SqliteDatabase) -> None:
    caught: list[str] = []

    def twice(connection: Connection) -> None:
        Put("secret")(connection)
        try:
            Put("secret")(connection)
        except Exception as error:
            caught.append(str(error))
            raise

    with pytest.raises(Conflict):
        await database.write(twice)
    assert "secret" not in caught[0]


def test_what_a_caller_is_told_is_a_protocol_error_unless_it_is_a_bug() -> None:
    assert isinstance(refusal(sqlite3.IntegrityError()), Conflict)
    assert isinstance(refusal(sqlite3.OperationalError()), Unavailable)
    assert isinstance(refusal(OverflowError()), InvalidPayload)
    bug = KeyError("x")
    assert refusal(bug) is bug


@pytest.mark.parametrize("url", ["postgresql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_only_a_file_can_be_the_embedded_database(url: str) -> None:
    with pytest.raises(ValueError, match="is a file"):
        create_sqlite_engine(url)


async def test_an_awkward_path_works(tmp_path: Path) -> None:
    url = url_for(tmp_path / "a b?c#d%20é" / "v.db")
    migrate.upgrade(url)
    database = await SqliteDatabase.open(url)
    user = await SqliteRelationStore(database).put_user(User("u", "U"), now_ms=1)
    assert user.name == "U"
    await database.close()
    assert path_of(url) == tmp_path / "a b?c#d%20é" / "v.db"
    assert path_of(url).stat().st_size > 0
