"""How this server opens a SQLite file: the settings that durability and erasure rest on, in one place."""

import sqlite3
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

# How long one connection waits for the write lock of another process (a running `migrate`, a backup). Longer hides
# a stuck process from clients, shorter refuses writes during every harmless overlap.
BUSY_TIMEOUT_MS = 5_000

# The write-ahead log is cut back to this size after a checkpoint; smaller costs file growth again at each burst.
_WAL_LIMIT_BYTES = 16 * 1024 * 1024

# journal_mode=WAL   readers do not wait for the writer
# synchronous=FULL   a commit is on the disk before it returns, also when the power goes
# secure_delete=ON   what is deleted or replaced is overwritten with zeros, not just unlinked
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}",
)


def path_of(url: str) -> Path:
    """The file that a `sqlite:///` or `sqlite+aiosqlite:///` URL names. A URL of anything else is a ValueError."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise ValueError("the embedded database is a file: sqlite:///<path>")
    return Path(str(parsed.database))


def url_for(path: Path) -> str:
    """The URL of a file; characters that mean something in a URL are escaped."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def create_sqlite_engine(url: str, *, readonly: bool = False) -> Engine:
    """A synchronous engine without a pool: each `connect` opens the file and `close` closes it.

    Connections may move between threads. They do not begin transactions by themselves (the driver's own rules begin
    one before some statements only, and never before DDL or a savepoint): whoever holds one says BEGIN and COMMIT
    through `driver_of`. Texts of errors carry no parameters, so no message text gets into a log.
    """
    # mode=rw: a missing file is an error here; only `migrate.upgrade` makes one.
    location = f"file:{quote(str(path_of(url).absolute()))}?mode=rw"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(location, uri=True, isolation_level=None, check_same_thread=False),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )
    pragmas = (*_PRAGMAS, "PRAGMA query_only=ON") if readonly else _PRAGMAS

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma).close()

    return engine


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below SQLAlchemy's."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)


__all__ = ["BUSY_TIMEOUT_MS", "create_sqlite_engine", "driver_of", "path_of", "url_for"]
