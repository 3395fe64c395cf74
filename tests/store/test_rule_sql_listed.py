"""Customers named one by one, asked in SQL."""

from __future__ import annotations

import pytest

from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.tree import Branch, Rule
from lifecycle.store.database import Database
from lifecycle.store.rule_sql import members
from tests.store.sql_alone import sql_alone
from tests.store.test_rule_sql import NOW, customer, database, fill

__all__ = ["database"]
IN, OUT = Listed(frozenset({"a", "b", "gone"})), Listed(frozenset({"b"}), "exclude")


@pytest.mark.parametrize(
    ("rule", "inside"),
    [
        (IN, {"a", "b"}),
        (Listed(frozenset()), set()),
        (Branch("not", (IN,)), {"c'd"}),
        (Branch("all", (IN, Branch("none", (OUT,)))), {"a"}),
        (Branch("any", (OUT, Listed(frozenset({"c'd"})))), {"b", "c'd"}),
    ],
)
def test_sql_names_exactly_those_listed(database: Database, rule: Rule, inside: set[str]) -> None:
    fill(database, [customer(one) for one in ("a", "b", "c'd")])
    assert None not in sql_alone(database, rule, NOW).values()
    with database.read() as connection:
        assert members(connection, rule, {}, NOW, shop_zone="UTC") == inside


def test_a_list_may_be_long(database: Database) -> None:
    fill(database, [customer("c5"), customer("d")])
    many = Listed(frozenset(f"c{n}" for n in range(100_000)))
    with database.read() as connection:
        assert members(connection, many, {}, NOW, shop_zone="UTC") == {"c5"}
