"""Rows whose worker died have every second turn, however much is due: on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from lifecycle.core.words import micros
from lifecycle.store import claims
from lifecycle.store.claims import FEW, Claim
from lifecycle.store.database import Database
from lifecycle.store.taking_turns import Turns
from tests.databases import Prepare
from tests.store.prepared import with_tables
from tests.store.test_claims_read_few import MOST_READ, MOST_STEPS, NOW, fill, rows_read, steps

BATCH = 100
QUEUES = ["intake", "enrollment", "message", "errand"]
LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, durable=False)
    yield made
    made.close()


def taken(database: Database, queue: str, turns: Turns | None, ranked: bool = False) -> list[Claim]:
    """The next batch of a queue."""
    with database.write() as connection:
        if ranked:
            return claims.claim_in_turn(connection, LATER, BATCH, turns=turns)
        return claims.claim(connection, queue, LATER, BATCH, turns)


def die(database: Database) -> None:
    """Every worker dies, and their leases end."""
    with database.write() as connection:
        claims.free(connection)


@pytest.mark.parametrize(
    ("queue", "ranked"), [*((queue, False) for queue in QUEUES), ("message", True)]
)
def test_what_failed_goes_on_between_fresh_batches(database: Database, queue: str, ranked: bool):
    with database.write() as connection:
        fill(connection, queue)
    turns = Turns()
    in_hand = {one.id for one in taken(database, queue, turns, ranked)}
    die(database)
    turns, sizes, again = Turns(), [], set()
    for _ in range(8):
        batch = taken(database, queue, turns, ranked)
        sizes.append(len(batch))
        again |= {one.id for one in batch if one.attempts == 2}
    assert sizes == [BATCH, FEW] * 4
    assert again == in_hand


def test_what_failed_again_goes_alone_and_is_then_put_aside(database: Database):
    with database.write() as connection:
        fill(connection, "message")
        connection.execute(
            text("UPDATE message SET attempts = 2, due_at = due_at - 1 WHERE customer_id = 'k7'")
        )
        connection.execute(
            text(
                "UPDATE message SET attempts = :most, due_at = due_at - 2 WHERE customer_id = 'k8'"
            ),
            {"most": claims.ATTEMPTS_BEFORE_QUARANTINE},
        )
    turns = Turns()
    batches = [taken(database, "message", turns) for _ in range(4)]
    assert [len(batch) for batch in batches] == [BATCH, 1, BATCH, BATCH]
    assert batches[1][0].customer_id == "k7"
    with database.read() as connection:
        aside = connection.execute(
            text("SELECT customer_id FROM message WHERE quarantined_at IS NOT NULL")
        )
        assert aside.scalars().all() == ["k8"]


def test_what_failed_of_a_higher_rank_does_not_wait_for_a_lower_one(database: Database):
    with database.write() as connection:
        fill(connection, "message")
        connection.execute(
            text(
                "UPDATE message SET transactional = true, attempts = 1 "
                "WHERE customer_id IN ('k1', 'k2')"
            )
        )
    turns = Turns()
    batches = [taken(database, "message", turns, ranked=True) for _ in range(3)]
    assert [sorted({one.customer_id for one in batch})[:3] for batch in batches][1] == ["k1", "k2"]
    assert [len(batch) for batch in batches] == [BATCH, 2, BATCH]


def test_no_more_marketing_goes_than_may_though_it_failed_before(database: Database):
    with database.write() as connection:
        fill(connection, "message")
        connection.execute(text("UPDATE message SET attempts = 1 WHERE customer_id < 'k2'"))
    turns = Turns()
    with database.write() as connection:
        first = claims.claim_in_turn(connection, LATER, BATCH, 10, turns)
        second = claims.claim_in_turn(connection, LATER, BATCH, 3, turns)
        none = claims.claim_in_turn(connection, LATER, BATCH, 0, turns)
    assert [len(first), len(second), len(none)] == [10, 3, 0]
    assert {one.attempts for one in second} == {2}


def test_what_failed_of_a_lower_rank_does_not_go_in_the_turn_of_a_higher_one(database: Database):
    with database.write() as connection:
        fill(connection, "message")
        connection.execute(text("UPDATE message SET transactional = true"))
        connection.execute(
            text(
                "UPDATE message SET transactional = false, attempts = 1, due_at = due_at - 1 "
                "WHERE customer_id IN ('k1', 'k2')"
            )
        )
    turns = Turns()
    for _ in range(3):
        with database.write() as connection:
            batch = claims.claim_in_turn(connection, LATER, BATCH, 0, turns)
        assert len(batch) == BATCH
        assert {one.attempts for one in batch} == {1}


@pytest.mark.parametrize("ranked", [False, True])
def test_a_look_for_what_failed_reads_few(database: Database, ranked: bool):
    with database.write() as connection:
        fill(connection, "message")
        connection.exec_driver_sql("ANALYZE")
    turns = Turns()
    taken(database, "message", turns, ranked)

    def claiming() -> list[Claim]:
        if ranked:
            return claims.claim_in_turn(connection, LATER, 20, turns=turns)
        return claims.claim(connection, "message", LATER, 20, turns)

    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            read, claimed = steps(connection, claiming)
            most = MOST_STEPS
        else:
            before = rows_read(connection, "message")
            claimed = claiming()
            read, most = rows_read(connection, "message") - before, MOST_READ + 4 * BATCH
    assert {one.attempts for one in claimed} == {1}
    assert read <= most


def test_what_is_not_due_is_not_taken_though_it_failed(database: Database):
    with database.write() as connection:
        fill(connection, "enrollment")
        later = micros(LATER) + 1
        connection.execute(
            text(f"UPDATE enrollment SET attempts = 1, due_at = {later} WHERE customer_id = 'k5'")
        )
        connection.execute(text("DELETE FROM enrollment WHERE customer_id > 'k10'"))
    turns = Turns()
    first = taken(database, "enrollment", turns)
    assert "k5" not in {one.customer_id for one in first}
    assert not taken(database, "enrollment", turns)
