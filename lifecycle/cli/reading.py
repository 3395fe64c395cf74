"""What a command that only reads works with: the definitions, and the database beside a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.problem import did_you_mean
from lifecycle.cli import place
from lifecycle.cli.asked import Asked
from lifecycle.cli.project import read_project, sound_catalog
from lifecycle.clock import SystemClock
from lifecycle.core.campaign import Campaign
from lifecycle.engine.apply import readable
from lifecycle.errors import UsageError
from lifecycle.hooks import Registry, find
from lifecycle.store import catalog_versions
from lifecycle.store.database import Database


@dataclass(frozen=True)
class Desk:
    """The definitions that are live in a database, else the folder's, and a reading transaction."""

    catalog: Catalog
    hooks: Registry
    database: Database
    connection: Connection
    now: datetime
    live: bool
    """Whether the definitions were applied to this database."""

    def campaign(self, name: str) -> Campaign:
        """A campaign by id. Raises UsageError, naming the nearest."""
        found = self.catalog.campaigns.get(name)
        if found is None:
            hint = did_you_mean(name, self.catalog.campaigns)
            raise UsageError(f"there is no campaign “{name}”", remedy=hint)
        return found

    def segment(self, name: str) -> str:
        """A segment's id, checked. Raises UsageError, naming the nearest."""
        if name not in self.catalog.segments:
            hint = did_you_mean(name, self.catalog.segments)
            raise UsageError(f"there is no segment “{name}”", remedy=hint)
        return name


@contextmanager
def reading(asked: Asked) -> Iterator[Desk]:
    """Open the database for reading. Raises EnvironmentFailed, ProblemsFound."""
    settings = place.read_settings(asked.project)
    database = place.open_database(place.database_url(asked, settings), make=False)
    try:
        hooks, _ = find(asked.project)
        with database.read() as connection:
            version = catalog_versions.latest(connection)
            now = SystemClock().now()
            if version is not None and version.applied_by == catalog_versions.REPLAY:
                # what a replay left stands still; the folder's definitions may have moved on
                now, catalog = version.applied_at, sound_catalog(read_project(asked.project))
                live = catalog.fingerprint == version.fingerprint
            else:
                found = None if version is None else readable(version, asked.project, hooks)
                catalog = found or sound_catalog(read_project(asked.project))
                live = found is not None
            yield Desk(catalog, hooks, database, connection, now, live)
    finally:
        database.close()
