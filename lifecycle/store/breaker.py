"""What the circuit breaker looks at: how many marketing letters went when, and which did harm."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lifecycle.core.breaker import Gone, Opened, may_be_over, opened
from lifecycle.core.message import MessageState
from lifecycle.core.settings import Breaker
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

COUNT = METADATA.tables["letter_count"]
HARM = METADATA.tables["letter_harm"]
STATE = METADATA.tables["breaker_state"]
MESSAGE = METADATA.tables["message"]
_AT = COUNT.c.at.type
_BETWEEN = {name: bindparam(name, type_=_AT) for name in ("since", "before")}
_HARMS = Statement(
    select(HARM.c.kind, func.count().label("letters"))
    .where(HARM.c.letter_at > _BETWEEN["since"], HARM.c.letter_at < _BETWEEN["before"])
    .group_by(HARM.c.kind)
)
_LETTERS = select(COUNT.c.at, COUNT.c.letters).where(
    COUNT.c.at > _BETWEEN["since"], COUNT.c.at < _BETWEEN["before"]
)
_HARM_BY_LETTER = (
    select(HARM.c.letter_at, HARM.c.kind, func.count().label("letters"))
    .where(HARM.c.letter_at > _BETWEEN["since"], HARM.c.letter_at < _BETWEEN["before"])
    .group_by(HARM.c.letter_at, HARM.c.kind)
)


_OLD = (
    Statement(delete(COUNT).where(COUNT.c.at < _BETWEEN["before"])),
    Statement(delete(HARM).where(HARM.c.letter_at < _BETWEEN["before"])),
)


def _counting(kind: str) -> Statement:
    insert = (sqlite.insert if kind == "sqlite" else postgresql.insert)(COUNT)
    more = {"letters": COUNT.c.letters + insert.excluded.letters}
    return Statement(insert.on_conflict_do_update(index_elements=["at"], set_=more))


_COUNT = {kind: _counting(kind) for kind in ("sqlite", "postgresql")}


def count(connection: Connection, letters: int, now: datetime) -> None:
    """Count marketing letters that were handed over at `now`."""
    if letters:
        _COUNT[connection.dialect.name].each(connection, [{"at": now, "letters": letters}])


def harms(connection: Connection, since: datetime, before: datetime) -> Counter[str]:
    """How many letters that went between two instants, both left out, did harm, by its kind."""
    rows = _HARMS.rows(connection, {"since": since, "before": before})
    return Counter({row.kind: row.letters for row in rows})


def gone(connection: Connection, since: datetime, before: datetime) -> list[Gone]:
    """The marketing letters between two instants, both left out, by instant.

    None from before the breaker was last closed by hand.
    """
    closed = connection.execute(select(STATE.c.counted_from)).scalar()
    bound = {"since": max(since, closed) if closed else since, "before": before}
    letters = {row.at: row.letters for row in connection.execute(_LETTERS, bound)}
    harmed: dict[datetime, Counter[str]] = {}
    for row in connection.execute(_HARM_BY_LETTER, bound):
        harmed.setdefault(row.letter_at, Counter())[row.kind] = row.letters
    nothing: Counter[str] = Counter()
    return [
        Gone(
            at,
            letters.get(at, 0),
            harmed.get(at, nothing)["bounced"],
            harmed.get(at, nothing)["complained"],
        )
        for at in sorted({*letters, *harmed})
    ]


def look(connection: Connection, rule: Breaker, now: datetime) -> Opened | None:
    """Whether the breaker is open at `now`, and until when; None while it is closed."""
    since = now - rule.within
    harmed = harms(connection, since, now)
    if not may_be_over(harmed["bounced"], harmed["complained"]):
        return None
    return opened(rule, gone(connection, since, now), now)


def close(connection: Connection, now: datetime) -> int:
    """Close the breaker by hand: what went before counts no more. Says how many letters waited.

    They are looked at again at once.
    """
    upsert(connection, STATE, [{"number": 1, "counted_from": now}])
    waiting = (MESSAGE.c.state == MessageState.PLANNED) & (MESSAGE.c.reason == "breaker")
    woken = connection.execute(update(MESSAGE).where(waiting).values(due_at=now))
    return int(woken.rowcount)


def forget(connection: Connection, before: datetime) -> None:
    """Strike what no window reaches any more."""
    for gone in _OLD:
        gone.each(connection, [{"before": before}])
