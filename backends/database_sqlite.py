"""The embedded database: one SQLite file, one writing thread, a few reading ones.

An operation is a function of a SQLAlchemy `Connection`. It runs from its first to its last statement in one thread,
which costs the event loop one hop; a driver that hops for every statement (aiosqlite under SQLAlchemy's asyncio layer)
took 1.5 times the CPU for the same read on uvloop and up to 7 times on the default loop. On a database with an
asynchronous driver the same functions run through `AsyncConnection.run_sync`.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from backends.appends_sqlite import Known, append_all
from backends.engine_sqlite import create_sqlite_engine, driver_of
from backends.group_commit import GROUP_MAX, QUEUE_MAX, GroupCommitter
from backends.rows import load_messages
from protocol.errors import Conflict, InvalidPayload, ProtocolError, Unavailable
from rooms.model import Appended, NewMessage

T = TypeVar("T")
Operation = Callable[[Connection], Any]

# More readers than cores only wait for each other; more than one keeps a long read from delaying the short ones.
READERS = 3


class SqliteDatabase:
    """Reads at once, writes in groups. Make it with `open` after `backends.migrate.upgrade`; `close` it."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = READERS,
        group_commit_max: int = GROUP_MAX,
        queue_max: int = QUEUE_MAX,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        self._writer = _Writer(url)
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reader = _Reader(url)
        self._reading = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._committer: GroupCommitter[NewMessage | Operation] = GroupCommitter(
            self._commit, group_max=group_commit_max, queue_max=queue_max, observe=observe
        )

    @classmethod
    async def open(cls, url: str, **options: Any) -> "SqliteDatabase":
        """Open the file that `url` names (`sqlite:///<path>`); the options are those of the constructor.

        Raises `Unavailable` when it can not be written."""
        database = cls(url, **options)
        try:
            await database._in(database._writing, database._writer.connect)
        except Exception:
            await database.close()
            raise
        return database

    async def read(self, operation: Callable[[Connection], T]) -> T:
        """Run `operation` on one unchanging view of what is committed."""
        return await self._in(self._reading, self._reader.run, operation)

    async def write(self, operation: Callable[[Connection], T]) -> T:
        """Run `operation` in the next group and return its value after the commit. When it raises, only what it did
        itself is taken back. It runs in another thread and must not touch what belongs to the event loop."""
        return cast(T, await self._committer.submit(operation))

    async def append(self, message: NewMessage) -> Appended:
        """Append one message in the next group."""
        return cast(Appended, await self._committer.submit(message))

    async def checkpoint(self) -> bool:
        """Move the write-ahead log into the file and empty it, so that what was deleted is in neither. False when
        a reader was in the way all the time; then try again."""
        return await self._in(self._writing, self._writer.checkpoint)

    @property
    def waiting(self) -> int:
        """Writes that wait for their group."""
        return self._committer.waiting

    async def close(self) -> None:
        """Commit what waits, empty the write-ahead log, close the file. Later calls raise `Unavailable`."""
        await self._committer.close()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._reading.shutdown()
        self._reader.close()
        self._writing.shutdown()
        self._writer.close()

    async def _commit(self, group: Sequence[NewMessage | Operation]) -> Sequence[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._writing, self._writer.run, group)

    async def _in(self, executor: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any) -> T:
        try:
            future = asyncio.get_running_loop().run_in_executor(executor, work, *arguments)
        except RuntimeError as error:
            raise Unavailable("the database is closed") from error
        try:
            return await future
        except Exception as error:
            raise refusal(error) from error


class _Writer:
    """The one connection that writes. Its methods run in the writing thread only."""

    def __init__(self, url: str) -> None:
        self._engine = create_sqlite_engine(url)
        self._connection: Connection | None = None

    def connect(self) -> Connection:
        """The connection, opened when there is none."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def run(self, group: Sequence[NewMessage | Operation]) -> list[Any]:
        """One transaction. Raises when it could not be committed, and then nothing of it is stored."""
        connection = self.connect()
        driver = driver_of(connection)
        try:
            driver.execute("BEGIN IMMEDIATE")
            outcomes = self._outcomes(connection, group)
            driver.execute("COMMIT")
        except BaseException:
            # Closing takes everything back. A connection that has failed is not worth trusting; the next group,
            # which may be long after, opens another.
            self.close()
            raise
        return outcomes

    def _outcomes(self, connection: Connection, group: Sequence[NewMessage | Operation]) -> list[Any]:
        outcomes: list[Any] = [None] * len(group)
        appended = [number for number, work in enumerate(group) if isinstance(work, NewMessage)]
        # Appends come last, so that a match made in this group is there; among themselves they keep their order.
        for number, work in enumerate(group):
            if not isinstance(work, NewMessage):
                outcomes[number] = _alone(connection, work)
        messages = [cast(NewMessage, group[number]) for number in appended]
        for number, outcome in zip(appended, _append(connection, messages), strict=True):
            outcomes[number] = outcome
        return outcomes

    def checkpoint(self) -> bool:
        """Whether the log could be emptied."""
        busy, _, _ = driver_of(self.connect()).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Close the file; as the last connection this also removes the write-ahead log."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Reader:
    """A reading connection for every thread that asks."""

    def __init__(self, url: str) -> None:
        self._engine = create_sqlite_engine(url, readonly=True)
        self._mine = threading.local()
        self._opened: list[Connection] = []

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Run in a transaction of its own, which only reads."""
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._engine.connect()
            self._opened.append(connection)
        driver = driver_of(connection)
        driver.execute("BEGIN")
        try:
            return operation(connection)
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")

    def close(self) -> None:
        """Close all; no thread may be reading any more."""
        while self._opened:
            self._opened.pop().close()


def refusal(error: Exception) -> Exception:
    """What the caller of a store is told for an exception of an operation. Bugs stay what they are."""
    if isinstance(error, ProtocolError):
        return error
    if isinstance(error, IntegrityError | sqlite3.IntegrityError):
        return Conflict("this id is taken or refers to nothing")
    if isinstance(error, DBAPIError | sqlite3.Error):
        return Unavailable("the database does not answer")
    if isinstance(error, UnicodeError | OverflowError):
        return InvalidPayload("a text or number that can not be stored")
    return error


def _alone(connection: Connection, operation: Operation) -> Any:
    """The value of one operation, or its exception with everything it did taken back.

    Some failures (a full disk, an I/O error) make SQLite roll back the whole transaction by itself; going on would
    then write outside of one. That failure is the group's, so it is raised.
    """
    driver = driver_of(connection)
    driver.execute("SAVEPOINT one")
    try:
        outcome = operation(connection)
    except Exception as error:
        if not driver.in_transaction:
            raise
        driver.execute("ROLLBACK TO one")
        outcome = refusal(error)
    driver.execute("RELEASE one")
    return outcome


def _append(connection: Connection, messages: Sequence[NewMessage]) -> list[Any]:
    """All at once; when one of them can not be stored, one by one, so that only that one fails."""
    if not messages:
        return []
    outcome = _alone(connection, lambda same: _append_batch(same, messages))
    if not isinstance(outcome, Exception):
        return cast(list[Any], outcome)
    if len(messages) == 1:
        return [outcome]
    return [answer for message in messages for answer in _append(connection, [message])]


def _append_batch(connection: Connection, messages: Sequence[NewMessage]) -> list[Any]:
    outcomes: list[Any] = list(append_all(driver_of(connection), messages))
    known = [outcome.message_id for outcome in outcomes if isinstance(outcome, Known)]
    if known:
        stored = load_messages(connection, known)
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, Known):
                outcomes[number] = Appended(stored[outcome.message_id], duplicate=True)
    return outcomes


__all__ = ["READERS", "SqliteDatabase", "refusal"]
