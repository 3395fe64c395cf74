"""No step of an enrollment is sent twice; each message ends as sent, dropped or uncertain."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from lifecycle.core.message import OutcomeKind
from lifecycle.engine import advance as advance_stage
from lifecycle.engine import deliver as deliver_stage
from lifecycle.engine import ingest as ingest_stage
from lifecycle.store.claims import ATTEMPTS_BEFORE_QUARANTINE
from tests.faults.conftest import Run
from tests.faults.running import Crash, Post
from tests.simulation.shop import event, flow, person, shop, step

START = "2026-05-04T09:00:00"
END = "2026-05-05T12:00:00"
FLOW = flow('when = "a"', step("one"), step("two", 'after = "1 hour"'))


def fed(running: Any, *names: str) -> None:
    running.start(START)
    running.say(*(person(name) for name in names), at=START)
    running.hear(*(event("2026-05-04T10:00:00", "a", name) for name in names))


STAGES = [(ingest_stage, "_take_in"), (advance_stage, "_walk"), (deliver_stage, "_deliver")]


@pytest.mark.parametrize(("stage", "name"), STAGES, ids=["ingest", "advance", "deliver"])
def test_a_process_that_dies_in_a_stage_leaves_its_work_to_the_next(
    run: Run, monkeypatch: pytest.MonkeyPatch, stage: Any, name: str
) -> None:
    running = run(shop({"f": FLOW}), Post())
    fed(running, "c1", "c2", "c3")
    with monkeypatch.context() as patched:
        patched.setattr(stage, name, _dies)
        with pytest.raises(Crash):
            running.run(END)
    running.start("2026-05-04T10:00:00")
    running.run(END)
    assert running.states() == {"accepted": 6}
    assert running.told(but=("entered", "finished")) == [
        *["05-04 10:00 sent one"] * 3,
        *["05-04 11:00 sent two"] * 3,
    ]


def _dies(*_: Any) -> None:
    raise Crash


@pytest.mark.parametrize(("stage", "name"), STAGES, ids=["ingest", "advance", "deliver"])
def test_what_kills_its_worker_again_and_again_is_put_aside_and_stops_nobody_else(
    run: Run, monkeypatch: pytest.MonkeyPatch, stage: Any, name: str
) -> None:
    running = run(shop({"f": FLOW}), Post())
    fed(running, "c1", "c2", "c3")
    work = getattr(stage, name)

    def poisoned(*told: Any) -> Any:
        claimed = next(one for one in told if isinstance(one, list))
        if any(one.customer_id == "c2" for one in claimed):
            raise Crash
        return work(*told)

    monkeypatch.setattr(stage, name, poisoned)
    for _ in range(3 * ATTEMPTS_BEFORE_QUARANTINE):
        running.start("2026-05-04T10:00:00")
        try:
            running.run(END)
        except Crash:
            continue
        break
    assert [one for one in running.told("c1") if "sent" in one] == [
        "05-04 10:00 sent one", "05-04 11:00 sent two",
    ]  # fmt: skip
    assert not [one for one in running.told("c2") if "sent" in one]
    queue = {"_take_in": "intake", "_walk": "enrollment", "_deliver": "message"}[name]
    aside = [row.customer_id for row in running.rows(queue) if row.quarantined_at is not None]
    assert set(aside) == {"c2"}


@pytest.mark.parametrize("batch", [1, 500])
def test_an_error_with_one_customer_keeps_none_of_the_batch_from_its_letter(
    run: Run, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    running = run(shop({"f": FLOW}), Post(), batch=batch)
    fed(running, "c1", "c2", "c3")
    work = deliver_stage._deliver

    def failing(*told: Any) -> Any:
        if any(one.customer_id == "c2" for one in told[3]):
            raise ValueError("a letter of our own that cannot be made")
        return work(*told)

    monkeypatch.setattr(deliver_stage, "_deliver", failing)
    due = running.engine.next_due()
    assert due is not None
    running.engine.tick(due)
    for minute in ("10:01", "10:02", "10:03", "11:00", "12:00"):
        running.engine.tick(_at(minute))
    sent = [row.customer_id for row in running.rows("decision") if row.what == "sent"]
    assert sorted(sent) == ["c1", "c1", "c3", "c3"]
    assert any(row.quarantined_at for row in running.rows("message") if row.customer_id == "c2")


def _at(minute: str) -> Any:
    from tests.simulation.shop import instant

    return instant(f"2026-05-04T{minute}:00")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OutcomeKind.REFUSED, "dropped refused"),
        (OutcomeKind.UNCERTAIN, "uncertain"),
        (OutcomeKind.ACCEPTED, "accepted"),
        (OutcomeKind.NEVER_LEFT, "accepted"),
        (OutcomeKind.SLOW_DOWN, "accepted"),
    ],
)
def test_each_message_ends_and_its_enrollment_with_it(
    run: Run, kind: OutcomeKind, state: str
) -> None:
    running = run(shop({"f": flow('when = "a"')}), Post(script=[kind]))
    fed(running, "c1")
    running.run(END)
    assert running.states() == {state: 1}
    assert [row.state for row in running.rows("enrollment")] == ["finished"]


def test_a_customer_whose_letter_is_uncertain_may_enter_again(run: Run) -> None:
    running = run(
        shop({"f": flow('when = "a"\nagain = "always"')}), Post(script=[OutcomeKind.UNCERTAIN])
    )
    fed(running, "c1")
    running.run("2026-05-04T11:00:00")
    running.hear(event("2026-05-04T12:00:00", "a", "c1"))
    running.run(END)
    assert running.states() == {"uncertain": 1, "accepted": 1}


def test_after_a_crash_with_a_letter_in_flight_the_customer_may_enter_again(run: Run) -> None:
    def dies(_: Any) -> None:
        raise Crash

    post = Post(before=dies)
    running = run(shop({"f": flow('when = "a"\nagain = "always"')}), post)
    fed(running, "c1")
    with pytest.raises(Crash):
        running.run(END)
    post.before = lambda letter: None
    running.start("2026-05-04T10:00:01")
    assert running.states() == {"uncertain": 1}
    running.hear(event("2026-05-04T12:00:00", "a", "c1"))
    running.run(END)
    assert running.states() == {"uncertain": 1, "accepted": 1}
    assert len(post.accepted) == 1


@pytest.mark.parametrize("lost", ["message_sent", "message_delivered", "message_clicked"])
def test_evidence_settles_a_letter_whose_fate_was_unknown(run: Run, lost: str) -> None:
    running = run(shop({"f": flow('when = "a"')}), Post(script=[OutcomeKind.UNCERTAIN]))
    fed(running, "c1")
    running.run("2026-05-04T11:00:00")
    (message,) = running.rows("message")
    running.hear(event("2026-05-04T11:30:00", lost, "c1", message_id=message.message_id))
    running.run(END)
    assert running.states() == {"accepted": 1}
    assert [one for one in running.told("c1") if "sent" in one] == ["05-04 11:30 sent hello"]


def test_a_letter_that_cannot_be_rendered_is_dropped_and_a_few_pause_the_campaign(run: Run) -> None:
    broken = step().replace('"Hello"', '"{{ 1 / event.zero }}"')
    running = run(shop({"f": flow('when = "a"', broken)}), Post())
    running.start(START)
    names = [f"c{n}" for n in range(6)]
    running.say(*(person(name) for name in names), at=START)
    for n, name in enumerate(names):
        running.hear(event(f"2026-05-04T10:0{n}:00", "a", name, zero=0))
    running.run("2026-05-04T10:30:00")
    states = running.states()
    assert states["dropped broken_template"] >= 3
    assert "accepted" not in states
    with running.database.read() as connection:
        state = connection.execute(text("SELECT ordered, reason FROM campaign_state")).one()
    assert tuple(state) == ("paused", "broken_template")


def test_a_stopped_campaign_drops_what_waits_and_says_so(run: Run) -> None:
    catalog = shop({"f": FLOW})
    running = run(catalog, Post())
    fed(running, "c1")
    running.run("2026-05-04T10:30:00")
    from lifecycle.store import operations

    with running.database.write() as connection:
        operations.order(connection, "f", "stopped", "by hand", _at("10:30"))
    running.run(END)
    assert running.told("c1") == [
        "05-04 10:00 entered", "05-04 10:00 sent one", "05-04 11:00 left stopped",
    ]  # fmt: skip
