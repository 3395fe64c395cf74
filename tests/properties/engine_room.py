"""The real engine on a database of its own, fed with histories of the property tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.engine import apply
from lifecycle.engine.builds import Builder
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.sim.world import REPLAY_KEY, AcceptsAll
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.store import customers, events
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.migrate import create
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA
from tests.properties.histories import SHOP_ZONE, product_event
from tests.properties.plain_people import Happened, Person, Told
from tests.simulation.shop import settings

Arrival = tuple[datetime, str, Happened | Told]
"""When something arrives, of whom, and what."""


def toml(value: Any) -> str:
    """A value as it stands on one line of a file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        parts = (f"{json.dumps(key)} = {toml(one)}" for key, one in value.items())
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def catalog(segments: Mapping[str, Mapping[str, Any]]) -> Catalog:
    """The definitions of a shop that has these segments, each by its keys as written."""
    files = {"settings.toml": settings(zone=SHOP_ZONE)}
    for name, said in segments.items():
        lines = [f"{key} = {toml(value)}" for key, value in said.items() if key != "members"]
        if "members" in said:
            lines.append(f"members = {toml(said['members'])}")
        files[f"segments/{name}.toml"] = "\n".join(['name = "S"', *lines, ""])
    loaded = from_files(files)
    errors = [one for one in loaded.problems if one.severity == "error"]
    assert loaded.catalog is not None and not errors, errors
    return loaded.catalog


def arrivals(shop: Iterable[Person]) -> list[Arrival]:
    """Everything that comes in, by its arrival."""
    found: list[Arrival] = []
    for person in shop:
        found += [(one.received, person.id, one) for one in person.told]
        found += [(one.received, person.id, one) for one in person.events]
    return sorted(found, key=lambda one: one[0])


@dataclass(slots=True)
class Room:
    """An engine on a database; `begin` empties it and gives it a shop's segments."""

    database: Database
    engine: Engine | None = None

    @classmethod
    def open(cls, url: str) -> Room:
        """A room with an empty database."""
        database = Database(url, durable=False)
        create(database)
        return cls(database)

    def begin(self, segments: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Forget everything and begin with these segments."""
        with self.database.write() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
        self._with(catalog(segments))
        self._engine.start(now, alone=True)

    def change(self, segments: Mapping[str, Mapping[str, Any]], now: datetime) -> Builder:
        """Put other segments live; who is in them is left to the builder."""
        found = catalog(segments)
        apply.apply(self.database, found, Registry(), "tests", now, background=True)
        self._with(found)
        self._engine.start(now, alone=True)
        return Builder(self.database, self._engine.parts.live, alone=True)

    def go_live(self, segments: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Begin as a shop does that applies its definitions."""
        self.begin(segments, now)
        apply.apply(self.database, catalog(segments), Registry(), "tests", now)

    def _with(self, found: Catalog) -> None:
        live = Live(found, Registry())
        way = AcceptsAll()
        parts = Parts(self.database, live, way, REPLAY_KEY, Signer([REPLAY_KEY]), outside=False)
        self.engine = Engine(parts)

    @property
    def _engine(self) -> Engine:
        assert self.engine is not None
        return self.engine

    def take(self, arriving: Sequence[Arrival]) -> None:
        """Let things arrive in the given order, each at its instant; nothing is asked yet."""
        with self.database.write() as connection:
            for number, (at, customer_id, one) in enumerate(arriving):
                if isinstance(one, Told):
                    line = _line(customer_id, one)
                    customers.say(connection, [line], now=at, address_key=REPLAY_KEY)
                else:
                    new = NewEvent(customer_id, product_event(one), at, number)
                    events.append(connection, [new])

    def tick(self, now: datetime) -> datetime | None:
        """One tick; says when something falls due next."""
        self._engine.tick(now)
        due = self._engine.upcoming()
        assert due is None or due > now, f"work due at {due} was not done at {now}"
        return due

    def run(self, arriving: Sequence[Arrival], until: datetime) -> None:
        """Each arrival and each due instant a tick of its own, up to and including `until`."""
        waiting, due = list(arriving), self._engine.next_due()
        while True:
            instants = [one[0] for one in waiting[:1]] + ([due] if due else [])
            now = min(instants, default=None)
            if now is None or now > until:
                return
            here = [one for one in waiting if one[0] == now]
            waiting = waiting[len(here) :]
            self.take(here)
            due = self.tick(now)

    def members(self, segment: str) -> set[str]:
        """Who is in a segment, as last written."""
        table = METADATA.tables["membership"]
        query = select(table.c.customer_id).where(table.c.segment == segment, table.c.member)
        with self.database.read() as connection:
            return set(connection.scalars(query))

    def from_scratch(self, segment: str, now: datetime) -> set[str]:
        """Who is in a segment, asked with nothing remembered."""
        found = self._engine.parts.live.catalog
        with self.database.read() as connection:
            return members(connection, found.rules[segment], found.rules, now, shop_zone=SHOP_ZONE)

    def turns(self, segment: str, customer_id: str) -> list[tuple[datetime, str]]:
        """Every turn that was written, in order."""
        table = METADATA.tables["membership_change"]
        query = select(table.c.at, table.c.what).where(
            table.c.segment == segment, table.c.customer_id == customer_id
        )
        with self.database.read() as connection:
            return sorted((row.at, row.what) for row in connection.execute(query))

    def close(self) -> None:
        """Let the database go."""
        self.database.close()


def _line(customer_id: str, told: Told) -> CustomerIn:
    return CustomerIn(
        customer_id,
        told.at,
        told.email,
        told.timezone,
        told.locale,
        dict(told.attributes),
        told.agreed_to,
        frozenset(),
    )
