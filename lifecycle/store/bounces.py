"""On which days letters to an address bounced for the time being, since the last one arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select

from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

BOUNCE = METADATA.tables["soft_bounce"]
MESSAGE = METADATA.tables["message"]
KEPT = timedelta(days=60)
_OF = Statement(select(BOUNCE).where(among(BOUNCE.c.address_hash, "ids")))
_DELIVERED = Statement(
    select(MESSAGE.c.customer_id, func.max(MESSAGE.c.delivered_at).label("at"))
    .where(among(MESSAGE.c.customer_id, "ids"), MESSAGE.c.delivered_at.is_not(None))
    .group_by(MESSAGE.c.customer_id)
)
_CLEARED = Statement(
    delete(BOUNCE).where(
        BOUNCE.c.address_hash == bindparam("hash"),
        BOUNCE.c.at < bindparam("before", type_=BOUNCE.c.at.type),
    )
)
_OLD = Statement(delete(BOUNCE).where(BOUNCE.c.at < bindparam("before", type_=BOUNCE.c.at.type)))


def days_of(connection: Connection, hashes: Iterable[str]) -> dict[str, dict[date, datetime]]:
    """By address the days on which it bounced, each with its latest bounce."""
    found: dict[str, dict[date, datetime]] = {}
    for row in _OF.rows(connection, {"ids": sorted(hashes)}):
        found.setdefault(row.address_hash, {})[date.fromisoformat(row.day)] = row.at
    return found


def last_delivered(connection: Connection, customers: Iterable[str]) -> dict[str, datetime]:
    """When the latest letter arrived, by customer; those none arrived to are missing."""
    rows = _DELIVERED.rows(connection, {"ids": sorted(customers)})
    return {row.customer_id: row.at for row in rows if row.at is not None}


def keep(
    connection: Connection, days: Mapping[str, Mapping[date, datetime]], now: datetime
) -> None:
    """Write the days on which addresses bounced; what no window reaches any more is struck."""
    rows = [
        {"address_hash": one, "day": day.isoformat(), "at": at}
        for one, bounced in sorted(days.items())
        for day, at in sorted(bounced.items())
    ]
    upsert(connection, BOUNCE, rows, newest_by="at")
    _OLD.each(connection, [{"before": now - KEPT}])


def clear(connection: Connection, arrived: Mapping[str, datetime]) -> None:
    """Strike the bounces of addresses before a letter arrived there."""
    _CLEARED.each(connection, [{"hash": one, "before": at} for one, at in sorted(arrived.items())])
