"""`may_turn_at` is never late: stepping from wake-up to wake-up finds every turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from lifecycle.core.facts import Facts
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.words import moment_in_data
from tests.core.rule.asking import MICRO, ago, happened, view
from tests.properties.shops import (
    EXAMPLES,
    NOW,
    SINCE,
    Known,
    busy_customers,
    customers,
    rules,
    timed_rules,
)

LENGTHS = [timedelta(days=days) for days in (0, 1, 1.5, 2, 3, 30)]
MOST_STEPS = 2_000
Turns = list[tuple[datetime, bool]]


def stepped(rule: Rule, at: Callable[[datetime], View]) -> tuple[list[datetime], Turns]:
    """The wake-ups from NOW on, and the turns found at them."""
    now, holds = NOW, rule.matches(at(NOW))
    wakes: list[datetime] = []
    turns: Turns = []
    while (wake := rule.may_turn_at(at(now))) is not None:
        assert wake > now, "a wake-up lies ahead"
        assert len(wakes) < MOST_STEPS, "wake-ups come to an end"
        now = wake
        wakes.append(now)
        if rule.matches(at(now)) is not holds:
            holds = not holds
            turns.append((now, holds))
    return wakes, turns


def values_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for below in value.values():
            yield from values_in(below)
    elif isinstance(value, list):
        for below in value:
            yield from values_in(below)
    else:
        yield value


def edges(known: Known, facts: Facts) -> list[datetime]:
    """Every later instant at which anything the customer has may reach an edge, and both beside."""
    values = [known.attributes, *(happened.properties for happened, _ in known.history)]
    told = [moment_in_data(value) for document in values for value in values_in(document)]
    instants = {moment.at(facts.zone) for moment in told if moment is not None}
    instants |= {happened.at for happened, _ in known.history} | {known.known_since}
    for since in SINCE:
        if (moment := moment_in_data(since)) is not None:
            instants.add(moment.at(facts.zone))
    found: set[datetime] = set()
    for instant in instants:
        for length in (*LENGTHS, *(-one for one in LENGTHS)):
            if NOW.year - 2 < instant.year < NOW.year + 2:
                found |= {instant + length + beside for beside in (-MICRO, timedelta(), MICRO)}
    return sorted(edge for edge in found if edge > NOW)


@settings(max_examples=2 * EXAMPLES)
@given(known=busy_customers("c1"), raw=timed_rules(), one=timed_rules())
def test_wake_ups_find_every_turn(known: Known, raw: Any, one: Any) -> None:
    check_turns(known, {"all": [raw, {"not": {"in_segment": "one"}}]}, one)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(known=customers("c1"), raw=rules(("one",), entry=True), one=rules())
def test_wake_ups_find_every_turn_of_any_rule(known: Known, raw: Any, one: Any) -> None:
    check_turns(known, raw, one)


def check_turns(known: Known, raw: Any, one: Any) -> None:
    """Step from wake-up to wake-up, and compare with asking at every edge there may be."""
    facts = known.facts(NOW)
    facts.events = {
        name: [happened for happened in events if happened.at <= NOW]
        for name, events in facts.events.items()
    }
    segments = {"one": read_rule(one)}
    entry = min((happened for happened, _ in known.history), default=None)

    def at(now: datetime) -> View:
        return View(facts, now, segments, entry)

    for asked in (raw, one):
        rule = read_rule(asked)
        wakes, turns = stepped(rule, at)
        every = sorted({*edges(known, facts), *wakes})
        holds, wanted = rule.matches(at(NOW)), []
        for instant in every:
            if rule.matches(at(instant)) is not holds:
                holds = not holds
                wanted.append((instant, holds))
        assert turns == wanted
        event("turns" if turns else "stays")


CASES: list[tuple[str, dict[str, Any], list[datetime]]] = [
    ("an event leaves", {"did": "seen", "within": "30 days"}, [ago("1 day") + timedelta(30)]),
    (
        "of three the one that matters leaves",
        {"did": "seen", "at_least": 2, "within": "30 days"},
        [ago("2 days") + timedelta(30)],
    ),
    (
        "an event enters and leaves",
        {"did": "seen", "exactly": 3, "between": ["10 days ago", "5 days ago"]},
        [ago("1 day") + timedelta(5), ago("3 days") + timedelta(10)],
    ),
    (
        "a moment told by an event comes and goes",
        {"did": "seen", "where": {"comes": {"within_next": "1 day"}}},
        [ago("0 days") + timedelta(1) + MICRO, ago("0 days") + timedelta(2) + MICRO],
    ),
    ("nothing moves", {"did": "seen", "since": datetime(2026, 5, 1)}, []),
]


@pytest.mark.parametrize(("raw", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_rule_turns_at(raw: dict[str, Any], wanted: list[datetime]) -> None:
    later = (ago("0 days") + timedelta(2)).isoformat()
    events = [
        happened("seen", ago(f"{days} days" if days > 1 else "1 day"), comes=later)
        for days in (1, 2, 3)
    ]
    seen = view(events)
    rule = read_rule(raw)
    found, holds, now = [], rule.matches(seen), seen.now
    while (wake := rule.may_turn_at(View(seen.facts, now))) is not None:
        now = wake
        if rule.matches(View(seen.facts, now)) is not holds:
            holds = not holds
            found.append(now)
    assert found == wanted
