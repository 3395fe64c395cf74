"""Who a rule holds for: SQL names candidates, and Python decides where SQL cannot be sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, true

from lifecycle.core.facts import Facts
from lifecycle.core.ledger import Tiers
from lifecycle.core.rule.tree import Needs, Rule, View
from lifecycle.store.dialect import postgresql
from lifecycle.store.dialect.postgresql_values import PostgresqlValues
from lifecycle.store.dialect.sqlite_values import SqliteValues
from lifecycle.store.dialect.values import Values
from lifecycle.store.facts import Reading, load
from lifecycle.store.rule_sql.leaves import Reader
from lifecycle.store.rule_sql.rows import CUSTOMER

AT_ONCE = 500
"""So many customers have their facts read at once."""
DIALECTS: dict[str, Callable[[], Values]] = {
    "sqlite": SqliteValues,
    "postgresql": PostgresqlValues,
}


def candidates(
    rule: Rule, segments: Mapping[str, Rule], now: datetime, *, dialect: str
) -> Select[str]:
    """The customers for whom the rule may hold at `now`: perhaps too many, never one too few.

    `dialect` is `sqlite` or `postgresql`; `segments` are the rules that `in_segment` names.
    Events count from the instant on at which they are both known and due. Erased customers are
    left out.
    """
    return _candidates(rule, segments, now, dialect, certain=False)


def exact(rule: Rule, segments: Mapping[str, Rule], now: datetime, *, dialect: str) -> bool:
    """Whether the candidates are the answer, whatever the data are."""
    return Reader(segments, now, DIALECTS[dialect]()).bounds(rule).exact


def members(
    connection: Connection,
    rule: Rule,
    segments: Mapping[str, Rule],
    now: datetime,
    *,
    shop_zone: str,
    tiers: Tiers = (),
) -> set[str]:
    """The customers for whom the rule holds at `now`, asked from scratch.

    `tiers` are the shop's, for rules that ask for the customer's.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        postgresql.allow_large_sets(connection)
    found: set[str] = set()
    doubted: list[str] = []
    query = _candidates(rule, segments, now, dialect, certain=True)
    for customer_id, certain in connection.execute(query):
        if certain:
            found.add(customer_id)
        else:
            doubted.append(customer_id)
    needs = all_needs(rule, segments)
    reading = Reading(
        needs.reaches,
        enrollments=needs.running,
        past=needs.past,
        ledger=needs.ledger,
        tiers=tiers,
        nightly=needs.nightly,
    )
    for start in range(0, len(doubted), AT_ONCE):
        ids: Sequence[str] = doubted[start : start + AT_ONCE]
        read = load(connection, ids, now, reading, shop_zone=shop_zone, seen=now)
        found.update(
            facts.customer_id for facts in read.values() if _holds(rule, facts, segments, now)
        )
    return found


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


def _holds(rule: Rule, facts: Facts, segments: Mapping[str, Rule], now: datetime) -> bool:
    return rule.matches(View(facts, now, segments))


def _candidates(
    rule: Rule, segments: Mapping[str, Rule], now: datetime, dialect: str, *, certain: bool
) -> Select[Any]:
    bounds = Reader(segments, now, DIALECTS[dialect]()).bounds(rule)
    columns: list[Any] = [CUSTOMER.c.customer_id]
    if certain:
        columns.append((true() if bounds.exact else bounds.lower).label("certain"))
    return select(*columns).where(CUSTOMER.c.erased_at.is_(None), bounds.upper)
