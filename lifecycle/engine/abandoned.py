"""Attempts whose worker is gone: they become uncertain, and are not queued again by that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.engine.evidence import lost, may_be_resent, settle_by_evidence
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.window import look_after
from lifecycle.failpoints import reach
from lifecycle.store import claims, evidence, outbox
from lifecycle.store.apply import Writing


def abandon(parts: Parts, now: datetime, *, everything: bool) -> int:
    """Put down attempts whose worker is gone as uncertain; says how many.

    Those whose lease is over by the database's clock, or with `everything` all there are. What was
    proved while the worker lived is settled at once.
    """
    with parts.database.write() as connection:
        ended_by = None if everything else claims.database_clock(connection)
        left = outbox.abandoned(connection, ended_by)
        if not left:
            return 0
        claims.have_alone(connection, {row.customer_id for row in left})
        left = outbox.abandoned(connection, ended_by)
        lost(connection, left, now)
        _let_finish(connection, parts, left, now)
        settle_by_evidence(connection, [(row.customer_id, row.message_id) for row in left], now)
        look_after(connection, parts, left, now)
        reach("abandoned_written")
    for row in left:
        log.warned("message_uncertain", customer=row.customer_id, message=row.message_id)
    return len(left)


def _let_finish(connection: Connection, parts: Parts, left: Sequence[Any], now: datetime) -> None:
    """Count letters of unknown fate as gone in their enrollments, unless they may go again."""
    for row in left:
        if not may_be_resent(parts.live, row):
            writing = Writing(now)
            gone = evidence.out_no_more(connection, row, now, sent=True)
            writing.add_for(row.customer_id, gone)
            writing.write(connection)
            look_again(connection, parts.live, writing, now)
