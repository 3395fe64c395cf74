"""What an operator says of a letter in doubt, and how it is told afterwards."""

from __future__ import annotations

from lifecycle.core.message import OutcomeKind
from lifecycle.engine.resolve import resolve
from tests.faults.conftest import Run
from tests.faults.running import Post
from tests.simulation.shop import event, flow, instant, person, shop

START, NOON = "2026-05-04T09:00:00", "2026-05-04T12:00:00"


def test_a_persons_word_that_a_letter_went_is_told_as_theirs(run: Run) -> None:
    running = run(shop({"f": flow('when = "a"')}), Post(script=[OutcomeKind.UNCERTAIN]))
    running.start(START)
    running.say(person("c0"), at=START)
    running.hear(event("2026-05-04T10:00:00", "a", "c0"))
    running.run("2026-05-04T10:00:00")
    (letter,) = running.rows("message")
    with running.database.write() as connection:
        assert resolve(connection, letter.message_id, "sent", instant(NOON)) == "accepted"
    (attempt,) = running.rows("attempt")
    assert (attempt.outcome, attempt.detail) == ("accepted", "settled by hand")
    (sent,) = [row for row in running.rows("decision") if row.what == "sent"]
    assert sent.detail == "settled by hand"
