"""Letters called off, since their enrollment ended before they went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from lifecycle.core.message import MessageState
from lifecycle.store.dialect.lists import among
from lifecycle.store.outbox import GIVEN_UP
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row

MESSAGE = METADATA.tables["message"]
_NOT_BEGUN = or_(
    MESSAGE.c.state == "planned", MESSAGE.c.state == "ready", MESSAGE.c.state == "requeued"
)
_WAITING = Statement(
    select(
        MESSAGE.c.customer_id,
        MESSAGE.c.message_id,
        MESSAGE.c.campaign,
        MESSAGE.c.entry,
        MESSAGE.c.step,
        MESSAGE.c.variant,
        GIVEN_UP.label("becomes"),
    )
    .where(
        among(MESSAGE.c.customer_id, "customers"), among(MESSAGE.c.message_id, "ids"), _NOT_BEGUN
    )
    .order_by(MESSAGE.c.customer_id, MESSAGE.c.message_id)
)
_CALL_OFF = Statement(
    update(MESSAGE)
    .where(
        MESSAGE.c.customer_id == bindparam("of"),
        MESSAGE.c.message_id == bindparam("id"),
        _NOT_BEGUN,
    )
    .values(state=GIVEN_UP, reason=bindparam("why"), due_at=None)
)


def call_off(connection: Connection, rows: Sequence[Row]) -> list[tuple[Any, str]]:
    """Drop those of the letters (`of`, `id`, `why`) that have not begun; gives them with why.

    One that is being handed over goes on: its outcome tells what came of it.
    """
    why = {row["id"]: row["why"] for row in rows}
    customers = sorted({row["of"] for row in rows})
    waiting = _WAITING.rows(connection, {"customers": customers, "ids": sorted(why)})
    _CALL_OFF.each(connection, rows)
    dropped = (row for row in waiting if row.becomes == MessageState.DROPPED)
    return [(row, why[row.message_id]) for row in dropped]
