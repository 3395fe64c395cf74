"""Writes what the transport answered, and writes it again where the database was away.

Guarantee: an answer that was heard is not thrown away because the database was restarted, its disk
full, or a COMMIT lost on its way, unless that lasts for half a minute.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from lifecycle import log
from lifecycle.core.message import Outcome
from lifecycle.engine.evidence import ours_alone
from lifecycle.engine.outcome import record_outcomes
from lifecycle.engine.parts import Parts
from lifecycle.engine.weigh import Prepared
from lifecycle.failpoints import reach
from lifecycle.store import claims, outbox
from lifecycle.store.away import is_away
from lifecycle.store.facts import fresh_enrollments

Heard = Sequence[tuple[Prepared, Outcome]]
RESTS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds of rest before each further try: half a minute of a lease of two."""


def record(parts: Parts, heard: Heard, pulse: tuple[int, int] | None, now: datetime) -> None:
    """Write what came of attempts; `pulse` is the database's at their commit.

    Raises the database's error once it was away for `RESTS` or half a lease, and any other at once.
    """
    again = False
    end = time.monotonic() + claims.LEASE_SECONDS / 2
    for rest in RESTS if parts.outside else ():
        try:
            return _record(parts, heard, pulse, now, again=again)
        except DBAPIError as error:
            if not is_away(error) or time.monotonic() + rest > end:
                raise
            problem = type(error.orig or error).__name__
            log.warned("outcomes_not_written", letters=len(heard), problem=problem)
        time.sleep(rest)
        again = True
    _record(parts, heard, pulse, now, again=again)


def _record(
    parts: Parts, heard: Heard, pulse: tuple[int, int] | None, now: datetime, *, again: bool
) -> None:
    with parts.database.write() as connection:
        claims.have_alone(connection, {one.due.row.customer_id for one, _ in heard})
        if again:
            heard = _unwritten(connection, heard)
        if parts.outside and (again or parts.database.written_since(pulse, connection)):
            facts = {one.due.facts.customer_id: one.due.facts for one, _ in heard}
            fresh_enrollments(connection, facts)
            heard = ours_alone(connection, heard, now)
        record_outcomes(connection, parts, heard, now)
        reach("outcomes_written")


def _unwritten(connection: Connection, heard: Heard) -> Heard:
    """Those that are not written: the COMMIT of the last try may have arrived."""
    attempts = {one.ready.letter.attempt_id: one.due.row.customer_id for one, _ in heard}
    written = outbox.outcomes_of(connection, attempts)
    return [
        (one, outcome)
        for one, outcome in heard
        if written.get(one.ready.letter.attempt_id) != str(outcome.kind)
    ]
