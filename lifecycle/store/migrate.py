"""Brings a database to the tables of this version, migration by migration."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from lifecycle.errors import EnvironmentFailed
from lifecycle.failpoints import reach
from lifecycle.store.database import Database
from lifecycle.store.dialect import postgresql
from lifecycle.store.tables import METADATA

MIGRATIONS = Path(__file__).parent / "migrations"


def pending(database: Database) -> list[str]:
    """The names of the migrations that the database still lacks, the oldest first.

    Raises EnvironmentFailed when the database was written by a newer version.
    """
    with database.read() as connection:
        return _missing(connection)


def upgrade(database: Database, *, dry_run: bool = False) -> list[str]:
    """Carry out the pending migrations in one transaction and give their names, oldest first.

    With `dry_run` nothing is changed. Two processes at once do the work once. Raises
    EnvironmentFailed when the database was written by a newer version.
    """
    if dry_run:
        return pending(database)
    with database.write() as connection:
        if not database.is_sqlite:
            postgresql.lock_schema(connection)
        missing = _missing(connection)
        if missing:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            reach("migrations_carried_out")
        return missing


def create(database: Database) -> None:
    """Make all tables of an empty database at once: what `upgrade` leads to, only faster."""
    with database.write() as connection:
        METADATA.create_all(connection)
        context = MigrationContext.configure(connection)
        context.stamp(ScriptDirectory.from_config(_config()), "head")


def names() -> list[str]:
    """The names of all migrations, the oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def _missing(connection: Connection) -> list[str]:
    applied = MigrationContext.configure(connection).get_current_heads()
    every = names()
    unknown = [one for one in applied if one not in every]
    if unknown:
        raise EnvironmentFailed(
            "the database is newer than this version of lifecycle",
            cause=f"its last migration, {unknown[0]}, is unknown here",
            remedy="run the version that wrote it, or a later one",
        )
    return every[every.index(applied[0]) + 1 :] if applied else every


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
