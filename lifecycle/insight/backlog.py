"""How far behind the engine is: what waits, what is overdue, what was put aside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from lifecycle.core.words import from_micros
from lifecycle.store import doubts, dues, errands
from lifecycle.store.tables import METADATA

QUEUES = ("intake", "enrollment", "message", "errand")


def backlog(connection: Connection, now: datetime) -> dict[str, float]:
    """Figures by name: lag in seconds; rows due and put aside by queue; what is in doubt."""
    due = dues.look(connection).earliest()
    lag = 0.0 if due is None else max(0.0, (now - from_micros(due)).total_seconds())
    figures: dict[str, float] = {"lag_seconds": lag}
    for name in QUEUES:
        table = METADATA.tables[name]
        waiting = select(func.count()).where(
            table.c.due_at <= now, table.c.quarantined_at.is_(None)
        )
        aside = select(func.count()).where(table.c.quarantined_at.is_not(None))
        figures[f"{name}_due"] = float(connection.execute(waiting).scalar() or 0)
        figures[f"{name}_quarantined"] = float(connection.execute(aside).scalar() or 0)
    figures["messages_uncertain"] = float(doubts.count(connection))
    figures["messages_resent"] = float(doubts.count_resent(connection))
    figures["errands_failed"] = float(errands.counts(connection)["failed"])
    return figures


def put_aside(connection: Connection, queue: str, limit: int) -> list[str]:
    """The ids of rows of a queue that were put aside after failing again and again."""
    table = METADATA.tables[queue]
    key = "customer_id" if queue == "intake" else f"{queue}_id"
    query = (
        select(table.c[key])
        .where(table.c.quarantined_at.is_not(None))
        .order_by(table.c.quarantined_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())
