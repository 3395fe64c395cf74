"""The writer of events: what shares a transaction, and who is refused when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from lifecycle.api.writer import EventWriter
from lifecycle.core.event import Event
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from tests.api.shop import NOW
from tests.databases import Prepare
from tests.store.prepared import with_tables

AWAY = OperationalError("BEGIN", {}, Exception("locked by somebody"))
AT_FAULT = IntegrityError("INSERT", {}, Exception("one of them is wrong"))
REQUESTS = 8


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


class Fails:
    """A database whose writing transactions fail, so many of them."""

    def __init__(self, database: Database, error: Exception, times: int) -> None:
        self._write, self._error, self._times = database.write, error, times
        self.asked = 0
        database.write = self.write  # type: ignore[method-assign]

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        self.asked += 1
        if self.asked <= self._times:
            raise self._error
        with self._write(aside=aside) as connection:
            yield connection


def told(writer: EventWriter) -> list[BaseException | None]:
    """What became of requests that came at once."""

    async def all_at_once() -> list[BaseException | None]:
        events = [NewEvent("c1", Event(NOW, f"e{n}", "a", {}), NOW) for n in range(REQUESTS)]
        waiting = [asyncio.ensure_future(writer.write([one])) for one in events]
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_where_the_database_is_away_all_are_told_at_once(database: Database) -> None:
    fails = Fails(database, AWAY, 100)
    writer = EventWriter(database, lambda: None)
    assert told(writer) == [AWAY] * REQUESTS
    assert fails.asked <= 2, "each waited for the lock by itself, after the other"
    writer.stop()


def test_where_one_is_at_fault_the_others_are_written(database: Database) -> None:
    fails = Fails(database, AT_FAULT, 1)
    writer = EventWriter(database, lambda: None)
    assert told(writer) == [None] * REQUESTS
    assert fails.asked > 2
    writer.stop()
