"""A database with all tables, for the tests of the store and of what stands on it."""

from __future__ import annotations

from lifecycle.store.database import Database
from lifecycle.store.migrate import create


def with_tables(url: str) -> None:
    """Make every table of an empty database."""
    database = Database(url)
    create(database)
    database.close()
