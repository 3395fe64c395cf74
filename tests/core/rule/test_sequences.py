"""Events one after another, and events that nothing followed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from tests.core.rule.asking import MICRO, NOW, ago, happened, holds, view

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(history: str) -> list[Event]:
    """Events an hour apart, the last one now: `a:x` is an a with sku x, `.` an hour of nothing."""
    said = history.split()
    events = []
    for number, one in enumerate(said):
        name, _, sku = one.partition(":")
        at = NOW - (len(said) - 1 - number) * HOUR
        skus: dict[str, Any] = {"sku": sku} if sku else {}
        if "," in sku:
            skus = {"items": [{"sku": part} for part in sku.split(",")]}
        if name != ".":
            events.append(Event(at, f"e{number:02}", name, skus))
    return events


AB = {"sequence": ["a", "b"]}
SKU, ITEMS = {**AB, "same": "sku"}, {**AB, "same": "items.sku"}
ABC = {"sequence": ["a", "b", "c"]}
CASES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("in order", "a b", AB, True),
    ("the other way round", "b a", AB, False),
    ("others between do not matter", "a x y b", AB, True),
    ("not complete", "a b", ABC, False),
    ("each step its own event", "a", {"sequence": ["a", "a"]}, False),
    ("the same twice", "a x a", {"sequence": ["a", "a"]}, True),
    ("one event is not two steps", "ab b", {"sequence": ["a*", "ab", "b"]}, False),
    ("steps that begin so", "ab b", {"sequence": ["a*", "b"]}, True),
    ("within the length", "a b", {**AB, "inside": "61 minutes"}, True),
    ("its far edge is outside", "a b", {**AB, "inside": "1 hour"}, False),
    ("from the first to the last", "a b . c", {**ABC, "inside": "3 hours"}, False),
    ("a later first will do", "a . . a b", {**AB, "inside": "2 hours"}, True),
    ("a later middle will not", "a b . a c b", {**ABC, "inside": "4 hours"}, False),
    ("an earlier pair will do", "a b . . . b", {**AB, "inside": "2 hours"}, True),
    ("on one value", "a:x b:x", SKU, True),
    ("on two values", "a:x b:y", SKU, False),
    ("on one of several", "a:x a:y b:z b:x", SKU, True),
    ("one value all through", "a:x b:x a:y b:y c:y", {**ABC, "same": "sku"}, True),
    ("not a value for each step", "a:x b:y c:x", {**ABC, "same": "sku"}, False),
    ("unknown is not the same", "a b", SKU, False),
    ("an entry in common", "a:x,y b:y,z", ITEMS, True),
    ("no entry in common", "a:x,y b:z,w", ITEMS, False),
    ("no entry in common all through", "a:x,y b:y,z c:x,z", {**ABC, "same": "items.sku"}, False),
    ("on the same day", "a b", {**AB, "same": "event_day"}, True),
    ("with one between", "a c b", {**AB, "without": "c"}, False),
    ("with one before and after", "c a b c", {**AB, "without": "c"}, True),
    ("begun again after it", "a c a b", {**AB, "without": "c"}, True),
    ("ended before it", "a b c b", {**AB, "without": "c"}, True),
    ("between any two of three", "a b x c", {**ABC, "without": ["y", "x"]}, False),
    ("that begin so", "a xy b", {**AB, "without": "x*"}, False),
    ("next to each other", "a a b", {**AB, "without": "a"}, True),
    ("not next to each other", "a a b", {"sequence": ["a", "a", "b"], "without": "a"}, False),
    ("of the same value between", "a:x c:x b:x", {**SKU, "without": "c"}, False),
    ("of another value between", "a:x c:y b:x", {**SKU, "without": "c"}, True),
    ("of no value between", "a:x c b:x", {**SKU, "without": "c"}, False),
    ("one value broken, one whole", "a:x,y c:x,z b:x,y", {**ITEMS, "without": "c"}, True),
    ("all of it in the window", "a . b", {**AB, "within": "2 hours"}, False),
    ("all of it just inside", "a . b", {**AB, "within": "121 minutes"}, True),
    ("nothing younger than the near edge", "a b . b", {**AB, "between": ["2 days ago",
                                                                         "3 hours ago"]}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("history", "rule", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_sequence_is_asked(history: str, rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, told(history)) is wanted


def test_at_the_same_instant_ids_give_the_order() -> None:
    first, second = Event(NOW, "1", "a"), Event(NOW, "2", "b")
    assert holds({**AB, "inside": "1 second"}, [second, first])
    assert not holds({"sequence": ["b", "a"]}, [second, first])


FOLLOWED = {"did": "a", "not_followed_by": "b"}
ON_SKU = {**FOLLOWED, "same": "sku"}
NOT_FOLLOWED: list[tuple[str, str, dict[str, Any], bool]] = [
    ("nothing came", "a", FOLLOWED, True),
    ("it came before", "b a", FOLLOWED, True),
    ("it came after", "a x b", FOLLOWED, False),
    ("after the last of them", "a b a", FOLLOWED, True),
    ("on the same value", "a:x b:x", ON_SKU, False),
    ("on another value", "a:x b:y", ON_SKU, True),
    ("on no value", "a:x b", ON_SKU, True),
    ("of no value nothing follows", "a b:x", ON_SKU, True),
    ("an entry in common", "a:x,y b:y,z", {**FOLLOWED, "same": "items.sku"}, False),
    ("so many of them", "a:x a:y a:z b:y", {**ON_SKU, "exactly": 2}, True),
    ("at most so many", "a:x a:y b:x", {**ON_SKU, "at_most": 0}, False),
    ("any of several may follow", "a c", {"did": "a", "not_followed_by": ["b", "c"]}, False),
    ("what begins so may follow", "a bc", {"did": "a", "not_followed_by": "b*"}, False),
    ("another one of its own", "a x a", {"did": "a", "not_followed_by": "a", "exactly": 1}, True),
    ("where is of the first", "a:x a:y b:x", {**ON_SKU, "where": {"sku": "x"}}, False),
    ("the window is of the first", "a x b", {**FOLLOWED, "between": ["1 day ago",
                                                                     "2 hours ago"]}, False),
    ("what is outside does not count", "a x b a", {**FOLLOWED, "until": NOW - HOUR}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("history", "rule", "wanted"),
    [case[1:] for case in NOT_FOLLOWED],
    ids=[c[0] for c in NOT_FOLLOWED],
)
def test_what_was_not_followed_is_counted(history: str, rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, told(history)) is wanted


TURNS: list[tuple[str, str, dict[str, Any], list[datetime]]] = [
    ("the younger first decides", "a a b", {**AB, "within": "1 day"}, [NOW + DAY - HOUR]),
    ("nothing moves it", "a b", AB, []),
    (
        "the last step enters, the first leaves",
        "a . b",
        {**AB, "between": ["10 hours ago", "3 hours ago"]},
        [NOW + 3 * HOUR, NOW + 8 * HOUR],
    ),
    ("of those left one leaves", "a:x a:y b:x", {**ON_SKU, "within": "1 day"}, [NOW + DAY - HOUR]),
    ("those that were followed do not count", "a b", {**FOLLOWED, "within": "1 day"}, []),
    (
        "it enters and leaves",
        "a",
        {**FOLLOWED, "between": ["2 days ago", "1 day ago"]},
        [NOW + DAY, NOW + 2 * DAY],
    ),
]


@pytest.mark.parametrize(
    ("history", "raw", "wanted"), [case[1:] for case in TURNS], ids=[c[0] for c in TURNS]
)
def test_it_turns_at(history: str, raw: dict[str, Any], wanted: list[datetime]) -> None:
    rule, seen = read_rule(raw), view(told(history))
    now, found = NOW, []
    while (wake := rule.may_turn_at(View(seen.facts, now))) is not None:
        before = rule.matches(View(seen.facts, wake - MICRO))
        now = wake
        if rule.matches(View(seen.facts, now)) is not before:
            found.append(now)
    assert found == wanted


def test_a_long_history_is_gone_through_once() -> None:
    events = [
        happened("a" if number % 2 else "b", ago("30 days") + number * HOUR / 60, sku=f"s{number}")
        for number in range(20_000)
    ]
    assert not holds({"sequence": ["a", "b", "a", "b"], "same": "sku", "inside": "1 day"}, events)
    assert holds({"sequence": ["a", "b"] * 10, "inside": "20 minutes"}, events)


def test_why_tells_the_sequence_that_was_found() -> None:
    rule = read_rule({**SKU, "inside": "1 day", "without": "c", "within": "7 days"})
    seen = rule.why(view(told("a:x b:x")))
    assert seen.asks == "a, then b inside 1 day on the same sku without c within 7 days"
    assert seen.saw == f"from {(NOW - HOUR).isoformat()} to {NOW.isoformat()}"
    assert seen.until == NOW - HOUR + timedelta(days=7)
    left = read_rule(ON_SKU).why(view(told("a:x b:y")))
    assert (left.asks, left.saw) == (
        "did a at least 1, not followed by b on the same sku",
        "1 not followed",
    )
