"""A process dies among letters: those that had not begun go, and the one in hand is in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from lifecycle.core.message import Letter
from lifecycle.engine.engine import Engine
from lifecycle.send.starts import Starts, boot_id
from tests.faults.conftest import Run
from tests.faults.running import Crash, Post, Running
from tests.simulation.shop import event, flow, instant, person, shop

NOON = "2026-05-04T12:00:00"
LATER = "2026-05-04T13:00:00"
FLOW = flow('when = "a"')

pytestmark = pytest.mark.skipif(not boot_id(), reason="nothing here tells one boot from another")


def noting(running: Running, folder: Path) -> Engine:
    """An engine that notes what it begins, as the daemon's does."""
    engine = running.new_engine()
    return Engine(replace(engine.parts, starts=Starts(folder)))


def ten_enter(running: Running) -> None:
    names = [f"c{number}" for number in range(10)]
    running.say(*(person(name) for name in names), at="2026-05-04T09:00:00")
    running.hear(*(event(NOON, "a", name) for name in names))


def dies_with_the_fourth(running: Running, folder: Path, *, accepted: bool) -> Post:
    """Ten letters are attempted; the process dies in the fourth, before or after it was taken."""
    post = running.transport
    assert isinstance(post, Post)

    def die(letter: Letter) -> None:
        if len(post.accepted) == 3:
            if accepted:
                post.accepted.append(letter)
            raise Crash

    post.before = die
    running.engine = noting(running, folder)
    running.engine.start(instant(NOON), alone=True)
    with pytest.raises(Crash):
        running.run(NOON)
    post.before = lambda letter: None
    return post


def goes_on(running: Running, folder: Path) -> None:
    running.engine = noting(running, folder)
    running.engine.start(instant(LATER), alone=True)
    running.run(LATER)


@pytest.mark.parametrize("accepted", [False, True])
def test_only_the_letter_in_hand_is_in_doubt(run: Run, tmp_path: Path, accepted: bool) -> None:
    running = run(shop({"a": FLOW}))
    ten_enter(running)
    post = dies_with_the_fourth(running, tmp_path, accepted=accepted)
    assert running.states() == {"attempting": 10}
    goes_on(running, tmp_path)
    # Three had been taken, but their outcome was never written: they are in doubt as the fourth is.
    assert running.states() == {"accepted": 6, "uncertain": 4}
    assert max(post.per_key().values()) == 1
    assert len(post.accepted) == (10 if accepted else 9)
    outcomes = sorted(row.outcome or "" for row in running.rows("attempt"))
    assert outcomes == ["accepted"] * 6 + ["never_left"] * 6 + ["uncertain"] * 4


def test_without_its_notes_all_that_a_process_had_in_hand_is_in_doubt(
    run: Run, tmp_path: Path
) -> None:
    running = run(shop({"a": FLOW}))
    ten_enter(running)
    post = dies_with_the_fourth(running, tmp_path / "one", accepted=True)
    goes_on(running, tmp_path / "another")
    assert running.states() == {"uncertain": 10}
    assert max(post.per_key().values()) == 1


def test_a_database_put_back_to_amid_a_batch_sends_none_of_it_again(
    run: Run, tmp_path: Path
) -> None:
    running = run(shop({"a": FLOW}))
    ten_enter(running)
    running.engine = noting(running, tmp_path)
    running.engine.start(instant(NOON), alone=True)
    running.run(NOON)
    assert running.states() == {"accepted": 10}
    with running.database.write() as connection:
        # As a copy of the file is that was taken while the letters were under way.
        connection.execute(text("UPDATE message SET state = 'attempting', accepted_at = NULL"))
        connection.execute(text("UPDATE attempt SET outcome = NULL, settled_at = NULL"))
    goes_on(running, tmp_path)
    post = running.transport
    assert isinstance(post, Post)
    assert running.states() == {"uncertain": 10}
    assert max(post.per_key().values()) == 1
