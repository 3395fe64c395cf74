"""An order is worth what refunds and cancellations leave of it, as known at each instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select

from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from lifecycle.store.refunds import COLUMNS, EVENT, Worth, worths

AT = datetime(2026, 5, 1, tzinfo=UTC)
END = AT + timedelta(days=30)
Told = tuple[str, str, int, dict[str, Any]]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def tell(connection: Connection, *events: Told) -> None:
    rows = [
        {
            "customer_id": who,
            "event_id": f"e{number}",
            "name": name,
            "at": AT + timedelta(days=day),
            "received_at": AT + timedelta(days=day),
            "due_at": AT + timedelta(days=day),
            "arrival": number,
            "pending": False,
            "enters": True,
            "properties": said,
        }
        for number, (who, name, day, said) in enumerate(events)
    ]
    connection.execute(EVENT.insert(), rows)


def orders(connection: Connection, now: datetime = END) -> list[Worth]:
    query = select(*COLUMNS).where(EVENT.c.name == "order_placed").order_by(EVENT.c.arrival)
    return [worth for _, worth in worths(connection, connection.execute(query), ("total",), now)]


@pytest.mark.parametrize(
    ("name", "said", "left"),
    [
        ("order_refunded", {"order_id": 1, "total": 30}, "70"),
        ("order_refunded", {"order_id": "1", "amount": "30.50"}, "69.50"),
        ("order_refunded", {"order_id": 1}, "0"),
        ("order_refunded", {"order_id": 1, "total": 140}, "0"),
        ("order_cancelled", {"order_id": 1, "total": 30}, "0"),
        ("order_refunded", {"order_id": 2, "total": 30}, "100"),
        ("order_refunded", {"total": 30}, "100"),
    ],
)
def test_a_refund_takes_its_amount_from_its_own_order(
    connection: Connection, name: str, said: dict[str, Any], left: str
) -> None:
    tell(connection, ("a", "order_placed", 0, {"order_id": 1, "total": 100}), ("a", name, 3, said))
    assert [one.latest for one in orders(connection)] == [Decimal(left)]


def test_what_was_known_before_a_refund_can_still_be_told(connection: Connection) -> None:
    tell(
        connection,
        ("a", "order_placed", 1, {"order_id": "x", "total": 80}),
        ("a", "order_refunded", 5, {"order_id": "x", "total": 20}),
        ("a", "order_cancelled", 9, {"order_id": "x"}),
    )
    (worth,) = orders(connection)
    days = [worth.known_at(AT + timedelta(days=day)) for day in (0, 1, 4, 5, 9)]
    assert days == [0, 80, 80, 60, 0]
    (before,) = orders(connection, AT + timedelta(days=6))
    assert before.latest == 60


def test_orders_of_others_and_those_without_an_amount_are_told_apart(
    connection: Connection,
) -> None:
    tell(
        connection,
        ("a", "order_placed", 1, {"order_id": 1, "total": 80}),
        ("b", "order_placed", 1, {"order_id": 1, "total": 50}),
        ("b", "order_refunded", 2, {"order_id": 1}),
        ("c", "order_placed", 1, {"order_id": 1}),
    )
    assert [one.latest for one in orders(connection)] == [80, 0, 0]
