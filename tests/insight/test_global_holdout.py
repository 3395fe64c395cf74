"""All marketing against none, by the holdout of the whole shop, and what that leaves unearned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Connection, update

from lifecycle.insight.global_holdout import (
    CONSENT,
    CUSTOMER,
    SUPPRESSION,
    GlobalHoldout,
    global_holdout,
)
from lifecycle.store import catalog_versions
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from tests.insight.told import AT, after, catalog, customers, drawn, order

TWENTY = "global_holdout_percent = 20"
IN = drawn(4, "global_holdout", above=20)
OUT = drawn(2, "global_holdout", below=20)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def report(connection: Connection, at: str = "30 days", days: int = 90) -> GlobalHoldout | None:
    return global_holdout(connection, catalog(sending=TWENTY).settings, after(at), days)


def told(connection: Connection, at: str = "30 days", days: int = 90) -> GlobalHoldout:
    found = report(connection, at, days)
    assert found is not None
    return found


def sides(found: GlobalHoldout) -> tuple[int, int, int, int]:
    return found.entered.met, found.entered.of, found.held_out.met, found.held_out.of


def live_since(connection: Connection, at: str, percent: int) -> None:
    found = catalog(sending=f"global_holdout_percent = {percent}")
    catalog_versions.put(connection, found.fingerprint, found.files, "test", after(at))


def test_everybody_who_agreed_counts_from_then_on(connection: Connection) -> None:
    customers(connection, *IN[:3], *OUT)
    customers(connection, IN[3], agreed="10 days")
    order(connection, IN[0], "1 day", 50)
    order(connection, IN[0], "2 days", 30, order_id=2)
    order(connection, IN[3], "9 days", 70)
    order(connection, OUT[0], "20 days", 10)
    found = told(connection)
    assert sides(found) == (1, 4, 1, 2)
    assert (found.revenue_entered, found.revenue_held_out) == (Decimal("80.00"), Decimal("10.00"))
    assert found.revenue is not None and found.ordered is not None
    assert found.revenue.difference == pytest.approx(80 / 4 - 10 / 2)
    assert found.ordered.difference == pytest.approx(1 / 4 - 1 / 2)
    cost = found.not_earned_a_month
    assert cost is not None and cost.low < cost.revenue < cost.high
    assert cost.revenue == Decimal("30.00"), "15 EUR a customer, two held out, in 30 days"
    assert found.told[-1].startswith("Holding out 20 % costs about 30.00 EUR a month not earned")


def test_nobody_is_taken_out_by_what_letters_do_to_them(connection: Connection) -> None:
    """Who unsubscribes or bounces was written to: without them that side would look too good."""
    customers(connection, *IN, *OUT)
    rows = [
        {"address_hash": f"hash of {who}", "reason": "bounced", "at": after(at)}
        for who, at in ((IN[0], "5 days"), (OUT[0], "5 days"))
    ]
    connection.execute(SUPPRESSION.insert(), rows)
    assert sides(told(connection))[1::2] == (4, 2)
    assert sides(told(connection, days=20))[1::2] == (3, 1), "before this window they were"


def test_who_cannot_be_written_to_does_not_count(connection: Connection) -> None:
    customers(connection, *IN, *OUT)
    gone = update(CUSTOMER).where(CUSTOMER.c.customer_id == IN[0])
    connection.execute(gone.values(email=None, address_hash=None))
    erased = update(CUSTOMER).where(CUSTOMER.c.customer_id == OUT[0])
    connection.execute(erased.values(erased_at=AT))
    assert sides(told(connection))[1::2] == (3, 1)


def test_who_was_asked_to_confirm_and_did_not_has_not_agreed(connection: Connection) -> None:
    customers(connection, *IN, *OUT)
    asked = CONSENT
    mine = update(asked).where(asked.c.customer_id == IN[0])
    connection.execute(mine.values(step="asked"))
    confirmed = update(asked).where(asked.c.customer_id == OUT[0])
    connection.execute(confirmed.values(step="confirmed"))
    assert sides(told(connection))[1::2] == (3, 2)


def test_it_counts_from_when_the_share_is_in_force(connection: Connection) -> None:
    for at, percent in (("2 days", 5), ("10 days", 20)):
        live_since(connection, at, percent)
    live_since(connection, "20 days", 20)
    customers(connection, *IN, *OUT)
    order(connection, IN[0], "9 days", 50)
    order(connection, IN[1], "11 days", 20)
    found = told(connection)
    assert (found.in_force_since, found.begins) == (after("10 days"), after("10 days"))
    assert sides(found) == (1, 4, 0, 2)


def test_what_was_bought_under_the_holdout_is_never_what_was_before(
    connection: Connection,
) -> None:
    live_since(connection, "10 days", 20)
    many_in = drawn(200, "global_holdout", above=20)
    many_out = drawn(60, "global_holdout", below=20)
    customers(connection, *many_in, *many_out)
    for number, who in enumerate((*many_in, *many_out)):
        if number % 2:
            order(connection, who, "40 days", 50)
            order(connection, who, "20 days", 50)
    found = told(connection, "45 days", days=10)
    assert found.revenue is not None and found.revenue.narrower is None
    whole = told(connection, "45 days")
    assert whole.revenue is not None and whole.revenue.let_in == pytest.approx(50)


def test_the_window_is_as_long_as_is_said(connection: Connection) -> None:
    customers(connection, *IN, *OUT)
    order(connection, IN[0], "10 days", 50)
    order(connection, IN[1], "25 days", 20)
    found = told(connection, days=10)
    begins: datetime = found.begins
    assert begins == after("20 days")
    assert (sides(found)[0], found.revenue_entered) == (1, Decimal("20.00"))


def test_without_a_holdout_there_is_nothing_to_tell(connection: Connection) -> None:
    customers(connection, *IN)
    assert global_holdout(connection, catalog().settings, after("9 days")) is None


def test_without_anybody_there_is_nothing_to_tell(connection: Connection) -> None:
    assert report(connection) is None
