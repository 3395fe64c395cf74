"""How customers stand to a rule: who it holds for, and when time alone may turn it, set-wise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from lifecycle.core.facts import Facts
from lifecycle.core.ledger import Tiers
from lifecycle.core.rule.tree import Needs, Rule, View
from lifecycle.core.words import micros
from lifecycle.store.dialect import postgresql
from lifecycle.store.dialect.postgresql_values import PostgresqlValues
from lifecycle.store.dialect.sqlite_values import SqliteValues
from lifecycle.store.dialect.values import Values
from lifecycle.store.facts import Reading, load
from lifecycle.store.rule_sql.answers import NEVER
from lifecycle.store.rule_sql.plan import plan
from lifecycle.store.rule_sql.probe import Asking
from lifecycle.store.rule_sql.rows import EVENT

ROWS_AT_ONCE = 2_000
"""So many rows are fetched and answered at once."""
AT_ONCE = 500
"""So many customers have their facts read at once."""
DIALECTS: dict[str, Callable[[], Values]] = {
    "sqlite": SqliteValues,
    "postgresql": PostgresqlValues,
}


@dataclass(frozen=True, slots=True)
class Plainly:
    """How Python reads and asks whom SQL cannot decide about.

    `reading` is what is read of them; `ready` makes facts answer for attributes that are worked
    out, whose names are `elsewhere`.
    """

    reading: Callable[[Needs], Reading]
    ready: Callable[[Facts], Facts]
    elsewhere: frozenset[str] = frozenset()


def reading_of(needs: Needs, tiers: Tiers = ()) -> Reading:
    """What is read for a rule alone; `tiers` are the shop's."""
    return Reading(
        needs.reaches,
        enrollments=needs.running,
        past=needs.past,
        ledger=needs.ledger,
        tiers=tiers,
        nightly=needs.nightly,
    )


def as_they_are(facts: Facts) -> Facts:
    """Facts without attributes that hooks give."""
    return facts


def all_needs(rule: Rule, segments: Mapping[str, Rule]) -> Needs:
    """What a rule reads, the rules of the segments it names included."""
    needs = rule.needs()
    asked: set[str] = set()
    while waiting := needs.segments - asked:
        for name in sorted(waiting):
            asked.add(name)
            if name in segments:
                needs |= segments[name].needs()
    return needs


PLAINLY = Plainly(reading_of, as_they_are)

Stand = tuple[str, bool, int]
"""A customer, whether the rule holds, and when time alone may turn it: microseconds, or NEVER."""


def stands(
    connection: Connection,
    rule: Rule,
    segments: Mapping[str, Rule],
    now: datetime,
    *,
    shop_zone: str,
    after: str = "",
    plainly: Plainly = PLAINLY,
) -> Iterator[list[Stand]]:
    """All for whom the rule holds at `now` or may come to hold by time alone, in order of ids.

    They come in lists, only those whose id is greater than `after`. Turns are never late and may be
    early. Events count once they are both known and due: those that became so after `now` must wait
    to be taken in. Customers who were erased, or not known at `now`, are left out.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        postgresql.allow_large_sets(connection)
    made = plan(connection, rule, segments, Asking(now, DIALECTS[dialect]()), plainly.elsewhere)
    asker = _Asker(connection, rule, segments, now, shop_zone, plainly)
    late = sorted(one for one in connection.scalars(_late(now)) if one > after)
    known = frozenset(late)
    for rows in _rows(connection, made.query):
        told: list[Stand] = []
        doubted: list[str] = []
        for row in rows:
            customer_id = row[0]
            if customer_id <= after or customer_id in known:
                continue
            holds, turns = made.ask(row)
            if holds is None:
                doubted.append(customer_id)
            elif holds or turns != NEVER:
                told.append((customer_id, holds, turns))
        while late and rows and late[0] <= rows[-1][0]:
            doubted.append(late.pop(0))
        if doubted:
            told += asker.ask(doubted)
            told.sort()
        if told:
            yield told
    if late:
        yield sorted(asker.ask(late))


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query as the driver gives them, which spares half the time of fetching."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
        yield from found.partitions()
        return
    result = connection.execute(query)
    try:
        while rows := result.cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
    finally:
        result.close()


def _late(now: datetime) -> Select[str]:
    """Customers with events that were not known at `now`, though their moment had come."""
    late = (EVENT.c.due_at > now, EVENT.c.at <= now)
    return select(EVENT.c.customer_id).where(EVENT.c.pending, *late).distinct()


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks the rule itself of those whom SQL cannot decide about."""

    connection: Connection
    rule: Rule
    segments: Mapping[str, Rule]
    now: datetime
    shop_zone: str
    plainly: Plainly

    def ask(self, doubted: Sequence[str]) -> Iterator[Stand]:
        """How each of them stands, if he does at all."""
        reading = self.plainly.reading(all_needs(self.rule, self.segments))
        for start in range(0, len(doubted), AT_ONCE):
            ids = doubted[start : start + AT_ONCE]
            found = load(
                self.connection, ids, self.now, reading, shop_zone=self.shop_zone, seen=self.now
            )
            for facts in found.values():
                if facts.erased or facts.known_since is None or facts.known_since > self.now:
                    continue
                view = View(self.plainly.ready(facts), self.now, self.segments)
                holds, turns = self.rule.matches(view), self.rule.may_turn_at(view)
                if holds or turns is not None:
                    yield facts.customer_id, holds, NEVER if turns is None else micros(turns)
