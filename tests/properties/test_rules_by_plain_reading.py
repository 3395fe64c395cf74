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
    BEGIN,
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
    for raw in raws:
        rule = read_rule(raw)
        for now in edges([raw, one], person, known_from(person), END):
            found = rule.matches(view(rule, person, now, segments, entry))
            assert found is holds(raw, person, now, told, entry), (raw, now)


@settings(max_examples=max(5, EXAMPLES // 5), suppress_health_check=SLOW)
@given(person=people(), raws=several(), one=rules(), data=st.data())
def test_a_rule_holds_when_the_plain_reading_says_so(
    person: Person, raws: list[Any], one: Any, data: st.DataObject
) -> None:
    judge(person, raws, one, data.draw(st.sampled_from((None, *person.seen(END)[-2:]))))


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=max(5, EXAMPLES // 6), suppress_health_check=SLOW)
@given(person=people(), data=st.data())
def test_each_kind_of_leaf_holds_when_the_plain_reading_says_so(
    kind: str, person: Person, data: st.DataObject
) -> None:
    raws = [data.draw(KINDS[kind]) for _ in range(2)]
    one = {"did": "order_placed", "within": "2 days"}
    judge(person, raws, one, data.draw(st.sampled_from((None, *person.seen(END)[-2:]))))


@settings(max_examples=max(5, EXAMPLES // 2), suppress_health_check=SLOW)
@given(person=people(), raws=several(), one=rules(), data=st.data())
def test_no_rule_turns_before_it_said_it_might(
    person: Person, raws: list[Any], one: Any, data: st.DataObject
) -> None:
    segments, told = {"one": read_rule(one)}, {"one": {"match": one}}
    every = edges([raws, one], person, max(BEGIN, known_from(person)), END)
    now = data.draw(st.sampled_from(every))
    arrivals = [one.known_at for one in person.events] + [one.received for one in person.told]
    quiet_until = min([at for at in arrivals if at > now], default=END)
    entry = data.draw(st.sampled_from((None, *person.seen(now)[-2:])))
    for raw in raws:
        rule = read_rule(raw)
        seen = view(rule, person, now, segments, entry)
        turns = rule.may_turn_at(seen)
        assert turns is None or turns > now
        until, wanted = min(turns or END, quiet_until), rule.matches(seen)
        between = [at for at in every if now <= at < until]
        late = [at for at in between if holds(raw, person, at, told, entry) is not wanted]
        assert late == [], raw
