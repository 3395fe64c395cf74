"""Whom a change of the definitions would touch: who is under way, and who would turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest

from sqlalchemy import Connection, Select, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Flow
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA

ENROLLMENT, MEMBERSHIP = METADATA.tables["enrollment"], METADATA.tables["membership"]
SAMPLE = 5
AT_ONCE = 5_000
"""So many members are read at once."""
JOINED, LEFT = "segment_joined", "segment_left"


@dataclass(frozen=True, slots=True)
class WouldTurn:
    """What a segment's new rule would do: how many join, leave and stay, the first by their ids.

    `enters` are the flows that those who join would enter now, as `on_change` says; `on_join` and
    `on_leave` the flows that customers enter when they join or leave later.
    """

    joined: int
    left: int
    stay: int
    size: int
    """How many the segment would hold."""
    joining: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    on_change: str = "silent"
    enters: tuple[str, ...] = ()
    on_join: tuple[str, ...] = ()
    on_leave: tuple[str, ...] = ()


def running_in(connection: Connection, campaigns: Sequence[str]) -> dict[str, int]:
    """How many enrollments of each campaign still run."""
    query = (
        select(ENROLLMENT.c.campaign, func.count())
        .where(ENROLLMENT.c.campaign.in_(campaigns), ENROLLMENT.c.state == "active")
        .group_by(ENROLLMENT.c.campaign)
    )
    found: dict[str, int] = dict(connection.execute(query).all()) if campaigns else {}
    return {name: found.get(name, 0) for name in campaigns}


def turns(
    connection: Connection,
    catalog: Catalog,
    segments: Sequence[str],
    now: datetime,
    gone: Iterable[str] = (),
) -> dict[str, WouldTurn]:
    """Who would turn if these segments were asked anew at `now`; those with nobody to turn too.

    `gone` are the segments whose files are no longer there: all who are in them leave.
    """
    told: dict[str, WouldTurn] = {}
    zone, tiers = catalog.settings.shop.timezone, catalog.settings.points.ladder
    for name in segments:
        rules = catalog.rules
        after = members(connection, rules[name], rules, now, shop_zone=zone, tiers=tiers)
        told[name] = _turned(connection, catalog, name, after)
    for name in gone:
        told[name] = _turned(connection, catalog, name, set())
    return told


def _turned(connection: Connection, catalog: Catalog, name: str, after: set[str]) -> WouldTurn:
    """Compare with who is in it now; of the two sets only one is ever held as a whole."""
    size, left = len(after), 0
    leaving: list[str] = []
    for (customer_id,) in connection.execute(_members_now(name)).yield_per(AT_ONCE):
        if customer_id in after:
            after.remove(customer_id)
            continue
        left += 1
        if len(leaving) < SAMPLE or customer_id < leaving[-1]:
            leaving = sorted((*leaving, customer_id))[:SAMPLE]
    segment = catalog.segments.get(name)
    on_change = "silent" if segment is None else segment.on_change
    on_join = tuple(_entered_by(catalog, name, JOINED))
    return WouldTurn(
        joined=len(after),
        left=left,
        stay=size - len(after),
        size=size,
        joining=tuple(nsmallest(SAMPLE, after)),
        leaving=tuple(leaving),
        on_change=on_change,
        enters=on_join if on_change == "enroll" and after else (),
        on_join=on_join,
        on_leave=tuple(_entered_by(catalog, name, LEFT)),
    )


def _members_now(segment: str) -> Select[str]:
    return select(MEMBERSHIP.c.customer_id).where(
        MEMBERSHIP.c.segment == segment, MEMBERSHIP.c.member
    )


def _entered_by(catalog: Catalog, segment: str, event: str) -> Iterable[str]:
    """The live flows that customers enter when they join, or leave, the segment."""
    key = "joins" if event == JOINED else "leaves"
    told = catalog.segments[segment].notify if segment in catalog.segments else False
    for name, campaign in sorted(catalog.campaigns.items()):
        if not isinstance(campaign, Flow) or campaign.status != "live":
            continue
        if getattr(campaign.enter, key) == segment or (
            told and event in (campaign.enter.when or ())
        ):
            yield name
