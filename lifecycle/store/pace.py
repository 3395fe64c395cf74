"""The pace that all processes on one database share: what each has taken of a transport's rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from lifecycle.core.pace import SECOND, Grant, Grants, Limit, Used, free_at, settle
from lifecycle.core.pace import take as granted
from lifecycle.core.words import micros
from lifecycle.store.claims import database_clock
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

PACE = METADATA.tables["pace"]
_READ = select(PACE.c.taken, PACE.c.begun).where(PACE.c.transport == bindparam("of"))
_LOOK = Statement(_READ)
_HAVE = Statement(_READ.with_for_update())
_WRITE = Statement(
    update(PACE)
    .where(PACE.c.transport == bindparam("of"))
    .values(taken=bindparam("grants", type_=PACE.c.taken.type), begun=bindparam("letters")),
    quiet=True,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was granted; without a grant, for how many microseconds there is none.

    `spent`: there is none for the day's quota, however long one waits.
    """

    grant: Grant | None
    at: int
    """When that was, by this process's steady clock, in microseconds: no later than it was."""
    wait: int = 0
    spent: bool = False


def take(
    connection: Connection,
    transport: str,
    limit: Limit,
    wanted: int,
    used: Sequence[Used] = (),
    most: int | None = None,
) -> Taken:
    """Take up to `wanted` letters of a transport's rate, by the database's own clock.

    `used` is what became of this process's grants before. `most` is how far the count of all
    letters ever begun may go: the day's quota; None for no such end. To be called inside a writing
    transaction, which others wait for: it must be short.
    """
    row = _had(connection, transport)
    at = int(monotonic() * SECOND)  # After the row is had: others may have come first.
    now = micros(database_clock(connection))
    before = _read(row.taken)
    begun = row.begun - sum(one.unbegun for one in used)
    left = wanted if most is None else min(wanted, most - begun)
    grant, grants = granted(settle(before, used), limit, now, max(0, left))
    begun += grant.letters if grant is not None else 0
    if grant is not None or used or _ahead(before, now):
        kept = [[one.id, one.since, one.until, one.letters] for one in grants]
        _WRITE.each(connection, [{"of": transport, "grants": kept, "letters": begun}])
    if grant is not None:
        return Taken(grant, at)
    return Taken(None, at, free_at(grants, limit, now) - now, spent=left <= 0)


def look(connection: Connection, transport: str, limit: Limit) -> tuple[int, int]:
    """In how many microseconds a letter may begin, and how many ever began: nothing is taken."""
    rows = _LOOK.rows(connection, {"of": transport})
    if not rows:
        return 0, 0
    now, grants = micros(database_clock(connection)), _read(rows[0].taken)
    wait = 0 if _ahead(grants, now) else free_at(grants, limit, now) - now
    return wait, rows[0].begun


def _ahead(grants: Grants, now: int) -> bool:
    """Whether the clock was set back since: the next taking brings the grants back to it."""
    return any(one.since > now for one in grants)


def _had(connection: Connection, transport: str) -> Any:
    rows = _HAVE.rows(connection, {"of": transport})
    if not rows:
        insert_new(connection, PACE, [{"transport": transport, "taken": [], "begun": 0}])
        rows = _HAVE.rows(connection, {"of": transport})
    return rows[0]


def _read(taken: Sequence[Sequence[int]]) -> Grants:
    return tuple(Grant(*one) for one in taken)
