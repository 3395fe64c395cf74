"""A shop that runs on a real database: fed, ticked, crashed and started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.send.transport import Transport
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_batch import batch_of
from lifecycle.sources.event_line import read_event
from lifecycle.store import arrived, customers
from lifecycle.store.arrived import Arriving
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from lifecycle.store.tables import METADATA
from tests.simulation.shop import clock, instant, short

KEY = b"k" * 32
TABLES = METADATA.tables


class Crash(BaseException):
    """The process dies here: no handler of errors may catch it."""


@dataclass
class Post:
    """A transport that keeps what it accepted, and answers as a script says."""

    script: list[OutcomeKind] = field(default_factory=list)
    accepted: list[Letter] = field(default_factory=list)
    before: Callable[[Letter], None] = lambda letter: None
    name: str = "post"

    def send(self, letter: Letter) -> Outcome:
        """Accept, or do as the script says next; a doubtful letter was accepted."""
        self.before(letter)
        kind = self.script.pop(0) if self.script else OutcomeKind.ACCEPTED
        if kind in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            self.accepted.append(letter)
        return Outcome(kind, letter.attempt_id if kind is OutcomeKind.ACCEPTED else None)

    def close(self) -> None:
        """Nothing is open."""

    def per_key(self) -> Counter[str]:
        """How often each send key was accepted."""
        return Counter(letter.message_id for letter in self.accepted)


class Running:
    """One shop on one database, with an engine that may die and be started again."""

    def __init__(
        self,
        url: str,
        catalog: Catalog,
        transport: Transport | None = None,
        *,
        batch: int = 500,
        empty: bool = False,
    ) -> None:
        self.url, self.catalog, self.batch = url, catalog, batch
        self.transport = transport or Post()
        self.database = Database(url, durable=False)
        if empty:
            create(self.database)
        self.engine = self.new_engine()

    def clear(self) -> None:
        """Empty every table."""
        with self.database.write() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())

    def new_engine(self, catalog: Catalog | None = None) -> Engine:
        """An engine on the same database that has not been started."""
        parts = Parts(
            self.database,
            Live(catalog or self.catalog, Registry()),
            self.transport,
            KEY,
            Signer([KEY]),
        )
        return Engine(parts, batch=self.batch)

    def start(self, at: str, catalog: Catalog | None = None) -> None:
        """Start anew, as a daemon that is alone does."""
        self.engine = self.new_engine(catalog)
        self.engine.start(instant(at), alone=True)

    def say(self, *lines: Mapping[str, Any], at: str) -> None:
        """Take in customer lines."""
        read = [read_customer(dict(line), at=instant(at)) for line in lines]
        with self.database.write() as connection:
            customers.say(connection, read, now=instant(at), address_key=KEY)

    def hear(self, *lines: Mapping[str, Any]) -> None:
        """Take in events as HTTP does, in their order, each at its arrival."""
        read = [read_event(dict(line), received=None, live=False) for line in lines]
        came = [
            Arriving(one.received_at, number, 1, batch_of([one]).lines)
            for number, one in enumerate(read)
        ]
        with self.database.write() as connection:
            arrived.note(connection, came)

    def run(self, until: str) -> None:
        """Tick at each instant at which something falls due, and at last at `until`."""
        end = instant(until)
        before: datetime | None = None
        while (due := self.engine.next_due()) is not None and due <= end:
            assert due != before, "what is due stays due"
            self.engine.tick(due)
            before = due
        self.engine.tick(end)

    def rows(self, table: str, *order: str) -> list[Any]:
        """All rows of a table."""
        found = TABLES[table]
        with self.database.read() as connection:
            return list(connection.execute(select(found).order_by(*(found.c[o] for o in order))))

    def states(self) -> Counter[str]:
        """How many messages stand how, dropped ones with their reason."""
        return Counter(
            f"{row.state} {row.reason}".strip() if row.state == "dropped" else row.state
            for row in self.rows("message")
        )

    def told(self, customer: str | None = None, *, but: Sequence[str] = ()) -> list[str]:
        """Decisions as short lines, sorted."""
        rows = [
            {**row._mapping, "at": row.at.isoformat().replace("+00:00", "Z")}
            for row in self.rows("decision")
            if (customer is None or row.customer_id == customer) and row.what not in but
        ]
        return sorted(short(row) for row in rows)

    def turns(self) -> list[str]:
        """Memberships as short lines, sorted."""
        return sorted(
            f"{row.customer_id} {clock(row.at.isoformat().replace('+00:00', 'Z'))} {row.what} "
            f"{row.segment}"
            for row in self.rows("membership_change")
        )

    def close(self) -> None:
        """Let the database go."""
        self.database.close()


class CrashAt:
    """Kills the process around one writing transaction: before, within, or after its commit."""

    def __init__(self, database: Database, number: int, where: str) -> None:
        self.number, self.where, self.count = number, where, 0
        self._write = database.write
        database.write = self.write  # type: ignore[method-assign]
        self._database = database

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        """A writing transaction that may be the last."""
        self.count += 1
        here = self.count == self.number
        if here and self.where == "before":
            raise Crash
        with self._write(aside=aside) as connection:
            yield connection
            if here and self.where == "within":
                raise Crash
        if here and self.where == "after":
            raise Crash

    def over(self) -> None:
        """Let the database be as it was."""
        self._database.write = self._write  # type: ignore[method-assign]


def letters(accepted: Iterable[Letter]) -> list[str]:
    """What went out, sorted: to, campaign/step."""
    return sorted(f"{one.to} {one.campaign}/{one.step}" for one in accepted)
