"""What attributes were before is kept where they change, the same in whatever order it is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from lifecycle.sources.customer_line import read_customer
from lifecycle.store.customers import say
from lifecycle.store.database import Database
from lifecycle.store.erase import erase
from lifecycle.store.facts import Reading, load
from lifecycle.store.known import export
from lifecycle.store.merge import merge
from lifecycle.store.migrate import create
from lifecycle.store.retention import delete_past
from lifecycle.store.tables import METADATA
from tests.store.prepared import with_tables

KEY = b"k" * 32
PAST = METADATA.tables["attribute_past"]
Points = list[tuple[float, Any]]
Told = tuple[float, dict[str, Any]]


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def day(number: float) -> datetime:
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=number)


LATE = day(100)


def tell(
    connection: Connection, *told: Told, now: datetime | None = LATE, customer_id: str = "c1"
) -> None:
    """Say things of a customer: at `now`, or each as it happens."""
    for number, said in told:
        line = read_customer({"id": customer_id, **said}, at=day(number))
        say(connection, [line], now=now or line.at, address_key=KEY)


def past(connection: Connection, name: str = "plan", customer_id: str = "c1") -> Points:
    """The timeline of an attribute, equal neighbours merged, in days."""
    reading = Reading(past=frozenset((name,)))
    known = load(connection, [customer_id], LATE, reading, shop_zone="UTC")[customer_id]
    points: Points = []
    for at, value in known.past.get(name, ()):
        if not points or points[-1][1] != value:
            points.append(((at - day(0)) / timedelta(days=1), value))
    return points


def plan(number: float, value: Any) -> Told:
    return number, {"attributes": {"plan": value}}


def rows(connection: Connection) -> int:
    return len(connection.execute(select(PAST)).all())


def test_a_change_keeps_what_was_before_and_since_when(database: Database):
    with database.write() as connection:
        tell(connection, plan(1, "free"), plan(2, "gold"), plan(3, None), plan(4, "gold"))
        assert past(connection) == [(1, "free"), (2, "gold"), (3, None), (4, "gold")]
        assert past(connection, "other") == []


def test_what_never_changes_keeps_nothing_and_its_first_moment(database: Database):
    with database.write() as connection:
        tell(connection, *(plan(number, "free") for number in range(1, 30)), now=None)
        assert rows(connection) == 0
        assert past(connection) == [(1, "free")]
        tell(connection, plan(30, "gold"), now=None)
        assert past(connection) == [(1, "free"), (30, "gold")]
        assert rows(connection) == 2


@pytest.mark.parametrize("now", [None, LATE], ids=["as it happens", "afterwards"])
def test_a_late_line_breaks_what_was_said_again(database: Database, now: datetime | None):
    with database.write() as connection:
        tell(connection, plan(1, "free"), plan(5, "free"), now=now)
        tell(connection, plan(3, "gold"))
        assert past(connection) == [(1, "free"), (3, "gold"), (5, "free")]


def test_of_two_said_at_one_instant_the_later_one_stands(database: Database):
    with database.write() as connection:
        tell(connection, plan(1, "a"), plan(2, "b"), plan(2, "c"), plan(1, "d"), plan(2, "c"))
        assert past(connection) == [(1, "d"), (2, "c")]
        tell(connection, plan(3, "c"), plan(2, "e"))
        assert past(connection) == [(1, "d"), (2, "e"), (3, "c")]


@given(
    told=st.lists(st.sampled_from((None, True, False, "x")), min_size=1, max_size=9),
    data=st.data(),
)
def test_the_past_does_not_depend_on_the_order_in_which_it_is_told(
    told: Sequence[Any], data: st.DataObject
):
    lines = [plan(number, value) for number, value in enumerate(told)]
    order = data.draw(st.permutations(lines))
    wanted: Points = []
    for number, value in enumerate(told):
        if not wanted or wanted[-1][1] is not value:
            wanted.append((number, value))
    database = _shared()
    with database.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))
        tell(connection, *order)
        assert past(connection) == wanted


_SHARED: list[Database] = []


def _shared() -> Database:
    """One database for all examples: making its tables costs more than they do."""
    if not _SHARED:
        _SHARED.append(Database("sqlite://", durable=False))
        create(_SHARED[0])
    return _SHARED[0]


def test_the_record_has_a_past_of_its_own_beside_attributes_called_the_same(database: Database):
    with database.write() as connection:
        tell(
            connection,
            (1, {"email": "a@x.example", "locale": "de-AT", "timezone": "Europe/Vienna"}),
            (2, {"email": "b@x.example", "locale": "en_GB"}),
            (3, {"attributes": {"email": "shown"}}),
            (4, {"email": "c@x.example"}),
            (5, {"attributes": {"email": None}, "timezone": None}),
        )
        assert past(connection, "email") == [
            *((1, "a@x.example"), (2, "b@x.example")),
            *((3, "shown"), (5, "c@x.example")),
        ]
        assert past(connection, "language") == [(1, "de"), (2, "en")]
        assert past(connection, "timezone") == [(1, "Europe/Vienna"), (5, None)]


def test_merging_two_customers_merges_their_pasts(database: Database):
    with database.write() as connection:
        tell(connection, plan(1, "a"), plan(3, "c"), plan(5, "c"), plan(7, "e"), plan(8, "e"))
        tell(connection, plan(2, "b"), plan(4, "d"), plan(6, "d"), customer_id="c2")
        tell(connection, (4, {"email": "a@x.example"}), (5, {"email": "b@x.example"}))
        tell(connection, (1, {"attributes": {"only": 1}}), customer_id="c2")
        tell(connection, (2, {"attributes": {"only": 1}}), customer_id="c2")
        merge(connection, "c1", "c2", LATE)
        assert past(connection) == [
            *((1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "c"), (6, "d"), (7, "e"))
        ]
        assert past(connection, "only") == [(1, 1)]
        assert past(connection, "email") == [(4, "a@x.example"), (5, "b@x.example")]
        tell(connection, plan(4.5, "f"))
        assert (4.5, "f") in past(connection)


def test_a_customer_becomes_another_id_with_the_past(database: Database):
    with database.write() as connection:
        tell(connection, plan(1, "a"), plan(2, "b"), plan(3, "b"), customer_id="visitor")
        merge(connection, "c1", "visitor", LATE)
        assert past(connection) == [(1, "a"), (2, "b")]


def test_the_customer_is_told_of_it_and_an_erasure_takes_it(database: Database):
    with database.write() as connection:
        tell(connection, plan(1, "a"), plan(2, "b"))
        told = export(connection, "c1")
        assert told is not None
        [before] = told["attributes_before"]
        assert (before["name"], before["value"], before["since"]) == ("plan", "a", day(1))
        erase(connection, "c1", LATE, KEY)
        assert rows(connection) == 0


def test_what_is_over_by_an_instant_is_forgotten_and_what_was_so_then_stays(database: Database):
    with database.write() as connection:
        for customer_id in ("c1", "c2", "c3"):
            told = [plan(number, f"p{number}") for number in range(1, 9)]
            tell(connection, *told, (1, {"attributes": {"other": 1}}), customer_id=customer_id)
        place: str | None = ""
        went = []
        while place is not None:
            deleted, place = delete_past(connection, place, day(4.5), 2)
            went.append(deleted)
        assert went == [6, 3]
        for customer_id in ("c1", "c2", "c3"):
            assert past(connection, customer_id=customer_id)[0] == (4, "p4")
            assert len(past(connection, customer_id=customer_id)) == 5
            assert past(connection, "other", customer_id) == [(1, 1)]
        assert delete_past(connection, "", day(5), 9) == (3, None)
        assert past(connection)[0] == (5, "p5")
