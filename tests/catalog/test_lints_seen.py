"""Definitions held against what came in: names never seen, bounds never reached, currencies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from lifecycle.catalog.lints_seen import Judging
from lifecycle.store.seen import Looked, Seen
from tests.catalog.shop import CART, CART_FILE, FILES, said

FILE = "segments/vip.toml"
HEAD = 'name = "x"\n[match]\n'
ORDERS = [
    {"total": n, "currency": "EUR" if n % 2 else "CHF", "items": [{"sku": f"s{n}", "price": n}]}
    for n in range(1, 51)
]


def looked(tables: Iterable[dict[str, Any]], *, whole: bool = True) -> Looked:
    found = Looked(whole=whole)
    for table in tables:
        found.add(table)
    return found


def shop(*, few: bool = False, many: int = 1) -> Seen:
    orders = ORDERS[:5] if few else ORDERS * many
    people = [{"country": "DE", "age": 20 + n, "loyalty": {"level": 1}} for n in range(len(orders))]
    return Seen(
        names=frozenset({"order_placed", "quiz_finished"}),
        history=len(orders),
        events={"order_placed": looked(orders), "quiz_finished": looked([{"score": 5}] * 60)},
        customers=looked(people),
        topics=frozenset({"newsletter"}),
        consents=len(orders),
    )


def warned(rule: str, seen: Seen | None = None, file: str = FILE) -> list[str]:
    text = HEAD + rule + "\n" if file == FILE else rule
    judging = Judging({"settings.toml": FILES["settings.toml"], file: text}, ("made_by_hook",))
    problems = judging.problems(seen or shop())
    assert all(one.severity == "warning" and one.file == file for one in problems)
    return [said(one).removeprefix(f"{file}:") for one in problems]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            'did = "order_place"',
            "3:1 warning: no event “order_place” has come in so far | did you mean “order_placed”?",
        ),
        ('did = ["order_placed", "quiz_finish"]', "3:1 warning: no event “quiz_finish”"),
        ('total_of = "order_placd.total"\nat_least = 1', "3:1 warning: no event “order_placd”"),
        (
            'did = "order_placed"\nwhere = { totl = 5 }',
            (
                "4:11 warning: none of the 50 events “order_placed” has the property “totl” | "
                "did you mean “total”?"
            ),
        ),
        (
            'did = "order_placed"\nwhere = { items = { prices = 5 } }',
            "4:21 warning: none of the 50 events “order_placed” has the property “items.prices”",
        ),
        (
            'largest_of = "order_placed.totals"\nat_least = 1',
            "3:1 warning: none of the 50 events “order_placed” has the property “totals”",
        ),
        (
            'did = "order_placed"\nwhere = { total = { at_least = 51 } }',
            (
                "4:11 warning: “total” never was at least 51 | "
                "of the 50 events “order_placed” the largest is 50"
            ),
        ),
        (
            'did = "order_placed"\nwhere."items.price" = { less_than = 1 }',
            (
                "4:1 warning: “items.price” never was less than 1 | "
                "of the 50 events “order_placed” the smallest is 1"
            ),
        ),
        (
            'average_of = "order_placed.items.price"\nmore_than = 50',
            "3:1 warning: “items.price” never was more than 50",
        ),
        (
            'customer = "countri"\nis = "DE"',
            (
                "3:1 warning: none of the 50 customers looked at has the attribute “countri” | "
                "did you mean “country”?"
            ),
        ),
        ('customer = "age"\nat_least = 100', "3:1 warning: “age” never was at least 100"),
        ('customer = "loyalty.levels"\nis = 1', "3:1 warning: none of the 50 customers"),
        ('agreed_to = "offers"', "3:1 warning: nobody has agreed to “offers” so far"),
        (
            'total_of = "order_placed.total"\nat_least = 9',
            (
                "3:1 warning: “order_placed.total” adds up different currencies: CHF, EUR | "
                'keep them apart: where = { currency = "CHF" }'
            ),
        ),
    ],
)
def test_what_nothing_bears_out_is_told(rule: str, expected: str) -> None:
    found = [one for one in warned(rule) if "currencies" not in one or "currencies" in expected]
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    "rule",
    [
        'did = "order_placed"\nwhere = { total = { at_least = 50 }, event_hour = 5 }',
        'did = "quiz_finished"\nwhere = { score = 5 }',
        'did = ["quiz_finished", "order_placed"]\nwhere = { total = { at_least = 9 }, score = 5 }',
        'did = "order_*"\nwhere = { nothing = 5 }',
        'did = "ticket_opened"',
        'did = "message_clicked"',
        'did = "made_by_hook"',
        'customer = "made_by_hook"\nis = 1',
        'customer = "language"\nis = "de"',
        'customer = "points.balance"\nat_least = 5',
        'customer = "shoe_size"\nat_least = 500',
        'agreed_to = "newsletter"',
        'total_of = "order_placed.total"\nat_least = 9\nwhere = { currency = "EUR" }',
        'distinct_of = "order_placed.items.sku"\nat_least = 1000',
        'total_of = "quiz_finished.score"\nat_least = 1000',
    ],
)
def test_what_may_well_be_is_left_alone(rule: str) -> None:
    assert warned(rule) == []


def test_of_little_history_nothing_is_concluded() -> None:
    for rule in (
        'did = "order_place"',
        'did = "order_placed"\nwhere = { totl = { at_least = 51 } }',
        'did = "order_placed"\nwhere = { total = { at_least = 51 } }',
        'customer = "countri"\nis = "DE"',
        'agreed_to = "offers"',
    ):
        assert warned(rule, shop(few=True)) == []


def test_of_much_history_a_name_is_missed_that_nothing_resembles() -> None:
    much = shop(many=2)
    assert "no event “ticket_opened”" in warned('did = "ticket_opened"', much)[0]
    assert "seen were: order_placed" in warned('did = "ticket_opened"', much)[0]
    told = warned('customer = "shoe_size"\nis = 1', much)
    assert "seen were: age, country, loyalty" in told[0]


def test_the_properties_of_the_event_that_lets_in_are_looked_at() -> None:
    text = CART.replace("cart_updated", "order_placed").replace('"total", at_least = 30', "X")
    told = warned(text.replace("X", '"total", at_least = 99'), file=CART_FILE)
    assert told[0].startswith("13:23 warning: “total” never was at least 99 | of the 50 events")
