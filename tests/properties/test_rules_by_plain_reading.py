"""Every rule holds when a plain reading of the contract says so, and never turns unannounced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from tests.properties.edges import edges
from tests.properties.histories import (
    BEGIN,
    END,
    facts_of,
    known_from,
    moments,
    people,
    product_event,
)
from tests.properties.plain_people import Person
from tests.properties.plain_reading import holds
from tests.properties.rule_texts import rules
from tests.properties.shops import EXAMPLES


def view(person: Person, now: datetime, segments: Mapping[str, Rule], entry: Any) -> View:
    """What the product's rule sees."""
    told = None if entry is None else product_event(entry)
    return View(facts_of(person, now), now, segments, told)


@settings(max_examples=EXAMPLES * 4)
@given(person=people(), raw=rules(("one",), entry=True), one=rules(), now=moments(), data=st.data())
def test_a_rule_holds_when_the_plain_reading_says_so(
    person: Person, raw: Any, one: Any, now: datetime, data: st.DataObject
) -> None:
    rule, segments = read_rule(raw), {"one": read_rule(one)}
    now = max(now, known_from(person))
    entry = data.draw(st.sampled_from((None, *person.seen(now))))
    wanted = holds(raw, person, now, {"one": {"match": one}}, entry)
    assert rule.matches(view(person, now, segments, entry)) is wanted


@settings(max_examples=EXAMPLES * 2)
@given(person=people(), raw=rules(("one",), entry=True), one=rules(), data=st.data())
def test_no_rule_turns_before_it_said_it_might(
    person: Person, raw: Any, one: Any, data: st.DataObject
) -> None:
    rule, segments = read_rule(raw), {"one": read_rule(one)}
    told = {"one": {"match": one}}
    every = edges([raw, one], person, max(BEGIN, known_from(person)), END)
    now = data.draw(st.sampled_from(every))
    arrivals = [one.known_at for one in person.events] + [one.received for one in person.told]
    quiet_until = min([at for at in arrivals if at > now], default=END)
    entry = data.draw(st.sampled_from((None, *person.seen(now))))
    seen = view(person, now, segments, entry)
    turns = rule.may_turn_at(seen)
    assert turns is None or turns > now
    until = min(turns or END, quiet_until)
    wanted = rule.matches(seen)
    assert [
        at
        for at in every
        if now <= at < until and holds(raw, person, at, told, entry) is not wanted
    ] == []
