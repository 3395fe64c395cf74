"""What SQL alone says of a rule, before Python is asked about anybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lifecycle.core.rule.tree import Rule
from lifecycle.store.database import Database
from lifecycle.store.rule_sql.plan import plan
from lifecycle.store.rule_sql.probe import Asking
from lifecycle.store.rule_sql.stands import DIALECTS

NOTHING: Mapping[str, Rule] = {}


def sql_alone(
    database: Database, rule: Rule, now: datetime, segments: Mapping[str, Rule] = NOTHING
) -> dict[str, bool | None]:
    """By customer, whether the rule holds; None where SQL cannot decide. Who is left out: no."""
    asking = Asking(now, DIALECTS[database.kind]())
    with database.read() as connection:
        made = plan(connection, rule, segments, asking, frozenset())
        return {row[0]: made.ask(row)[0] for row in connection.execute(made.query)}
