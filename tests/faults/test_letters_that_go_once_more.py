"""Letters that go once more: when, and never a third time."""

from __future__ import annotations

import pytest

from lifecycle.core.message import OutcomeKind
from tests.faults.conftest import Run
from tests.faults.running import Post
from tests.faults.test_letters_in_doubt import (
    LATER,
    NOON,
    ORDERED,
    START,
    UNCERTAIN,
    delivered,
    fed,
    the,
    told_by_ses,
)
from tests.simulation.shop import event, instant, shop


def test_a_letter_that_went_once_more_never_goes_a_third_time(run: Run) -> None:
    post = Post(script=[UNCERTAIN, *[OutcomeKind.ACCEPTED] * 20, UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    delivered(running, 20, "2026-05-04T10:05:00", "2026-05-04T10:06:00")
    running.run("2026-05-04T10:15:00")
    fed(running, "2026-05-04T10:20:00", *(f"later{number}" for number in range(20)))
    running.run("2026-05-04T10:20:00")
    for row in running.rows("message"):
        if row.customer_id.startswith("later"):
            gone = {"message_id": row.message_id}
            running.hear(event("2026-05-04T10:21:00", "message_delivered", row.customer_id, **gone))
    running.run(LATER)
    assert post.per_key()[the(running).message_id] == 2
    assert the(running).state == "uncertain"
    assert running.told("c0", but=("entered", "finished")) == ["05-04 10:15 resent hello"]
    assert {row.state for row in running.rows("enrollment")} == {"finished"}


def test_slow_feedback_is_waited_for_ten_times_as_long_as_it_takes(run: Run) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    delivered(running, 20, "2026-05-04T10:05:00", "2026-05-04T10:11:00")
    running.run(NOON)
    assert running.told("c0", but=("entered", "finished", "sent")) == ["05-04 11:00 resent hello"]


def test_letters_of_before_prove_no_path_alive(run: Run) -> None:
    post = Post(script=[*[OutcomeKind.ACCEPTED] * 20, UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    delivered(running, 20, "2026-05-04T09:30:00", "2026-05-04T09:31:00")
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run(LATER)
    assert (the(running).state, post.per_key()[the(running).message_id]) == ("uncertain", 1)


@pytest.mark.parametrize("told_of", [0, 1])
def test_feedback_proves_the_attempt_that_it_names_and_no_other(run: Run, told_of: int) -> None:
    post = Post(script=[UNCERTAIN, *[OutcomeKind.ACCEPTED] * 20, UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    delivered(running, 20, "2026-05-04T10:05:00", "2026-05-04T10:06:00")
    running.run(NOON)
    both = [letter for letter in post.accepted if letter.message_id == the(running).message_id]
    assert the(running).state == "uncertain"
    told_by_ses(running, both[told_of], "Delivery", instant(NOON))
    assert (the(running).state, the(running).accepted_at) == ("accepted", both[told_of].at)
    mine = [row for row in running.rows("attempt", "number") if row.customer_id == "c0"]
    assert [row.outcome == "accepted" for row in mine] == [told_of == 0, told_of == 1]
