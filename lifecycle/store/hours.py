"""Sums of letters by hour of the week, how far they are counted, and what was learned of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lifecycle.core.learned_hours import Learned, read_learned
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

COUNT, TRIAL = METADATA.tables["hour_count"], METADATA.tables["hour_trial"]
FIT, STATE = METADATA.tables["hour_fit"], METADATA.tables["hour_state"]
OCCASION = METADATA.tables["broadcast_state"]
ONLY = 1
"""The id of the one row of the state."""
REMEMBERED = 4
_READ: dict[str, Learned | None] = {}
"""The latest fits by their hash: reading one costs more than a decision does."""


@dataclass(frozen=True, slots=True)
class HoursState:
    """How far letters are counted, and which fit is in force; named as in the table."""

    counted_to: datetime
    fit: str
    since: datetime | None
    people_at: datetime | None
    visits: Sequence[int]


_NAMES = tuple(one.name for one in fields(HoursState))
_STATE = Statement(select(*(STATE.c[name] for name in _NAMES)).where(STATE.c.id == ONLY))
_FIT = Statement(select(STATE.c.fit).where(STATE.c.id == ONLY))


def state(connection: Connection) -> HoursState | None:
    """How far it has got; None before the first night."""
    found = _STATE.rows(connection, {})
    return HoursState(*found[0]) if found else None


def held(connection: Connection) -> HoursState | None:
    """The same, and nobody else moves it until the transaction ends."""
    connection.execute(select(STATE.c.id).where(STATE.c.id == ONLY).with_for_update())
    return state(connection)


def begin(connection: Connection, now: datetime) -> None:
    """Count letters from the first on, unless that has begun."""
    row = {"counted_to": now, "fit": "", "since": None, "people_at": None, "visits": []}
    insert_new(connection, STATE, [{"id": ONLY, **row}])


def move(connection: Connection, before: HoursState, after: HoursState) -> bool:
    """Go on from one state to the next; False where another process has been there."""
    here = STATE.c.id == ONLY, STATE.c.counted_to == before.counted_to
    moved = connection.execute(update(STATE).where(*here).values(**asdict(after)))
    return moved.rowcount == 1


def fit_in_force(connection: Connection) -> str:
    """The hash of the fit in force; empty while nothing is learned."""
    found = _FIT.rows(connection, {})
    return str(found[0][0]) if found else ""


def learned(connection: Connection, fit: str) -> Learned | None:
    """What was learned in a night, by its hash; None where nothing was, or by another version."""
    if not fit:
        return None
    if fit not in _READ:
        text = connection.execute(select(FIT.c.learned).where(FIT.c.fit == fit)).scalar()
        while len(_READ) >= REMEMBERED:
            _READ.pop(next(iter(_READ)), None)
        _READ[fit] = None if text is None else read_learned(text)
    return _READ.get(fit)


def keep_fit(connection: Connection, found: Learned, at: datetime) -> str:
    """Keep what was learned; fits that neither are in force nor that an occasion goes by go."""
    text = found.to_json()
    named = blake2b(text.encode(), digest_size=16).hexdigest()
    insert_new(connection, FIT, [{"fit": named, "at": at, "learned": text}])
    in_use = select(OCCASION.c.hours).where(
        and_(OCCASION.c.hours.is_not(None), OCCASION.c.due_at.is_not(None))
    )
    connection.execute(delete(FIT).where(FIT.c.fit != named, FIT.c.fit.not_in(in_use)))
    return named


def fitted_at(connection: Connection, fit: str) -> datetime | None:
    """In which night it was learned."""
    found: datetime | None = connection.execute(select(FIT.c.at).where(FIT.c.fit == fit)).scalar()
    return found


def add(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Add sums to those of a table, HourCount or HourTrial."""
    found = list(rows)
    if not found:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    keys = [column.name for column in table.primary_key]
    statement = make(table)
    sums = {name: table.c[name] + statement.excluded[name] for name in found[0] if name not in keys}
    changed = statement.on_conflict_do_update(index_elements=keys, set_=sums)
    Statement(changed).each(connection, found)


def all_counts(connection: Connection) -> Sequence[Any]:
    """Every row of `hour_count`, in order."""
    keys = (COUNT.c.source, COUNT.c.of_group, COUNT.c.week, COUNT.c.slot)
    query = select(*keys, COUNT.c.letters, COUNT.c.expected, COUNT.c.answered)
    # By the bytes of the texts, as Python sorts them: databases have orders of their own.
    return sorted(tuple(row) for row in connection.execute(query))


def forget_before(connection: Connection, week: int) -> None:
    """Let sums of weeks before that go: they tell nothing any more."""
    connection.execute(delete(COUNT).where(COUNT.c.week < week))
    connection.execute(delete(TRIAL).where(TRIAL.c.day < week * 7))
