"""A customer with something in every table, for tests of what happens to all of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table

from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import Instant, Json

AT = datetime.fromisoformat("2026-05-01T10:00:00+00:00")
ROWS: dict[str, dict[str, Any]] = {
    "customer": {"email": "anna@private.example", "attributes": {"name": "Anna Secret"}},
    "consent": {"topic": "offers", "agreed": True},
    "consent_record": {"source": "form anna@private.example", "agreed": True},
    "event": {"properties": {"name": "Anna Secret"}, "event_id": "order-of-Anna Secret"},
    "enrollment": {"state": "active", "properties": {"x": "Anna Secret"}, "entry": "Anna Secret"},
    "message": {"state": "planned", "context": {"name": "Anna Secret"}, "entry": "Anna Secret"},
    "decision": {"detail": "Anna Secret was told", "entry": "Anna Secret"},
    "attempt": {"detail": "<anna@private.example> refused"},
    "incentive": {"code": "ANNA SECRET 10"},
}


def fill(connection: Connection, customer_id: str, *, friend_id: str = "friend") -> None:
    """Write a row into every table that has a column for the customer."""
    for table in METADATA.tables.values():
        if "customer_id" in table.c:
            connection.execute(table.insert(), row_of(table, customer_id, friend_id))


def row_of(table: Table, customer_id: str, friend_id: str = "friend") -> dict[str, Any]:
    """A row of a table with something in every column that must have it."""
    row: dict[str, Any] = {}
    for column in table.c:
        if column.nullable:
            continue
        if isinstance(column.type, Instant):
            row[column.name] = AT
        elif isinstance(column.type, Json):
            row[column.name] = {}
        else:
            kind = column.type.python_type
            row[column.name] = f"{table.name}-text" if kind is str else kind(0)
    row |= {"customer_id": customer_id} | ROWS.get(table.name, {})
    if "friend_id" in row:
        row["friend_id"] = friend_id
    if table.name == "message":
        row |= {"message_id": f"m-{table.name}", "due_at": AT + timedelta(days=1)}
    return row
