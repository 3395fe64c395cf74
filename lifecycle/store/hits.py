"""Opens and clicks that turn out to be a machine's after they were written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from lifecycle.store.events import wake
from lifecycle.store.tables import METADATA

_EVENT = METADATA.tables["event"]


def found_out(
    connection: Connection,
    customer_id: str,
    event_ids: Collection[str],
    told: Mapping[str, Any],
    now: datetime,
) -> int:
    """Add to events what is known of their maker by now; says how many were changed.

    Whoever has taken one in already is looked at again, since rules count no machine's clicks.
    """
    query = select(_EVENT.c.event_id, _EVENT.c.properties, _EVENT.c.pending).where(
        _EVENT.c.customer_id == customer_id, _EVENT.c.event_id.in_(sorted(event_ids))
    )
    changed = 0
    for row in connection.execute(query).all():
        if row.properties.get("machine"):
            continue
        mine = (_EVENT.c.customer_id == customer_id) & (_EVENT.c.event_id == row.event_id)
        told_now = {**row.properties, **told}
        connection.execute(update(_EVENT).where(mine).values(properties=told_now))
        changed += 1
        if not row.pending:
            wake(connection, {customer_id: now})
    return changed
