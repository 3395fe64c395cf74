"""Claims by lease: rows whose moment has come, taken by one worker at a time.

Lease times come from the database's clock, the one clock that all processes share; the attempt is
counted when a row is claimed, before the work starts, so that a row that kills its worker is
quarantined after a few crashes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, column, text

from lifecycle import log
from lifecycle.core.words import from_micros, micros
from lifecycle.store import arrived
from lifecycle.store.dialect.change import Change
from lifecycle.store.dialect.claiming import (
    CLOCK,
    KEYS,
    claiming,
    claiming_before,
    setting_aside,
    setting_aside_before,
)
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.taking_turns import Turns

BATCH = 500
LEASE_SECONDS = 120
LEASE = timedelta(seconds=LEASE_SECONDS)
ATTEMPTS_BEFORE_QUARANTINE = 5
"""In a batch, among a few, and three times alone: of a death or two a row may be innocent."""
FEW = 25
"""So many rows of a worker that died are taken together again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that this worker has to itself until its lease ends; `fence` tells claims apart."""

    customer_id: str
    id: str
    fence: int
    attempts: int
    arrivals: int = 0
    everything: bool = False
    due_at: int = 0
    """In microseconds."""


_UNLESS_BEGUN = {"message": "message.state <> 'attempting'"}
"""What a message of which nobody knows whether it went is not: free, or failed."""
_FRESH = "attempts = 0"
_FAILED_ONCE = "attempts = 1"
_FAILED_AGAIN = f"attempts > 1 AND attempts < {ATTEMPTS_BEFORE_QUARANTINE}"


_RANKED = "transactional = :of AND priority = :rank"
_OF_RANK = f"{_FRESH} AND {_RANKED}"


def claim(
    connection: Connection,
    queue: str,
    now: datetime,
    batch: int = BATCH,
    turns: Turns | None = None,
) -> list[Claim]:
    """Take up to `batch` rows of a queue (intake, enrollment, message, errand) due at `now`.

    Rows whose worker failed or died are taken after all others, or in every second turn where
    `turns` are kept: a few together, since most of them only were in the same batch, and alone once
    that failed too, so that the one at fault takes nobody with it; one that did so too often is put
    aside. What was noted is entered first: all of it where the order of the queues must hold, else
    a part.
    """
    if queue != "errand":
        arrived.enter(connection, arrived.EVENTS_AT_ONCE if queue == "intake" else None)
    kind = connection.dialect.name
    bound = {"now": micros(now), "lease": LEASE_SECONDS * 1_000_000, "batch": batch}
    claimed = _failed_in_turn(connection, queue, bound, turns)
    if not claimed:
        claimed = _claimed(connection, claiming(kind, queue, _FRESH), bound)
        if turns is not None:
            turns.begin(queue)
            turns.took(queue, None, claimed, batch, bound["now"])
    if not claimed:
        few = {**bound, "batch": min(batch, FEW)}
        claimed = _claimed(connection, claiming(kind, queue, _FAILED_ONCE), few)
    if not claimed:
        one = {**bound, "batch": 1}
        claimed = _claimed(connection, claiming(kind, queue, _FAILED_AGAIN), one)
    if not claimed:
        _set_aside(connection, queue, bound["now"], setting_aside(kind, queue), {})
    return claimed


def _failed_in_turn(
    connection: Connection,
    queue: str,
    bound: Mapping[str, Any],
    turns: Turns | None,
    marketing: int | None = None,
) -> list[Claim]:
    """Take rows whose worker failed or died, where it is their turn; none where there are none."""
    kind = connection.dialect.name
    for rank, (upto, who) in turns.of_failed(queue) if turns is not None else ():
        which, place = "true", {"upto": upto, "who": who}
        most = int(bound["batch"])
        if rank is not None:
            which, place = _RANKED, {**place, "of": rank[0], "rank": rank[1]}
            most = most if rank[0] or marketing is None else min(most, marketing)
        for failed, few in ((_FAILED_ONCE, FEW), (_FAILED_AGAIN, 1)):
            room = min(few, most)
            statement = claiming_before(kind, queue, failed, which)
            found = (
                _claimed(connection, statement, {**bound, **place, "batch": room}) if room else []
            )
            if found:
                return found
        _set_aside(connection, queue, bound["now"], setting_aside_before(kind, queue, which), place)
    return []


def _set_aside(
    connection: Connection, queue: str, now: int, statement: Statement, place: Mapping[str, Any]
) -> None:
    """Put rows aside that took their workers with them too often."""
    gone = {**place, "now": now, "most": ATTEMPTS_BEFORE_QUARANTINE}
    for row in _claimed(connection, statement, gone):
        log.warned(f"{queue}_quarantined", customer=row.customer_id, id=row.id)


def claim_in_turn(
    connection: Connection,
    now: datetime,
    batch: int,
    marketing: int | None = None,
    turns: Turns | None = None,
) -> list[Claim]:
    """Take up to `batch` messages due at `now`, where not all that is due can go.

    The transactional first, then by priority, then what fell due first; at most `marketing` of them
    are not transactional (None = any number). What failed follows as `claim` says.
    """
    arrived.enter(connection, None)
    kind = connection.dialect.name
    bound = {"now": micros(now), "lease": LEASE_SECONDS * 1_000_000, "batch": batch}
    claimed = _failed_in_turn(connection, "message", bound, turns, marketing)
    if claimed:
        return claimed
    if turns is not None:
        turns.begin("message")
    for transactional, priority in _ranks(connection):
        room = batch - len(claimed)
        if not transactional and marketing is not None:
            room = min(room, marketing)
        if room > 0:
            rank = {**bound, "batch": room, "of": transactional, "rank": priority}
            found = _claimed(connection, claiming(kind, "message", _OF_RANK), rank)
            if turns is not None:
                turns.took("message", (transactional, priority), found, room, bound["now"])
            claimed += found
            if not transactional and marketing is not None:
                marketing -= len(found)
    if claimed or (marketing is not None and marketing < 1):
        return claimed
    room = batch if marketing is None else min(batch, marketing)
    return claim(connection, "message", now, min(room, FEW))  # Those that failed.


def _ranks(connection: Connection) -> Iterator[tuple[bool, int]]:
    """The ranks that waiting messages have, the first in turn first: each costs one look."""
    found = _FIRST_RANK.rows(connection, {})
    while found:
        transactional, priority = bool(found[0].transactional), found[0].priority
        yield transactional, priority
        found = _NEXT_RANK.rows(connection, {"of": transactional, "rank": priority})


_RANKS = (
    "SELECT transactional, priority FROM message WHERE due_at IS NOT NULL{} "
    "ORDER BY transactional DESC, priority DESC LIMIT 1"
)
_RANK_COLUMNS: tuple[Any, ...] = (column("transactional"), column("priority"))
_FIRST_RANK = Statement(text(_RANKS.format("")).columns(*_RANK_COLUMNS))
_SAME_KIND = " AND transactional = :of AND priority < :rank"
_NEXT_RANK = Statement(
    text(
        f"SELECT * FROM (SELECT * FROM ({_RANKS.format(_SAME_KIND)}) AS near "
        f"UNION ALL SELECT * FROM ({_RANKS.format(' AND transactional < :of')}) AS far) AS ranks "
        "ORDER BY transactional DESC, priority DESC LIMIT 1"
    ).columns(*_RANK_COLUMNS)
)
"""Two looks: SQLite goes by the first of a pair alone, and would read all of a rank."""


def _claimed(connection: Connection, statement: Statement, bound: Mapping[str, Any]) -> list[Claim]:
    return [
        Claim(
            row.customer_id,
            row.id,
            row.fence,
            row.attempts,
            row.arrivals,
            bool(row.everything),
            row.due_at,
        )
        for row in statement.rows(connection, bound)
    ]


def free(connection: Connection) -> None:
    """End every lease: who starts alone on its database knows that no other worker lives."""
    for queue in KEYS:
        ended = f"UPDATE {queue} SET lease_until = NULL WHERE lease_until IS NOT NULL"
        connection.execute(text(ended))


_HOLD = text(
    'SELECT customer_id FROM intake WHERE customer_id = ANY(:ids) ORDER BY customer_id COLLATE "C" '
    "FOR UPDATE"
)


def have_alone(connection: Connection, customers: Collection[str]) -> None:
    """Have customers to oneself until the transaction ends: nobody else decides or appends.

    On SQLite one transaction writes at a time anyway.
    """
    if connection.dialect.name == "postgresql" and customers:
        connection.execute(_HOLD, {"ids": sorted(customers)})


def database_clock(connection: Connection) -> datetime:
    """The instant that the database's own clock shows, by which leases run."""
    found = connection.execute(text(f"SELECT {CLOCK[connection.dialect.name]}")).scalar()
    return from_micros(int(found or 0))


_RELEASE_INTAKE = Statement(
    text(
        "UPDATE intake SET due_at = CASE WHEN arrivals = :arrivals THEN :next ELSE due_at END, "
        "everything = CASE WHEN arrivals = :arrivals THEN false ELSE everything END, "
        "lease_until = NULL, attempts = 0 WHERE customer_id = :id AND fence = :fence"
    )
)
_RELEASE_INTAKE_AT_ONCE = (
    "UPDATE intake SET due_at = CASE WHEN arrivals = seen THEN next ELSE due_at END, "
    "everything = CASE WHEN arrivals = seen THEN false ELSE everything END, "
    "lease_until = NULL, attempts = 0 "
    "FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) "
    "AS claimed(id, claimed_fence, seen, next) "
    "WHERE customer_id = claimed.id AND fence = claimed_fence"
)
"""The same of many customers, on PostgreSQL."""


def release_intake(
    connection: Connection,
    claims: Sequence[Claim],
    next_due: Mapping[str, datetime | None],
    appended: Collection[str],
) -> None:
    """Give customers back to the intake queue, due at their next wake-up.

    `appended` are the customers to whom this very work appended events. Where others have appended
    since the claim, the customer stays due as that arrival said.
    """
    rows = [
        {
            "id": one.customer_id,
            "fence": one.fence,
            "arrivals": one.arrivals + (one.customer_id in appended),
            "next": None if (due := next_due.get(one.customer_id)) is None else micros(due),
        }
        for one in claims
    ]
    if connection.dialect.name != "sqlite":
        names = ("id", "fence", "arrivals", "next")
        columns = tuple([row[name] for row in rows] for name in names)
        connection.exec_driver_sql(_RELEASE_INTAKE_AT_ONCE, columns)
        return
    _RELEASE_INTAKE.each(connection, rows)


def release(connection: Connection, queue: str, claimed: Sequence[Claim]) -> None:
    """Give rows back after their work is written; only where the claim is still ours."""
    _release(queue).write(connection, [(o.customer_id, o.id, o.fence) for o in claimed])


@lru_cache(maxsize=20)
def _release(queue: str) -> Change:
    keys = (*KEYS[queue], "fence")
    table, free = METADATA.tables[queue], "lease_until = NULL, attempts = 0"
    return Change(table, (), keys, always=free, only_where=_UNLESS_BEGUN.get(queue, ""), quiet=True)


def quarantine(connection: Connection, queue: str, one: Claim, now: datetime) -> bool:
    """Put a row aside once it has failed too often, and say whether it was; the lease ends.

    A message whose attempt is committed keeps both: only evidence, or the end of its lease, tells
    what became of it.
    """
    aside = one.attempts >= ATTEMPTS_BEFORE_QUARANTINE
    bound: dict[str, Any] = {"customer": one.customer_id, "fence": one.fence}
    where = "customer_id = :customer AND fence = :fence"
    if len(KEYS[queue]) > 1:
        where += f" AND {KEYS[queue][1]} = :id"
        bound["id"] = one.id
    if queue in _UNLESS_BEGUN:
        where += f" AND {_UNLESS_BEGUN[queue]}"
    change = "quarantined_at = :now" if aside else "lease_until = NULL"
    if aside:
        bound["now"] = micros(now)
    changed = connection.execute(text(f"UPDATE {queue} SET {change} WHERE {where}"), bound)
    return aside and changed.rowcount == 1
