"""Pools of codes: each is given once, whoever takes, and the same is given again on a retry."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from lifecycle.store import pools
from lifecycle.store.database import Database
from lifecycle.store.pools import Stock
from tests.databases import Prepare
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def bring(database: Database, pool: str, count: int) -> list[str]:
    codes = [f"{pool}-{number:04}" for number in range(count)]
    with database.write() as connection:
        pools.bring(connection, pool, codes, NOW)
    return codes


def take(database: Database, *ids: str, pool: str = "spring") -> dict[str, str]:
    with database.write() as connection:
        return pools.take(connection, dict.fromkeys(ids, pool), NOW)


def test_a_code_goes_to_one_message_and_the_same_on_every_retry(database: Database) -> None:
    codes = bring(database, "spring", 3)
    bring(database, "other", 3)
    first = take(database, "m1", "m2")
    assert sorted(first.values()) == codes[:2]
    assert take(database, "m2", "m1", "m3") == {**first, "m3": codes[2]}
    assert take(database, "m4") == {}
    with database.read() as connection:
        assert pools.stocks(connection) == [Stock("other", 3, 3), Stock("spring", 0, 3)]


def test_what_is_given_back_is_free_again(database: Database) -> None:
    (code,) = bring(database, "spring", 1)
    assert take(database, "m1") == {"m1": code}
    with database.write() as connection:
        pools.give_back(connection, ["m1"])
    assert take(database, "m2") == {"m2": code}


def test_codes_brought_again_stay_given(database: Database) -> None:
    codes = bring(database, "spring", 2)
    take(database, "m1")
    bring(database, "spring", 2)
    assert set(take(database, "m1", "m2", "m3").values()) == set(codes)


def test_two_who_take_at_once_are_never_given_one_code(database_url: str) -> None:
    first = Database(database_url)
    bring(first, "spring", 60)
    several = [first, *(Database(database_url) for _ in range(3))]

    def some(worker: int) -> list[str]:
        found: list[str] = []
        for number in range(15):
            found += take(several[worker], f"m{worker}-{number}").values()
        return found

    with ThreadPoolExecutor(4) as threads:
        given = [code for found in threads.map(some, range(4)) for code in found]
    for one in several:
        one.close()
    assert len(given) == len(set(given)) == 60


@pytest.mark.parametrize(
    ("free", "codes", "low"),
    [(99, 200, True), (100, 1000, False), (100, 1001, True), (100, 200, False), (0, 0, True)],
)
def test_a_pool_is_low_below_a_tenth_or_a_hundred(free: int, codes: int, low: bool) -> None:
    assert Stock("spring", free, codes).low is low
