"""The window of letters of unknown fate: once it is over, a few go again, the others stay listed.

Only a transactional letter whose campaign says `resend_uncertain` goes again, once, and only while
feedback is proved alive. Nothing here depends on when else the engine looks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from lifecycle import log
from lifecycle.core.action import Decided
from lifecycle.core.doubt import LEAST_WINDOW, Doubt
from lifecycle.core.enrollment import EnrollmentState
from lifecycle.core.message import MessageState, assert_move
from lifecycle.core.words import length_words
from lifecycle.engine.evidence import may_be_resent
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.failpoints import reach
from lifecycle.store import claims, doubts, evidence, operations
from lifecycle.store.apply import Writing
from lifecycle.store.tables import METADATA

TASK = "letters in doubt"
LOOK_AGAIN = LEAST_WINDOW
"""How often it is looked whether the path of feedback has come alive."""
LATEST_AGE = 8 * LEAST_WINDOW
"""So old a doubt of a letter that never goes again is looked at no more but by people."""
MESSAGE, ENROLLMENT = METADATA.tables["message"], METADATA.tables["enrollment"]
_AT = MESSAGE.c.due_at.type
_OPEN = (
    select(MESSAGE)
    .where(
        MESSAGE.c.uncertain_since.is_not(None),
        MESSAGE.c.state == "uncertain",
        MESSAGE.c.reason == "",
        or_(
            MESSAGE.c.transactional & MESSAGE.c.resent_at.is_(None),
            MESSAGE.c.uncertain_since > bindparam("lately", type_=_AT),
        ),
    )
    .order_by(MESSAGE.c.customer_id, MESSAGE.c.message_id)
)
_RESEND = (
    update(MESSAGE)
    .where(
        MESSAGE.c.customer_id == bindparam("of"),
        MESSAGE.c.message_id == bindparam("id"),
        MESSAGE.c.state == "uncertain",
        MESSAGE.c.resent_at.is_(None),
    )
    .values(
        state=MessageState.REQUEUED,
        due_at=bindparam("now", type_=_AT),
        resent_at=bindparam("now", type_=_AT),
        lease_until=None,
        attempts=0,
    )
)
_FINAL = (
    update(MESSAGE)
    .where(MESSAGE.c.customer_id == bindparam("of"), MESSAGE.c.message_id == bindparam("id"))
    .values(reason=bindparam("why"))
)


def look_after(
    connection: Connection, parts: Parts, doubts: Collection[Any], now: datetime
) -> None:
    """See to it that letters now in doubt are looked at once their window may be over."""
    if doubts and parts.outside:
        operations.set_task_once(connection, TASK, now + LEAST_WINDOW)


class Doubts:
    """The task of one engine that looks at letters in doubt; a dead path is told once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._warned = False

    def do_due(self, now: datetime) -> int:
        """Look at the letters in doubt where that is due; says how much was done."""
        parts = self._parts
        with parts.database.read() as connection:
            if TASK not in operations.tasks_due(connection, now):
                return 0
        with parts.database.write() as connection:
            bound = {"lately": now - LATEST_AGE}
            rows = connection.execute(_OPEN, bound).all()
            claims.have_alone(connection, {row.customer_id for row in rows})
            rows = connection.execute(_OPEN, bound).all()
            again = self._weigh(connection, rows, now)
            operations.forget_tasks(connection, [TASK])
            if again is not None:
                operations.set_task(connection, TASK, again)
        return 1

    def _weigh(
        self, connection: Connection, rows: Collection[Any], now: datetime
    ) -> datetime | None:
        """Put back what goes again, end what is final; says when to look again, None for never."""
        live = self._parts.live
        attempts = evidence.attempts_of(connection, list(rows))
        standing = doubts.Doubts(connection)
        writing = Writing(now)
        instants: list[datetime] = []
        dead: Doubt | None = None
        for row in rows:
            if row.message_id not in attempts:
                continue
            doubt = standing.of(row, attempts[row.message_id])
            resends = may_be_resent(live, row)
            if resends and (why := _too_late(connection, row, now)):
                self._end(connection, writing, row, why, now)
            elif resends and doubt.weighed(now):
                self._resend(connection, writing, row, doubt, now)
            elif now < doubt.ends:
                instants.append(doubt.ends)
            else:
                dead = doubt if not doubt.alive else dead
                if resends:
                    instants.append(min(now + LOOK_AGAIN, row.stale_at))
        writing.write(connection)
        look_again(connection, live, writing, now)
        self._warn(dead)
        return min(instants, default=None)

    def _warn(self, dead: Doubt | None) -> None:
        if dead is not None and not self._warned:
            log.warned("feedback_path_dead", proved=dead.proved_after, needed=dead.needed)
        self._warned = dead is not None

    def _resend(
        self, connection: Connection, writing: Writing, row: Any, doubt: Doubt, now: datetime
    ) -> None:
        assert_move(MessageState(row.state), MessageState.REQUEUED)
        place = {"of": row.customer_id, "id": row.message_id}
        connection.execute(_RESEND, [{**place, "now": now}])
        reach("resending_written")
        detail = f"unknown for {length_words(doubt.window)}, though later letters were told of"
        about = (row.campaign, row.entry, "resent", "", detail, row.step, row.variant)
        writing.add_for(row.customer_id, [Decided(now, *about)])
        log.warned("message_resent", customer=row.customer_id, message=row.message_id)

    def _end(
        self, connection: Connection, writing: Writing, row: Any, why: str, now: datetime
    ) -> None:
        """Leave a message in doubt for good: its enrollment waits for it no more."""
        place = {"of": row.customer_id, "id": row.message_id}
        connection.execute(_FINAL, [{**place, "why": why}])
        writing.add_for(row.customer_id, evidence.out_no_more(connection, row, now, sent=True))


def _too_late(connection: Connection, row: Any, now: datetime) -> str:
    """Why a message in doubt will never go again; empty where it still may."""
    if now >= row.stale_at:
        return "stale"
    state = connection.execute(
        select(ENROLLMENT.c.state).where(
            ENROLLMENT.c.customer_id == row.customer_id,
            ENROLLMENT.c.enrollment_id == row.enrollment_id,
        )
    ).scalar()
    return "" if state == EnrollmentState.ACTIVE else "left"
