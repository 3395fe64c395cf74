"""Rows that were put aside are let go on by hand, each for one more try, alone."""

from __future__ import annotations

from sqlalchemy import Connection, select, true, tuple_, update

from lifecycle.store.claims import ATTEMPTS_BEFORE_QUARANTINE
from lifecycle.store.tables import METADATA

EVERY = "all"
_KEYS = {
    "intake": "customer_id",
    "enrollment": "enrollment_id",
    "message": "message_id",
    "errand": "errand_id",
}
"""What a row of each queue is called where those that were put aside are listed."""


def lift(connection: Connection, wanted: str) -> list[tuple[str, str]]:
    """Let rows that were put aside go on, and give the queue and the id of each.

    `wanted` is the id of a row, or of a customer, whose rows are meant then; `EVERY` means all.
    One try is left to each: it is taken alone, so that it takes nobody with it, and put aside
    again at once if it fails.
    """
    return [(queue, row) for queue in _KEYS for row in _lifted(connection, queue, wanted)]


def _lifted(connection: Connection, queue: str, wanted: str) -> list[str]:
    table = METADATA.tables[queue]
    key, customer = table.c[_KEYS[queue]], table.c.customer_id
    meant = true() if wanted == EVERY else (key == wanted) | (customer == wanted)
    found = connection.execute(
        select(customer.label("of"), key.label("row"))
        .where(table.c.quarantined_at.is_not(None), meant)
        .order_by(customer, key)
        .with_for_update()
    ).all()
    change = update(table).values(
        quarantined_at=None,
        lease_until=None,
        fence=table.c.fence + 1,
        attempts=ATTEMPTS_BEFORE_QUARANTINE - 1,
    )
    for one in found:
        connection.execute(change.where(tuple_(customer, key) == (one.of, one.row)))
    return [one.row for one in found]
