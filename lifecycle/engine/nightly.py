"""Reckons at night what buyers are worth and will do: `rfm.*` and `predicted.*`, and keeps it.

At 03:00 of the shop's clock, from all orders known at that instant, where a rule or a letter reads
any of it. What reads it for the first time has it reckoned as it goes live; a replay begins with
the first night. Those for whom a rule may answer otherwise than before are looked at again then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.words import next_time, zone_of
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.failpoints import reach
from lifecycle.store import nightly
from lifecycle.store.nightly import Held

RECKONED_AT = time(3, 0)
CUSTOMERS_AT_ONCE = 1_000
BATCHES_AT_ONCE = 5
"""So many batches, and then letters and what came in have their turn."""
REST = timedelta(seconds=1)
NOTHING: Mapping[str, Any] = {}

Transaction = Callable[[], AbstractContextManager[Connection]]


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where something reads what it reckons; else strike all of that."""
    if not parts.live.nightly_names:
        nightly.forget(connection)
    else:
        nightly.schedule(connection, now if parts.outside else _tonight(parts.shop_zone, now))


def reckon_at_once(
    transaction: Transaction, old: frozenset[str], live: Live, now: datetime
) -> None:
    """Reckon all that `live` reads, as it goes live; `old` are the names that were reckoned.

    Nobody is looked at again: whoever puts `live` in place asks all rules anyway.
    """
    if not live.nightly_names - old:
        return
    zone = live.catalog.settings.shop.timezone
    for _ in _Sweep(transaction, transaction, live, zone, now, now, wakes=False).run():
        pass
    with transaction() as connection:
        nightly.schedule(connection, _tonight(zone, now))


class Nightly:
    """The nightly task of one engine; it knows how far it has got tonight."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._held: Held | None = None
        self._running: Iterator[int] | None = None
        self._changed = 0

    def do_due(self, now: datetime) -> int:
        """Go on where the task is due and nobody else's; says how much that was.

        Live, a portion at a time, with a rest after it; on the virtual clock all at once.
        """
        if not self._parts.live.nightly_names or not self._hold(now):
            return 0
        assert self._running is not None and self._held is not None
        batches = 0
        while batches < BATCHES_AT_ONCE or not self._parts.outside:
            changed = next(self._running, None)
            reach("night_portion_committed")
            if changed is None:
                self._end(now)
                return 1
            batches, self._changed = batches + 1, self._changed + changed
        with self._parts.database.write() as connection:
            nightly.go_on(connection, self._held, now + REST, now)
        return 1

    def _hold(self, now: datetime) -> bool:
        """Whether it is ours to do now: it is due, and held by nobody else."""
        database = self._parts.database
        with database.read() as connection:
            if not nightly.is_due(connection, now):
                return False
        with database.write() as connection:
            if self._held is not None and nightly.go_on(connection, self._held, now, now):
                return True
            self._held, self._running = nightly.take(connection, now), None
        if self._held is None:
            return False
        at = self._stated(self._held.due_at, now)
        parts, self._changed = self._parts, 0
        self._running = _Sweep(
            database.read, database.write, parts.live, parts.shop_zone, at, now
        ).run()
        return True

    def _stated(self, due_at: datetime, now: datetime) -> datetime:
        """The instant as of which is reckoned: last night, or now where that was not due then."""
        night = _tonight(self._parts.shop_zone, now - timedelta(days=2))
        while (later := _tonight(self._parts.shop_zone, night)) <= now:
            night = later
        return night if due_at <= night <= now else now

    def _end(self, now: datetime) -> None:
        assert self._held is not None
        with self._parts.database.write() as connection:
            nightly.done(connection, self._held, _tonight(self._parts.shop_zone, now))
            reach("night_written")
        if self._changed:
            log.happened("nightly_reckoned", customers=self._changed)
        self._held = self._running = None


@dataclass
class _Sweep:
    """One pass over all customers: their orders first, then what these come to."""

    reading: Transaction
    writing: Transaction
    live: Live
    shop_zone: str
    at: datetime
    now: datetime
    wakes: bool = True
    pages: list[Sequence[str]] = field(default_factory=list)

    def run(self) -> Iterator[int]:
        """Work in batches, each in a transaction of its own; gives how many changed in each."""
        from lifecycle.engine.scored import Buyers

        buyers = Buyers(zone_of(self.shop_zone), self.at)
        after: str | None = ""
        while after is not None:
            with self.reading() as connection:
                ids = nightly.page(connection, after, CUSTOMERS_AT_ONCE)
                others = buyers.add(ids, nightly.orders(connection, ids, self.at))
                stale = dict.fromkeys(nightly.values(connection, others), NOTHING)
            if stale:
                yield self._write(stale, list(stale))
            else:
                yield 0
            after = ids[-1] if len(ids) == CUSTOMERS_AT_ONCE else None
        scored = buyers.scored()
        for name in sorted(self.live.nightly_names):
            scored.reckon(name)
            yield 0
        for ids, values in scored.pages():
            yield self._page(ids, values)

    def _page(self, ids: Sequence[str], values: Sequence[Mapping[str, Any]]) -> int:
        with self.reading() as connection:
            before = nightly.values(connection, ids)
        changed = {
            one: new for one, new in zip(ids, values, strict=True) if before.get(one, {}) != new
        }
        turned = self.live.nightly_turned
        waking = [one for one, new in changed.items() if turned.by(before.get(one, {}), new)]
        return self._write(changed, waking) if changed else 0

    def _write(self, changed: Mapping[str, Mapping[str, Any]], waking: Sequence[str]) -> int:
        with self.writing() as connection:
            nightly.write(connection, changed, waking if self.wakes else (), self.at, self.now)
        return len(changed)


def _tonight(shop_zone: str, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), RECKONED_AT, zone_of(shop_zone))
