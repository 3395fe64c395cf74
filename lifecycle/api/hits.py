"""Hits on links of letters as evidence: only a letter that went can be read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.api.door import Door
from lifecycle.core.action import Proved
from lifecycle.engine.evidence import LINK, prove
from lifecycle.store.messages import message

SETTLED = ("accepted", "dropped")


def is_news(row: Any) -> bool:
    """Whether a hit on a link of this message tells anything of its fate."""
    return row is not None and row.state not in SETTLED


def note_hit(door: Door, row: Any) -> None:
    """Write that a link of a message was hit, where that is news; never raises."""
    if not is_news(row):
        return
    try:
        with door.database.write() as connection:
            take_hit(connection, door, row)
    except Exception:
        log.failed("hit_not_noted", message_id=row.message_id)


def take_hit(connection: Connection, door: Door, row: Any) -> None:
    """The same within a transaction of the caller's."""
    now = door.clock.now()
    if is_news(row):
        prove(connection, row.customer_id, [Proved(row.message_id, now, LINK)], now)


def take_hit_of(connection: Connection, door: Door, message_id: str) -> None:
    """The same for a message by its id."""
    take_hit(connection, door, message(connection, message_id))
