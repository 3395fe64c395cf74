"""`lifecycle resume --quarantined`: what was put aside is tried once more, alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lifecycle.store import claims
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.cli.conftest import Call
from tests.cli.shop import write_lines

INTAKE = METADATA.tables["intake"]
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(any_shop: Path, call: Call, database_url: str) -> Iterator[Database]:
    """Three customers with an event to take in, two of them put aside."""
    rows = [
        {"id": name, "at": "2026-01-01T10:00:00Z", "event": "a", "customer": name}
        for name in ("c1", "c2", "c3")
    ]
    assert call("import", "events", write_lines(any_shop / "e.jsonl", rows)).code == 0
    opened = Database(database_url)
    with opened.write() as connection:
        aside = update(INTAKE).where(INTAKE.c.customer_id.in_(("c1", "c2")))
        spoilt = {"attempts": claims.ATTEMPTS_BEFORE_QUARANTINE, "lease_until": NOW}
        connection.execute(aside.values(quarantined_at=NOW, **spoilt))
    yield opened
    opened.close()


def aside(database: Database) -> list[str]:
    query = select(INTAKE.c.customer_id).where(INTAKE.c.quarantined_at.is_not(None))
    with database.read() as connection:
        return sorted(connection.execute(query).scalars())


def taken(database: Database) -> list[str]:
    with database.write() as connection:
        return [one.id for one in claims.claim(connection, "intake", NOW)]


def test_a_row_is_lifted_by_its_id(database: Database, call: Call) -> None:
    assert "c1, c2; mend the cause, then lifecycle resume --quarantined" in call("doctor").out
    assert "c2 is tried once more" in call("resume", "--quarantined", "c2").out
    assert aside(database) == ["c1"]


def test_all_rows_are_lifted_and_each_is_tried_alone_and_once(database: Database, call: Call):
    lifted = call("resume", "--quarantined", "all", "--json").data["lifted"]
    assert [one["id"] for one in lifted] == ["c1", "c2"]
    assert [taken(database) for _ in range(3)] == [["c3"], ["c1"], ["c2"]]
    with database.write() as connection:
        connection.execute(update(INTAKE).values(lease_until=None))
    assert taken(database) == ["c3"]
    assert taken(database) == []
    assert aside(database) == ["c1", "c2"]


def test_what_was_not_put_aside_is_told(database: Database, call: Call) -> None:
    answered = call("resume", "--quarantined", "c3")
    assert (answered.code, "nothing of that name was put aside" in answered.err) == (2, True)
    assert call("resume", "--quarantined", "c3", "--breaker").code == 2
    call("resume", "--quarantined", "all")
    assert "Nothing was put aside" in call("resume", "--quarantined", "all").out
