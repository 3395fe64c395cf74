"""Attempts whose worker is gone: they become uncertain, and are not queued again by that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.message import OutcomeKind
from lifecycle.engine.evidence import lost, may_be_resent, settle_by_evidence
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.window import look_after
from lifecycle.failpoints import reach
from lifecycle.send.starts import never_left
from lifecycle.store import claims, evidence, left_behind, outbox
from lifecycle.store.apply import Writing

NOT_BEGUN_YET = "its process ended before it began"


def abandon(parts: Parts, now: datetime, *, everything: bool) -> int:
    """Put down attempts whose worker is gone as uncertain; says how many that were found.

    Those that its notes show not to have begun (`send/starts.py`) are put back instead.
    Those whose lease is over by the database's clock, or with `everything` all there are. What was
    proved while the worker lived is settled at once.
    """
    with parts.database.write() as connection:
        ended_by = None if everything else claims.database_clock(connection)
        left = left_behind.abandoned(connection, ended_by)
        if not left:
            return 0
        claims.have_alone(connection, {row.customer_id for row in left})
        left = _not_back(connection, parts, left_behind.abandoned(connection, ended_by), now)
        lost(connection, left, now)
        _let_finish(connection, parts, left, now)
        settle_by_evidence(connection, [(row.customer_id, row.message_id) for row in left], now)
        look_after(connection, parts, left, now)
        reach("abandoned_written")
    for row in left:
        log.warned("message_uncertain", customer=row.customer_id, message=row.message_id)
    return len(left)


def _not_back(
    connection: Connection, parts: Parts, left: Sequence[Any], now: datetime
) -> list[Any]:
    """Put back the letters that surely had not begun when their process died; gives the others."""
    if parts.starts is None:
        return list(left)
    by_process: dict[str, list[Any]] = {}
    for one in left_behind.in_hand(connection, left):
        by_process.setdefault(one.worker, []).append(one)
    back = []
    for worker, attempts in by_process.items():
        ids = [one.attempt_id for one in attempts]
        unbegun = never_left(parts.starts.folder, worker, ids)
        back += [one for one in attempts if one.attempt_id in unbegun]
    _put_back(connection, back, now)
    gone = {one.message_id for one in back}
    return [row for row in left if row.message_id not in gone]


def _put_back(connection: Connection, attempts: Sequence[Any], now: datetime) -> None:
    if not attempts:
        return
    outcome = {"kind": str(OutcomeKind.NEVER_LEFT), "told": NOT_BEGUN_YET, "moment": now}
    settled = [{"of": one.customer_id, "attempt": one.attempt_id, **outcome} for one in attempts]
    outbox.settle(connection, settled)
    rows = [
        {"of": one.customer_id, "id": one.message_id, "why": "", "until": now} for one in attempts
    ]
    outbox.requeued(connection, rows)
    log.happened("letters_never_begun", letters=len(attempts))


def _let_finish(connection: Connection, parts: Parts, left: Sequence[Any], now: datetime) -> None:
    """Count letters of unknown fate as gone in their enrollments, unless they may go again."""
    for row in left:
        if not may_be_resent(parts.live, row):
            writing = Writing(now)
            gone = evidence.out_no_more(connection, row, now, sent=True)
            writing.add_for(row.customer_id, gone)
            writing.write(connection)
            look_again(connection, parts.live, writing, now)
