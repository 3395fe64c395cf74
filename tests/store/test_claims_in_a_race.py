"""Workers that claim at the same time never take one row twice, and together take all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest

from lifecycle.store import claims
from lifecycle.store.claims import Claim
from lifecycle.store.database import Database
from tests.store.prepared import with_tables
from tests.store.test_claims_read_few import DUE, fill

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
WORKERS, BATCH = 4, 37


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def databases(database_url: str) -> Iterator[list[Database]]:
    """As many workers as processes would be: on SQLite there is one writer, so one is enough."""
    count = 1 if database_url.startswith("sqlite") else WORKERS
    made = [Database(database_url, durable=False) for _ in range(count)]
    yield made
    for one in made:
        one.close()


@pytest.mark.parametrize("queue", ["intake", "enrollment", "message", "errand"])
def test_no_row_is_claimed_twice_and_none_is_left(databases: list[Database], queue: str) -> None:
    with databases[0].write() as connection:
        fill(connection, queue)
    together = Barrier(len(databases))

    def work(database: Database) -> list[Claim]:
        together.wait(30)
        found: list[Claim] = []
        empty = 0
        while empty < 2:  # What another had locked a moment ago may be there on a second look.
            with database.write() as connection:
                claimed = claims.claim(connection, queue, NOW, BATCH)
            empty = 0 if claimed else empty + 1
            found += claimed
        return found

    with ThreadPoolExecutor(len(databases)) as pool:
        taken = [one for found in pool.map(work, databases) for one in found]
    times = Counter((one.customer_id, one.id) for one in taken)
    assert len(times) == DUE
    assert max(times.values()) == 1
    assert {one.fence for one in taken} == {1}
