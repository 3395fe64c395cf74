"""The ways through a flow by replay: waits, branches, shares, deeds, queues and items."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.days_of_may import a, day, told
from tests.simulation.shop import flow, person, play, segment, settings, shop, step

LETTER = 'template = "hello"\nsubject = "Hello"'

WAIT = f"""
[[step]]
name = "w"
wait_for = "paid"
up_to = "2 days"
  [[step.then]]
  name = "thanks"
  after = "1 hour"
  {LETTER}
  [[step.otherwise]]
  name = "nudge"
  {LETTER}
[[step]]
name = "last"
after = "1 day"
{LETTER}
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [a("04 10:00"), a("05 10:00", "paid")],
            "04 10:00 entered, 05 11:00 sent thanks, 06 11:00 finished, 06 11:00 sent last",
        ),
        (
            [a("04 10:00")],
            "04 10:00 entered, 06 10:00 sent nudge, 07 10:00 finished, 07 10:00 sent last",
        ),
        (
            [a("04 10:00"), a("06 10:00", "paid")],
            "04 10:00 entered, 06 11:00 sent thanks, 07 11:00 finished, 07 11:00 sent last",
        ),
        (
            [a("03 10:00", "paid"), a("04 10:00")],
            "04 10:00 entered, 06 10:00 sent nudge, 07 10:00 finished, 07 10:00 sent last",
        ),
        (
            [a("04 10:00"), a("04 12:00", "paid", received_at="04 15:00")],
            "04 10:00 entered, 04 16:00 sent thanks, 05 16:00 finished, 05 16:00 sent last",
        ),
        (
            [a("04 11:00", "paid"), a("04 10:00", received_at="04 13:00")],
            "04 13:00 entered, 04 13:00 sent thanks, 05 12:00 finished, 05 12:00 sent last",
        ),
    ],
    ids=["answered", "over", "at its very end", "before it began", "late answer", "late entry"],
)
def test_a_wait_for_an_event_is_answered_or_over(
    tmp_path: Path, lines: list[dict[str, Any]], expected: str
) -> None:
    assert told(tmp_path, {"f": flow('when = "a"', WAIT)}, lines) == expected


def test_a_wait_is_answered_by_an_event_of_the_same_key_alone(tmp_path: Path) -> None:
    lines = [a("04 10:00", o="1"), a("04 11:00", "paid", o="2"), a("04 12:00", "paid", o="1")]
    found = told(tmp_path, {"f": flow('when = "a"\nper = "o"', WAIT)}, lines)
    assert "04 13:00 sent thanks" in found and "12:00 sent thanks" not in found


def test_a_wait_for_a_rule_ends_when_it_turns(tmp_path: Path) -> None:
    rule = WAIT.replace('"paid"', '{ did = "paid", at_least = 2 }', 1)
    lines = [a("03 10:00", "paid"), a("04 10:00"), a("05 10:00", "paid")]
    found = told(tmp_path, {"f": flow('when = "a"', rule)}, lines)
    assert found.startswith("04 10:00 entered, 05 11:00 sent thanks")
    held = told(
        tmp_path,
        {"f": flow('when = "a"', rule)},
        [*lines[:1], a("03 11:00", "paid"), a("04 10:00")],
    )
    assert held.startswith("04 10:00 entered, 04 11:00 sent thanks")


def test_a_wait_for_a_rule_that_time_alone_turns(tmp_path: Path) -> None:
    rule = WAIT.replace('"paid"', '{ not = { did = "a", within = "6 hours" } }', 1)
    found = told(tmp_path, {"f": flow('when = "a"', rule)}, [a("04 10:00")])
    assert found.startswith("04 10:00 entered, 04 17:00 sent thanks")


BRANCH = f"""
[[step]]
name = "choose"
after = "1 hour"
  [[step.branch]]
  if = {{ event = "total", at_least = 100 }}
  template = "hello"
  subject = "Much"
  [[step.branch]]
  if = {{ event = "total", at_least = 50 }}
    [[step.branch.step]]
    name = "half"
    after = "1 hour"
    {LETTER}
    [[step.branch.step]]
    name = "deep"
      [[step.branch.step.branch]]
      if = {{ customer = "vip", is = true }}
        [[step.branch.step.branch.step]]
        name = "gift"
        {LETTER}
      [[step.branch.step.branch]]
      else = true
      name = "plain"
      {LETTER}
[[step]]
name = "last"
after = "1 day"
{LETTER}
"""


@pytest.mark.parametrize(
    ("total", "vip", "expected"),
    [
        (120, False, "04 11:00 sent choose, 05 11:00"),
        (60, True, "04 12:00 sent gift, 04 12:00 sent half, 05 12:00"),
        (60, False, "04 12:00 sent half, 04 12:00 sent plain, 05 12:00"),
        (10, True, "05 11:00"),
    ],
)
def test_the_first_branch_that_holds_is_taken_and_the_flow_goes_on(
    tmp_path: Path, total: int, vip: bool, expected: str
) -> None:
    people = [person(attributes={"vip": vip})]
    found = told(
        tmp_path, {"f": flow('when = "a"', BRANCH)}, [a("04 10:00", total=total)], people=people
    )
    last = expected[-8:]
    assert found == f"04 10:00 entered, {expected} finished, {last} sent last"


def test_a_split_gives_each_share_its_way_and_the_rest_goes_on(tmp_path: Path) -> None:
    split = f"""
[[step]]
name = "s"
  [[step.split]]
  percent = 30
  name = "one"
  {LETTER}
  [[step.split]]
  percent = 20
    [[step.split.step]]
    name = "two"
    {LETTER}
[[step]]
name = "last"
{LETTER}
"""
    people = [person(f"c{number}") for number in range(1000)]
    lines = [a("04 10:00", customer=one["id"]) for one in people]
    played = play(tmp_path, shop({"f": flow('when = "a"', split)}), lines, people=people)
    count = {
        name: sum(one.endswith("/" + name) for one in played.sent())
        for name in ("one", "two", "last")
    }
    assert count["last"] == 1000
    assert 250 < count["one"] < 350 and 160 < count["two"] < 240


def test_an_emitted_event_lets_into_another_flow_at_the_same_instant(tmp_path: Path) -> None:
    files = {
        "f": flow('when = "a"', '[[step]]\nname = "e"\nemit = "ripe"', step("after")),
        "g": flow('when = "ripe"\nper = "o"', step("hello")),
    }
    assert told(tmp_path, files, [a("04 10:00", o="1")]) == (
        "04 10:00 emitted e, 04 10:00 entered, 04 10:00 entered, 04 10:00 finished, "
        "04 10:00 finished, 04 10:00 sent after, 04 10:00 sent hello"
    )


def test_joining_another_flow_keeps_that_flows_own_rules(tmp_path: Path) -> None:
    files = {
        "f": flow('when = "a"\nagain = "always"', '[[step]]\nname = "j"\njoin = "g"'),
        "g": flow('when = "never_seen"'),
    }
    found = told(tmp_path, files, [a("04 10:00"), a("05 10:00")])
    assert found.count("sent hello") == 1
    assert "05 10:00 not_entered again" in found


def test_leaving_ends_the_flow(tmp_path: Path) -> None:
    parts = ('[[step]]\nname = "stop"\nonly_if = { event = "x", is = 1 }\nleave = true', step())
    files = {"f": flow('when = "a"\nper = "x"', *parts)}
    assert told(tmp_path, files, [a("04 10:00", x=1), a("05 10:00", x=2)]) == (
        "04 10:00 entered, 04 10:00 left stop stop, 05 10:00 entered, 05 10:00 finished, "
        "05 10:00 sent hello, 05 10:00 skipped stop not_applicable"
    )


def test_queued_entries_take_their_turn(tmp_path: Path) -> None:
    files = {
        "f": flow(
            'when = "a"\nper = "k"\nrepeat = "queue"\nagain = "always"\n[exit]\nwhen = "off"',
            step(more='after = "1 day"'),
        )
    }
    lines = [a("04 10:00", k=1, n=1), a("04 12:00", k=1, n=2), a("04 13:00", k=2, n=3)]
    found = play(tmp_path, shop(files), lines).sent()
    assert found == ["05-05 10:00 f/hello", "05-05 13:00 f/hello", "05-06 10:00 f/hello"]
    gone = play(tmp_path, shop(files), [*lines, a("04 14:00", "off", k=1)]).sent()
    assert gone == ["05-05 13:00 f/hello"]


def test_each_entry_of_a_list_is_followed_on_its_own(tmp_path: Path) -> None:
    files = {
        "f": flow(
            'when = "order"\nper = ["o", "item.sku"]\neach = "items"\nat_most = 2\n'
            '[exit]\nwhen = "reviewed"',
            step(more='after = "1 day"\nonly_if = { event = "item.price", at_least = 5 }'),
        )
    }
    items = [{"sku": "s", "price": 9}, {"sku": "t", "price": 9}, {"sku": "u", "price": 9}]
    lines = [
        a("04 10:00", "order", o=1, items=items),
        a("04 12:00", "reviewed", o=1, item={"sku": "t"}),
    ]
    played = play(tmp_path, shop(files), lines)
    entries = {(one["entry"], one["what"]) for one in played.decisions}
    assert entries == {
        ("1/s", "entered"),
        ("1/s", "sent"),
        ("1/s", "finished"),
        ("1/t", "entered"),
        ("1/t", "left"),
    }


def test_segments_and_settings_are_read_by_branches(tmp_path: Path) -> None:
    rule = BRANCH.replace('{ event = "total", at_least = 100 }', '{ in_segment = "vip" }', 1)
    found = told(
        tmp_path,
        {"f": flow('when = "a"', rule)},
        [a("04 10:00")],
        segments={"vip": segment('{ customer = "vip", is = true }')},
        people=[person(attributes={"vip": True})],
        said=settings(),
    )
    assert "04 11:00 sent choose" in found


@pytest.mark.parametrize("repeat", ["ignore", "start over", "queue"])
def test_a_flow_that_lets_itself_in_comes_to_an_end(tmp_path: Path, repeat: str) -> None:
    """Within an instant it is cut; a day later it may begin again."""
    later = step("later", 'after = "1 day"')
    parts = (step("hello"), '[[step]]\nname = "e"\nemit = "again"', later)
    enter = f'when = ["a", "again"]\nrepeat = "{repeat}"\nagain = "always"'
    played = play(
        tmp_path, shop({"f": flow(enter, *parts)}), [a("04 10:00")], day("20 00:00") + "Z"
    )
    entered = Counter(one["at"] for one in played.decisions if one["what"] == "entered")
    assert max(entered.values()) <= 10


def test_what_is_called_off_is_told(tmp_path: Path) -> None:
    """A letter that the flow's own event stops is dropped with its reason, never silently."""
    later = step("later", 'after = "1 day"')
    parts = (step("hello"), '[[step]]\nname = "e"\nemit = "done"', later)
    files = {"f": flow('when = "a"\n[exit]\nwhen = "done"', *parts)}
    assert told(tmp_path, files, [a("04 10:00")]) == (
        "04 10:00 dropped hello left, 04 10:00 emitted e, 04 10:00 entered, 04 10:00 left done"
    )
