"""Whom a change of the definitions would touch: who is under way, and who would turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA

ENROLLMENT, MEMBERSHIP = METADATA.tables["enrollment"], METADATA.tables["membership"]


@dataclass(frozen=True, slots=True)
class WouldTurn:
    """How many a segment's new rule would let in and out, and how many it would hold."""

    joined: int
    left: int
    size: int


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
    connection: Connection, catalog: Catalog, segments: Sequence[str], now: datetime
) -> dict[str, WouldTurn]:
    """Who would turn if these segments were asked anew at `now`; those with nobody to turn too."""
    told: dict[str, WouldTurn] = {}
    zone = catalog.settings.shop.timezone
    for name in segments:
        after = members(connection, catalog.rules[name], catalog.rules, now, shop_zone=zone)
        query = select(MEMBERSHIP.c.customer_id).where(
            MEMBERSHIP.c.segment == name, MEMBERSHIP.c.member
        )
        before = set(connection.execute(query).scalars())
        told[name] = WouldTurn(len(after - before), len(before - after), len(after))
    return told
