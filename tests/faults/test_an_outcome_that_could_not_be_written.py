"""The database takes the attempts and then fails to take their outcomes: nothing is lost of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from lifecycle.core.message import OutcomeKind
from lifecycle.engine import recording
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


AWAY = OperationalError("COMMIT", {}, Exception("the database went away"))


class RefusesOutcomes:
    """A database that loses COMMITs of transactions in which an attempt was settled.

    `times` of them are lost, on their way there, or with `arrived` on the way back.
    """

    def __init__(
        self,
        database: Database,
        error: Exception,
        times: int = 1_000,
        *,
        arrived: bool = False,
    ) -> None:
        self._write = database.write
        self._error, self._times, self._arrived = error, times, arrived
        self.refused = 0
        database.write = self.write  # type: ignore[method-assign]

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        with self._write(aside=aside) as connection:
            before = _settled(connection)
            yield connection
            lost = _settled(connection) > before and self.refused < self._times
            self.refused += lost
            if lost and not self._arrived:
                raise self._error
        if lost:
            raise self._error


def _settled(connection: Connection) -> int:
    told = connection.execute(text("SELECT count(*) FROM attempt WHERE outcome IS NOT NULL"))
    return int(told.scalar_one())


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
    refuses = RefusesOutcomes(running.database, Refused())
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


ANSWERS = [OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNCERTAIN, OutcomeKind.SLOW_DOWN]
NAMES = [f"c{number}" for number in range(2 * len(ANSWERS))]


def sent(running: Running) -> Running:
    """Letters that the transport answered in every way."""
    running.start(START)
    running.say(*(person(name) for name in NAMES), at=START)
    running.hear(*(event(NOON, "a", name) for name in NAMES))
    running.run(NOON)
    return running


def written(running: Running) -> list[object]:
    """All that is written of letters and of what follows from them."""
    messages = [
        (
            one.message_id,
            one.state,
            one.reason,
            one.due_at,
            one.accepted_at,
            one.lease_until is None,
        )
        for one in running.rows("message", "message_id")
    ]
    attempts = [
        (one.attempt_id, one.outcome, one.detail, one.settled_at)
        for one in running.rows("attempt", "attempt_id")
    ]
    enrollments = [
        (one.enrollment_id, one.state, one.led_to_letter, one.open_messages)
        for one in running.rows("enrollment", "enrollment_id")
    ]
    events = [(one.event_id, one.name) for one in running.rows("event", "event_id")]
    receipts = [one.message_id for one in running.rows("receipt", "message_id")]
    return [messages, attempts, enrollments, events, receipts, running.told()]


@pytest.mark.parametrize(("times", "arrived"), [(1, False), (3, False), (1, True), (2, True)])
def test_what_was_heard_is_written_once_the_database_is_back(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    times: int,
    arrived: bool,
) -> None:
    monkeypatch.setattr(recording, "RESTS", (0.0,) * 4)
    made = shop({"f": flow('when = "a"')})
    untroubled = sent(run(made, Post(script=ANSWERS * 2)))
    expected = written(untroubled)
    untroubled.clear()
    running = run(made, Post(script=ANSWERS * 2))
    refuses = RefusesOutcomes(running.database, AWAY, times, arrived=arrived)
    assert written(sent(running)) == expected
    assert refuses.refused >= 1
    assert "outcomes_not_written" in caplog.text
    assert "outcome_too_late" not in caplog.text, "what is written was taken for another's"


def test_a_database_that_stays_away_is_told_of(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "RESTS", (0.0,) * 4)
    running = run(shop({"f": flow('when = "a"')}), Post())
    refuses = RefusesOutcomes(running.database, AWAY)
    sent(running)
    assert refuses.refused == 5
    assert under_way(running) == [("attempting", True)] * len(NAMES)
