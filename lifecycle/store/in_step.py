"""What keeps our suppressions and a transport's own list in step: how far, and what differs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

STEP = METADATA.tables["in_step"]
SUPPRESSION = METADATA.tables["suppression"]
CUSTOMER = METADATA.tables["customer"]
BOUNCE = METADATA.tables["soft_bounce"]
TOLD = ("bounced", "complained")
"""The reasons that SES's list knows as well."""


def state(connection: Connection, transport: str) -> Any | None:
    """How far a transport is in step; None where it never was looked at."""
    return connection.execute(select(STEP).where(STEP.c.transport == transport)).first()


def take(connection: Connection, transport: str, now: datetime, until: datetime) -> Any | None:
    """Have the work to oneself until `until`, if it is due at `now`; None if it is not."""
    insert_new(connection, STEP, [{"transport": transport, "due_at": now, "problem": ""} | _NONE])
    due = (STEP.c.transport == transport) & (STEP.c.due_at <= now)
    if not connection.execute(update(STEP).where(due).values(due_at=until)).rowcount:
        return None
    return state(connection, transport)


_NONE = {"taken": 0, "given": 0}


def done(connection: Connection, transport: str, **changes: Any) -> None:
    """Write how far it got."""
    connection.execute(update(STEP).where(STEP.c.transport == transport).values(**changes))


def known(connection: Connection, hashes: Collection[str]) -> set[str]:
    """Those of some addresses that are suppressed here."""
    query = select(SUPPRESSION.c.address_hash).where(SUPPRESSION.c.address_hash.in_(list(hashes)))
    return set(connection.execute(query).scalars())


def ours(
    connection: Connection, after: str, since: datetime | None, limit: int
) -> Sequence[tuple[str, str, str]]:
    """The next of our suppressions by hash: hash, reason and address, where a customer has it.

    An erased customer's address is known by its hash alone: such a one is left out.
    """
    query = (
        select(SUPPRESSION.c.address_hash, SUPPRESSION.c.reason, CUSTOMER.c.email)
        .join(CUSTOMER, CUSTOMER.c.address_hash == SUPPRESSION.c.address_hash)
        .where(
            SUPPRESSION.c.address_hash > after,
            SUPPRESSION.c.reason.in_(TOLD),
            CUSTOMER.c.email.is_not(None),
        )
        .order_by(SUPPRESSION.c.address_hash)
        .limit(limit)
    )
    if since is not None:
        query = query.where(SUPPRESSION.c.at >= since)
    return [(row.address_hash, row.reason, row.email) for row in connection.execute(query)]


def lift(connection: Connection, address_hash: str) -> str | None:
    """Strike a suppression, and what bounced before; gives the reason it had, None for none."""
    same = SUPPRESSION.c.address_hash == address_hash
    reason: str | None = connection.execute(select(SUPPRESSION.c.reason).where(same)).scalar()
    connection.execute(delete(BOUNCE).where(BOUNCE.c.address_hash == address_hash))
    connection.execute(delete(SUPPRESSION).where(same))
    return reason
