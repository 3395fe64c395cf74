"""How a segment overlaps with each other one, counted where it is cheap and estimated beyond."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA

MEMBERSHIP = METADATA.tables["membership"]
MOST_COUNTED = 50_000
"""Members of whom the overlap is counted; of a larger segment so many, spread evenly by id."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a segment's members are in another one too."""

    segment: str
    count: int
    share: float | None
    """Of this segment's members, 0 to 1; None where it has none."""
    exact: bool
    """Whether it was counted; else it is scaled up from `MOST_COUNTED` members."""


def overlaps(
    connection: Connection, catalog: Catalog, segment: str, size: int
) -> tuple[Overlap, ...]:
    """The overlap with each other segment as the engine keeps them, the largest first."""
    one = MEMBERSHIP.alias("one")
    every = -(-size // MOST_COUNTED) if size > MOST_COUNTED else 1
    mine = select(
        one.c.customer_id, func.row_number().over(order_by=one.c.customer_id).label("place")
    ).where(one.c.segment == segment, one.c.member)
    chosen = mine.subquery()
    other = MEMBERSHIP.alias("other")
    query = (
        select(other.c.segment, func.count())
        .select_from(chosen.join(other, other.c.customer_id == chosen.c.customer_id))
        .where(chosen.c.place % every == 0, other.c.member, other.c.segment != segment)
        .group_by(other.c.segment)
    )
    looked_at = size // every
    found: dict[str, int] = dict(connection.execute(query).all())
    counts = {
        name: found.get(name, 0) if every == 1 else round(found.get(name, 0) * size / looked_at)
        for name in catalog.segments
        if name != segment
    }
    return _told(counts, size, exact=every == 1)


def overlaps_from_scratch(
    connection: Connection, catalog: Catalog, segment: str, inside: set[str], now: datetime
) -> tuple[Overlap, ...]:
    """The same where nothing is live: each other segment is asked, one at a time."""
    zone, tiers = catalog.settings.shop.timezone, catalog.settings.points.ladder
    counts: dict[str, int] = {}
    for name, rule in catalog.rules.items():
        if name != segment:
            found = members(connection, rule, catalog.rules, now, shop_zone=zone, tiers=tiers)
            counts[name] = len(inside & found)
    return _told(counts, len(inside), exact=True)


def _told(counts: dict[str, int], size: int, *, exact: bool) -> tuple[Overlap, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Overlap(name, count, count / size if size else None, exact) for name, count in ordered
    )
