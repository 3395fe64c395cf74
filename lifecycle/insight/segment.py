"""A segment in numbers: its size, who joined and left each day, overlaps with others, a sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import nsmallest

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.facts import Facts
from lifecycle.core.rule.tree import Needs, Rule, whole
from lifecycle.core.words import from_micros, zone_of
from lifecycle.insight.overlap import Overlap, overlaps, overlaps_from_scratch
from lifecycle.store import builds
from lifecycle.store.customers import owner_of
from lifecycle.store.facts import Reading, load
from lifecycle.store.rule_sql import all_needs, members
from lifecycle.store.tables import METADATA

MEMBERSHIP, CHANGE = METADATA.tables["membership"], METADATA.tables["membership_change"]
DAYS_BACK = 30
SAMPLE = 10
QUARTER = 15 * 60 * 1_000_000
"""Microseconds of a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Day:
    """Who joined and left on one day of the shop's."""

    day: date
    joined: int
    left: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a segment has been asked of everybody after a change of the definitions."""

    state: str
    """waiting or building."""
    since: datetime
    done: int
    of: int
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
    """The days of the last 30 on which somebody joined or left, on the shop's calendar."""
    overlaps: tuple[Overlap, ...]
    sample: tuple[str, ...]
    building: Progress | None = None
    """Where a change is still being carried out: the figures are those so far."""


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
        shared = overlaps(connection, catalog, segment, size)
    else:
        rule = catalog.rules[segment]
        tiers = catalog.settings.points.ladder
        asked = members(connection, rule, catalog.rules, now, shop_zone=zone, tiers=tiers)
        size, sample = len(asked), tuple(nsmallest(SAMPLE, asked))
        shared = overlaps_from_scratch(connection, catalog, segment, asked, now)
    days = _days(connection, segment, zone, now)
    name = catalog.segments[segment].name
    building = _building(connection, segment) if live else None
    return SegmentReport(segment, name, size, live, days, shared, sample, building)


def _building(connection: Connection, segment: str) -> Progress | None:
    for one in builds.under_way(connection):
        if (one.kind, one.name) == (builds.SEGMENT, segment):
            done, of = builds.progress(connection, one)
            return Progress(one.state, one.begun_at, done, of, one.joined, one.gone)
    return None


def _days(connection: Connection, segment: str, zone: str, now: datetime) -> tuple[Day, ...]:
    """Turns counted by quarters of an hour, of which every zone's days consist."""
    quarter = (type_coerce(CHANGE.c.at, BigInteger) // QUARTER).label("quarter")
    query = (
        select(quarter, CHANGE.c.what, func.count())
        .where(CHANGE.c.segment == segment, CHANGE.c.at > now - timedelta(days=DAYS_BACK))
        .group_by(quarter, CHANGE.c.what)
    )
    counts: Counter[tuple[date, str]] = Counter()
    for place, what, count in connection.execute(query):
        counts[from_micros(place * QUARTER).astimezone(zone_of(zone)).date(), what] += count
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
    tiers = catalog.settings.points.ladder
    reading = Reading(
        whole(needs.events),
        past=needs.past,
        ledger=needs.ledger,
        tiers=tiers,
        nightly=needs.nightly,
    )
    zone = catalog.settings.shop.timezone
    found = load(connection, [owner], now, reading, shop_zone=zone, seen=now)
    return found.get(owner)
