"""A shop whose definitions change while people are under way, with a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.event import Event
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.engine.apply import NOTHING_TOLD, Applied, Told, apply
from lifecycle.engine.builds import Builder
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.versions import in_use
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.store import customers, events
from lifecycle.store.events import NewEvent
from lifecycle.store.tables import METADATA
from tests.simulation.shop import flow, instant, person, shop, step

KEY = b"key"
BEGIN = instant("2026-03-02T12:00")


class Kept:
    """A way out that accepts every letter and keeps it."""

    name = "kept"

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        """Accept and keep."""
        self.letters.append(letter)
        return Outcome(OutcomeKind.ACCEPTED, letter.attempt_id)

    def close(self) -> None:
        """Nothing is open."""


class Changing:
    """A shop that runs on files which change."""

    def __init__(
        self,
        url: str,
        campaigns: Mapping[str, str],
        segments: Mapping[str, str] | None = None,
        *,
        people: int = 3,
        at: datetime = BEGIN,
    ) -> None:
        self.out = Kept()
        catalog = shop(campaigns, segments)
        self.world = World(catalog, Registry(), self.out, database_url=url)
        self.database, self.engine = self.world.database, self.world.engine
        self.number = 0
        self.change(campaigns, segments, at=at)
        with self.database.write() as connection:
            lines = [read_customer(person(f"c{one:03}"), at=at) for one in range(people)]
            customers.say(connection, lines, now=at, address_key=KEY)

    def change(
        self,
        campaigns: Mapping[str, str],
        segments: Mapping[str, str] | None = None,
        *,
        at: datetime,
        told: Told = NOTHING_TOLD,
        background: bool = False,
    ) -> Applied:
        """Put other files live."""
        catalog = shop(campaigns, segments)
        done = apply(self.database, catalog, Registry(), "me", at, told=told, background=background)
        self.go_live(catalog, at)
        return done

    def go_live(self, catalog: Catalog, at: datetime) -> None:
        """Have the engine work by these definitions, as a daemon does after a change."""
        with self.database.read() as connection:
            versions = in_use(connection, catalog, Registry())
        live = Live(catalog, Registry(), versions=versions)
        self.engine = Engine(replace(self.engine.parts, live=live))
        self.engine.start(at, alone=True)

    def builder(self) -> Builder:
        """What does the rest of a change in the background."""
        return Builder(self.database, self.engine.parts.live, alone=True)

    def happens(self, at: datetime, name: str, customer: str = "c000", **said: Any) -> None:
        """An event that comes in."""
        self.number += 1
        new = Event(at, f"e{self.number}", name, said)
        with self.database.write() as connection:
            events.append(connection, [NewEvent(customer, new, at)])

    def until(self, now: datetime) -> None:
        """Tick at each due instant up to `now`."""
        due = self.engine.next_due()
        while due is not None and due <= now:
            self.engine.tick(due)
            due = self.engine.next_due()

    def rows(self, table: str) -> list[Any]:
        """All rows of a table."""
        with self.database.read() as connection:
            return list(connection.execute(select(METADATA.tables[table])))

    def sent(self) -> list[tuple[str, str, str]]:
        """Who got which step with which subject, in order."""
        return [(one.to.partition("@")[0], one.step, one.subject) for one in self.out.letters]

    def decided(self, *whats: str) -> list[tuple[str, str, str, str, str]]:
        """Decisions of these kinds: customer, what, reason, step, detail."""
        found = sorted(self.rows("decision"), key=lambda row: (row.at, row.customer_id))
        return [
            (row.customer_id, row.what, row.reason, row.step, row.detail)
            for row in found
            if row.what in whats
        ]

    def waiting(self) -> dict[str, tuple[str | None, datetime | None]]:
        """Where each customer's running enrollment waits, and until when."""
        return {
            row.customer_id: (row.step, row.due_at)
            for row in self.rows("enrollment")
            if row.state == "active"
        }


def welcome(*steps: str, more: str = "", status: str = "live") -> str:
    """A flow that begins with `hi`, keyed by the customer."""
    return flow('when = "hi"', more, *steps, status=status)


def letter(name: str, after: str = "1 day", subject: str = "Hello", more: str = "") -> str:
    """A step that writes after a wait."""
    return step(name, f'after = "{after}"\n{more}').replace('"Hello"', f'"{subject}"')
