"""After a night only those are looked at again for whom a comparison may answer otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.catalog.catalog import catalog_rules
from lifecycle.engine.turned import Turned
from tests.simulation.shop import segment, shop

SOON = "2026-03-01T00:00:00Z"


def values(alive: float | None = None, group: str | None = None, next_at: str = SOON) -> Any:
    predicted: dict[str, Any] = {"next_order_at": next_at}
    if alive is not None:
        predicted["alive"] = alive
    return {"predicted": predicted, "rfm": {"group": group} if group else {}}


def turned(match: str) -> Turned:
    catalog = shop(segments={"s": segment(match)})
    return Turned([*catalog.rules.values(), *catalog_rules(catalog)])


@pytest.mark.parametrize(
    ("match", "before", "after", "expected"),
    [
        ('{ customer = "predicted.alive", less_than = 0.5 }', values(0.9), values(0.6), False),
        ('{ customer = "predicted.alive", less_than = 0.5 }', values(0.5), values(0.49), True),
        ('{ customer = "predicted.alive", less_than = 0.5 }', values(), values(0.49), True),
        ('{ customer = "predicted.alive", less_than = 0.5 }', values(), values(0.51), False),
        ('{ customer = "predicted.alive", is_set = true }', values(), values(0.51), True),
        ('{ customer = "rfm.group", is = "new" }', values(1), values(1, "new"), True),
        ('{ customer = "rfm.group", is = "new" }', values(1, "lost"), values(1, "loyal"), False),
        ('{ customer = "rfm.group", is_none_of = ["new"] }', {}, values(1, "loyal"), True),
        ('{ not = { customer = "rfm.group", is = "new" } }', values(1, "new"), {}, True),
        (
            '{ any = [ { did = "a" }, { customer = "rfm.recency", at_least = 4 } ] }',
            {"rfm": {"recency": 3}},
            {"rfm": {"recency": 4}},
            True,
        ),
        (
            '{ customer = "predicted.next_order_at", within_next = "7 days" }',
            values(1),
            values(1, None, "2026-03-02T00:00:00Z"),
            True,
        ),
        (
            '{ customer = "predicted.next_order_at", within_next = "7 days" }',
            values(1),
            values(0.5),
            False,
        ),
        ('{ customer = "country", is = "DE" }', values(1), values(0, "new"), False),
    ],
)
def test_who_is_looked_at_again(match: str, before: Any, after: Any, expected: bool):
    assert turned(match).by(before, after) is expected
