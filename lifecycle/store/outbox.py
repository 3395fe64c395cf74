"""Messages on their way out: attempts committed first, outcomes recorded after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, or_, select, update

from lifecycle.core.chance import derived_id
from lifecycle.core.message import MessageState
from lifecycle.core.words import micros
from lifecycle.store.dialect.change import Change
from lifecycle.store.dialect.lists import among
from lifecycle.store.dialect.many import insert_plain
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import json_text
from lifecycle.store.write import Row

MESSAGE = METADATA.tables["message"]
ATTEMPT = METADATA.tables["attempt"]
STATE = METADATA.tables["campaign_state"]
_AT = MESSAGE.c.due_at.type
_WAITING = or_(
    MESSAGE.c.state == "planned", MESSAGE.c.state == "requeued", MESSAGE.c.state == "ready"
)
_OF = (MESSAGE.c.customer_id == bindparam("of")) & (MESSAGE.c.message_id == bindparam("id"))


def attempt_id(message_id: str, number: int) -> str:
    """The id of one attempt; the next one has another."""
    return derived_id("attempt", message_id, str(number))


def due_messages(connection: Connection, ids: Iterable[str]) -> Sequence[Any]:
    """The rows of messages by id, with how many attempts were made of each."""
    return _ROWS.rows(connection, {"ids": list(ids)})


_MADE = (
    select(ATTEMPT.c.number)
    .where(
        ATTEMPT.c.customer_id == MESSAGE.c.customer_id,
        ATTEMPT.c.message_id == MESSAGE.c.message_id,
    )
    .order_by(ATTEMPT.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_ROWS = Statement(
    select(
        MESSAGE.c.customer_id,
        MESSAGE.c.message_id,
        MESSAGE.c.enrollment_id,
        MESSAGE.c.campaign,
        MESSAGE.c.version,
        MESSAGE.c.entry,
        MESSAGE.c.step,
        MESSAGE.c.place,
        MESSAGE.c.variant,
        MESSAGE.c.klass,
        MESSAGE.c.counts,
        MESSAGE.c.priority,
        MESSAGE.c.state,
        MESSAGE.c.reason,
        MESSAGE.c.fell_due_at,
        MESSAGE.c.stale_at,
        MESSAGE.c.due_at,
        MESSAGE.c.planned_at,
        MESSAGE.c.transactional,
        MESSAGE.c.resent_at,
        _MADE.label("made"),
    ).where(among(MESSAGE.c.message_id, "ids"))
)

_STILL = Statement(
    select(MESSAGE.c.message_id, MESSAGE.c.fence)
    .where(among(MESSAGE.c.customer_id, "customers"), among(MESSAGE.c.message_id, "ids"), _WAITING)
    .order_by(MESSAGE.c.message_id)
    .with_for_update()
)


_TAKEN = Statement(
    select(
        MESSAGE.c.customer_id,
        MESSAGE.c.message_id,
        MESSAGE.c.priority,
        MESSAGE.c.fell_due_at,
    ).where(
        among(MESSAGE.c.customer_id, "customers"),
        MESSAGE.c.due_at <= bindparam("now", type_=_AT),
        MESSAGE.c.quarantined_at.is_(None),
        MESSAGE.c.lease_until >= bindparam("clock", type_=MESSAGE.c.lease_until.type),
        _WAITING,
    )
)


def in_turn(
    connection: Connection,
    customers: Iterable[str],
    ids: Collection[str],
    now: datetime,
    clock: datetime,
) -> frozenset[str]:
    """Those of our messages before which no other worker's has its turn at the same customer.

    `clock` is the database's own, by which leases run.
    """
    bound = {"customers": sorted(set(customers)), "now": now, "clock": clock}
    waiting = sorted(_TAKEN.rows(connection, bound), key=turn)
    behind: set[str] = set()
    found = set()
    for row in waiting:
        if row.message_id not in ids:
            behind.add(row.customer_id)
        elif row.customer_id not in behind:
            found.add(row.message_id)
    return frozenset(found)


def turn(row: Any) -> tuple[Any, ...]:
    """The order of one customer's messages: the higher priority first, then what fell due first."""
    return row.customer_id, -row.priority, row.fell_due_at, row.message_id


def still_claimed(
    connection: Connection, customers: Iterable[str], fences: Mapping[str, int]
) -> frozenset[str]:
    """Those of the messages that still wait under the fence of our claim.

    A worker that was away for longer than its lease finds that another has taken them on.
    """
    found = _STILL.rows(connection, {"customers": sorted(set(customers)), "ids": list(fences)})
    return frozenset(row.message_id for row in found if row.fence == fences[row.message_id])


_STILL_WAITING = "state IN ('planned', 'requeued', 'ready')"
_HOLD = Change(
    MESSAGE,
    ("reason", "due_at"),
    ("customer_id", "message_id"),
    always=f"state = '{MessageState.PLANNED}', lease_until = NULL, attempts = 0",
    only_where=_STILL_WAITING,
)
GIVEN_UP = case(
    (
        MESSAGE.c.resent_at.is_not(None) & MESSAGE.c.uncertain_since.is_not(None),
        str(MessageState.UNCERTAIN),
    ),
    else_=str(MessageState.DROPPED),
)
"""What becomes of a message that goes no more: one that was put back in doubt is in doubt again."""
_DROP = Change(
    MESSAGE,
    ("reason",),
    ("customer_id", "message_id"),
    always=f"state = {GIVEN_UP.compile(compile_kwargs={'literal_binds': True})}, "
    "due_at = NULL, lease_until = NULL, attempts = 0",
    only_where=f"state != '{MessageState.ACCEPTED}'",
)
_UNSETTLED = (None, "", None, None)
"""Outcome, detail, moment and evidence of an attempt that has just begun."""
_BEGIN = Change(
    MESSAGE,
    ("attempted_at", "template_version", "context", "links"),
    ("customer_id", "message_id", "fence"),
    always=f"state = '{MessageState.ATTEMPTING}', reason = '', due_at = NULL",
    only_where=_STILL_WAITING,
)
_UNCERTAIN = Statement(
    update(MESSAGE)
    .where(_OF, MESSAGE.c.state == "attempting")
    .values(
        state=MessageState.UNCERTAIN,
        uncertain_since=bindparam("at", type_=_AT),
        lease_until=None,
        attempts=0,
    )
)
_REQUEUED = Statement(
    update(MESSAGE)
    .where(_OF, MESSAGE.c.state != "accepted")
    .values(
        state=MessageState.REQUEUED,
        reason=bindparam("why"),
        due_at=bindparam("until", type_=_AT),
        attempted_at=None,
        lease_until=None,
        attempts=0,
    )
)
_SETTLED = Statement(
    update(ATTEMPT)
    .where(ATTEMPT.c.customer_id == bindparam("of"), ATTEMPT.c.attempt_id == bindparam("attempt"))
    .values(
        outcome=bindparam("kind"),
        detail=bindparam("told"),
        settled_at=bindparam("moment", type_=_AT),
    )
)


def hold(connection: Connection, rows: Sequence[Row]) -> None:
    """Hold messages: `of`, `id`, `why`, `until`."""
    held = [(row["why"], micros(row["until"]), row["of"], row["id"]) for row in rows]
    _HOLD.write(connection, held)


def drop(connection: Connection, rows: Sequence[Row]) -> None:
    """Drop messages: `of`, `id`, `why`."""
    _DROP.write(connection, [(row["why"], row["of"], row["id"]) for row in rows])


class Beginning(NamedTuple):
    """An attempt that is about to be made, and what its message keeps of the letter."""

    customer_id: str
    message_id: str
    fence: int
    """Of the claim under which it is made."""
    attempt_id: str
    number: int
    path: str
    worker: str
    template: str
    seen: Mapping[str, Any] | None
    links: Mapping[str, str]

    @property
    def made_by(self) -> tuple[str, str]:
        """The way it goes by, and the process that makes it."""
        return self.path, self.worker


def begin(connection: Connection, attempts: Sequence[Beginning], now: datetime) -> None:
    """Commit attempts: their rows, and the messages now `attempting`, each under its own fence."""
    at = micros(now)
    rows = [
        (one.customer_id, one.attempt_id, one.message_id, one.number, at, *_UNSETTLED, *one.made_by)
        for one in attempts
    ]
    insert_plain(connection, ATTEMPT, rows)
    messages = [
        (
            at,
            one.template,
            None if one.seen is None else json_text(one.seen),
            json_text(one.links),
            one.customer_id,
            one.message_id,
            one.fence,
        )
        for one in attempts
    ]
    _BEGIN.write(connection, messages)


def uncertain(connection: Connection, rows: Sequence[Row]) -> None:
    """Record that a message may or may not have been accepted: `of`, `id`, `at`."""
    _UNCERTAIN.each(connection, rows)


def requeued(connection: Connection, rows: Sequence[Row]) -> None:
    """Put messages back that were surely not accepted: `of`, `id`, `why`, `until`."""
    _REQUEUED.each(connection, rows)


def settle(connection: Connection, rows: Sequence[Row]) -> None:
    """Write what came of attempts: `of`, `attempt`, `kind`, `told`, `moment`."""
    _SETTLED.each(connection, rows)


_FENCES = Statement(
    select(MESSAGE.c.message_id, MESSAGE.c.fence)
    .where(
        among(MESSAGE.c.customer_id, "customers"),
        among(MESSAGE.c.message_id, "ids"),
        MESSAGE.c.state == "attempting",
    )
    .order_by(MESSAGE.c.message_id)
    .with_for_update()
)


def still_attempted(
    connection: Connection, customers: Iterable[str], fences: Mapping[str, int]
) -> frozenset[str]:
    """Those of the messages that are still being handed over under the fence of our claim."""
    bound = {"customers": sorted(set(customers)), "ids": list(fences)}
    found = _FENCES.rows(connection, bound)
    return frozenset(row.message_id for row in found if row.fence == fences[row.message_id])


_LOST = Statement(
    update(ATTEMPT)
    .where(
        ATTEMPT.c.customer_id == bindparam("of"),
        ATTEMPT.c.message_id == bindparam("id"),
        ATTEMPT.c.outcome.is_(None),
    )
    .values(
        outcome="uncertain", detail=bindparam("told"), settled_at=bindparam("moment", type_=_AT)
    )
)


def lost(connection: Connection, rows: Sequence[Row]) -> None:
    """Write down that nobody will tell what came of attempts: `of`, `id`, `told`, `moment`."""
    _LOST.each(connection, rows)


_OUTCOMES = Statement(
    select(ATTEMPT.c.attempt_id, ATTEMPT.c.outcome).where(
        among(ATTEMPT.c.customer_id, "customers"), among(ATTEMPT.c.attempt_id, "ids")
    )
)


def outcomes_of(connection: Connection, attempts: Mapping[str, str]) -> dict[str, str | None]:
    """What is written of attempts, by id; `attempts` says whose each is."""
    bound = {"customers": sorted(set(attempts.values())), "ids": list(attempts)}
    return {row.attempt_id: row.outcome for row in _OUTCOMES.rows(connection, bound)}
