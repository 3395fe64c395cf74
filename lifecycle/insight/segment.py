"""A segment in numbers: its size, who joined and left each day, a sample; or a rule explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.tree import Needs, Rule, View, Why, whole
from lifecycle.core.words import zone_of
from lifecycle.store.customers import owner_of
from lifecycle.store.facts import Reading, load
from lifecycle.store.rule_sql import all_needs, members
from lifecycle.store.tables import METADATA

MEMBERSHIP, CHANGE = METADATA.tables["membership"], METADATA.tables["membership_change"]
DAYS_BACK = 30
SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Day:
    """Who joined and left on one day of the shop's."""

    day: date
    joined: int
    left: int


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """A segment as of an instant. `live`: as the engine keeps it; else asked from scratch."""

    segment: str
    name: str
    size: int
    live: bool
    days: tuple[Day, ...]
    sample: tuple[str, ...]


def segment_report(
    connection: Connection, catalog: Catalog, segment: str, now: datetime, *, live: bool
) -> SegmentReport:
    """The report of one segment; `live` says that the engine keeps this very rule up to date."""
    zone = catalog.settings.shop.timezone
    if live:
        inside = (MEMBERSHIP.c.segment == segment, MEMBERSHIP.c.member)
        count = select(func.count()).select_from(MEMBERSHIP).where(*inside)
        size = int(connection.execute(count).scalar() or 0)
        some = select(MEMBERSHIP.c.customer_id).where(*inside).order_by(MEMBERSHIP.c.customer_id)
        sample = tuple(connection.execute(some.limit(SAMPLE)).scalars())
    else:
        rule = catalog.rules[segment]
        found = sorted(members(connection, rule, catalog.rules, now, shop_zone=zone))
        size, sample = len(found), tuple(found[:SAMPLE])
    name = catalog.segments[segment].name
    return SegmentReport(segment, name, size, live, _days(connection, segment, zone, now), sample)


def _days(connection: Connection, segment: str, zone: str, now: datetime) -> tuple[Day, ...]:
    query = select(CHANGE.c.at, CHANGE.c.what).where(
        CHANGE.c.segment == segment, CHANGE.c.at > now - timedelta(days=DAYS_BACK)
    )
    counts: Counter[tuple[date, str]] = Counter()
    for at, what in connection.execute(query):
        counts[at.astimezone(zone_of(zone)).date(), what] += 1
    days = sorted({day for day, _ in counts})
    return tuple(Day(day, counts[day, "joined"], counts[day, "left"]) for day in days)


def facts_of(
    connection: Connection, catalog: Catalog, customer_id: str, now: datetime, *rules: Rule
) -> Facts | None:
    """The facts of a customer that these rules read; None when there is no such customer."""
    owner = owner_of(connection, customer_id)
    needs = Needs()
    for rule in rules:
        needs |= all_needs(rule, catalog.rules)
    reading = Reading(whole(needs.events), past=needs.past)
    zone = catalog.settings.shop.timezone
    found = load(connection, [owner], now, reading, shop_zone=zone, seen=now)
    return found.get(owner)


def explain(
    rule: Rule, facts: Facts, segments: Mapping[str, Rule], now: datetime, entry: Event | None
) -> Why:
    """What a rule asks of a customer, what it sees, whether it holds, and until when."""
    return rule.why(View(facts, now, segments, entry))
