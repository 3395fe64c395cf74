"""Enrollments keep the version they entered under, whatever the files say meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from lifecycle.engine.apply import Told
from lifecycle.engine.versions import in_use
from tests.engine.changing import BEGIN, Changing, letter, welcome
from tests.simulation.shop import segment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD = {"f": welcome(letter("a", subject="Old a"), letter("b", subject="Old b"))}
NEW = {"f": welcome(letter("a", "2 days", "New a"), letter("b", subject="New b"))}


@pytest.fixture
def there(database_url: str) -> Iterator[Changing]:
    made = Changing(database_url, OLD)
    yield made
    made.world.close()


def test_old_and_new_letters_go_side_by_side_each_in_its_time(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    there.change(NEW, at=BEGIN + HOUR)
    there.happens(BEGIN + 2 * HOUR, "hi", "c001")
    there.until(BEGIN + DAY + 2 * HOUR)
    assert there.sent() == [("c000", "a", "Old a")]
    there.until(BEGIN + 10 * DAY)
    assert there.sent() == [
        ("c000", "a", "Old a"),
        ("c000", "b", "Old b"),
        ("c001", "a", "New a"),
        ("c001", "b", "New b"),
    ]


def test_an_exit_ends_only_those_whose_version_names_it(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    exits = {"f": welcome(letter("a"), more='[exit]\nwhen = "bye"')}
    there.change(exits, at=BEGIN + HOUR, told=Told("keep"))
    there.happens(BEGIN + 2 * HOUR, "hi", "c001")
    there.until(BEGIN + 2 * HOUR)
    for one in ("c000", "c001"):
        there.happens(BEGIN + 3 * HOUR, "bye", one)
    there.until(BEGIN + 10 * DAY)
    assert [one[:2] for one in there.sent()] == [("c000", "a"), ("c000", "b")]
    assert [one[0] for one in there.decided("left")] == ["c001"]


def test_an_exit_rule_of_an_older_version_still_ends_by_a_segment_that_is_gone(
    database_url: str,
) -> None:
    buyers = {"buyers": segment('{ did = "order_placed" }')}
    rule = '[exit]\nif = { in_segment = "buyers" }'
    there = Changing(database_url, {"f": welcome(letter("a"), more=rule)}, buyers)
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    there.change({"f": welcome(letter("a"))}, at=BEGIN + HOUR)
    there.happens(BEGIN + 2 * HOUR, "hi", "c001")
    for one in ("c000", "c001"):
        there.happens(BEGIN + 3 * HOUR, "order_placed", one)
    there.until(BEGIN + 10 * DAY)
    assert [one[0] for one in there.sent()] == ["c001"]
    assert there.decided("left") == [("c000", "left", "left", "", "if")]
    there.world.close()


def test_a_wait_of_an_older_version_is_answered_and_leads_to_its_own_steps(
    database_url: str,
) -> None:
    def waits(event: str, subject: str) -> str:
        wait = f'[[step]]\nname = "w"\nwait_for = "{event}"\nup_to = "5 days"\n'
        return welcome(wait, letter("a", "1 hour", subject))

    there = Changing(database_url, {"f": waits("read", "Old")})
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    there.change({"f": waits("bought", "New")}, at=BEGIN + HOUR)
    there.happens(BEGIN + 2 * HOUR, "hi", "c001")
    there.until(BEGIN + 2 * HOUR)
    for one in ("c000", "c001"):
        there.happens(BEGIN + 3 * HOUR, "read", one)
    there.until(BEGIN + DAY)
    assert there.sent() == [("c000", "a", "Old")]
    there.happens(BEGIN + DAY, "bought", "c001")
    there.until(BEGIN + 2 * DAY)
    assert there.sent() == [("c000", "a", "Old"), ("c001", "a", "New")]
    there.world.close()


def test_pausing_and_archiving_by_the_file_apply_to_everybody(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    held = {"f": NEW["f"].replace('status = "live"', 'status = "paused"')}
    there.change(held, at=BEGIN + HOUR)
    there.until(BEGIN + DAY + HOUR)
    assert there.sent() == []
    assert [one[2] for one in there.decided("held")] == ["paused"]
    gone = {"f": NEW["f"].replace('status = "live"', 'status = "archived"')}
    there.change(gone, at=BEGIN + 2 * DAY)
    there.until(BEGIN + 9 * DAY)
    assert there.sent() == []
    assert not there.waiting()


def test_a_comment_or_a_status_alone_pins_nothing(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    there.change({"f": "# mended\n" + OLD["f"]}, at=BEGIN + HOUR)
    assert there.engine.parts.live.versions.flows == {}
    there.until(BEGIN + 9 * DAY)
    assert [one[1] for one in there.sent()] == ["a", "b"]


def test_a_mended_template_reaches_everybody_and_a_removed_one_those_who_entered_before(
    there: Changing,
) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    other = {"f": OLD["f"].replace('template = "hello"', 'text = "Other words"')}
    there.change(other, at=BEGIN + HOUR)
    there.happens(BEGIN + 2 * HOUR, "hi", "c001")
    there.until(BEGIN + 9 * DAY)
    words = {(one.to[:4], "Other words" in one.html) for one in there.out.letters}
    assert words == {("c000", False), ("c001", True)}
    back = {"f": OLD["f"].replace('template = "hello"', 'text = "Yet other words"')}
    there.change(back, at=BEGIN + 9 * DAY)


def test_versions_under_which_nobody_is_under_way_are_struck(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    for number in range(3):
        changed = {"f": OLD["f"].replace("Old b", f"B {number}")}
        there.change(changed, at=BEGIN + HOUR + number * HOUR)
    texts = [row.text for row in there.rows("campaign_version")]
    assert sum("Old b" in one for one in texts) == 1
    assert not any('"B 0"' in one for one in texts)
    assert list(there.engine.parts.live.versions.flows) == [("f", versions(there, "Old b"))]
    there.until(BEGIN + 9 * DAY)
    assert there.sent()[-1] == ("c000", "b", "Old b")
    assert not any("Old b" in row.text for row in there.rows("campaign_version"))


def versions(there: Changing, words: str) -> str:
    (found,) = (row.version for row in there.rows("campaign_version") if words in row.text)
    return str(found)


def test_where_others_work_too_the_version_just_before_is_pinned_for_whom_they_let_in(
    there: Changing,
) -> None:
    there.change(NEW, at=BEGIN)
    live = there.engine.parts.live
    with there.database.read() as connection:
        pinned = in_use(connection, live.catalog, live.hooks, alone=False)
        assert [one[0] for one in pinned.flows] == ["f"]
        assert not in_use(connection, live.catalog, live.hooks, alone=True).flows


def test_versions_are_struck_at_night_once_nobody_is_under_way(there: Changing) -> None:
    there.happens(BEGIN, "hi", "c000")
    there.until(BEGIN + HOUR)
    there.change(NEW, at=BEGIN + HOUR)
    assert len(there.rows("campaign_version")) == 2
    there.until(BEGIN + DAY)
    assert len(there.rows("campaign_version")) == 2
    there.until(BEGIN + 4 * DAY)
    assert len(there.rows("campaign_version")) == 1
    assert [row.name for row in there.rows("task")] == []
