"""Readers who answer letters at hours of their own, living with a shop on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.chance import fraction
from lifecycle.core.words import instant_of
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import EventIn
from lifecycle.store.tables import METADATA
from tests.simulation.shop import flow, person, settings, shop, step

FIRST_DAY = datetime(2026, 5, 4, tzinfo=UTC)
"""A Monday."""
CLICKED_AFTER = timedelta(minutes=10)
DAILY = 'when = "go"\nper = "day"'
MESSAGE = METADATA.tables["message"]
Rate = Callable[[str, int], float]
"""How likely a customer clicks in a letter that comes at an hour of their own clock."""


def daily(at: str = "best hour", more: str = "", **said: Any) -> Catalog:
    """A shop whose one flow writes a letter a day at the best hour."""
    written = flow(DAILY, step(more=f'at = "{at}"'))
    return shop({"f": written}, said=settings(more, **said))


@dataclass
class Readers:
    """People who get an event a day, and click in the letter that it leads to."""

    catalog: Catalog
    rate: Rate
    people: Sequence[str] = ("c1",)
    zones: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By customer, attributes."""
    database_url: str = "sqlite://"
    batch: int = 500

    def __post_init__(self) -> None:
        more = {"database_url": self.database_url, "batch": self.batch}
        self.world = World(self.catalog, Registry(), **more)  # type: ignore[arg-type]
        self.coming: dict[datetime, list[EventIn]] = {}
        self.seen: set[str] = set()
        self.number = 0
        lines = [
            read_customer(
                person(one, timezone=self.zones.get(one, "UTC"), **self._said(one)), at=FIRST_DAY
            )
            for one in self.people
        ]
        self.world.engine.start(FIRST_DAY, alone=True)
        self.world.take(lines, [], FIRST_DAY)
        self.world.engine.tick(FIRST_DAY)

    def _said(self, customer: str) -> dict[str, Any]:
        said = self.about.get(customer)
        return {} if said is None else {"attributes": dict(said)}

    def live(self, days: int, first: int = 0, at: time = time(6)) -> None:
        """Live some days: an event to everybody at a time, and whatever comes of it."""
        for day in range(first, first + days):
            date = (FIRST_DAY + timedelta(days=day)).date()
            for one in self.people:
                moment = instant_of(date, at, ZoneInfo(self.zones.get(one, "UTC")))
                self.tell(moment, "go", one, day=date.isoformat())
            self.until(FIRST_DAY + timedelta(days=day + 1))

    def tell(self, at: datetime, name: str, customer: str, **properties: Any) -> None:
        """Something happens to a customer, and is known at once."""
        self.number += 1
        told = EventIn(f"e{self.number}", at, name, customer, properties, at)
        self.coming.setdefault(at, []).append(told)

    def until(self, end: datetime) -> None:
        """Let time go on."""
        due = self.world.engine.next_due()
        while True:
            moments = [one for one in (min(self.coming, default=None), due) if one is not None]
            if not moments or min(moments) >= end:
                return
            now = min(moments)
            arriving = [(n, one) for n, one in enumerate(self.coming.pop(now, ()), self.number)]
            self.world.take([], arriving, now)
            self.world.engine.tick(now)
            self._read(now)
            due = self.world.engine.next_due()

    def _read(self, now: datetime) -> None:
        with self.world.database.read() as connection:
            fresh = letters(connection, MESSAGE.c.attempted_at == now)
        for row in fresh:
            if row.message_id in self.seen:
                continue
            self.seen.add(row.message_id)
            zone = ZoneInfo(self.zones.get(row.customer_id, "UTC"))
            likely = self.rate(row.customer_id, now.astimezone(zone).hour)
            if fraction("clicks", row.message_id) < likely:
                more = {"message_id": row.message_id}
                self.tell(now + CLICKED_AFTER, "message_clicked", row.customer_id, **more)

    def letters(self, *where: Any) -> Sequence[Any]:
        """The letters that went, the oldest first."""
        with self.world.database.read() as connection:
            return letters(connection, *where)


def letters(connection: Connection, *where: Any) -> Sequence[Any]:
    """Letters that were handed over, in order."""
    query = select(MESSAGE).where(MESSAGE.c.attempted_at.is_not(None), *where)
    return connection.execute(query.order_by(MESSAGE.c.attempted_at, MESSAGE.c.message_id)).all()
