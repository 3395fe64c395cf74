"""What a restored database does not know: letters that went after it was backed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from lifecycle.core.message import MessageState, assert_move
from lifecycle.store.dialect.lists import among
from lifecycle.store.outbox import attempt_id
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, insert_new, upsert

TABLES = METADATA.tables
MESSAGE, ATTEMPT = TABLES["message"], TABLES["attempt"]
FOREGONE, RESTORATION = TABLES["foregone"], TABLES["restoration"]
THIS = TABLES["this_database"]
ONE = 1
"""The number of the one row of `restoration` and of `this_database`."""
IDS_AT_ONCE = 1_000
FROM_JOURNAL = "known from the journal alone: the database was restored"
PRESUMED = "it fell due while the backup was not kept up: the database was restored"
_AT = MESSAGE.c.due_at.type
_WAITING = ("planned", "ready", "requeued")
_KNOWN = Statement(select(ATTEMPT.c.attempt_id).where(among(ATTEMPT.c.attempt_id, "ids")))
_GONE = Statement(select(FOREGONE).where(among(FOREGONE.c.message_id, "ids")))
_IN_DOUBT = Statement(
    update(MESSAGE)
    .where(
        MESSAGE.c.customer_id == bindparam("of"),
        MESSAGE.c.message_id == bindparam("id"),
        or_(*(MESSAGE.c.state == state for state in _WAITING)),
    )
    .values(
        state=MessageState.UNCERTAIN,
        reason="",
        due_at=None,
        attempted_at=bindparam("begun", type_=_AT),
        uncertain_since=bindparam("now", type_=_AT),
        lease_until=None,
        attempts=0,
    )
)

_DOUBTED = (
    select(MESSAGE, ATTEMPT.c.attempt_id, ATTEMPT.c.detail)
    .join(
        ATTEMPT,
        (ATTEMPT.c.customer_id == MESSAGE.c.customer_id)
        & (ATTEMPT.c.message_id == MESSAGE.c.message_id),
    )
    .where(MESSAGE.c.uncertain_since.is_not(None), MESSAGE.c.state == "uncertain")
    .order_by(MESSAGE.c.customer_id, MESSAGE.c.message_id)
)


@dataclass(frozen=True, slots=True)
class Restored:
    """That a database was restored: what fell due between the two instants is in doubt."""

    backed_up_at: datetime
    restored_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A letter that the journal tells of: its message, and its latest attempt there."""

    message_id: str
    number: int
    begun_at: datetime


def identity(connection: Connection, made: Callable[[], str]) -> str:
    """The id of this database; made by `made` where it has none yet."""
    insert_new(connection, THIS, [{"number": ONE, "database_id": made()}])
    found: str = connection.execute(select(THIS.c.database_id)).scalar_one()
    return found


def known_identity(connection: Connection) -> str | None:
    """The id of this database, None where it has none yet."""
    found: str | None = connection.execute(select(THIS.c.database_id)).scalar()
    return found


def copied_at(connection: Connection) -> datetime | None:
    """As of when this database is a backup that nobody has put in use yet; None of any other."""
    found: datetime | None = connection.execute(select(THIS.c.backed_up_at)).scalar()
    return found


def restoration(connection: Connection) -> Restored | None:
    """The latest restoration; None where there never was one."""
    row = connection.execute(select(RESTORATION)).first()
    if row is None:
        return None
    return Restored(row.backed_up_at, row.restored_at, row.confirmed_at)


def lived_until(connection: Connection) -> datetime | None:
    """When the latest attempt began that this database knows; None where it knows none."""
    latest = select(func.max(ATTEMPT.c.begun_at, type_=ATTEMPT.c.begun_at.type))
    found: datetime | None = connection.execute(latest).scalar()
    return found


def unknown(connection: Connection, gone: Iterable[Gone]) -> list[Gone]:
    """Those attempts of the journal that this database does not know."""
    found: list[Gone] = []
    batch: list[Gone] = []
    for one in gone:
        batch.append(one)
        if len(batch) == IDS_AT_ONCE:
            found += _unknown(connection, batch)
            batch = []
    return found + _unknown(connection, batch)


def _unknown(connection: Connection, batch: Sequence[Gone]) -> list[Gone]:
    ids = {attempt_id(one.message_id, one.number): one for one in batch}
    known = {row.attempt_id for row in _KNOWN.rows(connection, {"ids": list(ids)})}
    return [one for id_, one in ids.items() if id_ not in known]


def begin(
    connection: Connection, gone: Sequence[Gone], backed_up_at: datetime, now: datetime
) -> int:
    """Put a restored database in use: what may have gone meanwhile is in doubt; says how many.

    `gone` are the attempts that it does not know. Restored a second time, the doubts of the first
    go on from where they began.
    """
    before = restoration(connection)
    if before is not None and before.confirmed_at is None:
        backed_up_at = min(backed_up_at, before.backed_up_at)
    row = {"number": ONE, "backed_up_at": backed_up_at, "restored_at": now}
    upsert(connection, RESTORATION, [{**row, "confirmed_at": None}])
    connection.execute(update(THIS).values(backed_up_at=None))
    latest: dict[str, Gone] = {}
    for one in gone:
        if one.message_id not in latest or one.number > latest[one.message_id].number:
            latest[one.message_id] = one
    insert_new(
        connection,
        FOREGONE,
        [
            {
                "message_id": one.message_id,
                "attempt_id": attempt_id(one.message_id, one.number),
                "number": one.number,
                "begun_at": one.begun_at,
            }
            for one in latest.values()
        ],
    )
    waiting = connection.execute(
        select(
            MESSAGE.c.customer_id, MESSAGE.c.message_id, MESSAGE.c.state, MESSAGE.c.due_at
        ).where(MESSAGE.c.due_at.is_not(None), MESSAGE.c.state.in_(_WAITING))
    ).all()
    doubtful = [row for row in waiting if row.due_at <= now or row.message_id in latest]
    return doubt(connection, doubtful, now)


def doubt(connection: Connection, rows: Sequence[Any], now: datetime) -> int:
    """Put messages that wait (their rows) down as uncertain; says how many.

    Each gets the attempt that the journal tells of, or the one that it would have had: feedback on
    it carries that id.
    """
    if not rows:
        return 0
    known = {one.message_id: one for one in _GONE.rows(connection, {"ids": _ids(rows)})}
    made = _attempts_made(connection, rows)
    attempts: list[Row] = []
    messages: list[Row] = []
    for row in rows:
        assert_move(MessageState(row.state), MessageState.UNCERTAIN)
        gone = known.get(row.message_id)
        number = gone.number if gone is not None else made.get(row.message_id, 0) + 1
        begun = gone.begun_at if gone is not None else min(row.due_at or now, now)
        attempts.append(
            {
                "customer_id": row.customer_id,
                "attempt_id": attempt_id(row.message_id, number),
                "message_id": row.message_id,
                "number": number,
                "begun_at": begun,
                "outcome": "uncertain",
                "detail": FROM_JOURNAL if gone is not None else PRESUMED,
                "evidence": gone.evidence if gone is not None else None,
            }
        )
        messages.append({"of": row.customer_id, "id": row.message_id, "begun": begun, "now": now})
    insert_new(connection, ATTEMPT, attempts)
    _IN_DOUBT.each(connection, messages)
    return len(messages)


def _ids(rows: Sequence[Any]) -> list[str]:
    return [row.message_id for row in rows]


def _attempts_made(connection: Connection, rows: Sequence[Any]) -> dict[str, int]:
    query = (
        select(ATTEMPT.c.message_id, func.max(ATTEMPT.c.number))
        .where(
            among(ATTEMPT.c.customer_id, "customers"),
            among(ATTEMPT.c.message_id, "ids"),
        )
        .group_by(ATTEMPT.c.message_id)
    )
    customers = sorted({row.customer_id for row in rows})
    found = connection.execute(query, {"customers": customers, "ids": _ids(rows)})
    return {message_id: int(number) for message_id, number in found.all()}


def in_doubt(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    """Those of the messages about to be attempted (their rows) that may have gone already.

    The journal knows of a later attempt than the database does; or they fell due while the backup
    was not kept up, were planned after it, were never attempted, and nobody has said that the
    journal is whole.
    """
    restored = restoration(connection)
    if restored is None:
        return []
    gone = {one.message_id: one.number for one in _GONE.rows(connection, {"ids": _ids(rows)})}
    unconfirmed = restored.confirmed_at is None
    found = []
    for row in rows:
        made = row.made or 0
        later = row.planned_at > restored.backed_up_at
        presumed = unconfirmed and later and row.fell_due_at <= restored.restored_at
        if gone.get(row.message_id, 0) > made or (presumed and not made):
            found.append(row)
    return found


def confirm(connection: Connection, now: datetime) -> list[Any]:
    """The journal is whole: what it does not know goes its way; gives the messages let go.

    Those whose only attempt is a presumed one wait again, from now on.
    """
    connection.execute(update(RESTORATION).values(confirmed_at=now))
    presumed = _DOUBTED.where(ATTEMPT.c.detail == PRESUMED, ATTEMPT.c.evidence.is_(None))
    rows = list(connection.execute(presumed).all())
    if rows:
        connection.execute(_NOT_GONE, [_place(row) for row in rows])
        again = [{"of": row.customer_id, "id": row.message_id, "now": now} for row in rows]
        connection.execute(_AGAIN, again)
    return rows


def _place(row: Any) -> Row:
    return {"of": row.customer_id, "attempt": row.attempt_id}


_NOT_GONE = (
    update(ATTEMPT)
    .where(ATTEMPT.c.customer_id == bindparam("of"), ATTEMPT.c.attempt_id == bindparam("attempt"))
    .values(outcome="never_left", detail="the journal does not know it")
)
_AGAIN = (
    update(MESSAGE)
    .where(MESSAGE.c.customer_id == bindparam("of"), MESSAGE.c.message_id == bindparam("id"))
    .values(
        state=MessageState.REQUEUED,
        due_at=bindparam("now", type_=_AT),
        attempted_at=None,
        uncertain_since=None,
    )
)


def doubted(connection: Connection) -> list[tuple[Any, bool]]:
    """The messages in doubt for a restoration, each with whether the journal tells of it."""
    query = _DOUBTED.where(ATTEMPT.c.detail.in_((FROM_JOURNAL, PRESUMED)))
    return [(row, row.detail == FROM_JOURNAL) for row in connection.execute(query)]


def prove_foregone(connection: Connection, message_id: str, what: str) -> None:
    """Keep evidence of a letter that the journal alone knows of yet."""
    connection.execute(
        update(FOREGONE)
        .where(FOREGONE.c.message_id == message_id, FOREGONE.c.evidence.is_(None))
        .values(evidence=what)
    )
