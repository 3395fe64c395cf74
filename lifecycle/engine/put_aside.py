"""Whoever has something stored that could not be taken in is not written to before it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from lifecycle.core.guard import ASK_AGAIN, Hold
from lifecycle.engine.weigh import Weighed
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

_INTAKE = METADATA.tables["intake"]
_ASIDE = Statement(
    select(_INTAKE.c.customer_id).where(
        among(_INTAKE.c.customer_id, "ids"),
        _INTAKE.c.due_at <= bindparam("now", type_=_INTAKE.c.due_at.type),
        _INTAKE.c.quarantined_at.is_not(None),
    )
)


def hold_put_aside(connection: Connection, weighed: Weighed, now: datetime) -> None:
    """Hold the letters of customers whose taking in is quarantined, until they are stale.

    What waits there may be an exit, a complaint or an unsubscription.
    """
    ids = sorted({one.due.row.customer_id for one in weighed.prepared})
    if not ids:
        return
    aside = {row.customer_id for row in _ASIDE.rows(connection, {"ids": ids, "now": now})}
    for one in [one for one in weighed.prepared if one.due.row.customer_id in aside]:
        weighed.prepared.remove(one)
        stale_at = one.due.row.stale_at
        if stale_at <= now:
            weighed.dropped.append((one.due, "stale", ""))
        else:
            until = min(now + ASK_AGAIN, stale_at)
            weighed.held.append((one.due, Hold(until, "quarantined")))
