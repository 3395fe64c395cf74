"""The letters of customers as hours are learned from them: when they went, and who clicked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from lifecycle.core.facts import Handed
from lifecycle.core.known_hours import LOOKED_BACK
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

MESSAGE = METADATA.tables["message"]
AT = MESSAGE.c.attempted_at.type
GONE = ("accepted", "uncertain")

_HANDED = Statement(
    select(
        MESSAGE.c.customer_id,
        MESSAGE.c.message_id,
        MESSAGE.c.attempted_at,
        MESSAGE.c.campaign,
        MESSAGE.c.step,
        MESSAGE.c.timing,
        MESSAGE.c.clicked_at,
    ).where(
        among(MESSAGE.c.customer_id, "ids"),
        MESSAGE.c.attempted_at > bindparam("since", type_=AT),
        MESSAGE.c.attempted_at <= bindparam("by", type_=AT),
        or_(*(MESSAGE.c.state == state for state in GONE)),
    )
)


def rows(connection: Connection, customers: Sequence[str], by: datetime) -> Sequence[Any]:
    """The letters that were handed over to customers up to an instant, in no order."""
    bound = {"ids": list(customers), "since": by - LOOKED_BACK, "by": by}
    return _HANDED.rows(connection, bound)


def handed(
    connection: Connection, customers: Sequence[str], by: datetime
) -> Mapping[str, list[Handed]]:
    """The letters that were handed over to customers up to an instant, by customer."""
    found: dict[str, list[Handed]] = defaultdict(list)
    for row in rows(connection, customers, by):
        found[row.customer_id].append(letter(row, row.clicked_at))
    return found


def letter(row: Any, clicked_at: datetime | None) -> Handed:
    """One of the rows, clicked at an instant."""
    return Handed(row.attempted_at, f"{row.campaign}/{row.step}", row.timing, clicked_at)
