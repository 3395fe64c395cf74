"""Plain words settle what waited to be confirmed: a yes confirms it, a no calls it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from lifecycle.core.chance import derived_id
from lifecycle.core.double_opt_in import CALLED_OFF
from lifecycle.core.event import Event
from lifecycle.core.words import rfc3339
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

WAITING = METADATA.tables["confirmation"]
Said = tuple[str, str, bool]
"""Customer, topic, and whether they agree."""
_WHO_WAIT = Statement(
    select(WAITING.c.customer_id, WAITING.c.topic).where(
        among(WAITING.c.customer_id, "ids"), WAITING.c.state == "waiting"
    )
)


def settle(connection: Connection, said: Sequence[Said], now: datetime) -> list[NewEvent]:
    """Let plain words have the last say on what waits; gives the events that call letters off."""
    if not said:
        return []
    latest = {(customer_id, topic): agreed for customer_id, topic, agreed in said}
    ids = sorted({customer_id for customer_id, _ in latest})
    events = []
    for row in _WHO_WAIT.rows(connection, {"ids": ids}):
        agreed = latest.get((row.customer_id, row.topic))
        if agreed is None:
            continue
        state = "confirmed" if agreed else "withdrawn"
        connection.execute(
            update(WAITING)
            .where(WAITING.c.customer_id == row.customer_id, WAITING.c.topic == row.topic)
            .values(state=state, settled_at=now, due_at=None)
        )
        if not agreed:
            identity = derived_id(CALLED_OFF, row.customer_id, row.topic, rfc3339(now))
            event = Event(now, identity, CALLED_OFF, {"topic": row.topic}, now)
            events.append(NewEvent(row.customer_id, event, now))
    return events
