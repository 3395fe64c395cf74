"""Migrations lead to the tables as declared; tables can be sharded and claimed from."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, inspect, text

from lifecycle.errors import EnvironmentFailed
from lifecycle.store import migrate
from lifecycle.store.database import Database
from lifecycle.store.migrations import regenerate
from lifecycle.store.tables import METADATA

TABLES = list(METADATA.tables.values())
QUEUE_COLUMNS = {"bucket", "due_at", "lease_until", "fence", "attempts", "quarantined_at"}
REFERENCE = "reference"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def shape(connection: Connection) -> set[tuple[object, ...]]:
    """Every table, column and index with its predicate, as the database itself tells them."""
    if connection.dialect.name == "postgresql":
        columns = text(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        )
        indexes = text(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
        return {tuple(row) for query in (columns, indexes) for row in connection.execute(query)}
    rows = connection.execute(text("SELECT name, coalesce(sql, '') FROM sqlite_master"))
    return {(name, " ".join(sorted(re.findall(r"[^\s,()]+", sql)))) for name, sql in rows}


def test_the_migrations_lead_to_the_tables_as_declared(database: Database) -> None:
    assert migrate.upgrade(database) == migrate.names()
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        migrated = shape(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        METADATA.drop_all(connection)
    migrate.create(database)
    with database.read() as connection:
        assert shape(connection) == migrated


def test_a_second_upgrade_has_nothing_to_do(database: Database) -> None:
    migrate.upgrade(database)
    assert migrate.pending(database) == []
    assert migrate.upgrade(database) == []


def test_a_dry_run_names_what_is_pending_and_changes_nothing(database: Database) -> None:
    assert migrate.upgrade(database, dry_run=True) == migrate.names()
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_tables_made_at_once_count_as_migrated() -> None:
    database = Database("sqlite://")
    migrate.create(database)
    assert migrate.pending(database) == []
    database.close()


def test_a_failing_migration_leaves_no_half_made_tables(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE verdict (taken INTEGER)"))
    with pytest.raises(Exception, match="verdict"):
        migrate.upgrade(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["verdict"]


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    with pytest.raises(EnvironmentFailed, match="9999_later"):
        migrate.upgrade(database)


def test_migrations_are_numbered_one_after_the_other() -> None:
    numbers = [int(name.partition("_")[0]) for name in migrate.names()]
    assert numbers == list(range(1, len(numbers) + 1))
    files = sorted((migrate.MIGRATIONS / "versions").glob("*.py"))
    assert [file.stem for file in files] == migrate.names()


def test_the_first_migration_is_what_the_tables_give() -> None:
    """Until the first release; from then on the first migration never changes."""

    def words(code: str) -> list[str]:
        return re.findall(r"[\w.]+", code)

    assert words(regenerate.FIRST.read_text()) == words(regenerate.first_migration()), (
        "run: python -m lifecycle.store.migrations.regenerate"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_uniqueness_holds_within_the_shard_key(table: Table) -> None:
    key = table.info.get("shard_key")
    assert key, f"{table.name} declares no shard_key"
    if key == REFERENCE:
        return
    assert key in table.primary_key.columns
    for index in table.indexes:
        assert not index.unique or key in index.columns, index.name


@pytest.mark.parametrize(
    "table", [one for one in TABLES if one.info.get("queue")], ids=lambda table: table.name
)
def test_a_queue_can_be_claimed_from(table: Table) -> None:
    assert set(table.columns.keys()) >= QUEUE_COLUMNS


def test_there_are_queues() -> None:
    assert sum(1 for table in TABLES if table.info.get("queue")) >= 3


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_column_takes_its_value_from_a_clock(table: Table) -> None:
    for column in table.columns:
        assert column.server_default is None, column.name
        assert column.server_onupdate is None, column.name
        assert column.onupdate is None, column.name
        assert column.default is None or column.default.is_scalar, column.name
