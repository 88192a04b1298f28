import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from backends import migrate
from backends.engine_sqlite import create_sqlite_engine
from backends.tables import metadata
from tests.contract.stores import url_of


def tables_of(folder: Path) -> set[str]:
    connection = sqlite3.connect(folder / "visavis.db")
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def execute(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "visavis.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_the_migrated_schema_is_that_of_the_tables(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    with create_sqlite_engine(url_of(tmp_path)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrated_schema_has_every_constraint_and_index_of_the_tables(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    (tmp_path / "direct").mkdir()
    (tmp_path / "direct" / "visavis.db").touch()
    with create_sqlite_engine(url_of(tmp_path / "direct")).connect() as connection:
        metadata.create_all(connection)
        connection.commit()
    described = []
    for folder in (tmp_path, tmp_path / "direct"):
        with create_sqlite_engine(url_of(folder)).connect() as connection:
            inspector = inspect(connection)
            described.append(
                {
                    table: (
                        inspector.get_pk_constraint(table),
                        sorted(map(str, inspector.get_foreign_keys(table))),
                        sorted(map(str, inspector.get_unique_constraints(table))),
                        sorted(f"{i['name']} {i['column_names']} {i['unique']}" for i in inspector.get_indexes(table)),
                        [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
                    )
                    for table in metadata.tables
                }
            )
    assert described[0] == described[1]
    assert _index_conditions(tmp_path) == _index_conditions(tmp_path / "direct") == ["client_id IS NOT NULL"]


def _index_conditions(folder: Path) -> list[str]:
    """What the partial indexes are limited to; the comparisons above do not look at it."""
    connection = sqlite3.connect(folder / "visavis.db")
    statements = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
    conditions = [sql.split(" WHERE ")[1] for (sql,) in statements]
    connection.close()
    return conditions


def test_a_new_file_is_made_for_its_owner_only_in_a_new_folder(tmp_path: Path) -> None:
    url = url_of(tmp_path / "a" / "b")
    assert migrate.revision(url) is None
    migrate.upgrade(url)
    assert migrate.revision(url) == migrate.head()
    assert (tmp_path / "a" / "b" / "visavis.db").stat().st_mode & 0o077 == 0


def test_upgrading_again_keeps_everything(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    execute(tmp_path, "INSERT INTO users (user_id, name, interests, created_ms) VALUES ('u', 'U', '[]', 1)")
    migrate.upgrade(url_of(tmp_path))
    connection = sqlite3.connect(tmp_path / "visavis.db")
    assert connection.execute("SELECT user_id FROM users").fetchall() == [("u",)]
    connection.close()


def test_several_threads_may_upgrade_at_once(tmp_path: Path) -> None:
    urls = [url_of(tmp_path / str(number % 3)) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate.upgrade, urls))
    assert [migrate.revision(url) for url in urls] == [migrate.head()] * 6


def test_several_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    program = "import sys; from backends.migrate import upgrade; [upgrade(url) for url in sys.argv[1:]]"
    urls = [url_of(tmp_path / str(number)) for number in range(5)]
    processes = [subprocess.Popen([sys.executable, "-c", program, *urls]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert [migrate.revision(url) for url in urls] == [migrate.head()] * 5


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    execute(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.DatabaseUnusable, match="newer version") as refused:
        migrate.upgrade(url_of(tmp_path))
    assert "\n" not in str(refused.value)
    assert migrate.revision(url_of(tmp_path)) == "9999"


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE theirs (a)")
    with pytest.raises(migrate.DatabaseUnusable, match="another program"):
        migrate.upgrade(url_of(tmp_path))
    assert tables_of(tmp_path) == {"theirs"}


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    content = b"not a database at all" * 100
    (tmp_path / "visavis.db").write_bytes(content)
    with pytest.raises(migrate.DatabaseUnusable, match="not a database"):
        migrate.upgrade(url_of(tmp_path))
    assert (tmp_path / "visavis.db").read_bytes() == content


def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(migrate.DatabaseUnusable, match="can not be used") as refused:
        migrate.upgrade(url_of(tmp_path / "file" / "deeper"))
    assert "\n" not in str(refused.value)


def test_another_kind_of_database_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="is a file"):
        migrate.upgrade("postgresql://host/name")


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations to which a test adds the next one."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate._SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "_SCRIPTS", scripts)
    return scripts / "versions" / "9999_next.py"


NEWEST = sorted((migrate._SCRIPTS / "versions").glob("*.py"))[-1].name.partition("_")[0]
NEXT = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{NEWEST}"
def upgrade():
    op.add_column("users", sa.Column("shoe_size", sa.Integer()))
    op.create_table("shoes", sa.Column("a", sa.Integer()))
"""


def test_an_older_database_is_brought_forward(tmp_path: Path, next_version: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    next_version.write_text(NEXT)
    migrate.upgrade(url_of(tmp_path))
    assert migrate.revision(url_of(tmp_path)) == "9999"
    assert "shoes" in tables_of(tmp_path)


def test_a_migration_that_fails_half_way_changes_nothing(tmp_path: Path, next_version: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    before = tables_of(tmp_path)
    next_version.write_text(NEXT + "    op.execute('nonsense')\n")
    with pytest.raises(migrate.DatabaseUnusable, match="nonsense"):
        migrate.upgrade(url_of(tmp_path))
    assert tables_of(tmp_path) == before
    assert migrate.revision(url_of(tmp_path)) == NEWEST


def test_every_step_can_be_taken_back(tmp_path: Path) -> None:
    migrate.upgrade(url_of(tmp_path))
    with create_sqlite_engine(url_of(tmp_path)).connect() as connection:
        command.downgrade(migrate.config_for(connection), "base")
        connection.commit()
    assert tables_of(tmp_path) == {"alembic_version"}
