"""The rows that the invariants look at: of a few customers, or of everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

MESSAGE, ENROLLMENT = METADATA.tables["message"], METADATA.tables["enrollment"]


def rows_of(connection: Connection, of: str, customers: list[str] | None) -> Sequence[Any]:
    """The rows of `message` or `enrollment` of customers; None: of everybody."""
    every, some = _READ[of]
    if customers is None:
        return every.rows(connection, {})
    return some.rows(connection, {"ids": customers})


def _read(table: Any, *names: str) -> tuple[Statement, Statement]:
    query = select(*(table.c[name] for name in names))
    return Statement(query), Statement(query.where(among(table.c.customer_id, "ids")))


_OWN = ("customer_id", "campaign", "enrollment_id", "state", "due_at", "quarantined_at")
_READ = {
    "message": _read(
        MESSAGE, *_OWN, "message_id", "step", "reason", "uncertain_since", "resent_at"
    ),
    "enrollment": _read(ENROLLMENT, *_OWN, "waiting_since", "open_messages"),
}
AT_ONCE = 200


def portions(touched: Collection[str] | None) -> list[list[str] | None]:
    """Customers in lists that one query takes; None stands for everybody."""
    if touched is None:
        return [None]
    every = sorted(touched)
    return [every[begin : begin + AT_ONCE] for begin in range(0, len(every), AT_ONCE)]
