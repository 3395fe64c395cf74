"""Letters counted by the hour: what answers them to the microsecond, whose, and on which clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from lifecycle.core.hours import ANSWERED_WITHIN
from lifecycle.store import hour_counting
from lifecycle.store.database import Database
from lifecycle.store.hour_counting import Counted, count
from lifecycle.store.tables import METADATA
from tests.databases import Prepare
from tests.insight import told
from tests.insight.told import AT
from tests.store.prepared import with_tables

CUSTOMER = METADATA.tables["customer"]
TO = AT + timedelta(days=30)
MICROSECOND = timedelta(microseconds=1)
WENT = AT + timedelta(hours=10)
"""Of the letter of most tests: on a Friday."""
FRIDAY = 4 * 24


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    with database.write() as found:
        yield found
    database.close()


def letter(connection: Connection, who: str = "c1", hours: float = 10, **more: Any) -> None:
    """A letter at an hour that was chosen, so many hours after the beginning."""
    at = AT + timedelta(hours=hours)
    given = {"timing": "chosen", "slot": FRIDAY + 10, "lean": 1_000_000, "attempted_at": at}
    told.letter(connection, who, "f/a", f"{round(hours * 3_600)} seconds", **{**given, **more})


def order(
    connection: Connection, at: datetime, who: str = "c1", name: str = "order_placed"
) -> None:
    row = {
        "customer_id": who,
        "event_id": f"{who} {at.isoformat()}",
        "name": name,
        "at": at,
        "received_at": at,
        "due_at": at,
        "arrival": 0,
        "pending": False,
        "enters": True,
        "properties": {},
    }
    connection.execute(METADATA.tables["event"].insert(), row)


def counted(connection: Connection, shop_zone: str = "UTC") -> Counted:
    return count(connection, AT - timedelta(days=9), TO, shop_zone, ())


def sums(connection: Connection) -> list[int]:
    """Letters and answers of all sources."""
    of = [found for (source, *_), found in counted(connection).hours.items() if source]
    return [sum(one[0] for one in of), sum(one[2] for one in of)]


@pytest.mark.parametrize(
    ("after", "met"),
    [
        (timedelta(), 1),
        (ANSWERED_WITHIN, 1),
        (ANSWERED_WITHIN + MICROSECOND, 0),
    ],
)
def test_clicks_and_orders_answer_within_their_time(
    connection: Connection, after: timedelta, met: int
) -> None:
    told.customers(connection, "clicks", "buys")
    letter(connection, "clicks", clicked_at=WENT + after)
    letter(connection, "buys")
    order(connection, WENT + after, "buys")
    assert sums(connection) == [2, 2 * met]


def test_what_came_before_or_from_another_answers_nothing(connection: Connection) -> None:
    told.customers(connection, "c1", "c2")
    letter(connection)
    order(connection, WENT - MICROSECOND)
    order(connection, WENT + timedelta(hours=1), "c2")
    order(connection, WENT + timedelta(hours=2), name="site_visited")
    assert sums(connection) == [1, 0]


@pytest.mark.parametrize(
    ("who", "hours", "state", "met"),
    [
        ("c1", 12, "accepted", 0),
        ("c1", 12, "uncertain", 0),
        ("c1", 12, "dropped", 1),
        ("c1", 14, "accepted", 0),
        ("c1", 15, "accepted", 1),
        ("c2", 12, "accepted", 1),
    ],
)
def test_an_order_is_that_of_the_last_letter_to_its_own_reader(
    connection: Connection, who: str, hours: float, state: str, met: int
) -> None:
    told.customers(connection, "c1", "c2")
    letter(connection)
    later = {"state": state, "timing": "", "slot": None, "lean": None}
    letter(connection, who, hours, **later)
    order(connection, WENT + timedelta(hours=4))
    assert sums(connection) == [1, met]


def test_a_letter_of_unknown_fate_is_not_counted(connection: Connection) -> None:
    told.customers(connection, "c1")
    letter(connection, state="uncertain", clicked_at=WENT)
    assert sums(connection) == [0, 0]


@pytest.mark.parametrize(
    ("said", "shop_zone", "at", "slot", "day"),
    [
        (None, "UTC", "2026-05-01T10:00:00+00:00", FRIDAY + 10, "2026-05-01"),
        (None, "Asia/Kathmandu", "2026-05-01T10:14:59+00:00", FRIDAY + 15, "2026-05-01"),
        (None, "Asia/Kathmandu", "2026-05-01T10:15:00+00:00", FRIDAY + 16, "2026-05-01"),
        ("Nowhere/At_All", "Asia/Tokyo", "2026-05-01T10:00:00+00:00", FRIDAY + 19, "2026-05-01"),
        ("Asia/Kolkata", "UTC", "2026-05-01T18:29:59+00:00", FRIDAY + 23, "2026-05-01"),
        ("Asia/Kolkata", "UTC", "2026-05-01T18:30:00+00:00", FRIDAY + 24, "2026-05-01"),
        ("Australia/Lord_Howe", "UTC", "2026-04-30T13:30:00+00:00", FRIDAY, "2026-05-01"),
        ("Pacific/Kiritimati", "UTC", "2026-05-03T10:00:00+00:00", 0, "2026-05-01"),
        ("Pacific/Niue", "UTC", "2026-05-02T10:00:00+00:00", FRIDAY + 23, "2026-05-01"),
    ],
)
def test_hours_and_days_are_those_of_the_readers_clock(
    connection: Connection, said: str | None, shop_zone: str, at: str, slot: int, day: str
) -> None:
    """The day is that of the hour that was chosen, whenever the letter went."""
    told.customers(connection, "c1")
    connection.execute(update(CUSTOMER).values(timezone=said))
    letter(connection, attempted_at=datetime.fromisoformat(at))
    found = counted(connection, shop_zone)
    assert [key[3] for key in found.hours] == [slot]
    days = [datetime.fromordinal(key[1]).date().isoformat() for key in found.trials]
    assert days == [day]


def test_only_the_largest_groups_of_those_who_are_there_are_counted(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hour_counting, "LEAST_IN_GROUP", 2)
    monkeypatch.setattr(hour_counting, "MOST_GROUPS", 2)
    zones = {"Asia/Tokyo": 4, "Asia/Seoul": 3, "Asia/Manila": 2, "Asia/Dubai": 1}
    for zone, size in zones.items():
        people = [f"{zone} {number}" for number in range(size)]
        told.customers(connection, *people)
        there = CUSTOMER.c.customer_id.in_(people)
        connection.execute(update(CUSTOMER).where(there).values(timezone=zone))
        letter(connection, people[0])
    named = sorted(key[1] for key in counted(connection).hours if key[1])
    assert named == ["zone:Asia/Seoul", "zone:Asia/Tokyo"]
    erased = CUSTOMER.c.customer_id.in_([f"Asia/Tokyo {number}" for number in (1, 2, 3)])
    connection.execute(update(CUSTOMER).where(erased).values(erased_at=AT))
    named = sorted(key[1] for key in counted(connection).hours if key[1])
    assert named == ["zone:Asia/Manila", "zone:Asia/Seoul"]
