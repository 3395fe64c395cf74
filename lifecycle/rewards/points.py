"""The points ledger: what an event earns, and what a cancellation or refund takes back.

The final ledger does not depend on the order or repetition of events: entry ids derive from events,
and what an order's undoing takes back is worked out anew from all of it that is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.settings import Earn, Settings
from lifecycle.core.undoing import UNDOING, order_key, shares_left
from lifecycle.core.words import number
from lifecycle.rewards.own_events import EVENT, known_events, own_event
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent
from lifecycle.store.ledger import REVERSED
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new, upsert

ENTRY = METADATA.tables["points_entry"]
MAX_POINTS = 10**12
"""Points of one entry; an event that would earn more is a fault of its sender and earns none."""

Changes = Sequence[tuple[str, Event]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; what is reversed is available and expires with what was earned."""

    customer_id: str
    entry_id: str
    points: int
    at: datetime
    available_at: datetime
    expires_at: datetime | None
    source: str


def earn(settings: Settings, event: Event, customer_id: str) -> list[Entry]:
    """What an event earns; figures are exact decimals, parts of a unit earn nothing."""
    entries = []
    for place, rule in enumerate(settings.points.earn):
        points = _earned(rule, event) if event.name in rule.when else 0
        if 0 < points <= MAX_POINTS:
            at = event.at + rule.pending
            entry_id = derived_id("points", customer_id, event.id, str(place))
            entries.append(entry_of(settings, customer_id, entry_id, points, event.at, at, event))
    return entries


def entry_of(
    settings: Settings,
    customer_id: str,
    entry_id: str,
    points: int,
    at: datetime,
    available_at: datetime,
    source: Event | str,
) -> Entry:
    """An entry that expires as the shop's points do."""
    expire = settings.points.expire
    ends = None if expire is None else available_at + expire
    told = source if isinstance(source, str) else source_of(source)
    return Entry(customer_id, entry_id, points, at, available_at, ends, told)


def source_of(event: Event) -> str:
    """How the ledger names the event that earned."""
    return f"{event.name}:{event.id}"


def _earned(rule: Earn, event: Event) -> int:
    if rule.per_amount is None:
        return rule.points
    total, per = number(event["total"]), number(rule.per_amount)
    if total is None or per is None or total.adjusted() > 20 or total <= 0:
        return 0
    return math.floor(Fraction(total) / Fraction(per)) * rule.points


def reversals(order: Event, earned: Iterable[Entry], undoing: Iterable[Event]) -> list[Entry]:
    """What the undoing of an order takes back of what it earned, some of it nothing (0 points)."""
    entries = []
    shares = shares_left(order, undoing)
    for entry in earned:
        kept = entry.points
        for event, left in shares:
            keeps = min(kept, math.floor(entry.points * left))
            entries.append(reversal(entry, event.id, event.at, kept - keeps))
            kept = keeps
    return entries


def reversal(entry: Entry, by: str, at: datetime, points: int) -> Entry:
    """The entry that takes `points` of another one back."""
    entry_id = derived_id("reversal", by, entry.entry_id)
    available = max(at, entry.available_at)
    told = REVERSED + entry.entry_id
    return Entry(entry.customer_id, entry_id, -points, at, available, entry.expires_at, told)


def on_events(
    connection: Connection, settings: Settings, changes: Changes, now: datetime
) -> list[NewEvent]:
    """Write what newly known events earn and take back; gives the events to append."""
    earning = {name for rule in settings.points.earn for name in rule.when}
    touching = [(of, event) for of, event in changes if event.name in earning | UNDOING]
    if not touching or not earning:
        return []
    fresh: dict[str, tuple[Entry, Event]] = {}
    for of, event in touching:
        fresh |= {entry.entry_id: (entry, event) for entry in earn(settings, event, of)}
    write(connection, [entry for entry, _ in fresh.values()])
    undoing = known_events(connection, (of for of, _ in touching), UNDOING, now)
    taken_back = _taken_back(connection, earning, touching, undoing, now)
    emitted = []
    for entry, event in fresh.values():
        net = entry.points + _before(entry, taken_back.pop(entry.entry_id, (entry, ()))[1])
        if net > 0:
            emitted.append(earned_event(entry, net, event.name, now, enters=event.enters))
    _correct(connection, taken_back.values(), now)
    return emitted


def earned_event(
    entry: Entry, points: int, source: str, now: datetime, *, enters: bool = True
) -> NewEvent:
    """`points_earned`, at the instant at which the points may be spent."""
    properties = {"points": points, "source": source}
    facts = (entry.customer_id, entry.entry_id)
    at = entry.available_at
    return own_event(entry.customer_id, "points_earned", at, properties, now, *facts, enters=enters)


def _taken_back(
    connection: Connection,
    earning: Iterable[str],
    touching: Changes,
    undoing: Mapping[str, Sequence[Event]],
    now: datetime,
) -> dict[str, tuple[Entry, list[Entry]]]:
    """Write what is taken back of the orders that the changes touch; by the entry taken from."""
    touched = {(of, order_key(event)) for of, event in touching if of in undoing}
    if not touched:
        return {}
    orders = known_events(connection, undoing, earning, now)
    ledger = entries_of(connection, undoing)
    found: dict[str, tuple[Entry, list[Entry]]] = {}
    for of, events in orders.items():
        for order in events:
            key = order_key(order)
            if key is None or (of, key) not in touched:
                continue
            undo = [one for one in undoing[of] if order_key(one) == key]
            for entry in ledger.get((of, source_of(order)), ()):
                found[entry.entry_id] = (entry, reversals(order, [entry], undo))
    every = [one for _, back in found.values() for one in back]
    write(connection, [one for one in every if one.points], changing=True)
    gone = [{"of": one.customer_id, "id": one.entry_id} for one in every if not one.points]
    if gone:
        connection.execute(_WITHDRAW, gone)
    return found


def _before(entry: Entry, back: Iterable[Entry]) -> int:
    """What has been taken back of an entry by the instant it becomes available."""
    return sum(one.points for one in back if one.available_at <= entry.available_at)


def _correct(
    connection: Connection, taken_back: Iterable[tuple[Entry, Sequence[Entry]]], now: datetime
) -> None:
    """Correct, or withdraw, the `points_earned` events whose moment has not come."""
    for entry, back in taken_back:
        if entry.available_at <= now:
            continue
        net = entry.points + _before(entry, back)
        new = earned_event(entry, net, entry.source.partition(":")[0], now)
        bound = {"of": entry.customer_id, "id": new.event.id}
        if net > 0:
            connection.execute(_CORRECT, {**bound, "told": new.event.properties})
        else:
            connection.execute(_WITHDRAW_EVENT, bound)


def write(connection: Connection, entries: Sequence[Entry], *, changing: bool = False) -> None:
    """Write entries; those that are there stay, or with `changing` are brought up to date."""
    rows = [asdict(entry) for entry in entries]
    (upsert if changing else insert_new)(connection, "points_entry", rows)


def entries_of(
    connection: Connection, customers: Iterable[str]
) -> dict[tuple[str, str], list[Entry]]:
    """All ledger entries of some customers, by customer and source."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for row in _ENTRIES.rows(connection, {"ids": sorted(set(customers))}):
        entry = Entry(**row._asdict())
        found[entry.customer_id, entry.source].append(entry)
    return found


def _one(table: Any) -> tuple[Any, Any]:
    id_column = table.c.entry_id if table is ENTRY else table.c.event_id
    return table.c.customer_id == bindparam("of"), id_column == bindparam("id")


_ENTRIES = Statement(
    select(ENTRY)
    .where(among(ENTRY.c.customer_id, "ids"))
    .order_by(ENTRY.c.customer_id, ENTRY.c.entry_id)
)
_WITHDRAW = delete(ENTRY).where(*_one(ENTRY))
_WITHDRAW_EVENT = delete(EVENT).where(*_one(EVENT), EVENT.c.pending)
_CORRECT = (
    update(EVENT)
    .where(*_one(EVENT), EVENT.c.pending)
    .values(properties=bindparam("told", type_=EVENT.c.properties.type))
)
