"""The schema of the database, brought up to date. Needs no alembic.ini and works from an installed wheel.

How to write a new migration stands in `migrations/README.md`.
"""

import sqlite3
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from backends.engine_sqlite import create_sqlite_engine, path_of

_SCRIPTS = Path(__file__).with_name("migrations")
_OWNER_ONLY = 0o600
# Alembic keeps the migration it runs in a global of the process.
_one_at_a_time = threading.Lock()


class DatabaseUnusable(Exception):
    """The file can not be brought to the schema of this version; the text is one line for the operator."""


def upgrade(url: str) -> None:
    """Make the file if there is none and bring its schema to this version, in one transaction. Blocks.

    `url` is `sqlite:///<path>`; raises `DatabaseUnusable`, having changed nothing, when the file is of a newer version,
    is something else, or can not be written, and `ValueError` for another kind of URL.
    """
    path = path_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=_OWNER_ONLY)
        with _one_at_a_time:
            _upgrade(url, path)
    except (OSError, DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseUnusable(f"the database {path} can not be used: {cause}") from error


def revision(url: str) -> str | None:
    """The revision of the schema in the file; None when it holds no schema or does not exist. Blocks."""
    if not path_of(url).exists():
        return None
    engine = create_sqlite_engine(url, readonly=True)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision that this version of the code works with."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def config_for(connection: Connection) -> Config:
    """What Alembic's commands want to know."""
    config = Config()
    # ConfigParser takes % for itself.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(url: str, path: Path) -> None:
    with create_sqlite_engine(url).connect() as connection:
        # Two processes that start at once: the second waits here and then finds the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            _refuse_strangers(connection, path)
            command.upgrade(config_for(connection), "head")
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _refuse_strangers(connection: Connection, path: Path) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        if inspect(connection).get_table_names():
            raise DatabaseUnusable(f"the database {path} belongs to another program")
        return
    known = {script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()}
    if current not in known:
        raise DatabaseUnusable(
            f"the database {path} was written by a newer version (schema {current}, this version has {head()})"
        )


__all__ = ["DatabaseUnusable", "config_for", "head", "revision", "upgrade"]
