"""Reads customers' events, of each name as much as is asked for and no more.

A customer may have hundreds of thousands of events; what a rule needs of them is often the newest
few, or those of some weeks. What is read is always the newest part, without a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from msgspec.json import decode
from sqlalchemy import ColumnElement, Connection, bindparam, or_, select

from lifecycle.core.event import HUMAN_ONLY, Event, by_machine
from lifecycle.core.facts import Facts
from lifecycle.core.rule.tree import Reach
from lifecycle.core.words import FIRST_INSTANT, from_micros
from lifecycle.store.dialect.lists import among
from lifecycle.store.dialect.newest import newest_of_each
from lifecycle.store.prepared import SQLITE, Statement
from lifecycle.store.recent import Recent
from lifecycle.store.remembered import ANY, Tables, part_of, remembered_of
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
AT = EVENT.c.at.type
ROWS_REMEMBERED = 20_000
"""So many events are not decoded again when a customer's history is read again soon."""
FEW = 16
"""Most customers have no more events of one name: they are read at once, however far back."""
MORE_AT_ONCE = 8
"""Where newest events turn out to be machines', so many times more are read."""
_WHOLE = ("event", part_of("event", ANY))
"""What is remembered holds no event that is not taken in yet."""
COLUMNS = (EVENT.c.customer_id, EVENT.c.event_id, EVENT.c.name, EVENT.c.at, EVENT.c.properties)


@dataclass(frozen=True, slots=True)
class Part:
    """How much of one event's history is read: its `last` newest, and all after `after`."""

    last: int
    after: datetime | None


def read(
    connection: Connection,
    facts: Mapping[str, Facts],
    reaches: frozenset[tuple[str, Reach]],
    anchor: datetime,
    seen: datetime | None,
    claimed: Claimed | None = None,
) -> None:
    """Read events into facts in hand.

    `anchor` is the earliest instant about which something will be asked; a reach counts back from
    there. Events not taken in yet are left out unless `seen` is given: then all that was known at
    that instant count. Of customers who are `claimed`, histories still in memory are used.
    """
    named = _whole_names(reaches)
    if named:
        _whole(connection, facts, named, seen)
    for name, part in _parts(reaches, named, anchor).items():
        unread = facts if claimed is None else claimed.find(facts, name, part)
        if connection.dialect.name != SQLITE:
            _each(connection, unread, name, part, seen)
            continue
        for customer_id, known in unread.items():
            read = _one(connection, {"of": customer_id, "name": name, "seen": seen}, part)
            if read.events:
                known.events[name] = read.events
                if claimed is not None:
                    claimed.take(customer_id, name, part, read)


def _whole_names(reaches: Iterable[tuple[str, Reach]]) -> frozenset[str]:
    return frozenset(name for name, reach in reaches if reach.whole or name.endswith("*"))


def _parts(
    reaches: Iterable[tuple[str, Reach]], whole: frozenset[str], anchor: datetime
) -> dict[str, Part]:
    """By name, the part that holds all that is asked for; names read as a whole are left out."""
    begins = tuple(name[:-1] for name in whole if name.endswith("*"))
    parts: dict[str, Part] = {}
    for name, reach in sorted(reaches, key=lambda one: one[0]):
        if name in whole or name.startswith(begins):
            continue
        before = parts.get(name, Part(0, None))
        after = [one for one in (before.after, _after(reach, anchor)) if one is not None]
        parts[name] = Part(max(before.last, reach.last or 0), min(after, default=None))
    return parts


def _after(reach: Reach, anchor: datetime) -> datetime | None:
    """The instant after which all is read; None where the newest alone are."""
    if reach.back is not None:
        return anchor - min(reach.back, anchor - FIRST_INSTANT)
    return None if reach.since is None else reach.since - timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Read:
    """The part of a history that was read; `whole`: there is nothing before it."""

    events: list[Event]
    whole: bool
    size: int
    """Of the properties, in bytes of JSON."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Customers whom this worker has claimed, with the fence of each, and what is in memory."""

    recent: Recent
    fences: Mapping[str, int]

    def find(self, facts: Mapping[str, Facts], name: str, part: Part) -> dict[str, Facts]:
        """Give those their history whose history is in memory; the others are left to read."""
        unread: dict[str, Facts] = {}
        for customer_id, known in facts.items():
            fence = self.fences.get(customer_id)
            events = None
            if fence is not None:
                events = self.recent.find(customer_id, name, part.last, part.after, fence)
            if events is None:
                unread[customer_id] = known
            else:
                known.events[name] = events
        return unread

    def take(self, customer_id: str, name: str, part: Part, read: Read) -> None:
        """Note what was read of a customer."""
        if customer_id in self.fences:
            self.recent.take(
                customer_id,
                name,
                read.events,
                last=part.last,
                after=part.after,
                whole=read.whole,
                size=read.size,
            )


def _one(connection: Connection, bound: Mapping[str, Any], part: Part) -> Read:
    """One customer's events of one name on SQLite, where a small query costs next to nothing."""
    since, newest = _of_one(bound["seen"] is not None)
    name, after = bound["name"], part.after
    limit = part.last if after is None else max(part.last, FEW)
    while True:
        found, count, size = _newest(connection, newest, bound, limit)
        if count < limit:
            asked_for = _asked_for(found, part)
            return Read(asked_for, len(asked_for) == len(found), size)
        if len(found) >= part.last and (after is None or (found and found[-1].at <= after)):
            return Read(_asked_for(found, part), False, size)
        if len(found) >= part.last and after is not None:
            break
        limit *= MORE_AT_ONCE
    rows = since.driven(connection, {**bound, "after": after})
    return Read(_events(name, rows), False, _size(rows))


def _newest(
    connection: Connection, newest: Statement, bound: Mapping[str, Any], limit: int
) -> tuple[list[Event], int, int]:
    """The newest events of one name, of how many rows they are, and their size."""
    remembered = remembered_of(connection.connection.dbapi_connection)
    name, of = bound["name"], bound["of"]
    reads = _reads(name)
    if remembered is not None and bound["seen"] is None:
        kept = remembered.find(reads, of, limit)
        if kept is not None:
            return kept  # type: ignore[no-any-return]
    rows = newest.driven(connection, {**bound, "limit": limit})
    found = _events(name, rows), len(rows), _size(rows)
    if remembered is not None and bound["seen"] is None:
        remembered.keep(reads, of, limit, found)
    return found


@cache
def _reads(name: str) -> Tables:
    return "event", part_of("event", name)


def _events(name: str, rows: Iterable[tuple[Any, ...]]) -> list[Event]:
    """What the driver gives as events; those of machines are left out."""
    events = [Event(from_micros(at), event_id, name, decode(said)) for event_id, at, said in rows]
    return _human(events) if name in HUMAN_ONLY else events


def _size(rows: Iterable[tuple[Any, ...]]) -> int:
    return sum(len(row[2]) for row in rows)


def _asked_for(newest: Sequence[Event], part: Part) -> list[Event]:
    """The part of what was read newest first, oldest first."""
    count = len(newest)
    while count > part.last and (part.after is None or newest[count - 1].at <= part.after):
        count -= 1
    return list(newest[count - 1 :: -1]) if count else []


def _human(events: Sequence[Event]) -> list[Event]:
    return [one for one in events if not by_machine(one.name, one.properties)]


def _each(
    connection: Connection,
    facts: Mapping[str, Facts],
    name: str,
    part: Part,
    seen: datetime | None,
) -> None:
    """The events of one name of many customers, in a query or two."""
    if part.after is not None:
        bound = {"ids": list(facts), "after": part.after, "name": name, **_seen(seen)}
        _take(facts, _since_query(seen is not None).rows(connection, bound), (name,))
    limit = part.last
    short = [one for one in facts if len(facts[one].events.get(name, ())) < part.last]
    while short:
        query = newest_of_each(seen is not None)
        bound = {"ids": short, "name": name, "limit": limit, **_seen(seen)}
        rows = [_owned(row) for row in query.rows(connection, bound)]
        for one in short:
            facts[one].events.pop(name, None)
        _take(facts, rows, (name,))
        counts = dict.fromkeys(short, 0)
        for customer_id, _ in rows:
            counts[customer_id] += 1
        short = [
            one
            for one, count in counts.items()
            if count == limit and len(facts[one].events.get(name, ())) < part.last
        ]
        limit *= MORE_AT_ONCE


def _take(
    facts: Mapping[str, Facts], rows: Iterable[tuple[str, Event]], sorting: Iterable[str] = ()
) -> None:
    for customer_id, event in rows:
        if not by_machine(event.name, event.properties):
            facts[customer_id].events.setdefault(event.name, []).append(event)
    for name in sorting:
        for known in facts.values():
            if name in known.events:
                known.events[name].sort()


def _whole(
    connection: Connection,
    facts: Mapping[str, Facts],
    names: frozenset[str],
    seen: datetime | None,
) -> None:
    query = _whole_query(names, seen is not None)
    rows = query.rows(connection, {"ids": list(facts), **_seen(seen)})
    if connection.dialect.name == SQLITE:
        _take(facts, rows)
        return
    # The order of texts there is the database's, and not ours.
    _take(facts, rows, {event.name for _, event in rows})


def _seen(seen: datetime | None) -> dict[str, datetime]:
    return {} if seen is None else {"seen": seen}


def _owned(row: Any) -> tuple[str, Event]:
    return row.customer_id, Event(row.at, row.event_id, row.name, row.properties)


def _known(seen: bool) -> ColumnElement[bool]:
    """Events that count: those taken in, or those known at the instant called `seen`."""
    if seen:
        return EVENT.c.due_at <= bindparam("seen", type_=AT)
    return ~EVENT.c.pending


@lru_cache(maxsize=2)
def _of_one(seen: bool) -> tuple[Statement, Statement]:
    """One customer's events of one name: those after an instant, and the newest first."""
    query = select(EVENT.c.event_id, EVENT.c.at, EVENT.c.properties).where(
        EVENT.c.customer_id == bindparam("of"), EVENT.c.name == bindparam("name"), _known(seen)
    )
    since = query.where(EVENT.c.at > bindparam("after", type_=AT))
    newest = query.order_by(EVENT.c.at.desc(), EVENT.c.event_id.desc()).limit(bindparam("limit"))
    return Statement(since.order_by(EVENT.c.at, EVENT.c.event_id)), Statement(newest)


_ORDER = (EVENT.c.customer_id, EVENT.c.name, EVENT.c.at, EVENT.c.event_id)


@lru_cache(maxsize=2)
def _since_query(seen: bool) -> Statement:
    query = select(*COLUMNS).where(
        among(EVENT.c.customer_id, "ids"),
        EVENT.c.name == bindparam("name"),
        EVENT.c.at > bindparam("after", type_=AT),
        _known(seen),
    )
    return Statement(query, into=_owned)


@lru_cache(maxsize=50)
def _whole_query(names: frozenset[str], seen: bool) -> Statement:
    exact = sorted(name for name in names if not name.endswith("*"))
    named: list[ColumnElement[bool]] = [among(EVENT.c.name, "names", exact)]
    named += [
        EVENT.c.name.startswith(name[:-1], autoescape=True)
        for name in sorted(names)
        if name.endswith("*")
    ]
    query = select(*COLUMNS).where(among(EVENT.c.customer_id, "ids"), or_(*named), _known(seen))
    ordered = query.order_by(*_ORDER)
    return Statement(ordered, into=_owned, remembers=ROWS_REMEMBERED, reads=() if seen else _WHOLE)
