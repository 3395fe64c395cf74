"""Whose turn it is when not all can go, and who is woken first: by rank, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from lifecycle.core.account import Told
from lifecycle.core.pace import Limit, Used
from lifecycle.core.stoppage import ACCOUNT, Stop, Stopped
from lifecycle.store import account, claims, pace
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
MESSAGE = METADATA.tables["message"]
LIMIT = Limit.per_second(10)


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, durable=False)
    yield made
    made.close()


def plan(database: Database, *rows: dict[str, Any]) -> None:
    """Messages, each for a customer of its own; the usual one is marketing and due now."""
    usual: dict[str, Any] = {
        "bucket": 0,
        "enrollment_id": "e",
        "campaign": "calm",
        "version": "v",
        "entry": "k",
        "step": "s",
        "place": "s",
        "klass": "marketing",
        "transactional": False,
        "priority": 50,
        "state": "planned",
        "reason": "",
        "planned_at": NOW,
        "fell_due_at": NOW,
        "stale_at": NOW + timedelta(days=7),
        "due_at": NOW,
    }
    whole = [
        {**usual, "customer_id": f"c{one['message_id']}", "variant": "", "counts": True, **one}
        for one in rows
    ]
    with database.write() as connection:
        for row in whole:
            connection.execute(insert(MESSAGE), row)


RANKS = (
    {"message_id": "calm1"},
    {"message_id": "calm0", "due_at": NOW - timedelta(hours=1)},
    {"message_id": "later", "priority": 99, "due_at": NOW + timedelta(seconds=1)},
    {"message_id": "urgent", "priority": 90},
    {"message_id": "duty", "transactional": True, "priority": 10},
    {"message_id": "done", "transactional": True, "due_at": None},
)


def claimed(database: Database, batch: int, marketing: int | None = None) -> list[str]:
    with database.write() as connection:
        return [one.id for one in claims.claim_in_turn(connection, NOW, batch, marketing)]


def test_the_transactional_go_first_then_by_priority_then_what_fell_due_first(
    database: Database,
) -> None:
    plan(database, *RANKS)
    assert [claimed(database, 1) for _ in range(5)] == [
        ["duty"],
        ["urgent"],
        ["calm0"],
        ["calm1"],
        [],
    ]


def test_a_batch_holds_no_more_marketing_than_there_is_room_for(database: Database) -> None:
    plan(database, *RANKS)
    assert sorted(claimed(database, 10, 1)) == ["duty", "urgent"]
    assert claimed(database, 10, 0) == []
    assert sorted(claimed(database, 10, None)) == ["calm0", "calm1"]


def test_one_that_failed_is_taken_alone_after_all_others(database: Database) -> None:
    plan(database, {"message_id": "bad", "attempts": 1}, {"message_id": "good", "attempts": 0})
    assert claimed(database, 10) == ["good"]
    assert claimed(database, 10) == ["bad"]


def test_few_are_looked_at_to_claim_a_few(sqlite_url: str) -> None:
    database = Database(sqlite_url, durable=False)
    with database.read() as connection:
        told = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT message_id FROM message WHERE due_at <= 1 AND "
                "quarantined_at IS NULL AND attempts = 0 AND transactional = 0 AND priority = 50 "
                "ORDER BY due_at, customer_id, fell_due_at LIMIT 5"
            )
        ).all()
    database.close()
    assert "message_in_turn" in str(told)
    assert "USE TEMP B-TREE FOR ORDER BY" not in str(told)


def held(name: str, **more: Any) -> dict[str, Any]:
    later = {"due_at": NOW + timedelta(hours=1), "reason": "breaker"}
    return {"message_id": name, **later, **more}


def test_those_are_woken_first_whose_turn_comes_first(database: Database) -> None:
    plan(
        database,
        held("calm"),
        held("old", fell_due_at=NOW - timedelta(days=1)),
        held("duty", transactional=True),
        held("urgent", priority=90, state="requeued"),
        held("other", campaign="other"),
        held("quota", reason="quota"),
        held("gone", state="dropped"),
        held("aside", quarantined_at=NOW),
    )

    def wake(reason: str, at_most: int, campaigns: tuple[str, ...] | None = None) -> set[str]:
        with database.write() as connection:
            return set(account.wake(connection, reason, NOW, at_most, campaigns))

    assert wake("breaker", 1, ("other",)) == {"other"}
    assert wake("breaker", 2) == {"duty", "urgent"}
    assert wake("breaker", 1) == {"old"}
    assert wake("breaker", 9) == {"calm"}
    assert wake("breaker", 9) == set()
    assert wake("quota", 9) == {"quota"}


def test_one_process_asks_for_the_account_and_all_know_what_it_told(database: Database) -> None:
    hour = timedelta(hours=1)
    told = Told(14.0, 50_000.0, 10.0, True, False, "HEALTHY", 3, "2026")
    with database.write() as connection:
        assert account.known(connection, "ses") == account.Known()
        assert account.may_ask(connection, "ses", NOW - hour, NOW, NOW)
        assert not account.may_ask(connection, "ses", NOW - hour, NOW, NOW)
        account.keep(connection, "ses", told, NOW)
        assert account.known(connection, "ses") == account.Known(NOW, told)
        assert account.may_ask(connection, "ses", NOW, NOW + hour, NOW + hour)
        account.keep(connection, "ses", None, NOW)
        assert account.known(connection, "ses").told == told
        # A clock that was set back leaves an asking in the future.
        assert account.may_ask(connection, "ses", NOW - 3 * hour, NOW - 2 * hour, NOW - 2 * hour)
    assert (told.most, told.reserve) == (3 + 49_990, 1_000)
    assert Told(14.0, None, 10.0, True, True, "HEALTHY").most is None


def test_a_stoppage_is_opened_changed_and_ended_once(database: Database) -> None:
    one = Stopped(ACCOUNT, Stop.UNREACHABLE, NOW, NOW + timedelta(seconds=5), 0, "refused")
    later = Stopped(ACCOUNT, Stop.CREDENTIALS, NOW, NOW + timedelta(seconds=15), 1, "expired")
    with database.write() as connection:
        assert account.stop(connection, "ses", one)
        assert not account.stop(connection, "ses", later)
        assert account.stoppages(connection, "ses") == {ACCOUNT: one}
        assert account.stoppages(connection, "smtp") == {}
        assert account.change(connection, "ses", one, later)
        assert not account.change(connection, "ses", one, later)
        assert account.go_on(connection, "ses", ACCOUNT)
        assert not account.go_on(connection, "ses", ACCOUNT)


def test_what_did_not_begin_is_given_back_and_counted_back(database: Database) -> None:
    with database.write() as connection:
        assert pace.look(connection, "ses", LIMIT) == (0, 0)
        first = pace.take(connection, "ses", LIMIT, 100)
    assert first.grant is not None
    assert first.grant.letters == 10
    with database.write() as connection:
        nothing = pace.take(connection, "ses", LIMIT, 1)
        wait, begun = pace.look(connection, "ses", LIMIT)
    assert (nothing.grant, nothing.spent, begun) == (None, False, 10)
    assert 0 < nothing.wait <= wait + 1_000_000
    used = Used(first.grant.id, first.grant.since + 1, 4, 6)
    with database.write() as connection:
        again = pace.take(connection, "ses", LIMIT, 100, [used], most=9)
        assert pace.look(connection, "ses", LIMIT)[1] == 9
        assert pace.take(connection, "ses", LIMIT, 1, most=9).spent
    assert again.grant is not None
    assert again.grant.letters == 5
