"""What a worker that is gone leaves in its hands: messages under way, and their attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

MESSAGE, ATTEMPT = METADATA.tables["message"], METADATA.tables["attempt"]
_ABANDONED = select(MESSAGE).where(MESSAGE.c.state == "attempting")


def abandoned(connection: Connection, ended_by: datetime | None) -> Sequence[Any]:
    """Messages still `attempting` whose worker is gone: their lease ended before, or any.

    One without a lease is nobody's. `ended_by` is told by the database's own clock, by which leases
    run.
    """
    query = _ABANDONED
    if ended_by is not None:
        lease = MESSAGE.c.lease_until
        query = query.where((lease < ended_by) | lease.is_(None))
    return connection.execute(query).all()


_IN_HAND = Statement(
    select(
        ATTEMPT.c.customer_id, ATTEMPT.c.attempt_id, ATTEMPT.c.message_id, ATTEMPT.c.worker
    ).where(
        among(ATTEMPT.c.customer_id, "customers"),
        among(ATTEMPT.c.message_id, "ids"),
        ATTEMPT.c.outcome.is_(None),
        ATTEMPT.c.evidence.is_(None),
    )
)


def in_hand(connection: Connection, messages: Sequence[Any]) -> Sequence[Any]:
    """The attempts of messages (their rows) of which nothing is known, not even by evidence."""
    customers = sorted({row.customer_id for row in messages})
    bound = {"customers": customers, "ids": [row.message_id for row in messages]}
    return _IN_HAND.rows(connection, bound)
