"""Whose turn it is: a customer's enrollments are walked in one order, whoever has claimed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from lifecycle.store.claims import Claim, database_clock
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

_INTAKE, _ENROLLMENT = METADATA.tables["intake"], METADATA.tables["enrollment"]
_UNREAD = Statement(
    select(_INTAKE.c.customer_id).where(
        among(_INTAKE.c.customer_id, "ids"),
        _INTAKE.c.due_at <= bindparam("now", type_=_INTAKE.c.due_at.type),
        _INTAKE.c.quarantined_at.is_(None),
    )
)
_TAKEN = Statement(
    select(
        _ENROLLMENT.c.customer_id,
        _ENROLLMENT.c.due_at,
        _ENROLLMENT.c.campaign,
        _ENROLLMENT.c.enrollment_id,
    ).where(
        among(_ENROLLMENT.c.customer_id, "ids"),
        _ENROLLMENT.c.due_at <= bindparam("now", type_=_ENROLLMENT.c.due_at.type),
        _ENROLLMENT.c.quarantined_at.is_(None),
        _ENROLLMENT.c.lease_until >= bindparam("clock", type_=_ENROLLMENT.c.lease_until.type),
    )
)


def in_turn(connection: Connection, claimed: Sequence[Claim], now: datetime) -> list[Claim]:
    """Those of our enrollments whose turn it is: no other worker's comes before them.

    Nor has their customer anything left to take in, which another worker's step may have led to
    since the claim. To be asked while having the customers alone.
    """
    ids = sorted({one.customer_id for one in claimed})
    behind = {row.customer_id for row in _UNREAD.rows(connection, {"ids": ids, "now": now})}
    bound = {"ids": ids, "now": now, "clock": database_clock(connection)}
    ours = {one.id for one in claimed}
    found = set()
    for row in sorted(_TAKEN.rows(connection, bound), key=_turn):
        if row.enrollment_id not in ours:
            behind.add(row.customer_id)
        elif row.customer_id not in behind:
            found.add(row.enrollment_id)
    return [one for one in claimed if one.id in found]


def _turn(row: Any) -> tuple[Any, ...]:
    return row.customer_id, row.due_at, row.campaign, row.enrollment_id
