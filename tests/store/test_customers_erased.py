"""After an erasure nothing names the person; ledger and proof of consent stay, pseudonymous."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.sources.customer_line import read_customer
from lifecycle.store import pools
from lifecycle.store.customers import say, suppress
from lifecycle.store.database import Database
from lifecycle.store.erase import DELETED, EMPTIED, Erased, erase, scrub
from lifecycle.store.known import export
from lifecycle.store.tables import METADATA
from tests.store.full_customer import fill
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
TABLES = METADATA.tables
NAMES = re.compile(r"anna|secret|private\.example|customer-of-test", re.IGNORECASE)


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def erased(database: Database) -> Erased:
    with database.write() as connection:
        fill(connection, "customer-of-test")
        found = erase(connection, "customer-of-test", NOW, KEY)
    assert found is not None
    return found


def test_every_table_that_names_customers_is_thought_of():
    naming = {name for name, table in TABLES.items() if "customer_id" in table.c}
    assert naming == {"customer", *DELETED, *EMPTIED}


def test_no_row_names_the_person_afterwards(database: Database):
    erased(database)
    with database.read() as connection:
        for table in TABLES.values():
            for row in connection.execute(select(table)):
                assert not NAMES.search(str(row)), table.name


def test_the_ledger_and_the_proof_of_consent_stay_under_the_pseudonym(database: Database):
    found = erased(database)
    with database.read() as connection:
        for name in ("points_entry", "consent_record", "message", "attempt", "event"):
            (row,) = connection.execute(select(TABLES[name])).all()
            assert row.customer_id == found.pseudonym
    assert found.message_ids == ("m-message",)


def test_enrollments_end_and_letters_not_begun_are_dropped(database: Database):
    erased(database)
    with database.read() as connection:
        enrollment = connection.execute(select(TABLES["enrollment"])).one()
        message = connection.execute(select(TABLES["message"])).one()
    assert (enrollment.state, enrollment.due_at) == ("left", None)
    assert (message.state, message.reason, message.due_at) == ("dropped", "erased", None)


def test_a_code_of_a_pool_stays_given_and_no_longer_tells_to_whom(database: Database):
    with database.write() as connection:
        pools.bring(connection, "spring", ["A", "B"], NOW)
        fill(connection, "customer-of-test")
        ids = list(connection.execute(select(TABLES["incentive"].c.message_id)).scalars())
        assert set(pools.take(connection, dict.fromkeys(ids, "spring"), NOW)) == set(ids)
        assert erase(connection, "customer-of-test", NOW, KEY) is not None
        assert pools.given(connection, ids) == {}
        assert [(one.free, one.codes) for one in pools.stocks(connection)] == [(1, 2)]


def test_a_suppression_survives_and_meets_the_address_again(database: Database):
    line = read_customer({"id": "c1", "email": "anna@private.example"}, at=NOW)
    with database.write() as connection:
        say(connection, [line], now=NOW, address_key=KEY)
        suppress(
            connection, [("anna@private.example", "complained", NOW)], now=NOW, address_key=KEY
        )
        assert erase(connection, "c1", NOW, KEY) is not None
        assert export(connection, "c1") is None
        say(connection, [line], now=NOW, address_key=KEY)
        told = export(connection, "c1")
    assert told is not None
    assert told["suppressed"] == "complained"


def test_erasing_twice_does_nothing_more_and_a_second_life_can_be_erased(database: Database):
    line = read_customer({"id": "c1"}, at=NOW)
    later = NOW.replace(hour=10)
    with database.write() as connection:
        say(connection, [line], now=NOW, address_key=KEY)
        first = erase(connection, "c1", NOW, KEY)
        assert erase(connection, "c1", NOW, KEY) is None
        say(connection, [line], now=later, address_key=KEY)
        second = erase(connection, "c1", later, KEY)
    assert first is not None
    assert second is not None
    assert first.pseudonym != second.pseudonym


def test_a_broadcast_goes_on_behind_an_erased_customer(database: Database):
    with database.write() as connection:
        lines = [read_customer({"id": name}, at=NOW) for name in ("a", "b", "c")]
        say(connection, lines, now=NOW, address_key=KEY)
        state = {"campaign": "sale", "occasion": "once", "step": "letter", "wave": 0}
        state |= {"state": "asking", "cursor": "b", "enrolled": 2}
        connection.execute(TABLES["broadcast_state"].insert(), state)
        erase(connection, "b", NOW, KEY)
        assert connection.execute(select(TABLES["broadcast_state"].c.cursor)).scalar() == "a"


def test_no_file_of_sqlite_holds_the_name_afterwards(tmp_path: Path):
    with_tables(f"sqlite:///{tmp_path}/shop.db")
    database = Database(f"sqlite:///{tmp_path}/shop.db")
    with database.write() as connection:
        fill(connection, "customer-of-test")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Anna Secret" in held
    with database.write() as connection:
        erase(connection, "customer-of-test", NOW, KEY)
    scrub(database)
    for path in tmp_path.iterdir():
        assert not NAMES.search(path.read_bytes().decode("latin-1")), path.name
    database.close()


def test_what_is_known_is_told_without_naming_others(database: Database):
    with database.write() as connection:
        fill(connection, "c1", friend_id="somebody-else")
        told = export(connection, "c1")
    assert told is not None
    assert told["email"] == "anna@private.example"
    assert told["events"][0]["properties"] == {"name": "Anna Secret"}
    assert "somebody-else" not in str(told)
