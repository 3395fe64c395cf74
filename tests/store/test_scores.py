"""Which letters count in a test, which answers are theirs, and what an order is worth to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection

from lifecycle.catalog.load import from_files
from lifecycle.core.campaign import Campaign, letters_of
from lifecycle.core.experiment import Earned
from lifecycle.insight.experiment import experiment_report
from lifecycle.insight.goals import reached
from lifecycle.store import operations
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from lifecycle.store.scores import Counted, scores
from tests.cli.shop import FILES
from tests.insight.told import AT, after, event, letter, order

END = AT + timedelta(days=60)
WITHIN = timedelta(days=2)
GOAL = 'when = "order_placed"\nwithin = "5 days"\n'
SOONER = 'when = ["order_placed", "order_paid"]\nwithin = "2 days"\n'
AGAIN = """
[[step]]
name = "again"
after = "1 day"
template = "hello"
  [[step.variant]]
  name = "one"
  subject = "One"
  [[step.variant]]
  name = "two"
  subject = "Two"
"""


def hello(more: str = "") -> Campaign:
    """The small shop's flow with a step of two variants, and a goal of two days."""
    first = FILES["campaigns/hello.toml"]
    assert GOAL in first
    made = from_files({**FILES, "campaigns/hello.toml": first.replace(GOAL, SOONER) + AGAIN + more})
    assert made.catalog is not None, made.problems
    return made.catalog.campaigns["hello"]


HELLO = hello()
STEP = next(step for _, step in letters_of(HELLO) if step.name == "again")
ONE, TWO = "hello/again/one", "hello/again/two"
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


def counted(
    connection: Connection, by: str, occasion: str = "", **more: Any
) -> list[tuple[int, int, float]]:
    """Of each variant: letters, those that met the measure, and what they brought."""
    which = Counted(by, WITHIN, **{"until": END, **more})
    return [
        (one.sent, one.met, one.total if isinstance(one, Earned) else 0.0)
        for one in scores(connection, HELLO, STEP, which, END, occasion)
    ]


ORDERS: list[tuple[str, list[Tells], tuple[int, int], tuple[float, float]]] = [
    (
        "one soon after the letter and one a moment before its time is over",
        [told(order, "x", "25 hours", 5), told(order, "x", "3 days - 1 second", 7)],
        (1, 0),
        (12, 0),
    ),
    (
        "one at the letter's own instant, which came of it: the earlier letter's",
        [
            told(letter, "x", TWO, "2 days"),
            told(order, "x", "2 days", 5),
            told(order, "x", "1 day", 7),
        ],
        (1, 0),
        (5, 0),
    ),
    (
        "one before the letter and one when its time is over",
        [told(order, "x", "1 day - 1 second", 5), told(order, "x", "3 days", 7)],
        (0, 0),
        (0, 0),
    ),
    (
        "one that nobody knows of yet",
        [told(order, "x", "2 days", 5, known="61 days")],
        (0, 0),
        (0, 0),
    ),
    (
        "what is no goal, and an order of somebody else",
        [told(event, "x", "order_sent", "2 days", total=9), told(order, "z", "2 days", 5)],
        (0, 0),
        (0, 0),
    ),
    (
        "one that went back in part, long after",
        [
            told(order, "x", "2 days", 50, order_id=1),
            told(event, "x", "order_refunded", "40 days", order_id=1, total=20),
        ],
        (1, 0),
        (30, 0),
    ),
    (
        "one that three events tell of",
        [
            told(order, "x", "2 days", 50, order_id=1),
            told(order, "x", "2 days", 50, order_id="1", event_id="again"),
            told(event, "x", "order_paid", "2 days", order_id=1, total=50),
        ],
        (1, 0),
        (50, 0),
    ),
    (
        "one that was placed before the letter, and told of again after it",
        [
            told(order, "x", "12 hours", 50, order_id=1),
            told(order, "x", "2 days", 50, order_id="1"),
        ],
        (0, 0),
        (0, 0),
    ),
    (
        "one that was placed before the letter, and paid after it",
        [
            told(order, "x", "12 hours", 50, order_id="A 1"),
            told(event, "x", "order_paid", "2 days", order_id="A 1", total=50),
        ],
        (0, 0),
        (0, 0),
    ),
    (
        "one of a number that another customer had, or another event, or none",
        [
            told(order, "y", "12 hours", 50, order_id=1),
            told(event, "x", "cart_left", "12 hours", order_id=1),
            told(order, "x", "12 hours", 50, order_id=""),
            told(order, "x", "12 hours", 50),
            told(order, "x", "2 days", 50, order_id=1),
            told(order, "x", "2 days", 7, order_id=""),
            told(order, "x", "2 days", 3),
            told(order, "x", "2 days", 1, order_id=None),
        ],
        (1, 0),
        (61, 0),
    ),
    (
        "one of which it was not known that it was told before",
        [
            told(order, "x", "12 hours", 50, known="61 days", order_id=1),
            told(order, "x", "2 days", 50, order_id=1),
        ],
        (1, 0),
        (50, 0),
    ),
    (
        "one that was told before in words which no database can read",
        [
            told(order, "x", "12 hours", 50, order_id=1, note="a\0b"),
            told(order, "x", "2 days", 50, order_id=1),
        ],
        (1, 0),
        (50, 0),
    ),
    (
        "one after two letters of the step: the later one's",
        [told(letter, "x", TWO, "2 days"), told(order, "x", "60 hours", 50)],
        (0, 1),
        (0, 50),
    ),
    (
        "one after two letters that went at one instant: one's alone",
        [told(letter, "x", TWO, "1 day"), told(order, "x", "2 days", 50)],
        (0, 1),
        (0, 50),
    ),
    (
        "one after a later letter that never went: the earlier one's",
        [told(letter, "x", TWO, "2 days", state="failed"), told(order, "x", "2 days", 50)],
        (1, 0),
        (50, 0),
    ),
]


@pytest.mark.parametrize(
    ("tells", "met", "brought"), [case[1:] for case in ORDERS], ids=[one[0] for one in ORDERS]
)
def test_an_order_is_of_one_letter_once_within_its_time(
    connection: Connection,
    tells: list[Tells],
    met: tuple[int, int],
    brought: tuple[float, float],
) -> None:
    letter(connection, "x", ONE, "1 day")
    for one in tells:
        one(connection)
    found = reached(connection, HELLO, "EUR", END)
    assert {place[2]: (one.letters, one.worth) for place, one in found.items()} == {
        name: (letters, Decimal(worth))
        for name, letters, worth in zip(("one", "two"), met, brought, strict=True)
        if letters
    }
    by_revenue = counted(connection, "revenue")
    assert tuple(total for _, _, total in by_revenue) == brought
    assert tuple(found for _, found, _ in counted(connection, "goal_rate")) == met


def test_a_report_tells_an_order_once_too(connection: Connection) -> None:
    letter(connection, "x", ONE, "1 day")
    letter(connection, "x", TWO, "1 day")
    order(connection, "x", "2 days", 50, order_id=1)
    event(connection, "x", "order_paid", "2 days", order_id=1, total=50)
    order(connection, "x", "3 days - 1 second", 8)
    order(connection, "x", "3 days", 9)
    order(connection, "x", "2 days", 7, known="61 days")
    event(connection, "x", "order_refunded", "9 days", order_id=1, total=20)
    found = reached(connection, HELLO, "EUR", END)
    assert {place[2]: (one.letters, one.worth) for place, one in found.items()} == {
        "two": (1, Decimal(38))
    }
    (told_,) = experiment_report(connection, HELLO, END)
    assert [(one.goals, int(one.revenue)) for one in told_.variants] == [(0, 0), (1, 38)]


def test_goals_in_other_currencies_are_told_apart_and_never_added(connection: Connection) -> None:
    letter(connection, "x", ONE, "1 day")
    said = enumerate([(50, "EUR"), (20, None), (9_000, "JPY"), (700, " jpy"), (3, "GBP")])
    for number, (total, currency) in said:
        order(connection, "x", "2 days", total, currency=currency, order_id=number)
    event(connection, "x", "order_refunded", "9 days", order_id=2, total=1_000)
    event(connection, "x", "order_refunded", "9 days", order_id=4, total=3)
    (found,) = reached(connection, HELLO, "EUR", END).values()
    assert (found.letters, found.worth) == (1, Decimal("70.00"))
    others = {name: (one.orders, one.revenue) for name, one in found.other_currencies.items()}
    assert others == {"JPY": (2, Decimal("8700.00")), "GBP": (0, Decimal("0.00"))}


CLICKED = {"clicked_at": after("2 days"), "opened_at": after("2 days")}
LETTERS: list[tuple[str, dict[str, Any], dict[str, Any], str, tuple[int, int]]] = [
    ("one that went", {}, {}, "click_rate", (1, 0)),
    ("one of an unknown fate", {"state": "uncertain"}, {}, "click_rate", (1, 0)),
    ("one that was refused", {"state": "failed"}, {}, "click_rate", (0, 0)),
    ("a click", CLICKED, {}, "click_rate", (1, 1)),
    ("a click a moment too late", {"clicked_at": after("3 days")}, {}, "click_rate", (1, 0)),
    ("an open is no click", {"opened_at": after("2 days")}, {}, "click_rate", (1, 0)),
    ("an open", {"opened_at": after("2 days")}, {}, "open_rate", (1, 1)),
    ("an open too late", {"opened_at": after("3 days")}, {}, "open_rate", (1, 0)),
    ("a delivery is no open", {"delivered_at": after("1 day")}, {}, "open_rate", (1, 0)),
    ("a click is no goal", CLICKED, {}, "goal_rate", (1, 0)),
    ("a young one", {}, {"until": after("1 day - 1 second")}, "click_rate", (0, 0)),
    ("just old enough", {}, {"until": after("1 day")}, "click_rate", (1, 0)),
    ("planned at the verdict", {}, {"decided": after("1 day")}, "click_rate", (0, 0)),
    ("planned before it", {}, {"decided": after("1 day") + WITHIN}, "click_rate", (1, 0)),
    ("another occurrence's", {"entry": "2026-04"}, {"occasion": "2026-05"}, "click_rate", (0, 0)),
    ("that occurrence's", {"entry": "2026-05"}, {"occasion": "2026-05"}, "click_rate", (1, 0)),
]


@pytest.mark.parametrize(
    ("of", "asked", "by", "wanted"), [case[1:] for case in LETTERS], ids=[one[0] for one in LETTERS]
)
def test_a_letter_counts(
    connection: Connection,
    of: dict[str, Any],
    asked: dict[str, Any],
    by: str,
    wanted: tuple[int, int],
) -> None:
    letter(connection, "x", ONE, "1 day", **of)
    assert counted(connection, by, **asked)[0][:2] == wanted


@pytest.mark.parametrize("asked", [{"decided": after("5 days")}, {"occasion": "2026-04"}])
def test_orders_are_of_the_letters_that_count(connection: Connection, asked: Any) -> None:
    """Else whoever won would be told with what all its later letters brought."""
    letter(connection, "x", ONE, "1 day", entry="2026-04")
    order(connection, "x", "2 days", 10)
    letter(connection, "y", ONE, "5 days", entry="2026-05")
    order(connection, "y", "6 days", 70)
    assert counted(connection, "revenue", **asked)[0] == (1, 1, 10.0)
    assert counted(connection, "revenue")[0] == (2, 2, 80.0)


def test_the_report_after_a_verdict_tells_what_the_tests_own_letters_brought(
    connection: Connection,
) -> None:
    flow = hello('[step.winner]\nby = "revenue"\n')
    for who, at, then, total in (("x", "1 day", "2 days", 10), ("y", "5 days", "6 days", 70)):
        letter(connection, who, ONE, at)
        order(connection, who, then, total)
    of = ("hello", "again", "")
    operations.give_verdict(
        connection, of, "one", proven=True, detail="it was", now=after("5 days")
    )
    (found,) = experiment_report(connection, flow, END)
    one, _ = found.variants
    assert (one.share.of, one.share.met, one.mean) == (1, 1, 10.0)
    assert (one.sent, int(one.revenue)) == (2, 80)
    assert found.series[-1].rates[0].rate == 10.0


def test_a_reader_with_several_letters_scatters_as_one(connection: Connection) -> None:
    """Four readers who buy after each of four letters know no more than four who buy once."""
    for number in range(16):
        for again in range(4):
            letter(connection, f"c{number}", ONE, f"{10 * again + 1} days")
            if number < 4:
                order(connection, f"c{number}", f"{10 * again + 2} days", 10 + number)
    which = Counted("revenue", WITHIN, END)
    many, _ = scores(connection, HELLO, STEP, which, END)
    few, _ = scores(connection, HELLO, STEP, Counted("revenue", WITHIN, after("9 days")), END)
    assert (few.sent, few.design, many.sent) == (16, 1.0, 64)
    assert many.design == pytest.approx(4.0, rel=0.01)
    assert many.rate == few.rate
