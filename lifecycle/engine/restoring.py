"""After a backup was put in use: letters that may have gone since it was made are in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.engine.evidence import settle_by_evidence
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.weigh import Prepared
from lifecycle.engine.window import look_after
from lifecycle.store import evidence, restored
from lifecycle.store.apply import Writing


def without_doubtful(
    connection: Connection, parts: Parts, going: Sequence[Prepared], now: datetime
) -> list[Prepared]:
    """The letters about to begin but for those that may have gone before a restoration.

    Those become uncertain here, in the transaction that commits the attempts. Where nothing was
    ever restored this asks one empty table.
    """
    if not going:
        return []
    doubtful = restored.in_doubt(connection, [one.due.row for one in going])
    if not doubtful:
        return list(going)
    restored.doubt(connection, doubtful, now)
    for row in doubtful:
        log.warned("message_in_doubt", customer=row.customer_id, message=row.message_id)
    ids = {row.message_id for row in doubtful}
    _follow(
        connection,
        parts,
        [pair for pair in restored.doubted(connection) if pair[0].message_id in ids],
        now,
    )
    return [one for one in going if one.due.row.message_id not in ids]


def go_on(parts: Parts, now: datetime) -> None:
    """After a start, carry out what follows from messages that a restoration put in doubt."""
    with parts.database.write() as connection:
        if restored.restoration(connection) is not None:
            _follow(connection, parts, restored.doubted(connection), now)


def _follow(
    connection: Connection, parts: Parts, doubted: Sequence[tuple[Any, bool]], now: datetime
) -> None:
    """Settle what was proved meanwhile, and end the wait for what is as good as gone.

    Letters that the journal tells of count as gone in their enrollments; the others stay out,
    since they may still be let go.
    """
    for row, noted in doubted:
        if noted:
            writing = Writing(now)
            writing.add_for(row.customer_id, evidence.out_no_more(connection, row, now, sent=True))
            writing.write(connection)
            look_again(connection, parts.live, writing, now)
    rows = [row for row, _ in doubted]
    settle_by_evidence(connection, [(row.customer_id, row.message_id) for row in rows], now)
    look_after(connection, parts, rows, now)
