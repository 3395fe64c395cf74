"""Membership kept up to date event by event is what asking from scratch gives at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.action import Turn, bring_up_to_date
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.membership import ask
from lifecycle.core.policy import Policy
from lifecycle.core.rule.quick import Askers
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from tests.properties.shops import EXAMPLES, MICRO, NOW, Known, customers, rules

SETTINGS = Settings.model_validate(
    {
        "shop": {"name": "S", "address": "A", "seed": "s", "timezone": "Europe/Berlin"},
        "senders": {"shop": {"from": "Shop <a@shop.example>"}},
        "topics": {},
    }
)
END = NOW + timedelta(days=40)


def policy(raw: dict[str, Any]) -> tuple[dict[str, Segment], Policy]:
    segments = {
        name: Segment.model_validate({"name": name, "match": told}) for name, told in raw.items()
    }
    return segments, Policy(SETTINGS, {name: read_rule(told) for name, told in raw.items()})


def incremental(
    known: Known, arrivals: Sequence[tuple[Event, datetime]], raw: dict[str, Any]
) -> list[Turn]:
    """Play arrivals and wake-ups in time, as the engine does, and tell every turn."""
    segments, decided_by = policy(raw)
    askers = Askers(decided_by.segments)
    waiting = sorted(arrivals, key=lambda pair: pair[1])
    facts = known.facts(datetime.min.replace(tzinfo=NOW.tzinfo))
    facts.events.clear()
    turns: list[Turn] = []
    now = known.known_since
    while now <= END:
        facts.now = now
        while waiting and waiting[0][1] <= now:
            facts.add_event(waiting.pop(0)[0])
        actions = ask(segments, askers, segments, decided_by.view(facts, now))
        bring_up_to_date(facts, actions)
        turns += [one for one in actions if isinstance(one, Turn)]
        following = [*facts.wakes.values(), *(at for _, at in waiting[:1])]
        if not following:
            break
        assert min(following) > now, "a wake-up must lie in the future"
        now = min(following)
    return turns


def scratch(known: Known, raw: dict[str, Any], segment: str, now: datetime) -> bool:
    """Whether the rule holds, asked with nothing remembered."""
    _, decided_by = policy(raw)
    view = View(known.facts(now), now, decided_by.segments)
    return decided_by.segments[segment].matches(view)


def standing(turns: Sequence[Turn], segment: str, now: datetime) -> bool:
    state = False
    for one in turns:
        if one.segment == segment and one.at <= now:
            assert one.joined is not state
            state = one.joined
    return state


@settings(max_examples=EXAMPLES)
@given(known=customers("c1"), one=rules(), two=rules(("one",)), data=st.data())
def test_turns_are_exact_against_asking_at_every_instant_that_matters(
    known: Known, one: Any, two: Any, data: st.DataObject
) -> None:
    known.known_since = min([NOW, *(at for _, at in known.history)])
    raw = {"one": one, "two": two}
    turns = incremental(known, known.history, raw)
    probes = {turn.at for turn in turns} | {turn.at - MICRO for turn in turns} | {known.known_since}
    for happened, due in known.history:
        for days in (0, 1, 2, 3, 30):
            edge = happened.at + timedelta(days=days)
            probes |= {edge - MICRO, edge, edge + MICRO}
        probes |= {due - MICRO, due}
    probes |= set(data.draw(st.lists(st.datetimes(_naive(NOW), _naive(END)).map(_utc), max_size=5)))
    for now in sorted(probes):
        if known.known_since <= now <= END:
            for name in raw:
                found = standing(turns, name, now)
                assert found is scratch(known, raw, name, now), (name, now)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=NOW.tzinfo)


@settings(max_examples=EXAMPLES)
@given(known=customers("c1"), one=rules(), data=st.data())
def test_the_order_of_arrival_does_not_matter_in_the_end(
    known: Known, one: Any, data: st.DataObject
) -> None:
    known.known_since = NOW - timedelta(days=50)
    late = [(event, NOW + timedelta(seconds=n)) for n, (event, _) in enumerate(known.history)]
    shuffled = data.draw(st.permutations([event for event, _ in known.history]))
    again = [(event, NOW + timedelta(seconds=n)) for n, event in enumerate(shuffled)]
    doubled = again + [(event, at + timedelta(minutes=1)) for event, at in again]
    ends = [
        standing(incremental(known, arrivals, {"one": one}), "one", END)
        for arrivals in (late, again, doubled)
    ]
    assert ends[0] == ends[1] == ends[2]


def test_facts_hold_a_repeated_event_once() -> None:
    facts = Facts("c1", NOW, known_zone())
    for _ in range(3):
        facts.add_event(Event(NOW, "e", "a"))
        facts.add_event(Event(NOW, "d", "a"))
    assert [event.id for event in facts.events["a"]] == ["d", "e"]


def known_zone() -> Any:
    from lifecycle.core.words import zone_of

    return zone_of("Europe/Berlin")
