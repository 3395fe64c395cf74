"""Every rule holds when a plain reading of the contract says so, and never turns unannounced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from tests.properties.edges import edges
from tests.properties.histories import (
    END,
    facts_of,
    known_from,
    people,
    product_event,
)
from tests.properties.plain_people import Person
from tests.properties.plain_reading import holds
from tests.properties.rule_texts import leaf_kinds, rules
from tests.properties.shops import EXAMPLES

KINDS = leaf_kinds(("one",), entry=True)
SLOW = [HealthCheck.too_slow]


def view(
    rule: Rule, person: Person, now: datetime, segments: Mapping[str, Rule], entry: Any
) -> View:
    """What the product's rule sees."""
    told = None if entry is None else product_event(entry)
    past = rule.needs().past.union(*(one.needs().past for one in segments.values()))
    return View(facts_of(person, now, past), now, segments, told)


def several() -> st.SearchStrategy[list[Any]]:
    """Rules to be asked of one and the same customer."""
    return st.lists(rules(("one",), entry=True), min_size=3, max_size=3)


def judge(person: Person, raws: list[Any], one: Any, entry: Any) -> None:
    """Ask rules at every instant at which they may turn, and the plain reading too."""
    segments, told = {"one": read_rule(one)}, {"one": {"match": one}}
    arrivals = [one.known_at for one in person.events] + [one.received for one in person.told]
    for raw in raws:
        rule = read_rule(raw)
        announced = known_from(person)
        was: bool | None = None
        for now in edges([raw, one], person, known_from(person), END):
            seen = view(rule, person, now, segments, entry)
            wanted = holds(raw, person, now, told, entry)
            assert rule.matches(seen) is wanted, (raw, now)
            if now >= announced:
                turns = rule.may_turn_at(seen)
                assert turns is None or turns > now, (raw, now)
                arrives = min((at for at in arrivals if at > now), default=END)
                announced = min(turns or END, arrives)
            else:
                assert wanted is was, f"{raw} turned at {now}, announced for {announced}"
            was = wanted


@settings(max_examples=max(5, EXAMPLES // 8), suppress_health_check=SLOW)
@given(person=people(), raws=several(), one=rules(), data=st.data())
def test_rules_hold_and_turn_as_the_plain_reading_says(
    person: Person, raws: list[Any], one: Any, data: st.DataObject
) -> None:
    judge(person, raws, one, data.draw(st.sampled_from((None, *person.seen(END)[-2:]))))


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=max(5, EXAMPLES // 6), suppress_health_check=SLOW)
@given(person=people(), data=st.data())
def test_each_kind_of_leaf_holds_and_turns_as_the_plain_reading_says(
    kind: str, person: Person, data: st.DataObject
) -> None:
    raws = [data.draw(KINDS[kind]) for _ in range(2)]
    one = {"did": "order_placed", "within": "2 days"}
    judge(person, raws, one, data.draw(st.sampled_from((None, *person.seen(END)[-2:]))))
