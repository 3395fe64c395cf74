"""Moving people when a flow's file changes: to where, when they are due, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.catching_up import FEW_AT_ONCE
from lifecycle.engine import migrating
from lifecycle.engine.apply import PeopleWait, Told
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import foretold, people
from lifecycle.hooks import Registry
from tests.engine.changing import BEGIN, Changing, letter, welcome
from tests.simulation.shop import shop

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD = welcome(letter("a"), letter("b", subject="Old b"))
GONE = welcome(letter("a"))
RENAMED = welcome(letter("a"), letter("c", "3 days", "New c", 'was = "b"'))


@pytest.fixture
def there(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changing]:
    monkeypatch.setattr(migrating, "PAGE", 2)
    made = Changing(database_url, {"f": OLD}, people=6)
    for one in range(4):
        made.happens(BEGIN, "hi", f"c{one:03}")
    made.until(BEGIN + DAY)
    made.happens(BEGIN + DAY, "hi", "c004")
    made.until(BEGIN + DAY + HOUR)
    yield made
    made.world.close()


def table(there: Changing, new: str | None) -> dict[str, tuple[int, str, str]]:
    """By step: how many wait there, what becomes of them, and where they go."""
    parts = there.engine.parts
    found = shop({"f": new} if new else {})
    with there.database.read() as connection:
        told = people(connection, parts.live.catalog, found)
    return {one.step: (one.count, one.what, one.to) for one in told}


def test_was_moves_those_who_wait_and_their_moment_is_reckoned_anew(there: Changing) -> None:
    assert table(there, RENAMED) == {"a": (1, "stays", ""), "b": (4, "moves", "c")}
    there.change({"f": RENAMED}, at=BEGIN + DAY + HOUR)
    at = BEGIN + DAY + 3 * DAY
    assert there.waiting()["c000"] == ("c", at)
    assert there.decided("moved")[0] == ("c000", "moved", "", "b", "from b to c")
    there.until(BEGIN + 9 * DAY)
    last = [one for one in there.sent() if one[1] != "a"]
    assert last == [("c004", "b", "Old b"), *((f"c00{one}", "c", "New c") for one in range(4))]


@pytest.mark.parametrize(
    ("said", "what", "sent"),
    [
        ('b = "a2"', "moves", ["a", "a2"]),
        ("b = { stay = true }", "stays", ["a", "b"]),
        ("b = { leave = true }", "leaves", ["a"]),
    ],
)
def test_migrate_says_where_those_at_a_deleted_step_go(
    there: Changing, said: str, what: str, sent: list[str]
) -> None:
    new = welcome(letter("a"), letter("a2", "2 days"), more=f"[migrate]\n{said}")
    assert table(there, new)["b"][:2] == (4, what)
    there.change({"f": new}, at=BEGIN + DAY + HOUR)
    there.until(BEGIN + 9 * DAY)
    assert [step for customer, step, _ in there.sent() if customer == "c000"] == sent
    assert [step for customer, step, _ in there.sent() if customer == "c004"] == ["a", "b"]


@pytest.mark.parametrize("new", [GONE, None])
def test_a_step_or_a_file_with_people_is_not_taken_out_unless_something_is_said(
    there: Changing, new: str | None
) -> None:
    before = there.rows("catalog_version")
    files = {"f": new} if new else {}
    with pytest.raises(PeopleWait, match="4 wait at “b” of f"):
        there.change(files, at=BEGIN + DAY + HOUR)
    assert there.rows("catalog_version") == before
    assert not there.rows("build")
    there.until(BEGIN + 9 * DAY)
    assert [step for _, step, _ in there.sent()].count("b") == 5


@pytest.mark.parametrize("new", [GONE, None])
def test_let_go_ends_their_way_at_once_and_calls_off_what_they_were_owed(
    there: Changing, new: str | None
) -> None:
    files = {"f": new} if new else {}
    done = there.change(files, at=BEGIN + DAY + HOUR, told=Told("let go"))
    gone = {one.step: (one.count, one.what) for one in done.people}
    assert gone == {"a": (1, "stays" if new else "leaves"), "b": (4, "leaves")}
    assert {one[0] for one in there.decided("left")} == {f"c00{one}" for one in range(4)} | (
        set() if new else {"c004"}
    )
    there.until(BEGIN + 9 * DAY)
    assert "b" not in [step for customer, step, _ in there.sent() if customer != "c004"]


@pytest.mark.parametrize("new", [GONE, None])
def test_keep_waiting_lets_them_finish_the_version_they_entered(
    there: Changing, new: str | None
) -> None:
    there.change({"f": new} if new else {}, at=BEGIN + DAY + HOUR, told=Told("keep"))
    there.happens(BEGIN + DAY + 2 * HOUR, "hi", "c005")
    there.until(BEGIN + 9 * DAY)
    assert [step for _, step, _ in there.sent()].count("b") == 5
    assert [step for customer, step, _ in there.sent() if customer == "c005"] == ["a"] * bool(new)
    # What became of them was said: the next change is asked about nobody.
    there.change({"g": GONE}, at=BEGIN + 9 * DAY)


def test_the_moves_go_on_after_a_crash_in_their_midst(there: Changing) -> None:
    there.change({"f": RENAMED}, at=BEGIN + DAY + HOUR, background=True)
    builder = there.builder()
    assert builder.portion(BEGIN + DAY + HOUR)
    assert sorted(step or "" for step, _ in there.waiting().values()) == ["a", "b", "b", "c", "c"]
    there.database.close()
    again = there.builder()
    again.run(BEGIN + DAY + 2 * HOUR)
    assert [(one.name, one.joined, one.gone) for one in again.done] == [("f", 4, 0)]
    assert [step for step, _ in there.waiting().values()].count("c") == 4
    assert len(there.decided("moved")) == 4


def test_a_crash_within_a_page_moves_nobody_by_halves(
    there: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(Exception):
        """The process dies here."""

    def dies(*_: object) -> None:
        raise Crash

    now = BEGIN + DAY + HOUR
    there.change({"f": RENAMED}, at=now, background=True)
    builder = there.builder()
    builder.portion(now)
    with monkeypatch.context() as crashing:
        crashing.setattr(migrating, "look_again", dies)
        with pytest.raises(Crash):
            builder.portion(now)
    assert len(there.decided("moved")) == 2
    again = there.builder()
    again.run(now)
    assert [one.joined for one in again.done] == [4]
    assert len(there.decided("moved")) == 4


def test_nobody_gets_the_old_letter_while_the_moves_are_under_way(there: Changing) -> None:
    there.change({"f": RENAMED}, at=BEGIN + 2 * DAY - HOUR, background=True)
    there.until(BEGIN + 2 * DAY)
    assert "b" not in [step for _, step, _ in there.sent()]
    there.builder().run(BEGIN + 2 * DAY + HOUR)
    there.until(BEGIN + 9 * DAY)
    assert [step for customer, step, _ in there.sent() if customer == "c000"] == ["a", "c"]


def test_a_change_upon_a_change_first_does_what_is_left_of_the_moves(there: Changing) -> None:
    there.change({"f": RENAMED}, at=BEGIN + DAY + HOUR, background=True)
    again = welcome(letter("a"), letter("d", "4 days", "New d", 'was = "c"'))
    there.change({"f": again}, at=BEGIN + DAY + 2 * HOUR, told=Told("keep"))
    assert there.waiting()["c000"] == ("d", BEGIN + 5 * DAY)


def test_no_letter_goes_twice_where_people_move_back_to_one_they_had(there: Changing) -> None:
    back = welcome(letter("a"), letter("z"), more='[migrate]\nb = "a"')
    there.change({"f": back}, at=BEGIN + DAY + HOUR)
    assert there.waiting()["c000"][0] == "z"
    there.until(BEGIN + 9 * DAY)
    assert [step for customer, step, _ in there.sent() if customer == "c000"] == ["a", "z"]
    assert not there.waiting()


def test_no_step_is_done_again_that_comes_later_in_the_new_version(there: Changing) -> None:
    turned = welcome(letter("c", "1 day", "New c", 'was = "b"'), letter("a"), letter("d"))
    there.change({"f": turned}, at=BEGIN + DAY + HOUR)
    there.until(BEGIN + 9 * DAY)
    assert [step for customer, step, _ in there.sent() if customer == "c000"] == ["a", "c", "d"]
    assert not there.waiting()


def test_what_a_move_makes_due_comes_spread_over_ten_minutes(
    database_url: str,
) -> None:
    many = FEW_AT_ONCE + 60
    there = Changing(database_url, {"f": welcome(letter("a"), letter("b", "9 days"))}, people=many)
    for one in range(many):
        there.happens(BEGIN, "hi", f"c{one:03}")
    there.until(BEGIN + DAY)
    now = BEGIN + 5 * DAY
    soon = welcome(letter("a"), letter("b", "1 hour"), more='[migrate]\nb = "b"')
    live = Live(shop({"f": soon}), Registry())
    with there.database.read() as connection:
        asked = people(connection, there.engine.parts.live.catalog, live.catalog)
        told = foretold(connection, live, asked, now)
    assert [(one.count, one.due_at_once) for one in told] == [(many, many)]
    there.change({"f": soon}, at=now)
    due: list[Any] = [at for _, at in there.waiting().values()]
    assert min(due) >= now
    assert max(due) <= now + timedelta(minutes=10)
    minutes = [
        sum(now + timedelta(minutes=m) <= at < now + timedelta(minutes=m + 1) for at in due)
        for m in range(10)
    ]
    assert max(minutes) <= many // 4
    assert min(minutes) > 0
    there.world.close()


def test_rollback_finishes_nobody_early_and_refuses_alike(there: Changing) -> None:
    more = welcome(letter("a"), letter("b", subject="Old b"), letter("late"))
    there.change({"f": more}, at=BEGIN + DAY + HOUR)
    there.happens(BEGIN + DAY + HOUR, "hi", "c005")
    there.until(BEGIN + 3 * DAY + 2 * HOUR)
    assert there.waiting()["c005"][0] == "late"
    with pytest.raises(PeopleWait, match="1 waits at “late”"):
        there.change({"f": OLD}, at=BEGIN + 3 * DAY + 2 * HOUR)
    there.change({"f": OLD}, at=BEGIN + 3 * DAY + 2 * HOUR, told=Told("keep"))
    there.until(BEGIN + 9 * DAY)
    assert there.sent()[-1][:2] == ("c005", "late")
