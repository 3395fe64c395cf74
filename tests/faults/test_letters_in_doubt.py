"""Letters of unknown fate: what settles them, what goes once more, and what never does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lifecycle.api.feedback import take_in_feedback
from lifecycle.core.action import Proved
from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.engine.abandoned import abandon
from lifecycle.engine.evidence import LINK, prove
from lifecycle.engine.resolve import resolve
from lifecycle.insight.deliverability import deliverability_report
from lifecycle.send.feedback import feedback_of
from lifecycle.store import doubts
from lifecycle.store.evidence import CANARY, canary_told
from tests.faults.conftest import Run
from tests.faults.running import KEY, Crash, Post, Running
from tests.simulation.shop import event, flow, instant, person, shop, step

START = "2026-05-04T09:00:00"
NOON = "2026-05-04T12:00:00"
LATER = "2026-06-04T12:00:00"
RESENDS = '[sending]\nresend_uncertain = true\nstale_after = "2 days"'
ORDERED = flow('when = "a"', RESENDS, step(more="transactional = true"))
MARKETING = flow('when = "a"')
UNCERTAIN = OutcomeKind.UNCERTAIN


def fed(running: Running, at: str, *names: str) -> None:
    """Have customers enter the flow."""
    running.say(*(person(name) for name in names), at=START)
    running.hear(*(event(at, "a", name) for name in names))


def told_by_ses(running: Running, letter: Letter, kind: str, at: datetime) -> None:
    """Let SES tell of a letter, by the tags it bears."""
    mail = {
        "timestamp": at.isoformat(),
        "messageId": f"ses-{letter.attempt_id}",
        "destination": [letter.to],
        "tags": {"attempt_id": [letter.attempt_id], "message_id": [letter.message_id]},
    }
    body = {"eventType": kind, "mail": mail, kind.lower(): {}}
    with running.database.write() as connection:
        take_in_feedback(connection, feedback_of(body, at), at, KEY)


def delivered(running: Running, count: int, begun: str, at: str) -> None:
    """Have other letters go and be delivered: feedback is alive."""
    names = [f"other{number}" for number in range(count)]
    fed(running, begun, *names)
    running.run(begun)
    of = {row.customer_id: row.message_id for row in running.rows("message")}
    running.hear(*(event(at, "message_delivered", name, message_id=of[name]) for name in names))


def the(running: Running, customer: str = "c0") -> Any:
    (found,) = [row for row in running.rows("message") if row.customer_id == customer]
    return found


def test_feedback_that_is_faster_than_our_own_record_outlives_the_process(run: Run) -> None:
    post = Post()
    running = run(shop({"f": MARKETING}), post)
    running.start(START)

    def tells_and_dies(letter: Letter) -> None:
        told_by_ses(running, letter, "Send", letter.at)
        raise Crash

    post.before = tells_and_dies
    fed(running, "2026-05-04T10:00:00", "c0")
    with pytest.raises(Crash):
        running.run(NOON)
    assert running.states() == {"attempting": 1}
    running.start(NOON)
    running.run(LATER)
    assert running.states() == {"accepted": 1}
    assert the(running).accepted_at == instant("2026-05-04T10:00:00")
    (attempt,) = running.rows("attempt")
    assert (attempt.outcome, attempt.evidence) == ("accepted", "message_sent")
    assert [row.name for row in running.rows("event")].count("message_sent") == 1
    assert running.told("c0", but=("entered",)) == [
        "05-04 12:00 finished",
        "05-04 12:00 sent hello",
    ]
    assert [row.letters for row in running.rows("letter_count")] == [1]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (OutcomeKind.ACCEPTED, "accepted"),
        (OutcomeKind.REFUSED, "uncertain"),
        (OutcomeKind.SLOW_DOWN, "uncertain"),
        (OutcomeKind.UNCERTAIN, "uncertain"),
    ],
)
def test_a_worker_that_was_away_for_longer_than_its_lease_writes_an_acceptance_alone(
    run: Run, answer: OutcomeKind, state: str
) -> None:
    post = Post(script=[answer])
    running = run(shop({"f": MARKETING}), post)
    running.start(START)

    def stalls(_: Letter) -> None:
        with running.database.write() as connection:
            connection.execute(text("UPDATE message SET lease_until = 0"))
        assert abandon(running.engine.parts, instant(NOON), everything=False) == 1

    post.before = stalls
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run(LATER)
    running.start(LATER)
    assert running.states() == {state: 1}
    assert post.script == []


def test_an_attempt_within_its_lease_is_left_alone(run: Run) -> None:
    post = Post()
    running = run(shop({"f": MARKETING}), post)
    running.start(START)
    found: list[int] = []
    post.before = lambda _: found.append(
        abandon(running.engine.parts, instant(LATER), everything=False)
    )
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run(NOON)
    assert found == [0]
    assert running.states() == {"accepted": 1}


def test_a_transactional_letter_goes_once_more_when_feedback_is_alive_and_silent(run: Run) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    assert running.states() == {"uncertain": 1}
    delivered(running, 20, "2026-05-04T10:05:00", "2026-05-04T10:06:00")
    running.run("2026-05-04T10:15:00")
    assert post.per_key()[the(running).message_id] == 2
    assert the(running).state == "accepted"
    numbers = [row.number for row in running.rows("attempt") if row.customer_id == "c0"]
    assert sorted(numbers) == [1, 2]
    assert running.told("c0", but=("entered", "finished")) == [
        "05-04 10:15 resent hello",
        "05-04 10:15 sent hello",
    ]
    with running.database.read() as connection:
        report = deliverability_report(connection, instant(NOON))
    (again,) = report.resent
    assert (again.message_id, again.accepted_twice) == (the(running).message_id, False)
    assert report.resent_count == 1
    told_by_ses(running, post.accepted[0], "Delivery", instant(NOON))
    with running.database.read() as connection:
        assert doubts.resent(connection, 1)[0].accepted_twice
    assert the(running).state == "accepted"


@pytest.mark.parametrize(
    ("campaign", "others", "why"),
    [
        (MARKETING, 20, "marketing is never sent again"),
        (ORDERED, 19, "19 later letters prove no path alive"),
        (ORDERED, 0, "no feedback came at all"),
    ],
)
def test_a_letter_in_doubt_stays_in_doubt(run: Run, campaign: str, others: int, why: str) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": campaign}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    delivered(running, others, "2026-05-04T10:05:00", "2026-05-04T10:06:00")
    running.run(LATER)
    assert (the(running).state, post.per_key()[the(running).message_id]) == ("uncertain", 1), why
    assert the(running, "c0").resent_at is None
    assert {row.state for row in running.rows("enrollment")} == {"finished"}


def test_a_canary_that_is_told_of_counts_for_many_letters(run: Run) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": ORDERED}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    sent = int(instant("2026-05-04T10:10:00").timestamp() * 1_000_000)
    with running.database.write() as connection:
        canary_told(connection, f"{CANARY}{sent}-ab", "", instant("2026-05-04T10:11:00"))
    running.run("2026-05-04T10:15:00")
    assert post.per_key()[the(running).message_id] == 2


@pytest.mark.parametrize("meanwhile", ["evidence", "exit", "suppressed"])
def test_what_happens_in_the_window_keeps_a_letter_from_going_again(
    run: Run, meanwhile: str
) -> None:
    leaves = flow('when = "a"', '[exit]\nwhen = "gone"', RESENDS, step(more="transactional = true"))
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": leaves}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    delivered(running, 20, "2026-05-04T10:05:00", "2026-05-04T10:06:00")
    if meanwhile == "evidence":
        said = event("2026-05-04T10:07:00", "message_opened", message_id=the(running).message_id)
    elif meanwhile == "exit":
        said = event("2026-05-04T10:07:00", "gone")
    else:
        said = event("2026-05-04T10:07:00", "message_bounced", kind="hard", message_id="unknown")
    running.hear({**said, "customer": "c0"})
    running.run(LATER)
    expected = "accepted" if meanwhile == "evidence" else "uncertain"
    assert the(running).state == expected
    assert post.per_key()[the(running).message_id] == 1
    assert [row.state for row in running.rows("enrollment") if row.customer_id == "c0"] != [
        "active"
    ]
    with running.database.read() as connection:
        assert doubts.count_resent(connection) == 0


def test_evidence_after_a_person_said_it_never_went_keeps_it_from_going(run: Run) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": flow('when = "a"', step("one"))}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    now = instant("2026-05-04T11:00:00")
    with running.database.write() as connection:
        assert resolve(connection, the(running).message_id, "not-sent", now) == "requeued"
        prove(connection, "c0", [Proved(the_id(running), now, LINK)], now)
    running.run(LATER)
    assert (the(running).state, len(post.accepted)) == ("accepted", 1)


def the_id(running: Running) -> str:
    return str(running.transport.accepted[0].message_id)  # type: ignore[attr-defined]


def test_a_letter_that_surely_never_went_goes_though_its_enrollment_has_finished(run: Run) -> None:
    post = Post(script=[UNCERTAIN])
    running = run(shop({"f": MARKETING}), post)
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    with running.database.write() as connection:
        resolve(connection, the_id(running), "not-sent", instant("2026-05-04T11:00:00"))
    running.run(NOON)
    assert (the(running).state, len(post.accepted)) == ("accepted", 2)


def test_what_is_known_of_a_letter_in_doubt_is_told(run: Run) -> None:
    running = run(shop({"f": MARKETING}), Post(script=[UNCERTAIN]))
    running.start(START)
    fed(running, "2026-05-04T10:00:00", "c0")
    running.run("2026-05-04T10:00:00")
    with running.database.read() as connection:
        for at, known in (
            ("2026-05-04T10:10:00", "evidence is waited for until 2026-05-04T10:15:00Z"),
            ("2026-05-04T10:20:00", "feedback is not proved alive: 0 of 20 later letters"),
        ):
            (letter,) = deliverability_report(connection, instant(at)).uncertain
            assert known in letter.evidence
            assert letter.attempts == 1
    delivered(running, 20, "2026-05-04T10:25:00", "2026-05-04T10:26:00")
    running.run(NOON)
    for letter in running.transport.accepted[1:]:  # type: ignore[attr-defined]
        told_by_ses(running, letter, "Send", instant("2026-05-04T10:25:03"))
    with running.database.read() as connection:
        (doubtful,) = deliverability_report(connection, instant(NOON)).uncertain
    assert doubtful.path_alive
    assert "no evidence came within its window" in doubtful.evidence


PROOFS = ("Send", "Delivery", "Bounce", "Open", "Click", "a hit", "an event")
THINGS = st.lists(st.sampled_from(PROOFS), max_size=4)


@settings(max_examples=40)
@given(before=THINGS, between=THINGS, after=THINGS, dies=st.booleans())
def test_whatever_order_evidence_comes_in_a_letter_is_proved_once(
    before: Sequence[str], between: Sequence[str], after: Sequence[str], dies: bool
) -> None:
    post = Post(script=[UNCERTAIN])
    running = Running("sqlite://", shop({"f": MARKETING}), post, empty=True)
    running.start(START)
    letters: list[Letter] = []

    def comes(kinds: Sequence[str], at: str) -> None:
        for kind in kinds:
            _comes(running, letters[0], kind, at)

    def handed_over(letter: Letter) -> None:
        letters.append(letter)
        comes(before, "2026-05-04T10:00:01")
        if dies:
            raise Crash

    post.before = handed_over
    fed(running, "2026-05-04T10:00:00", "c0")
    try:
        running.run("2026-05-04T10:00:00")
    except Crash:
        running.start("2026-05-04T10:00:10")
    comes(between, "2026-05-04T10:01:00")
    running.run("2026-05-04T10:02:00")
    comes(after, "2026-05-04T10:03:00")
    running.run(NOON)
    proved = bool(before or between or after)
    assert running.states() == {"accepted" if proved else "uncertain": 1}
    assert [one for one in running.told("c0") if "sent" in one] == running.told("c0", but=NOT_SENT)
    assert len(running.told("c0", but=NOT_SENT)) == proved
    assert [row.name for row in running.rows("event")].count("message_sent") == proved
    assert sum(row.letters for row in running.rows("letter_count")) == proved
    (attempt,) = running.rows("attempt")
    assert (attempt.evidence is not None, attempt.outcome == "accepted") == (proved, proved)
    running.close()


NOT_SENT = ("entered", "finished", "left", "dropped")


def _comes(running: Running, letter: Letter, kind: str, at: str) -> None:
    if kind == "a hit":
        with running.database.write() as connection:
            prove(connection, "c0", [Proved(letter.message_id, instant(at), LINK)], instant(at))
    elif kind == "an event":
        running.hear(event(at, "message_opened", "c0", message_id=letter.message_id))
    else:
        told_by_ses(running, letter, kind, instant(at))
