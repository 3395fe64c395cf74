"""Hours are learned at night: each letter counted once, by what it was answered with and when."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle import failpoints
from lifecycle.core.timed import MILLIONTHS
from lifecycle.engine.hours import LEASE, do_due
from lifecycle.failpoints import FailpointReached
from lifecycle.store import hours
from lifecycle.store.hour_counting import count
from lifecycle.store.tables import METADATA
from tests.simulation.readers_of_hours import FIRST_DAY, MESSAGE, Rate, Readers, daily
from tests.simulation.shop import flow, shop, step

COUNT, TRIAL = METADATA.tables["hour_count"], METADATA.tables["hour_trial"]
DECISION = METADATA.tables["decision"]
SOME = [f"c{number:02}" for number in range(12)]
NEVER: Rate = lambda _customer, _hour: 0.0  # noqa: E731
ALWAYS: Rate = lambda _customer, _hour: 1.0  # noqa: E731
HALF: Rate = lambda customer, _hour: float(customer < "c06")  # noqa: E731


def rows(world: Readers, table: Any) -> list[dict[str, Any]]:
    with world.world.database.read() as connection:
        found = connection.execute(select(table)).mappings()
        return sorted((dict(one) for one in found), key=str)


def sums(world: Readers) -> tuple[int, ...]:
    """Letters, leans and answers of all sources."""
    of = [one for one in rows(world, COUNT) if one["source"]]
    return tuple(sum(one[name] for one in of) for name in ("letters", "expected", "answered"))


def night(readers: Readers, days: int) -> None:
    """Live through the night that many days on, till four o'clock."""
    readers.until(FIRST_DAY + timedelta(days=days, hours=4))


def test_letters_are_counted_once_when_their_time_to_be_answered_is_over(database_url: str):
    readers = Readers(daily(), HALF, SOME, database_url=database_url)
    readers.live(1)
    night(readers, 2)
    assert sums(readers) == (0, 0, 0)
    night(readers, 3)
    assert sums(readers) == (12, 12 * MILLIONTHS, 6)
    [one] = [row for row in rows(readers, COUNT) if row["source"]]
    assert (one["source"], one["of_group"], one["slot"]) == ("f/hello", "", 10)
    assert one["week"] == FIRST_DAY.toordinal() // 7
    [trial] = rows(readers, TRIAL)
    assert (trial["timing"], trial["day"]) == ("default", FIRST_DAY.toordinal())
    readers.world.engine = readers.world.new_engine()
    readers.world.engine.start(FIRST_DAY + timedelta(days=3, hours=5), alone=True)
    night(readers, 5)
    assert sums(readers)[0] == 12


@pytest.mark.parametrize("point", ["hours_counted", "hours_written"])
def test_a_crash_in_the_night_counts_nothing_twice(
    database_url: str, monkeypatch: pytest.MonkeyPatch, point: str
):
    readers = Readers(daily(), HALF, SOME, database_url=database_url)
    readers.live(1)
    night(readers, 2)
    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "_ARMED", failpoints._read(f"{point}=raise"))
        with pytest.raises(FailpointReached):
            night(readers, 3)
    assert sums(readers) == (0, 0, 0)
    readers.world.engine = readers.world.new_engine()
    readers.world.engine.start(FIRST_DAY + timedelta(days=3, hours=3, minutes=1), alone=True)
    night(readers, 3)
    assert sums(readers) == (12, 12 * MILLIONTHS, 6)


def test_a_second_process_that_counts_the_same_letters_meanwhile_adds_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    """The first was so slow that the night is tried again, and both come to writing at once."""
    readers = Readers(daily(), HALF, SOME, database_url=database_url)
    readers.live(1)
    night(readers, 2)
    now = FIRST_DAY + timedelta(days=3, hours=3)
    parts, both, arrived = readers.world.engine.parts, Barrier(2, timeout=60), list[str]()

    def meanwhile(name: str) -> None:
        if name == "hours_counted":
            arrived.append(name)
            if len(arrived) == 1:
                second.start()
            both.wait()

    second = Thread(target=lambda: do_due(parts, now + LEASE))
    monkeypatch.setattr("lifecycle.engine.hours.reach", meanwhile)
    do_due(parts, now)
    second.join(60)
    assert arrived == ["hours_counted"] * 2
    assert sums(readers) == (12, 12 * MILLIONTHS, 6)


def test_a_letter_at_the_very_end_of_what_was_counted_is_not_counted_again(database_url: str):
    readers = Readers(daily(), HALF, SOME, database_url=database_url)
    readers.live(1)
    at = FIRST_DAY + timedelta(hours=10)
    instants = (FIRST_DAY, at - timedelta(hours=1), at, at + timedelta(hours=1))
    with readers.world.database.read() as connection:
        found = [count(connection, *between, "UTC", ()) for between in pairwise(instants)]
    assert [sum(one[0] for one in told.hours.values()) for told in found] == [0, 12, 0]


def test_machines_late_clicks_and_orders_of_other_letters_are_no_answers(database_url: str):
    people = ["human", "machine", "late", "buyer", "later"]
    readers = Readers(daily(), NEVER, people, database_url=database_url)
    readers.live(1)
    at = FIRST_DAY + timedelta(hours=10)
    by = {row.customer_id: row.message_id for row in readers.letters()}

    def clicked(who: str, after: timedelta, **more: Any) -> None:
        readers.tell(at + after, "message_clicked", who, message_id=by[who], **more)

    clicked("human", timedelta(hours=47))
    clicked("machine", timedelta(hours=15), machine=True)
    clicked("late", timedelta(hours=49))
    readers.tell(at + timedelta(hours=20), "order_placed", "buyer", total=10)
    readers.tell(at + timedelta(hours=49), "order_placed", "later", total=10)
    readers.until(FIRST_DAY + timedelta(days=4))
    assert sums(readers) == (5, 5 * MILLIONTHS, 2)


def test_an_order_is_credited_to_the_last_letter_before_it(database_url: str):
    readers = Readers(daily(), NEVER, ["c1"], database_url=database_url)
    readers.tell(FIRST_DAY + timedelta(days=1, hours=12), "order_placed", "c1", total=10)
    readers.live(2)
    readers.until(FIRST_DAY + timedelta(days=5))
    found = {one["slot"]: one["answered"] for one in rows(readers, COUNT) if one["source"]}
    assert found == {10: 0, 34: 1}


def test_a_letter_with_an_hour_that_is_said_or_none_is_not_counted(database_url: str):
    said = flow('when = "go"\nper = "day"', step(more='at = "10:00"'))
    at_once = flow('when = "go"\nper = "day"', step())
    best = flow('when = "go"\nper = "day"', step(more='at = "best hour"'))
    catalog = shop({"said": said, "at_once": at_once, "best": best})
    readers = Readers(catalog, ALWAYS, ["c1"], database_url=database_url)
    readers.live(1)
    timed = {row.campaign: (row.timing, row.slot) for row in readers.letters()}
    assert timed == {"said": ("said", None), "at_once": ("", None), "best": ("default", 10)}
    night(readers, 4)
    assert {one["source"] for one in rows(readers, COUNT)} == {"best/hello"}


def test_a_group_is_counted_only_where_many_are_in_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lifecycle.store.hour_counting.LEAST_IN_GROUP", 3)
    zones = dict(zip(SOME, ["Asia/Tokyo"] * 4 + ["Asia/Kathmandu"] * 2 + ["UTC"] * 6, strict=True))
    readers = Readers(daily(), HALF, SOME, zones, database_url=database_url)
    readers.live(1)
    readers.until(FIRST_DAY + timedelta(days=5))
    groups = {
        one["of_group"]: (one["slot"], one["letters"], one["answered"])
        for one in rows(readers, COUNT)
        if not one["source"]
    }
    assert groups == {"zone:Asia/Tokyo": (10, 4, 4), "zone:UTC": (10, 6, 0)}
    assert sums(readers)[::2] == (12, 6)


def test_groups_are_attributes_that_are_short_texts(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lifecycle.store.hour_counting.LEAST_IN_GROUP", 3)
    values = ["mobile"] * 4 + ["x" * 41] * 3 + [7] * 3 + ["desktop"] * 2
    about = {one: {"device": value} for one, value in zip(SOME, values, strict=True)}
    readers = Readers(daily(), HALF, SOME, about=about, database_url=database_url)
    readers.live(1)
    readers.until(FIRST_DAY + timedelta(days=5))
    groups = {
        one["of_group"]: (one["letters"], one["answered"])
        for one in rows(readers, COUNT)
        if one["of_group"].startswith("device:")
    }
    assert groups == {"device:mobile": (4, 4)}


def test_nothing_is_learned_where_no_letter_asks_for_a_best_hour():
    catalog = shop({"f": flow('when = "go"\nper = "day"', step(more='at = "10:00"'))})
    readers = Readers(catalog, ALWAYS, ["c1"])
    readers.live(4)
    assert not rows(readers, METADATA.tables["hour_state"])


def in_evenings(customer: str, hour: int) -> float:
    """Half of the people answer in the evening, the others in the morning."""
    there = range(17, 22) if customer < "c20" else range(7, 12)
    return 0.75 if hour in there else 0.03


def late_letters(readers: Readers, weeks: int) -> tuple[float, float]:
    """Of the last weeks the share of letters between 17 and 22 h: evening people, the others."""
    shares = []
    for evening in (True, False):
        gone = [
            row.attempted_at.hour in range(17, 22)
            for row in readers.letters(MESSAGE.c.timing == "chosen")
            if row.attempted_at >= FIRST_DAY + timedelta(weeks=weeks)
            and (row.customer_id < "c20") is evening
        ]
        shares.append(sum(gone) / len(gone))
    return shares[0], shares[1]


def test_in_sixty_days_those_who_answer_in_the_evening_are_written_to_then():
    people = [f"c{number:02}" for number in range(40)]
    readers = Readers(daily(), in_evenings, people)
    for week in range(9):
        readers.live(1, 7 * week)
        readers.until(FIRST_DAY + timedelta(weeks=week + 1))
    evening, morning = late_letters(readers, 6)
    assert evening > morning + 0.15
    timings = Counter(row.timing for row in readers.letters())
    assert timings["default"] >= 40 and timings["chosen"] > 200
    assert 0.03 < (timings["shop"] + timings["list"]) / (360 - timings["default"]) < 0.2
    with readers.world.database.read() as connection:
        state = hours.state(connection)
        assert state is not None and state.since is not None
        told = connection.execute(select(DECISION.c.detail).where(DECISION.c.what == "timed"))
        words = set(told.scalars())
    assert any("letters of this customer were answered in the evening" in one for one in words)
    assert any("control, " in one for one in words)


@pytest.mark.parametrize("batch", [1, 7])
def test_what_is_learned_and_chosen_does_not_depend_on_the_batch(tmp_path: Path, batch: int):
    def lived(size: int) -> tuple[Any, ...]:
        zones = {one: ("Asia/Kathmandu", "America/New_York")[n % 2] for n, one in enumerate(SOME)}
        readers = Readers(daily(), in_evenings, SOME, zones, batch=size)
        for week in range(3):
            readers.live(1, 7 * week)
            readers.until(FIRST_DAY + timedelta(weeks=week + 1))
        with readers.world.database.read() as connection:
            fit = hours.fit_in_force(connection)
        return readers.world.decisions(), rows(readers, COUNT), fit

    whole = lived(500)
    assert whole[2]
    assert lived(batch) == whole
