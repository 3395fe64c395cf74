"""What is said of customers is merged by its moment, in whatever order it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from lifecycle.core.event import Event
from lifecycle.sources.customer_line import CustomerIn, read_customer
from lifecycle.store.addresses import address_hash
from lifecycle.store.consents import Word
from lifecycle.store.customers import consent, say, suppress
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent, append, pending
from lifecycle.store.migrate import create
from lifecycle.store.tables import METADATA
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
TABLES = METADATA.tables


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


def said(at: datetime = NOW, customer_id: str = "c1", **told: Any) -> CustomerIn:
    return read_customer({"id": customer_id, **told}, at=at)


def take_in(connection: Connection, *lines: CustomerIn, now: datetime = NOW) -> None:
    say(connection, lines, now=now, address_key=KEY)


def row(connection: Connection, customer_id: str = "c1") -> Any:
    customer = TABLES["customer"]
    return connection.execute(select(customer).where(customer.c.customer_id == customer_id)).one()


def agreed(connection: Connection, customer_id: str = "c1") -> dict[str, bool]:
    table = TABLES["consent"]
    found = connection.execute(select(table).where(table.c.customer_id == customer_id))
    return {one.topic: one.agreed for one in found}


def happened(connection: Connection, customer_id: str = "c1") -> list[tuple[str, str]]:
    found = pending(connection, [customer_id], day(1_000)).get(customer_id, [])
    return [(one.event.name, one.event["topic"]) for one in found]


def test_a_newer_value_is_never_overridden_by_an_older_one_come_late(database: Database):
    with database.write() as connection:
        take_in(
            connection, said(day(2), attributes={"size": "M", "tags": ["a"]}, email="a@x.example")
        )
        take_in(
            connection, said(day(1), attributes={"size": "S", "name": "Anna"}, email="b@x.example")
        )
        found = row(connection)
    assert found.attributes == {"size": "M", "tags": ["a"], "name": "Anna"}
    assert found.email == "a@x.example"
    assert found.known_since == day(1)


def test_null_removes_an_attribute_and_an_older_value_does_not_bring_it_back(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(1), attributes={"size": "M"}))
        take_in(connection, said(day(3), attributes={"size": None}))
        take_in(connection, said(day(2), attributes={"size": "S"}))
        assert row(connection).attributes == {}


def test_lists_and_objects_are_replaced_whole(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(1), attributes={"a": {"x": 1, "y": 2}, "b": [1, 2]}))
        take_in(connection, said(day(2), attributes={"a": {"x": 3}, "b": []}))
        assert row(connection).attributes == {"a": {"x": 3}, "b": []}


def test_of_two_lines_said_at_one_instant_the_later_in_arrival_counts(database: Database):
    with database.write() as connection:
        take_in(
            connection,
            said(attributes={"size": "M"}, agreed_to=["offers"]),
            said(attributes={"size": "S"}, agreed_to=["news"]),
        )
        assert row(connection).attributes == {"size": "S"}
        assert agreed(connection) == {"offers": False, "news": True}


def test_an_attribute_called_email_is_not_the_address(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(2), attributes={"email": "other"}, email="a@x.example"))
        take_in(connection, said(day(3), attributes={"email": None}))
        found = row(connection)
    assert (found.email, found.attributes) == ("a@x.example", {})


def test_an_address_said_to_be_none_is_forgotten_with_its_hash(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(1), email="A@X.example"))
        assert row(connection).address_hash == address_hash("a@x.example", KEY)
        take_in(connection, said(day(2), email=None))
        found = row(connection)
    assert (found.email, found.address_hash) == (None, None)


def test_agreeing_is_an_event_once_and_before_the_events_of_its_instant(database: Database):
    with database.write() as connection:
        for _ in range(3):
            take_in(connection, said(agreed_to=["offers"]))
        (found,) = pending(connection, ["c1"], NOW)["c1"]
        records = connection.execute(select(TABLES["consent_record"])).all()
    assert (found.event.name, found.event["topic"], found.arrival) == (
        "consent_given",
        "offers",
        -1,
    )
    assert [(one.topic, one.agreed, one.source) for one in records] == [
        ("offers", True, "customers")
    ]


def test_a_topic_no_longer_named_is_withdrawn_and_silence_changes_nothing(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(0), agreed_to=["offers", "news"]))
        take_in(connection, said(day(1)))
        assert agreed(connection) == {"offers": True, "news": True}
        take_in(connection, said(day(2), agreed_to=["news"]))
        assert agreed(connection) == {"offers": False, "news": True}
        assert ("consent_withdrawn", "offers") in happened(connection)


def test_the_later_word_counts_whatever_came_first(database: Database):
    with database.write() as connection:
        consent(connection, Word("c1", "offers", False, day(2), "page"), now=NOW)
        consent(connection, Word("c1", "offers", True, day(1), "form", "Yes!"), now=NOW)
        assert agreed(connection) == {"offers": False}
        assert happened(connection) == []
        consent(connection, Word("c1", "offers", True, day(3), "form"), now=NOW)
        assert agreed(connection) == {"offers": True}
        assert happened(connection) == [("consent_given", "offers")]
        assert len(connection.execute(select(TABLES["consent_record"])).all()) == 3


def test_a_consent_given_before_all_were_named_is_over(database: Database):
    with database.write() as connection:
        take_in(connection, said(day(2), agreed_to=["news"]))
        consent(connection, Word("c1", "offers", True, day(1), "form"), now=NOW)
        assert agreed(connection) == {"news": True, "offers": False}


def test_everyone_said_something_of_is_looked_at_again(database: Database):
    with database.write() as connection:
        take_in(connection, said(), said(customer_id="c2"))
        suppress(connection, [], now=NOW, address_key=KEY)
        found = connection.execute(select(TABLES["intake"])).all()
    assert {(one.customer_id, one.due_at) for one in found} == {("c1", NOW), ("c2", NOW)}


def test_suppressing_knows_every_spelling_and_keeps_the_first_reason(database: Database):
    with database.write() as connection:
        take_in(connection, said(email="Anna@X.example"), now=day(9))
        said_of = [("anna@x.example", "complained", day(1)), ("ANNA@x.example", "hard", day(2))]
        suppress(connection, said_of, now=NOW, address_key=KEY)
        (found,) = connection.execute(select(TABLES["suppression"])).all()
        intake = connection.execute(select(TABLES["intake"])).one()
        assert found.address_hash == row(connection).address_hash
    assert found.reason == "complained"
    assert intake.due_at == NOW


def test_many_customers_are_taken_in_at_once(database: Database):
    lines = [said(customer_id=f"c{n % 1_200}", attributes={"n": n}) for n in range(2_400)]
    with database.write() as connection:
        take_in(connection, *lines)
        found = connection.execute(select(TABLES["customer"])).all()
    assert {one.customer_id: one.attributes["n"] for one in found} == {
        f"c{n}": n + 1_200 for n in range(1_200)
    }


def test_a_customer_known_by_events_keeps_what_events_said(database: Database):
    with database.write() as connection:
        append(connection, [NewEvent("c1", Event(day(1), "e", "x"), day(1))])
        take_in(connection, said(day(2), attributes={"a": 1}))
        assert row(connection).known_since == day(1)


TOPICS = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)
VALUES = st.dictionaries(st.sampled_from("xyz"), st.none() | st.integers(0, 3), max_size=3)
LINES = st.lists(
    st.fixed_dictionaries(
        {"attributes": VALUES},
        optional={
            "agreed_to": TOPICS,
            "email": st.sampled_from(["a@x.example", "b@x.example", None]),
            "locale": st.sampled_from(["de", "en", None]),
        },
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def emptied() -> Iterator[Database]:
    """One database in memory for all examples of a property; each empties it before."""
    database = Database("sqlite://")
    create(database)
    yield database
    database.close()


def end_of(database: Database, lines: list[CustomerIn]) -> Any:
    with database.write() as connection:
        for table in TABLES.values():
            connection.execute(delete(table))
        for line in lines:
            take_in(connection, line)
        found = connection.execute(select(TABLES["customer"])).all()
        return (
            [(o.attributes, o.email, o.address_hash, o.locale, o.known_since) for o in found],
            {topic for topic, yes in agreed(connection).items() if yes},
        )


@given(lines=LINES, data=st.data())
def test_order_and_repetition_of_lines_do_not_matter(
    emptied: Database, lines: list[dict[str, Any]], data: Any
):
    numbered = [said(day(number), **line) for number, line in enumerate(lines)]
    once = data.draw(st.permutations(numbered))
    again = data.draw(st.lists(st.sampled_from(numbered), max_size=3)) if numbered else []
    assert end_of(emptied, numbered) == end_of(emptied, [*once, *again])
