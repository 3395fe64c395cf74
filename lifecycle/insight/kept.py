"""What the engine keeps of one customer beside what the shop sends: orders, points and the like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.core import kept
from lifecycle.core.rule.tree import Needs
from lifecycle.core.settings import Settings
from lifecycle.store.customers import owner_of
from lifecycle.store.facts import Reading, load


def kept_attributes(
    connection: Connection, settings: Settings, customer_id: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """The kept attributes as rules see them at `now`, as plain values; empty of one not known."""
    owner = owner_of(connection, customer_id)
    paths = frozenset((name,) for name in kept.LEAVES)
    reading = Reading(
        Needs(attributes=paths).reaches,
        enrollments=False,
        ledger=True,
        tiers=settings.points.ladder,
        nightly=True,
    )
    zone = settings.shop.timezone
    found = load(connection, [owner], now, reading, shop_zone=zone, seen=now)
    return kept.told(found[owner], paths, now) if owner in found else {}
