"""The first and the last event of all: which one it is, what it has, and when it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Reach, View
from tests.core.rule.asking import MICRO, NOW, ago, happened, holds, view

HISTORY = [
    happened("order_placed", ago("40 days"), sku="a", total=10),
    happened("order_placed", ago("20 days"), sku="b", total=20),
    happened("order_paid", ago("19 days"), sku="b"),
    happened("order_placed", ago("1 day"), sku="c", total=5, comes=NOW.isoformat()),
]
CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("there is a first", {"first": "order_placed"}, True),
    ("there is none", {"last": "order_sent"}, False),
    ("the first has", {"first": "order_placed", "has": {"sku": "a"}}, True),
    ("the first has not", {"first": "order_placed", "has": {"sku": "b"}}, False),
    ("the last has", {"last": "order_placed", "has": {"total": {"less_than": 10}}}, True),
    ("the last of those that meet", {"last": "order_placed", "where": {"total": {"at_least": 10}},
                                     "has": {"sku": "b"}}, True),
    ("the first of those that meet", {"first": "order_placed", "where": {"sku": ["b", "c"]},
                                      "has": {"total": 20}}, True),
    ("nothing meets", {"last": "order_placed", "where": {"sku": "z"}}, False),
    ("of several names", {"last": ["order_placed", "order_paid"], "has": {"sku": "c"}}, True),
    ("of a prefix", {"first": "order_p*", "has": {"sku": "a"}}, True),
    ("the last of others", {"last": "order_pai*", "has": {"sku": "b"}}, True),
    ("the first lies outside", {"first": "order_placed", "within": "30 days"}, False),
    ("the first lies inside", {"first": "order_placed", "within": "41 days"}, True),
    ("the last, not a last one inside", {"last": "order_placed",
                                         "between": ["30 days ago", "10 days ago"]}, False),
    ("until is no other last", {"last": "order_placed", "until": ago("10 days")}, False),
    ("the first since", {"first": "order_placed", "since": ago("30 days")}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_first_or_last_is_asked(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, HISTORY) is wanted


def test_at_the_same_instant_the_id_decides() -> None:
    twins = [Event(NOW, "b", "seen", {"x": 2}), Event(NOW, "a", "looked", {"x": 1})]
    assert holds({"first": ["seen", "looked"], "has": {"x": 1}}, twins)
    assert holds({"last": ["seen", "looked"], "has": {"x": 2}}, twins)


def test_the_future_is_neither_first_nor_last() -> None:
    events = [happened("seen", NOW, x=1), happened("seen", NOW + MICRO, x=2)]
    assert holds({"last": "seen", "has": {"x": 1}}, events)
    assert not holds({"first": "seen"}, events[1:])


def test_the_last_one_may_come_before_the_entry_event() -> None:
    entry = Event(ago("1 day"), "b", "seen")
    earlier, later = Event(ago("1 day"), "a", "seen"), Event(ago("1 day"), "c", "seen")
    assert holds({"last": "seen", "since_entry": True}, [earlier, entry, later], entry=entry)
    assert not holds({"last": "seen", "since_entry": True}, [earlier, entry], entry=entry)
    assert holds({"first": "seen", "before_entry": True}, [earlier, entry], entry=entry)
    assert not holds({"first": "seen", "before_entry": True}, [entry, later], entry=entry)
    assert not holds({"last": "seen", "since_entry": True}, [earlier, later])


def turns_of(raw: dict[str, Any]) -> list[tuple[datetime, bool]]:
    """Every turn of a rule from NOW on, found by going from wake-up to wake-up."""
    rule, seen = read_rule(raw), view(HISTORY)
    now, holding = NOW, rule.matches(seen)
    found = []
    while (wake := rule.may_turn_at(View(seen.facts, now))) is not None:
        assert rule.matches(View(seen.facts, wake - MICRO)) is holding
        now = wake
        if rule.matches(View(seen.facts, now)) is not holding:
            holding = not holding
            found.append((now, holding))
    return found


DAY = timedelta(days=1)
TURNS: list[tuple[str, dict[str, Any], list[tuple[datetime, bool]]]] = [
    ("the last leaves", {"last": "order_placed", "within": "3 days"}, [(NOW + 2 * DAY, False)]),
    (
        "the last enters and leaves",
        {"last": "order_placed", "between": ["5 days ago", "2 days ago"]},
        [(NOW + DAY, True), (NOW + 4 * DAY, False)],
    ),
    ("the first has left for ever", {"first": "order_placed", "within": "30 days"}, []),
    ("what it has not stays so", {"last": "order_placed", "has": {"sku": "a"}, "within": "3 days"},
     []),
    (
        "what it has passes",
        {"last": "order_placed", "has": {"comes": {"within_last": "1 day"}}},
        [(NOW + DAY, False)],
    ),
    (
        "another becomes the last",
        {"last": "order_placed", "where": {"comes": {"within_last": "1 day"}}},
        [(NOW + DAY, False)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "wanted"), [case[1:] for case in TURNS], ids=[c[0] for c in TURNS])
def test_it_turns_at(raw: dict[str, Any], wanted: list[tuple[datetime, bool]]) -> None:
    assert turns_of(raw) == wanted


def test_without_conditions_the_newest_of_each_name_is_read() -> None:
    needs = read_rule({"last": ["a", "b*"], "within": "30 days"}).needs()
    assert needs.reaches == {("a", Reach(last=1)), ("b*", Reach(last=1))}
    assert read_rule({"first": "a", "within": "30 days"}).needs().reaches == {("a", Reach())}


def test_why_tells_which_one_it_was() -> None:
    told = read_rule({"last": "order_placed", "within": "10 hours"}).why(view(HISTORY))
    assert (told.asks, told.holds) == ("last order_placed within 10 hours", False)
    assert told.saw == f"order_placed at {ago('1 day').isoformat()}, outside the window"
