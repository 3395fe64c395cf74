"""A small shop on a fresh database, to which events happen in whatever order a test likes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lifecycle.core.event import Event
from lifecycle.core.settings import Settings
from lifecycle.rewards import ledger
from lifecycle.store import events, migrate
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.facts import Reading, load
from lifecycle.store.tables import METADATA
from tests.databases import Prepare

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"a key of the tests, 32 bytes long"
SETTINGS: dict[str, Any] = {
    "shop": {
        "name": "Shop",
        "address": "1 Street",
        "website": "https://shop.example",
        "seed": "s",
    },
    "senders": {"shop": {"from": "Shop <news@shop.example>"}},
    "points": {
        "earn": [{"when": "order_placed", "per_amount": 1, "points": 1, "pending": "14 days"}],
        "expire": "365 days",
        "tiers": [{"name": "silver", "from": 100}, {"name": "gold", "from": 250}],
    },
    "referral": {
        "gives": {"kind": "points", "points": 500},
        "gets": {"kind": "percent_off", "percent": 10},
        "at_most": 2,
    },
}


EVERYBODY = select(METADATA.tables["customer"].c.customer_id)


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


class Shop:
    """Takes events in as the engine does: each at its instant, and what they lead to after it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.names = ledger.names(settings)
        self.happened: list[tuple[str, Event]] = []

    def happens(
        self, of: str, name: str, at: float, id: str, known: float | None = None, **properties: Any
    ) -> None:
        """An event is appended; it becomes known at `known`, its own moment if unsaid."""
        received = day(at if known is None else known)
        event = Event(day(at), id, name, properties, received)
        with self.database.write() as connection:
            events.append(connection, [NewEvent(of, event, received)])

    def until(self, number: float) -> None:
        """Go on to a day: whatever is due by then is taken in, instant by instant."""
        while (moment := self._next(day(number))) is not None:
            with self.database.write() as connection:
                ids = list(
                    connection.execute(select(METADATA.tables["customer"].c.customer_id)).scalars()
                )
                found = events.pending(connection, ids, moment)
                taken = [(of, new.event) for of in found for new in found[of]]
                events.TAKEN_UP_TO.each(connection, [{"ids": ids, "now": moment}])
                heard = [one for one in taken if one[1].name in self.names]
                made = ledger.take_in(connection, self.settings, heard, moment, KEY)
                made += ledger.due(connection, self.settings, moment, KEY)
                events.append(connection, made)
                self.happened += taken

    def _next(self, end: datetime) -> datetime | None:
        table = METADATA.tables["event"]
        with self.database.read() as connection:
            pending = select(table.c.due_at).where(table.c.pending)
            instants = list(connection.execute(pending).scalars())
            held = ledger.next_due(connection)
        instants += [held] if held else []
        return min((at for at in instants if at <= end), default=None)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in the order of its key."""
        found = METADATA.tables[table]
        with self.database.read() as connection:
            query = select(found).order_by(*found.primary_key)
            return [dict(row._mapping) for row in connection.execute(query)]

    def told(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of a name that were taken in: of whom, and what they said."""
        return [(of, dict(one.properties)) for of, one in self.happened if one.name == name]

    def balance(self, of: str, at: float) -> tuple[int, int]:
        """Points that may be spent, and in all, as the engine's facts tell them."""
        with self.database.read() as connection:
            facts = load(connection, [of], day(at), Reading(ledger=True), shop_zone="UTC")[of]
        return facts.ledger.balance(day(at)), facts.ledger.lifetime(day(at))

    def address(self, of: str, address_hash: str) -> None:
        """A customer's address becomes known."""
        table = METADATA.tables["customer"]
        with self.database.write() as connection:
            changed = update(table).where(table.c.customer_id == of)
            connection.execute(changed.values(address_hash=address_hash))


def with_tables(url: str) -> None:
    """Make all tables."""
    database = Database(url)
    migrate.create(database)
    database.close()


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    database = Database(database_url)
    yield Shop(database, Settings.model_validate(SETTINGS))
    database.close()
