"""What hooks gave is kept at once, and failures are tried again a few times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.store import hook_codes
from lifecycle.store.database import Database
from lifecycle.store.hook_codes import AGAIN_AFTER, MOST_TRIES, Failing, HookCode
from tests.databases import Prepare
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
FAILED = HookCode("c1", "m1", "lottery", None, 1, "no answer", NOW)


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def test_an_answer_takes_the_place_of_a_failure(database: Database) -> None:
    other = replace(FAILED, customer_id="c2", made_for="m2")
    with database.write() as connection:
        hook_codes.keep(connection, [FAILED, other])
        assert hook_codes.failing(connection, NOW) == [Failing("lottery", 2, "no answer")]
        made = replace(FAILED, code="WIN", tries=2, problem="")
        hook_codes.keep(connection, [made])
        assert hook_codes.known(connection, [("c1", "m1"), ("c3", "m3")]) == {"m1": made}
        assert hook_codes.failing(connection, NOW) == [Failing("lottery", 1, "no answer")]
        assert hook_codes.failing(connection, NOW + timedelta(seconds=1)) == []


def test_a_failure_is_tried_again_later_and_given_up_after_a_few() -> None:
    assert not FAILED.to_ask(NOW) and FAILED.to_ask(NOW + AGAIN_AFTER[0])
    for tries, wait in enumerate(AGAIN_AFTER, 1):
        assert replace(FAILED, tries=tries).again_at == NOW + wait
    over = replace(FAILED, tries=MOST_TRIES)
    assert over.given_up and not over.to_ask(NOW + timedelta(days=9))
    assert not replace(over, code="").given_up
