"""A shop on a virtual clock: the real engine, where each due instant is a tick of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, TypeVar

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
from lifecycle.sim.spool import Spool
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
INSTANTS_AT_ONCE = 200
"""So many are one transaction: nothing is ever taken back, and a transaction has its price."""
ROWS_AT_ONCE = 1_000
RANK = (
    "entered held_out not_entered held skipped sent dropped emitted awarded issued called "
    "notified suppressed left finished"
).split()
DECIDED = "customer_id campaign entry step variant what reason detail".split()
TOLD = ("customer", *DECIDED[1:])
"""The same as a replay's lines name them."""


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
            stand_in_codes=True,
        )
        return Engine(parts, batch=self.batch)

    def run(
        self,
        lines: Iterable[CustomerIn],
        happenings: Iterable[EventIn] | Spool,
        until: datetime,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Run up to and including `until`; `progress` is told how many lines went in.

        At one instant: customer lines, then events in their given order, then what falls due.
        """
        people = _Coming((line.at, line) for line in sorted(lines, key=lambda line: line.at))
        arriving = _Coming((one[1].received_at, one) for one in _in_order(happenings))
        start = min((at for at in (people.next_at, arriving.next_at) if at), default=until)
        self.engine.start(start, alone=True)
        due = self.engine.next_due()
        more = True
        while more:
            with self.database.whole():
                for _ in range(INSTANTS_AT_ONCE):
                    falls = max(due, start) if due else None
                    coming = (at for at in (people.next_at, arriving.next_at, falls) if at)
                    now = min(coming, default=None)
                    more = now is not None and now <= until
                    if now is None or not more:
                        break
                    self.take(people.at(now), arriving.at(now), now)
                    self.engine.tick(now)
                    progress(people.gone + arriving.gone)
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
        return list(self.each_decision())

    def each_decision(self) -> Iterator[dict[str, Any]]:
        """The same one by one, however many there are."""
        told = METADATA.tables["decision"].c
        query = (
            select(told.at, *(told[name] for name in DECIDED))
            .where(told.what.in_(WHATS))
            .order_by(told.at)
            .execution_options(yield_per=ROWS_AT_ONCE)
        )
        with self.database.read() as connection:
            for at, rows in groupby(connection.execute(query), lambda row: row.at):
                said = rfc3339(at)
                for row in sorted(rows, key=_within_an_instant):
                    yield {"at": said, **dict(zip(TOLD, row[1:], strict=True))}

    def memberships(self) -> list[dict[str, Any]]:
        """Every turn of a membership, sorted by at, customer and segment."""
        return list(self.each_turn())

    def each_turn(self) -> Iterator[dict[str, Any]]:
        """The same one by one, however many there are."""
        turned = METADATA.tables["membership_change"].c
        order = (turned.at, turned.customer_id, turned.segment, turned.what)
        query = select(*order).order_by(*order).execution_options(yield_per=ROWS_AT_ONCE)
        with self.database.read() as connection:
            for at, customer_id, segment, what in connection.execute(query):
                said = {"customer": customer_id, "segment": segment, "what": what}
                yield {"at": rfc3339(at), **said}

    def keep(self, path: Path, until: datetime) -> None:
        """Leave the database as of its last instant as a file, for reports, `why` and `segment`."""
        with self.database.write() as connection:
            catalog = self.catalog
            put(connection, catalog.fingerprint, catalog.files, REPLAY, until)
        self.database.copy_to(path)

    def close(self) -> None:
        """Let the database go."""
        self.database.close()


Value = TypeVar("Value")


class _Coming(Generic[Value]):
    """What comes in, in the order of its instants."""

    def __init__(self, each: Iterable[tuple[datetime, Value]]) -> None:
        self._each = iter(each)
        self.gone = 0
        """How many have come in."""
        self._take()

    def _take(self) -> None:
        self._next = next(self._each, None)
        self.next_at = None if self._next is None else self._next[0]

    def at(self, now: datetime) -> list[Value]:
        """All that comes in at an instant."""
        found = []
        while self._next is not None and self.next_at == now:
            found.append(self._next[1])
            self._take()
        self.gone += len(found)
        return found


def _in_order(happenings: Iterable[EventIn] | Spool) -> Iterable[tuple[int, EventIn]]:
    if isinstance(happenings, Spool):
        return happenings.in_order()
    return sorted(enumerate(happenings), key=lambda pair: pair[1].received_at)


def _within_an_instant(row: Any) -> tuple[Any, ...]:
    one = row.customer_id, row.campaign, row.step, row.entry
    return *one, RANK.index(row.what), row.reason, row.detail, row.variant


def before_first(
    first: datetime | None, stated: Sequence[datetime], otherwise: Sequence[datetime]
) -> datetime:
    """The instant of customer lines that say none: before the first event, or what there is."""
    return min([first] if first else list(stated) or otherwise) - BEFORE
