"""Each order is credited once in each way, over all campaigns, and what went back is subtracted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection

from lifecycle.core.settings import Settings
from lifecycle.insight.attribution import Credited, attributed, money, together
from lifecycle.store.database import Database
from lifecycle.store.merge import merge
from lifecycle.store.migrate import upgrade
from tests.insight.told import AT, after, catalog, click, customers, event, letter, order

END = AT + timedelta(days=60)
Tells = Callable[[Connection], None]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def told(what: Callable[..., None], *said: Any, **more: Any) -> Tells:
    return lambda connection: what(connection, *said, **more)


def settings(more: str = "") -> Settings:
    return catalog(settings=f"\n[attribution]\n{more}\n").settings


def credited(connection: Connection, said: Settings | None = None) -> dict[str, list[str]]:
    """By letter, what it is credited with by click and by touch: orders, revenue."""
    found: dict[str, list[str]] = {}
    for campaign in ("a", "b", "t"):
        for place, ways in attributed(connection, said or settings(), END, campaign).items():
            told = [f"{one.orders} {one.revenue}" for one in (ways.click, ways.touch)]
            found["/".join(place).rstrip("/")] = told
    return found


CASES: list[tuple[str, list[Tells], dict[str, list[str]]]] = [
    (
        "an order after letters of two campaigns goes to the last letter, and to the click",
        [
            told(letter, "x", "a/s/one", "1 day"),
            told(click, "x", "a/s/one", "2 days"),
            told(letter, "x", "b/s", "3 days"),
            told(order, "x", "4 days", 50),
        ],
        {"a/s/one": ["1 50.00", "0 0.00"], "b/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "of two clicks the last one counts, and a machine's never",
        [
            told(letter, "x", "a/s", "1 day"),
            told(letter, "x", "a/t", "2 days"),
            told(click, "x", "a/s", "50 hours"),
            told(click, "x", "a/t", "51 hours"),
            told(click, "x", "a/s", "52 hours", machine=True),
            told(order, "x", "3 days", 50),
        ],
        {"a/t": ["1 50.00", "1 50.00"]},
    ),
    (
        "a click after the order led to nothing",
        [
            told(letter, "x", "a/s", "1 day"),
            told(order, "x", "2 days", 50),
            told(click, "x", "a/s", "3 days"),
        ],
        {"a/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "a letter that went at the instant of an order came of it",
        [told(letter, "x", "a/s", "1 day"), told(order, "x", "1 day", 50)],
        {},
    ),
    (
        "nor does it take the order from the letter before it; a click at that instant led to it",
        [
            told(letter, "x", "a/s", "1 day"),
            told(letter, "x", "a/t", "2 days"),
            told(click, "x", "a/s", "2 days"),
            told(order, "x", "2 days", 50),
        ],
        {"a/s": ["1 50.00", "1 50.00"]},
    ),
    (
        "of clicks in two campaigns the last one counts, for both reports",
        [
            told(letter, "x", "a/s", "1 day"),
            told(letter, "x", "b/s", "1 day", attempted_at=after("2 days")),
            told(click, "x", "b/s", "50 hours"),
            told(click, "x", "a/s", "51 hours"),
            told(order, "x", "3 days", 50),
        ],
        {"a/s": ["1 50.00", "0 0.00"], "b/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "a later letter that was refused takes nothing",
        [
            told(letter, "x", "a/s", "1 day"),
            told(letter, "x", "b/s", "2 days", state="failed"),
            told(order, "x", "3 days", 50),
        ],
        {"a/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "the window's far edge is outside, of letters as of clicks",
        [
            told(letter, "x", "a/s", "1 day"),
            told(click, "x", "a/s", "1 day"),
            told(order, "x", "6 days", 50),
            told(letter, "y", "a/t", "1 day"),
            told(click, "y", "a/t", "1 day"),
            told(order, "y", "6 days - 1 second", 50),
        ],
        {"a/t": ["1 50.00", "1 50.00"]},
    ),
    (
        "a click brings an old letter back",
        [
            told(letter, "x", "a/s", "1 day"),
            told(click, "x", "a/s", "30 days"),
            told(order, "x", "31 days", 50),
        ],
        {"a/s": ["1 50.00", "0 0.00"]},
    ),
    (
        "who never got the letter is nobody's",
        [told(letter, "x", "a/s", "1 day", state="dropped"), told(order, "x", "2 days", 50)],
        {},
    ),
    (
        "a letter whose fate is not known may have led to it",
        [told(letter, "x", "a/s", "1 day", state="uncertain"), told(order, "x", "2 days", 50)],
        {"a/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "a transactional letter is passed over by touch, not by click",
        [
            told(letter, "x", "a/s", "1 day"),
            told(letter, "x", "t/s", "2 days", transactional=True),
            told(click, "x", "t/s", "2 days"),
            told(order, "x", "3 days", 50),
        ],
        {"a/s": ["0 0.00", "1 50.00"], "t/s": ["1 50.00", "0 0.00"]},
    ),
    (
        "a part of it went back, long after the window",
        [
            told(letter, "x", "a/s", "1 day"),
            told(order, "x", "2 days", "59.90", order_id=7),
            told(event, "x", "order_refunded", "40 days", order_id="7", amount="9.90"),
            told(event, "x", "order_refunded", "41 days", order_id=7, total=10),
        ],
        {"a/s": ["0 0.00", "1 40.00"]},
    ),
    (
        "a cancelled order is none",
        [
            told(letter, "x", "a/s", "1 day"),
            told(order, "x", "2 days", 50, order_id=7),
            told(order, "x", "3 days", 20, order_id=8),
            told(event, "x", "order_cancelled", "9 days", order_id=7),
        ],
        {"a/s": ["0 0.00", "1 20.00"]},
    ),
    (
        "an order that two events tell of is one",
        [
            told(letter, "x", "a/s", "1 day"),
            told(order, "x", "2 days", 50, order_id=7),
            told(order, "x", "3 days", 50, order_id="7"),
            told(order, "y", "3 days", 50, order_id="7"),
        ],
        {"a/s": ["0 0.00", "1 50.00"]},
    ),
    (
        "an order from before the first letter that is told of again after it",
        [
            told(order, "x", "12 hours", 50, order_id=7),
            told(order, "y", "12 hours", 50, order_id=8),
            told(event, "x", "order_paid", "12 hours", order_id=9),
            told(letter, "x", "a/s", "1 day"),
            told(click, "x", "a/s", "36 hours"),
            told(order, "x", "2 days", 50, order_id="7"),
            told(order, "x", "2 days", 3, order_id=8),
            told(order, "x", "2 days", 4, order_id=9),
            told(order, "x", "2 days", 5, order_id=""),
        ],
        {"a/s": ["3 12.00", "3 12.00"]},
    ),
    (
        "cents are added exactly",
        [
            told(letter, "x", "a/s", "1 day"),
            *(told(order, "x", "2 days", 0.1, order_id=n) for n in range(3)),
        ],
        {"a/s": ["0 0.00", "3 0.30"]},
    ),
    (
        "what is not known yet does not count",
        [told(letter, "x", "a/s", "1 day"), told(order, "x", "2 days", 50, known="61 days")],
        {},
    ),
]


@pytest.mark.parametrize(
    ("tells", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_each_order_is_credited(
    connection: Connection, tells: list[Tells], wanted: dict[str, list[str]]
) -> None:
    for one in tells:
        one(connection)
    assert credited(connection) == wanted


def test_the_windows_and_transactional_letters_are_the_shops_to_say(connection: Connection) -> None:
    letter(connection, "x", "a/s", "1 day")
    click(connection, "x", "a/s", "2 days")
    letter(connection, "x", "t/s", "3 days", transactional=True)
    order(connection, "x", "4 days", 50)
    said = settings('click = "1 day"\ntouch = "30 hours"\ntransactional = true')
    assert credited(connection, said) == {"t/s": ["0 0.00", "1 50.00"]}
    assert credited(connection, settings('click = "3 days"\ntouch = "1 hour"')) == {
        "a/s": ["1 50.00", "0 0.00"]
    }


def test_other_currencies_are_told_apart_and_never_added(connection: Connection) -> None:
    letter(connection, "x", "a/s", "1 day")
    for number, (total, currency) in enumerate([(10, "EUR"), (20, "usd"), (30, "USD"), (5, "GBP")]):
        order(connection, "x", "2 days", total, currency=currency, order_id=number)
    event(connection, "x", "order_refunded", "9 days", order_id=2, total=12)
    (ways,) = attributed(connection, settings(), END, "a").values()
    assert (ways.touch.orders, ways.touch.revenue) == (1, Decimal("10.00"))
    others = {name: (one.orders, one.revenue) for name, one in ways.touch.other_currencies.items()}
    assert others == {"USD": (2, Decimal("38.00")), "GBP": (1, Decimal("5.00"))}


def test_refunds_and_what_was_wholly_undone_are_told(connection: Connection) -> None:
    letter(connection, "x", "a/s", "1 day")
    for number, back in enumerate([0, 4, 10]):
        order(connection, "x", "2 days", 10, order_id=number)
        event(connection, "x", "order_refunded", "9 days", order_id=number, total=back)
    (ways,) = attributed(connection, settings(), END, "a").values()
    touch = ways.touch
    assert (touch.orders, touch.undone) == (2, 1)
    assert (touch.revenue, touch.refunded) == (Decimal("16.00"), Decimal("14.00"))


def test_an_order_that_cost_nothing_is_one_and_was_not_undone(connection: Connection) -> None:
    letter(connection, "x", "a/s", "1 day")
    order(connection, "x", "2 days", 0, order_id=1)
    order(connection, "x", "2 days", None, order_id=2)
    (ways,) = attributed(connection, settings(), END, "a").values()
    assert (ways.touch.orders, ways.touch.undone, ways.touch.revenue) == (2, 0, Decimal("0.00"))


def test_a_merged_customers_order_follows_the_letter_to_the_other_id(
    connection: Connection,
) -> None:
    customers(connection, "x", "visitor")
    letter(connection, "x", "a/s", "1 day")
    order(connection, "visitor", "2 days", 50)
    assert credited(connection) == {}
    merge(connection, "x", "visitor", END)
    assert credited(connection) == {"a/s": ["0 0.00", "1 50.00"]}


def test_amounts_are_told_with_two_digits_or_as_many_as_they_have() -> None:
    told = [str(money(Decimal(one))) for one in ("5", "5.5", "0.125", "1E+2", "0", "5.500000")]
    assert told == ["5.00", "5.50", "0.125", "100.00", "0.00", "5.50"]


def test_nothing_together_is_nothing() -> None:
    assert together([]) == Credited()
