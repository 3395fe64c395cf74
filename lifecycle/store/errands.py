"""Errands on their way: a try is counted and its body fixed before it is made, its fate after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from lifecycle.core.action import Errand
from lifecycle.core.chance import bucket_of
from lifecycle.store.claims import LEASE, Claim
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS
from lifecycle.store.write import Row

ERRAND = METADATA.tables["errand"]
WAITING, TRYING, DONE, FAILED = "waiting", "trying", "done", "failed"
_AT = ERRAND.c.due_at.type
_OURS = (
    (ERRAND.c.customer_id == bindparam("of"))
    & (ERRAND.c.errand_id == bindparam("id"))
    & (ERRAND.c.fence == bindparam("claimed"))
)
_READ = select(ERRAND).where(_OURS)
_BEGIN = (
    update(ERRAND)
    .where(_OURS)
    .values(
        state=TRYING,
        tries=ERRAND.c.tries + 1,
        body=bindparam("content"),
        due_at=bindparam("again_at", type_=_AT),
    )
)
_SETTLE = (
    update(ERRAND)
    .where(_OURS)
    .values(
        state=bindparam("stands"),
        problem=bindparam("told"),
        due_at=bindparam("again_at", type_=_AT),
        ended_at=bindparam("over_at", type_=ERRAND.c.ended_at.type),
        lease_until=None,
        attempts=0,
    )
)
_STAND_BACK = (
    update(ERRAND)
    .where(
        ERRAND.c.due_at <= bindparam("now", type_=_AT),
        ERRAND.c.said == bindparam("words", type_=ERRAND.c.said.type),
    )
    .values(due_at=bindparam("again_at", type_=_AT))
)
_FORGET_BODY = update(ERRAND).where(_OURS).values(body=None)
_RECORD = (
    update(ERRAND)
    .where(ERRAND.c.due_at <= bindparam("now", type_=_AT))
    .values(state=DONE, due_at=None, ended_at=ERRAND.c.due_at)
)
_FREE = (
    update(ERRAND)
    .where(ERRAND.c.state == TRYING, ERRAND.c.due_at.is_not(None))
    .values(due_at=bindparam("again_at", type_=_AT))
)
_DUE = Statement(
    select(func.min(ERRAND.c.due_at, type_=_AT).label("due_at")).where(
        ERRAND.c.due_at.is_not(None), ERRAND.c.quarantined_at.is_(None)
    )
)


def read(connection: Connection, claim: Claim) -> Any:
    """The row of a claimed errand; None when it is ours no longer, or gone."""
    return connection.execute(_READ, _key(claim)).first()


def begin(connection: Connection, claim: Claim, body: str, now: datetime) -> bool:
    """Count a try and fix what is sent, before it is made; False when the errand is not ours.

    Were the process to die now, the errand falls due again when the lease is over.
    """
    bound = {**_key(claim), "content": body, "again_at": now + LEASE}
    return connection.execute(_BEGIN, bound).rowcount == 1


def put_off(connection: Connection, claim: Claim, problem: str, until: datetime) -> bool:
    """Have an errand tried again at an instant; whether it was still ours."""
    return _settle(connection, claim, WAITING, problem, until, None)


def stand_back(
    connection: Connection, said: Mapping[str, Any], now: datetime, until: datetime
) -> None:
    """Put off all that is due and says exactly this, without counting a try."""
    connection.execute(_STAND_BACK, {"words": dict(said), "now": now, "again_at": until})


def end(connection: Connection, claim: Claim, problem: str, now: datetime) -> bool:
    """End an errand: done without a problem, else failed for good; whether it was still ours.

    What was sent is kept only of what failed.
    """
    state = FAILED if problem else DONE
    if not problem:
        connection.execute(_FORGET_BODY, _key(claim))
    return _settle(connection, claim, state, problem, None, now)


def _settle(
    connection: Connection,
    claim: Claim,
    state: str,
    problem: str,
    again_at: datetime | None,
    over_at: datetime | None,
) -> bool:
    fate = {"stands": state, "told": problem, "again_at": again_at, "over_at": over_at}
    return connection.execute(_SETTLE, {**_key(claim), **fate}).rowcount == 1


def record(connection: Connection, now: datetime) -> int:
    """Let all errands that are due count as done, though nothing was made: for replays."""
    return connection.execute(_RECORD, {"now": now}).rowcount


def free(connection: Connection, now: datetime) -> None:
    """Have what a process left under way fall due now: for who knows that no other lives."""
    connection.execute(_FREE, {"again_at": now})


def next_due(connection: Connection) -> datetime | None:
    """When an errand falls due next."""
    found: datetime | None = _DUE.rows(connection, {})[0].due_at
    return found


def failing(connection: Connection, limit: int) -> tuple[list[Any], list[Any]]:
    """The errands that failed for good, the latest first, and those that are being tried again."""
    told = (ERRAND.c.errand_id, ERRAND.c.kind, ERRAND.c.campaign, ERRAND.c.step, ERRAND.c.problem)
    over = select(*told).where(ERRAND.c.state == FAILED, ERRAND.c.ended_at.is_not(None))
    over = over.order_by(ERRAND.c.ended_at.desc()).limit(limit)
    again = select(*told, ERRAND.c.tries).where(
        ERRAND.c.due_at.is_not(None), ERRAND.c.problem != ""
    )
    again = again.order_by(ERRAND.c.due_at).limit(limit)
    return list(connection.execute(over)), list(connection.execute(again))


def counts(connection: Connection) -> dict[str, int]:
    """How many errands wait, how many of them after a failed try, and how many failed for good."""
    waiting = select(func.count()).where(ERRAND.c.due_at.is_not(None))
    failed = select(func.count()).where(ERRAND.c.state == FAILED)
    return {
        "waiting": int(connection.execute(waiting).scalar() or 0),
        "again": int(connection.execute(waiting.where(ERRAND.c.problem != "")).scalar() or 0),
        "failed": int(connection.execute(failed).scalar() or 0),
    }


def delete_ended(connection: Connection, before: datetime, limit: int) -> int:
    """Delete errands that ended before an instant; says how many."""
    keys = (ERRAND.c.customer_id, ERRAND.c.errand_id)
    old = select(*keys).where(ERRAND.c.ended_at < before).order_by(ERRAND.c.ended_at).limit(limit)
    found = [tuple(row) for row in connection.execute(old)]
    if found:
        connection.execute(delete(ERRAND).where(tuple_(*keys).in_(found)))
    return len(found)


def _key(claim: Claim) -> dict[str, Any]:
    return {"of": claim.customer_id, "id": claim.id, "claimed": claim.fence}


def errand_row(customer_id: str, errand: Errand) -> Row:
    """The row of an errand that is waiting to be run."""
    return {
        "customer_id": customer_id,
        "errand_id": errand.id,
        "bucket": bucket_of(customer_id, BUCKETS),
        "kind": errand.kind,
        "enrollment_id": errand.enrollment.id,
        "campaign": errand.enrollment.campaign,
        "version": errand.enrollment.version,
        "entry": errand.enrollment.entry,
        "step": errand.step,
        "said": dict(errand.said),
        "state": "waiting",
        "made_at": errand.at,
        "due_at": errand.at,
    }
