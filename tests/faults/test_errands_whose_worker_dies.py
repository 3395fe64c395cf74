"""Errands whose worker dies or is not alone: calls keep their id, notes are never written twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lifecycle.engine.errands import UNKNOWN, Errands
from lifecycle.store import claims
from tests.engine.errand_shop import AT, CALL, NOTE, Shop, states
from tests.faults.running import Crash, CrashAt
from tests.simulation.shop import instant


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_process_killed_anywhere_leaves_a_call_that_is_made_with_the_same_id(
    database_url: str, receiver: Any, number: int, where: str
) -> None:
    """Three transactions: the claim, the count of the try, what came of it."""
    hook = receiver()
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering()
    crash = CrashAt(one.running.database, number, where)
    with pytest.raises(Crash):
        one.errands.run(instant(AT))
    crash.over()
    one.running.start(AT)
    one.errands = one.new_errands()
    assert one.run_all() in ([], [instant(AT)])
    assert one.rows[0].state == "done"
    assert len({(heard.headers["webhook-id"], heard.body) for heard in hook.heard}) == 1
    unrecorded = number == 3 and where != "after"
    assert len(hook.heard) == 1 + unrecorded


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_process_killed_anywhere_writes_no_note_twice(
    database_url: str, number: int, where: str
) -> None:
    one = Shop(database_url, NOTE)
    one.entering()
    crash = CrashAt(one.running.database, number, where)
    with pytest.raises(Crash):
        one.errands.run(instant(AT))
    crash.over()
    one.running.start(AT)
    one.errands = one.new_errands()
    one.run_all()
    counted = (number, where) == (2, "after") or number == 3
    known = (number, where) == (3, "after") or not counted
    assert states(one)[0][:2] == (("done", "") if known else ("failed", UNKNOWN))
    assert len(one.post.accepted) == (number == 3 or not counted)


def test_two_workers_share_what_is_due_and_nobody_is_called_twice(
    database_url: str, receiver: Any
) -> None:
    hook = receiver()
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering(*(f"c{number}" for number in range(9)))
    other = one.new_errands()
    first, second = one.errands.begin(instant(AT), 4), other.begin(instant(AT), 9)
    assert (len(first), len(second)) == (4, 5)
    for begun in first:
        one.errands.finish(begun, instant(AT))
    for begun in second:
        other.finish(begun, instant(AT))
    assert len({heard.headers["webhook-id"] for heard in hook.heard}) == len(hook.heard) == 9
    assert one.errands.next_due() is None


def test_a_worker_whose_lease_was_taken_over_records_nothing(receiver: Any) -> None:
    one = Shop("sqlite://", CALL, empty=True, HOOK=receiver(500, 204))
    one.entering()
    (slow,) = one.errands.begin(instant(AT), 1)
    one.running.start(AT)
    later = instant(AT) + claims.LEASE
    assert one.errands.run(later) == 1
    one.errands.finish(slow, later)
    assert states(one) == [("waiting", "answered 500", 2)]


def test_what_kills_its_worker_again_and_again_is_put_aside(
    database_url: str, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Shop(database_url, CALL, HOOK=receiver())
    one.entering("c1", "c2")
    work = Errands.carry_out

    def poisoned(self: Errands, begun: Any, now: datetime) -> Any:
        if begun.row.customer_id == "c2":
            raise Crash
        return work(self, begun, now)

    monkeypatch.setattr(Errands, "carry_out", poisoned)
    now = instant(AT)
    for _ in range(3 * claims.ATTEMPTS_BEFORE_QUARANTINE):
        one.running.start(AT)
        now += claims.LEASE
        try:
            one.errands.run(now)
        except Crash:
            continue
    assert [(row.state, row.quarantined_at is not None) for row in one.rows] == [
        ("done", False), ("trying", True),
    ]  # fmt: skip
    assert one.errands.next_due() is None
