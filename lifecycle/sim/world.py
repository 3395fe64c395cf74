"""A shop on a virtual clock: the real engine, where each due instant is a tick of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.action import WHATS
from lifecycle.core.event import Event
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.core.words import rfc3339
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.send.transport import Transport
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from lifecycle.store import customers, events
from lifecycle.store.catalog_versions import REPLAY, put
from lifecycle.store.claims import BATCH
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.migrate import create
from lifecycle.store.tables import METADATA

REPLAY_KEY = b"the fixed key of replays: no secret"
"""Links and codes in a replay are made with this key: the same in every run, of no use outside."""
BEFORE = timedelta(microseconds=1)
RANK = (
    "entered held_out not_entered held skipped sent dropped emitted awarded issued called "
    "notified suppressed left finished"
).split()


def quickly(url: str) -> Database:
    """Open a database that nobody needs after the power is cut."""
    return Database(url, durable=False)


class AcceptsAll:
    """A way out that accepts every letter at once and keeps none."""

    name = "none"

    def send(self, letter: Letter) -> Outcome:
        """Accept."""
        return Outcome(OutcomeKind.ACCEPTED, letter.attempt_id)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class World:
    """One run of a shop: lines go in by their instants, decisions and memberships come out."""

    catalog: Catalog
    hooks: Registry
    transport: Transport = field(default_factory=AcceptsAll)
    forced_holdout: bool | None = None
    fixed_variant: str | None = None
    database_url: str = "sqlite://"
    opens: Callable[[str], Database] = quickly
    outside: bool = False
    """Whether transactions, leases and doubts are as in a daemon; its errands are not run."""
    batch: int = BATCH

    def __post_init__(self) -> None:
        self.database = self.opens(self.database_url)
        create(self.database)
        self.live = Live(
            self.catalog,
            self.hooks,
            forced_holdout=self.forced_holdout,
            fixed_variant=self.fixed_variant,
        )
        self.engine = self.new_engine()

    def new_engine(self) -> Engine:
        """An engine on this database that remembers nothing, as after a start."""
        parts = Parts(
            self.database,
            self.live,
            self.transport,
            REPLAY_KEY,
            Signer([REPLAY_KEY]),
            outside=self.outside,
        )
        return Engine(parts, batch=self.batch)

    def run(
        self,
        lines: Iterable[CustomerIn],
        happenings: Iterable[EventIn],
        until: datetime,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Run up to and including `until`; `progress` is told how many lines went in.

        At one instant: customer lines, then events in their given order, then what falls due.
        """
        people = sorted(lines, key=lambda line: line.at)
        arriving = sorted(enumerate(happenings), key=lambda pair: pair[1].received_at)
        start = min(
            [line.at for line in people[:1]] + [one.received_at for _, one in arriving[:1]],
            default=until,
        )
        self.engine.start(start, alone=True)
        person = place = 0
        due = self.engine.next_due()
        while True:
            instants = [people[person].at] if person < len(people) else []
            if place < len(arriving):
                instants.append(arriving[place][1].received_at)
            now = min([*instants, *([max(due, start)] if due else [])], default=None)
            if now is None or now > until:
                return
            first, begun = person, place
            while person < len(people) and people[person].at == now:
                person += 1
            while place < len(arriving) and arriving[place][1].received_at == now:
                place += 1
            with self.database.whole():
                self.take(people[first:person], arriving[begun:place], now)
                self.engine.tick(now)
            progress(person + place)
            due = self.engine.upcoming()
            assert due is None or due > now, f"work due at {due} was not done at {now}"

    def take(
        self, people: Sequence[CustomerIn], arriving: Sequence[tuple[int, EventIn]], now: datetime
    ) -> None:
        """Let lines and events arrive at `now`, each event with its place in the order of all."""
        with self.database.write() as connection:
            if people:
                customers.say(connection, people, now=now, address_key=REPLAY_KEY)
            events.append(
                connection,
                [
                    NewEvent(
                        one.customer,
                        Event(one.at, one.id, one.event, one.properties, one.received_at),
                        one.received_at,
                        number,
                    )
                    for number, one in arriving
                ],
            )

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision in the replay's format, sorted by at, customer, campaign and step."""
        table = METADATA.tables["decision"]
        with self.database.read() as connection:
            rows = [row for row in connection.execute(select(table)) if row.what in WHATS]
        rows.sort(
            key=lambda row: (
                row.at,
                row.customer_id,
                row.campaign,
                row.step,
                row.entry,
                RANK.index(row.what),
                row.reason,
                row.detail,
            )
        )
        return [
            {
                "at": rfc3339(row.at),
                "customer": row.customer_id,
                "campaign": row.campaign,
                "entry": row.entry,
                "step": row.step,
                "variant": row.variant,
                "what": row.what,
                "reason": row.reason,
                "detail": row.detail,
            }
            for row in rows
        ]

    def memberships(self) -> list[dict[str, Any]]:
        """Every turn of a membership, sorted by at, customer and segment."""
        table = METADATA.tables["membership_change"]
        order = (table.c.at, table.c.customer_id, table.c.segment, table.c.what)
        with self.database.read() as connection:
            rows = list(connection.execute(select(table).order_by(*order)))
        return [
            {
                "at": rfc3339(row.at),
                "customer": row.customer_id,
                "segment": row.segment,
                "what": row.what,
            }
            for row in rows
        ]

    def keep(self, path: Path, until: datetime) -> None:
        """Leave the database as of its last instant as a file, for reports, `why` and `segment`."""
        with self.database.write() as connection:
            catalog = self.catalog
            put(connection, catalog.fingerprint, catalog.files, REPLAY, until)
        self.database.copy_to(path)

    def close(self) -> None:
        """Let the database go."""
        self.database.close()


def before_first(
    happenings: Sequence[EventIn], stated: Sequence[datetime], otherwise: Sequence[datetime]
) -> datetime:
    """The instant of customer lines that say none: before the first event, or what there is."""
    first = [one.at for one in happenings] + [one.received_at for one in happenings]
    return min(first or list(stated) or otherwise) - BEFORE
