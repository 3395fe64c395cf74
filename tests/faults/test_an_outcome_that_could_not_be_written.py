"""The database takes the attempts and then fails to take their outcomes: nothing is lost of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from lifecycle.engine.abandoned import abandon
from lifecycle.store import claims
from lifecycle.store.database import Database
from tests.faults.conftest import Run
from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, instant, person, shop

START, NOON = "2026-05-04T09:00:00", "2026-05-04T12:00:00"
PEOPLE = 3


class Refused(Exception):
    """The database went away within a COMMIT."""


class RefusesOutcomes:
    """A database that loses each COMMIT of a transaction in which an attempt was settled."""

    def __init__(self, database: Database) -> None:
        self._write = database.write
        self.refused = 0
        database.write = self.write  # type: ignore[method-assign]

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        with self._write(aside=aside) as connection:
            yield connection
            settled = connection.execute(
                text("SELECT count(*) FROM attempt WHERE outcome IS NOT NULL")
            ).scalar()
            if settled:
                self.refused += 1
                raise Refused


def under_way(running: Running) -> list[tuple[str, bool]]:
    return [(row.state, row.lease_until is not None) for row in running.rows("message")]


@pytest.fixture
def broken(run: Run) -> Running:
    """Letters that SES accepted, and whose outcomes were never written."""
    post = Post()
    running = run(shop({"f": flow('when = "a"')}), post)
    running.start(START)
    names = [f"c{number}" for number in range(PEOPLE)]
    running.say(*(person(name) for name in names), at=START)
    running.hear(*(event(NOON, "a", name) for name in names))
    refuses = RefusesOutcomes(running.database)
    running.run(NOON)
    running.database.write = refuses._write  # type: ignore[method-assign]
    assert refuses.refused == 1
    assert len(post.accepted) == PEOPLE
    return running


def test_a_letter_that_may_have_gone_stays_in_hand_until_its_lease_ends(broken: Running) -> None:
    assert under_way(broken) == [("attempting", True)] * PEOPLE
    later = instant(NOON) + timedelta(minutes=1)
    assert abandon(broken.engine.parts, later, everything=False) == 0
    over = "UPDATE message SET lease_until = 1 WHERE lease_until IS NOT NULL"
    with broken.database.write() as connection:
        connection.execute(text(over))
    assert abandon(broken.engine.parts, later, everything=False) == PEOPLE
    assert under_way(broken) == [("uncertain", False)] * PEOPLE
    assert not broken.rows("message")[0].quarantined_at


def test_one_that_lost_its_lease_is_found_all_the_same(broken: Running) -> None:
    with broken.database.write() as connection:
        connection.execute(text("UPDATE message SET lease_until = NULL"))
    assert abandon(broken.engine.parts, instant(NOON), everything=False) == PEOPLE
    assert under_way(broken) == [("uncertain", False)] * PEOPLE


def test_no_letter_that_may_have_gone_is_put_aside(broken: Running) -> None:
    (first, *_) = broken.rows("message")
    often = claims.ATTEMPTS_BEFORE_QUARANTINE
    one = claims.Claim(first.customer_id, first.message_id, first.fence, often)
    with broken.database.write() as connection:
        assert not claims.quarantine(connection, "message", one, instant(NOON))
    assert under_way(broken) == [("attempting", True)] * PEOPLE
    assert broken.rows("message")[0].quarantined_at is None
