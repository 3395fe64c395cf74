"""What a transport told of its account, and what stops it: one truth for all processes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, tuple_, update

from lifecycle.core.account import Told
from lifecycle.core.stoppage import MOST_DETAIL, Stop, Stopped
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

ACCOUNT, STOPPAGE = METADATA.tables["account"], METADATA.tables["stoppage"]
MESSAGE = METADATA.tables["message"]
CLOCKS_APART = timedelta(minutes=1)
"""An account asked so far in the future was asked by a clock that has been set back since."""
_KNOWN = Statement(select(ACCOUNT).where(ACCOUNT.c.transport == bindparam("of")))
_STOPPED = Statement(select(STOPPAGE).where(STOPPAGE.c.transport == bindparam("of")))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an account; `told` is None while it never told anything."""

    asked_at: datetime | None = None
    told: Told | None = None


def known(connection: Connection, transport: str) -> Known:
    """What a transport last told of its account."""
    rows = _KNOWN.rows(connection, {"of": transport})
    return Known(rows[0].asked_at, Told.read(rows[0].told or {})) if rows else Known()


def may_ask(
    connection: Connection, transport: str, before: datetime, now: datetime, meanwhile: datetime
) -> bool:
    """Whether this process is to ask for the account now: one alone, if none has since `before`.

    Until it was answered the account counts as asked `meanwhile`: whoever dies over it must not
    leave it unknown for long.
    """
    insert_new(connection, ACCOUNT, [{"transport": transport, "asked_at": None, "told": None}])
    at = ACCOUNT.c.asked_at
    mine = update(ACCOUNT).where(
        ACCOUNT.c.transport == transport,
        or_(at.is_(None), at <= before, at > now + CLOCKS_APART),
    )
    return bool(connection.execute(mine.values(asked_at=meanwhile)).rowcount)


def keep(connection: Connection, transport: str, told: Told | None, asked_at: datetime) -> None:
    """Keep what an account told; None keeps what was told before. `asked_at` says as of when."""
    values: dict[str, Any] = {"asked_at": asked_at}
    if told is not None:
        values["told"] = told.kept()
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.transport == transport).values(values))


def stoppages(connection: Connection, transport: str) -> dict[str, Stopped]:
    """What stops a transport now, by what it concerns."""
    return {row.scope: _stopped(row) for row in _STOPPED.rows(connection, {"of": transport})}


def stop(connection: Connection, transport: str, stopped: Stopped) -> bool:
    """Note a stoppage; says whether it is a new one. One that is there already stays."""
    there = select(STOPPAGE.c.scope).where(_of(transport, stopped.scope)).with_for_update()
    if connection.execute(there).first() is not None:
        return False
    insert_new(connection, STOPPAGE, [{"transport": transport, **_row(stopped)}])
    return True


def change(connection: Connection, transport: str, before: Stopped, after: Stopped) -> bool:
    """Put a stoppage as it is now in the place of what it was; says whether it still was so.

    Of several processes that read the same one brings it about.
    """
    same = and_(
        _of(transport, before.scope),
        STOPPAGE.c.kind == before.kind,
        STOPPAGE.c.until == before.until,
        STOPPAGE.c.tries == before.tries,
    )
    return bool(connection.execute(update(STOPPAGE).where(same).values(_row(after))).rowcount)


def go_on(connection: Connection, transport: str, scope: str) -> bool:
    """End a stoppage; says whether it was still there."""
    return bool(connection.execute(delete(STOPPAGE).where(_of(transport, scope))).rowcount)


def wake(
    connection: Connection,
    reason: str,
    now: datetime,
    at_most: int,
    campaigns: Collection[str] | None = None,
) -> list[str]:
    """Have letters held for a reason looked at again at `now`; gives their ids.

    The transactional first, then by priority, then what fell due first; `campaigns` None = all.
    """
    waiting = [
        MESSAGE.c.due_at > now,
        MESSAGE.c.state.in_(("planned", "requeued")),
        MESSAGE.c.reason == reason,
        MESSAGE.c.quarantined_at.is_(None),
    ]
    if campaigns is not None:
        waiting.append(MESSAGE.c.campaign.in_(sorted(campaigns)))
    first = (
        select(MESSAGE.c.customer_id, MESSAGE.c.message_id)
        .where(*waiting)
        .order_by(
            MESSAGE.c.transactional.desc(),
            MESSAGE.c.priority.desc(),
            MESSAGE.c.fell_due_at,
            MESSAGE.c.message_id,
        )
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    keys = tuple_(MESSAGE.c.customer_id, MESSAGE.c.message_id)
    woken = update(MESSAGE).where(keys.in_(first)).values(due_at=now)
    return list(connection.execute(woken.returning(MESSAGE.c.message_id)).scalars())


def _stopped(row: Any) -> Stopped:
    return Stopped(row.scope, Stop(row.kind), row.since, row.until, row.tries, row.detail)


def _of(transport: str, scope: str) -> Any:
    return and_(STOPPAGE.c.transport == transport, STOPPAGE.c.scope == scope)


def _row(stopped: Stopped) -> dict[str, Any]:
    return {
        "scope": stopped.scope,
        "kind": str(stopped.kind),
        "since": stopped.since,
        "until": stopped.until,
        "tries": stopped.tries,
        "detail": stopped.detail[:MOST_DETAIL],
    }
