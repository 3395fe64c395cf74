"""Pausing holds, resuming does not burst: letters come spread, stale and outrun ones do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from lifecycle.core.catching_up import FEW_AT_ONCE, Held, lasts, resumed
from lifecycle.engine.engine import Engine
from lifecycle.engine.resuming import CaughtUp, resume, would_resume
from lifecycle.store import operations
from tests.engine.changing import BEGIN, Changing, letter, welcome

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
TWO = welcome(letter("a"), letter("b", "1 hour"))
MANY = FEW_AT_ONCE + 50


@pytest.fixture
def many(database_url: str) -> Iterator[Changing]:
    made = Changing(database_url, {"f": TWO}, people=MANY)
    yield made
    made.world.close()


@pytest.fixture
def few(database_url: str) -> Iterator[Changing]:
    made = Changing(database_url, {"f": TWO}, people=3)
    yield made
    made.world.close()


def order(there: Changing, what: str, at: datetime) -> CaughtUp:
    """Pause or resume by command."""
    with there.database.write() as connection:
        operations.order(connection, "f", what, "by hand", at)
        live = there.engine.parts.live
        done = CaughtUp() if what else resume(connection, live, "f", at)
    there.engine = Engine(there.engine.parts)  # On a virtual clock nobody orders anything.
    return done


def all_say_hi(there: Changing, at: datetime = BEGIN) -> None:
    for row in there.rows("customer"):
        there.happens(at, "hi", row.customer_id)
    there.until(at)


def test_many_letters_held_by_a_pause_come_over_ten_minutes(many: Changing) -> None:
    all_say_hi(many)
    order(many, "paused", BEGIN)
    many.until(BEGIN + DAY + 30 * MINUTE)
    assert many.sent() == []
    now = BEGIN + DAY + 30 * MINUTE
    done = order(many, "", now)
    assert (done.letters, done.superseded) == (MANY, 0)
    gone = []
    for minute in range(11):
        many.until(now + minute * MINUTE)
        gone.append(len(many.sent()))
    assert gone[0] <= 1
    assert gone[10] == MANY
    assert max(b - a for a, b in pairwise(gone)) <= MANY // 4


def test_few_letters_go_at_once(few: Changing) -> None:
    all_say_hi(few)
    order(few, "paused", BEGIN)
    few.until(BEGIN + DAY)
    order(few, "", BEGIN + DAY)
    few.until(BEGIN + DAY)
    assert [one[:2] for one in few.sent()] == [(f"c00{one}", "a") for one in range(3)]


def test_of_several_letters_of_one_enrollment_the_latest_goes(few: Changing) -> None:
    all_say_hi(few)
    order(few, "paused", BEGIN)
    few.until(BEGIN + DAY + 2 * HOUR)
    now = BEGIN + DAY + 2 * HOUR
    with few.database.read() as connection:
        told = would_resume(connection, few.engine.parts.live, "f", now)
    assert (told.letters, told.superseded) == (3, 3)
    assert order(few, "", now) == told
    few.until(now + DAY)
    assert [one[1] for one in few.sent()] == ["b"] * 3
    assert {one[1:4] for one in few.decided("dropped")} == {("dropped", "superseded", "a")}
    assert not few.waiting()


def test_a_stale_letter_is_dropped_though_the_pause_ends(few: Changing) -> None:
    stale = welcome(letter("a"), more='[sending]\nstale_after = "12 hours"')
    few.change({"f": stale}, at=BEGIN)
    all_say_hi(few)
    order(few, "paused", BEGIN)
    now = BEGIN + 3 * DAY
    few.until(now)
    order(few, "", now)
    few.until(now + DAY)
    assert few.sent() == []
    assert {one[1:3] for one in few.decided("dropped")} == {("dropped", "stale")}


def test_a_file_that_goes_from_paused_to_live_lets_go_alike(few: Changing) -> None:
    all_say_hi(few)
    paused = {"f": TWO.replace('status = "live"', 'status = "paused"')}
    few.change(paused, at=BEGIN + HOUR)
    few.until(BEGIN + 2 * DAY)
    done = few.change({"f": TWO}, at=BEGIN + 2 * DAY)
    assert done.resumed["f"].superseded == 3
    few.until(BEGIN + 2 * DAY)
    assert [one[1] for one in few.sent()] == ["b"] * 3


def test_other_deeds_that_a_pause_held_come_alike(few: Changing) -> None:
    deed = welcome('[[step]]\nname = "tell"\nafter = "1 hour"\nemit = "told"\n')
    few.change({"f": deed}, at=BEGIN)
    all_say_hi(few)
    order(few, "paused", BEGIN)
    few.until(BEGIN + 90 * MINUTE)
    assert few.decided("emitted") == []
    now = BEGIN + 90 * MINUTE
    assert order(few, "", now).deeds == 3
    few.until(now)
    assert len(few.decided("emitted")) == 3


@pytest.mark.parametrize(
    ("backlog", "pace", "minutes"),
    [(100, None, 0), (101, None, 10), (100_000, None, 10), (1_200, 1.0, 40), (600, 100.0, 10)],
)
def test_a_backlog_takes_ten_minutes_at_least_and_half_of_the_pace_at_most(
    backlog: int, pace: float | None, minutes: int
) -> None:
    assert lasts(backlog, pace) == timedelta(minutes=minutes)


def test_a_letter_goes_before_the_next_step_of_its_enrollment_is_decided() -> None:
    held = [Held(f"m{n}", f"e{n}", BEGIN, BEGIN + DAY, BEGIN + MINUTE) for n in range(500)]
    due = resumed(held, "s", BEGIN).due.values()
    assert max(due) == BEGIN + MINUTE


def test_a_letter_goes_at_its_last_instant_rather_than_stale() -> None:
    soon = BEGIN + MINUTE
    held = [Held(f"m{one}", f"e{one}", BEGIN, soon) for one in range(500)]
    due = resumed(held, "s", BEGIN).due.values()
    assert max(due) == soon
    assert min(due) < soon
