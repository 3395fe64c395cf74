"""Rules asked the quick way answer as they are read plainly, to the microsecond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.quick import Askers
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
HAPPENED = [(name, age) for name in ("a", "b") for age in (0, 1, 2)]
TOTALS = (7, 0.1, -3, "2.5")
RULES: dict[str, dict[str, Any]] = {
    "once": {"did": "a", "within": "2 days"},
    "twice": {"did": "a", "at_least": 2, "within": "2 days"},
    "ever": {"did": "a", "at_least": 2},
    "none": {"none": [{"did": "a", "within": "2 days"}]},
    "few": {"did": "a", "at_most": 1, "within": "2 days"},
    "left": {"did": "a", "not_followed_by": "b", "within": "2 days"},
    "not left": {"did": "a", "not_followed_by": "b", "at_most": 0, "within": "2 days"},
    "much": {"total_of": "a.total", "at_least": 7, "within": "2 days"},
    "little": {"total_of": "a.total", "less_than": 7.05, "within": "2 days"},
    "sum": {"total_of": "a.total", "more_than": 4},
    "from there": {"customer": "country", "is_one_of": ["DE", 5]},
    "not from there": {"customer": "country", "is_not": "DE"},
    "all": {"all": [{"did": "a", "within": "2 days"}, {"did": "b", "within": "1 day"}]},
    "any": {"any": [{"did": "a", "within": "2 days"}, {"did": "b", "within": "1 day"}]},
    "mixed": {
        "all": [{"did": "a"}, {"customer": "country", "is": "DE"}],
        "none": [{"did": "b", "within": "1 day"}, {"in_segment": "twice"}],
    },
}


def people() -> Iterator[Facts]:
    """Everybody who did some of what may happen, living here or there."""
    countries = ("DE", "FR", "5.0", "", None)
    for count in range(len(HAPPENED) + 1):
        for number, chosen in enumerate(combinations(HAPPENED, count)):
            attributes = {"country": countries[number % len(countries)]}
            facts = Facts("c1", NOW, ZoneInfo("UTC"), attributes=attributes)
            for place, (name, age) in enumerate(chosen):
                total = TOTALS[(place + number) % len(TOTALS)]
                facts.add_event(Event(NOW - age * DAY, f"{name}{age}", name, {"total": total}))
            yield facts


@pytest.mark.parametrize("name", RULES)
def test_the_quick_answer_and_its_turn_are_those_of_the_plain_reading(name: str) -> None:
    rules: dict[str, Rule] = {one: read_rule(raw) for one, raw in RULES.items()}
    askers = Askers(rules)
    edges = sorted(
        {NOW + day * DAY + away for day in range(4) for away in (-MICRO, 0 * DAY, MICRO)}
    )
    edges = [edge for edge in edges if edge >= NOW]
    for facts in people():
        plainly = {edge: rules[name].matches(View(facts, edge, rules)) for edge in edges}
        for edge in edges:
            holds, turns = askers.ask(name, View(facts, edge, rules))
            assert holds is plainly[edge], (facts.events, edge)
            assert turns is None or turns > edge
            until = [one for one in edges if edge < one and (turns is None or one < turns)]
            assert all(plainly[one] is holds for one in until), (facts.events, edge, turns)
