"""For each send key, SES accepts at most one message, whatever fails in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lifecycle.clock import SystemClock
from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.engine import deliver as deliver_stage
from lifecycle.send.ses import Ses
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan
from lifecycle.store.claims import Claim, claim, release
from tests.faults.conftest import Run
from tests.faults.running import Crash, CrashAt, Post, letters
from tests.simulation.shop import event, flow, instant, person, shop, step

FLOW = flow('when = "a"', step("one"), step("two", 'after = "1 hour"'))
START = "2026-05-04T09:00:00"
END = "2026-05-04T12:00:00"


def fed(running: Any, count: int = 3) -> None:
    names = [f"c{n}" for n in range(count)]
    running.start(START)
    running.say(*(person(name) for name in names), at=START)
    running.hear(*(event("2026-05-04T10:00:00", "a", name) for name in names))


@pytest.fixture
def ses(tmp_path: Path) -> Iterator[Any]:
    """Start a stand-in for SES with a script of faults, and a transport to it."""
    opened: list[Any] = []

    def started(*script: Fault, **more: Any) -> tuple[FakeSes, Ses]:
        plan = FaultPlan(script=script, **more)
        fake = FakeSes(tmp_path / "truth.jsonl", SystemClock(), faults=plan, hang_seconds=5)
        transport = Ses("eu-central-1", None, fake.start(), read_seconds=0.3)
        opened.extend([transport.close, fake.stop])
        return fake, transport

    yield started
    for close in opened:
        close()


AFTER = (
    Fault.CUT_AFTER,
    Fault.HANG_AFTER,
    Fault.FAILED_AFTER,
    Fault.HALF_ANSWER_AFTER,
    Fault.GARBLED_ANSWER_AFTER,
    Fault.EMPTY_ANSWER_AFTER,
    Fault.FAILED_BEFORE,
    Fault.UNAVAILABLE_BEFORE,
    Fault.CUT_BEFORE,
)


@pytest.mark.parametrize("fault", AFTER)
def test_a_letter_whose_answer_is_lost_is_uncertain_and_never_resent(
    run: Run, ses: Any, fault: Fault
) -> None:
    fake, transport = ses(fault)
    running = run(shop({"f": flow('when = "a"')}), transport)
    fed(running, 1)
    running.run("2026-05-20T00:00:00")
    running.start("2026-05-20T00:00:00")
    running.run("2026-06-20T00:00:00")
    assert running.states() == {"uncertain": 1}
    assert fake.posts == 1
    (attempt,) = running.rows("attempt")
    assert attempt.outcome == "uncertain"


@pytest.mark.parametrize(
    ("faults", "posts"),
    [
        ((Fault.THROTTLED,), 2),
        ((Fault.THROTTLED_AS_400, Fault.THROTTLED), 3),
        ((Fault.DAY_QUOTA,), 2),
        ((Fault.PAUSED,), 2),
        ((Fault.EXPIRED_KEY, Fault.SUSPENDED), 3),
    ],
)
def test_a_letter_that_was_surely_refused_is_tried_again_until_it_goes_once(
    run: Run, ses: Any, faults: tuple[Fault, ...], posts: int
) -> None:
    fake, transport = ses(*faults)
    running = run(shop({"f": flow('when = "a"')}), transport)
    fed(running, 1)
    running.run("2026-05-05T12:00:00")
    assert running.states() == {"accepted": 1}
    assert fake.posts == posts
    accepted = fake.accepted()
    assert [one.message_id for one in accepted] == [running.rows("message")[0].message_id]
    numbers = [row.number for row in running.rows("attempt", "number")]
    assert numbers == list(range(1, posts + 1))
    assert len({row.attempt_id for row in running.rows("attempt")}) == posts


@pytest.mark.parametrize("seed", range(2))
def test_in_a_storm_of_faults_no_key_is_accepted_twice_and_none_is_forgotten(
    run: Run, ses: Any, seed: int
) -> None:
    hanging = (Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.NONE)
    shares = {fault: 0.05 for fault in Fault if fault not in hanging}
    fake, transport = ses(shares=shares, seed=seed)
    running = run(shop({"f": FLOW}), transport, batch=7)
    fed(running, 25)
    running.run("2026-05-06T12:00:00")
    counts = Counter(one.message_id for one in fake.accepted())
    assert max(counts.values()) == 1
    states = running.states()
    assert set(states) <= {"accepted", "uncertain"}
    assert sum(states.values()) == 50
    accepted = {row.message_id for row in running.rows("message") if row.state == "accepted"}
    assert accepted <= set(counts)


@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_crash_around_any_transaction_doubles_nothing_and_loses_nothing(
    run: Run, where: str
) -> None:
    """Every writing transaction of the run is the last one of a process, once."""
    running = run(shop({"f": FLOW}), Post())
    number, crashes = 0, True
    while crashes:
        number += 1
        running.clear()
        post = running.transport = Post()
        fed(running, 1)
        crash = CrashAt(running.database, number, where)
        try:
            running.run(END)
            crashes = False
        except Crash:
            pass
        crash.over()
        running.start("2026-05-04T10:00:00")
        running.run(END)
        keys = post.per_key()
        assert max(keys.values()) == 1, number
        states = running.states()
        assert sum(states.values()) == 2, (number, states)
        assert set(states) <= {"accepted", "uncertain"}, (number, states)
        uncertain = {r.message_id for r in running.rows("message") if r.state == "uncertain"}
        assert len(uncertain | set(keys)) == 2, number
        assert states["uncertain"] <= 1, number
        assert {row.state for row in running.rows("enrollment")} == {"finished"}, number
    assert number > 8
    assert letters(post.accepted) == ["c0@x.example f/one", "c0@x.example f/two"]


def test_a_worker_that_lost_its_lease_while_it_rendered_hands_nothing_over(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = run(shop({"f": flow('when = "a"')}), Post())
    fed(running, 1)
    other = running.new_engine()
    weigh = vars(deliver_stage)["weigh"]
    stalls = [True]

    def stalled(*told: Any) -> Any:
        weighed = weigh(*told)
        if stalls:
            stalls.clear()
            with running.database.write() as connection:
                connection.execute(text("UPDATE message SET lease_until = 0"))
            other.tick(told[-1])
        return weighed

    monkeypatch.setattr(deliver_stage, "weigh", stalled)
    running.run(END)
    assert isinstance(running.transport, Post)
    assert list(running.transport.per_key().values()) == [1]
    assert running.states() == {"accepted": 1}


def test_a_worker_whose_letter_another_has_claimed_since_hands_nothing_over(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    running = run(shop({"f": flow('when = "a"')}), post)
    fed(running, 1)
    weigh = vars(deliver_stage)["weigh"]
    taken: list[Claim] = []

    def stalled(*told: Any) -> Any:
        weighed = weigh(*told)
        if not taken:
            with running.database.write() as connection:
                connection.execute(text("UPDATE message SET lease_until = 0, attempts = 0"))
                taken.extend(claim(connection, "message", told[-1]))
        return weighed

    monkeypatch.setattr(deliver_stage, "weigh", stalled)
    running.engine.tick(instant("2026-05-04T10:00:00"))
    assert len(taken) == 1
    assert (post.accepted, running.rows("attempt")) == ([], [])
    with running.database.write() as connection:
        release(connection, "message", taken)
    running.run(END)
    assert len(post.accepted) == 1
    assert running.states() == {"accepted": 1}


@pytest.mark.parametrize(
    "answer", [OutcomeKind.REFUSED, OutcomeKind.SLOW_DOWN, OutcomeKind.UNCERTAIN]
)
def test_a_worker_writes_nothing_of_a_letter_that_another_is_handing_over(
    run: Run, answer: OutcomeKind
) -> None:
    post = Post(script=[answer])
    running = run(shop({"f": flow('when = "a"')}), post)
    fed(running, 1)

    def taken_over(_: Letter) -> None:
        with running.database.write() as connection:
            connection.execute(text("UPDATE message SET fence = fence + 1"))

    post.before = taken_over
    running.engine.tick(instant("2026-05-04T10:00:00"))
    assert running.states() == {"attempting": 1}
    assert [row.outcome for row in running.rows("attempt")] == [None]


@pytest.mark.parametrize("verdict", ["held", "dropped"])
def test_a_worker_that_lost_its_lease_leaves_the_message_as_the_other_wrote_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, verdict: str
) -> None:
    running = run(shop({"f": flow('when = "a"')}), Post())
    fed(running, 1)
    other = running.new_engine()
    weigh = vars(deliver_stage)["weigh"]
    stalls = [True]

    def stalled(dues: Any, parts: Any, letters: Any, policy: Any, now: Any) -> Any:
        if not stalls:
            return weigh(dues, parts, letters, policy, now)
        stalls.clear()
        for due in dues:
            due.facts.suppressed = "bounced" if verdict == "dropped" else None
        held = type(policy)(policy.settings, policy.segments, ordered={"f": "paused"})
        weighed = weigh(dues, parts, letters, policy if verdict == "dropped" else held, now)
        with running.database.write() as connection:
            connection.execute(text("UPDATE message SET lease_until = 0"))
        other.tick(now)
        return weighed

    monkeypatch.setattr(deliver_stage, "weigh", stalled)
    running.run(END)
    assert running.states() == {"accepted": 1}
    assert running.told("c0", but=("entered", "finished")) == ["05-04 10:00 sent hello"]


def test_only_a_transactional_step_that_says_so_may_be_resent() -> None:
    with pytest.raises(AssertionError, match="resend_uncertain"):
        shop({"f": flow('when = "a"', "[sending]\nresend_uncertain = true", step())})


def test_feedback_that_names_the_attempt_settles_an_uncertain_letter(run: Run) -> None:
    post = Post(script=[OutcomeKind.UNCERTAIN])
    running = run(shop({"f": flow('when = "a"')}), post)
    fed(running, 1)
    running.run("2026-05-04T11:00:00")
    assert running.states() == {"uncertain": 1}
    (message,) = running.rows("message")
    running.hear(
        event("2026-05-04T11:30:00", "message_delivered", "c0", message_id=message.message_id)
    )
    running.run(END)
    assert running.states() == {"accepted": 1}
    assert len(post.accepted) == 1
