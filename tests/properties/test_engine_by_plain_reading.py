"""The engine's memberships are those of a plain reading of the contract, to the microsecond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.engine import builds
from lifecycle.store.rule_sql import stands
from tests.properties.edges import edges
from tests.properties.engine_room import Arrival, Room, arrivals
from tests.properties.histories import BEGIN, END, known_from, moments, people
from tests.properties.plain_people import Happened, Person
from tests.properties.plain_reading import inside, turns
from tests.properties.rule_texts import rules
from tests.properties.shops import EXAMPLES

EARLY = BEGIN - timedelta(days=900)
FEW = settings(
    max_examples=max(5, EXAMPLES // 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def room(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(stands, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(builds, "ROWS_AT_ONCE", 1)
    opened = Room.open(database_url)
    yield opened
    opened.close()


def wanted(shop: list[Person], segment: str, now: datetime, told: dict[str, Any]) -> set[str]:
    """The members by the plain reading."""
    return {person.id for person in shop if inside(segment, person, now, told)}


def shops() -> st.SearchStrategy[list[Person]]:
    """One to three customers."""
    return st.integers(1, 3).flatmap(
        lambda count: st.tuples(*(people(name) for name in ("c1", "C1", "Zo\u00eb")[:count])).map(
            list
        )
    )


def listed() -> st.SearchStrategy[dict[str, Any]]:
    """Customers that a segment names one by one, or none."""
    names = st.lists(st.sampled_from(("c1", "C1", "Zo\u00eb", "nobody")), max_size=2, unique=True)
    told = st.fixed_dictionaries({}, optional={"include": names, "exclude": names})
    some = told.filter(bool).map(lambda one: {"members": one})
    return st.one_of(st.just({}), st.just({}), some)


@FEW
@given(shop=shops(), one=rules(), two=rules(("one",)), more=listed(), data=st.data())
def test_whatever_the_order_of_arrival_and_the_clock_the_members_are_those_of_the_whole_history(
    room: Room, shop: list[Person], one: Any, two: Any, more: Any, data: st.DataObject
) -> None:
    told = {"one": {"match": one, **more}, "two": {"match": two}}
    waiting = arrivals(shop)
    room.begin(told, EARLY)
    for now in sorted(data.draw(st.lists(moments(), min_size=1, max_size=4))):
        here = [arrival for arrival in waiting if arrival[0] <= now]
        waiting = waiting[len(here) :]
        if data.draw(st.booleans()):
            here += [again for again in here if isinstance(again[2], Happened)]
        room.take(here)
        room.tick(now)
        for name in told:
            expected = wanted(shop, name, now, told)
            assert room.members(name) == expected, (name, now)
            assert room.from_scratch(name, now) == expected, (name, now)


@FEW
@given(person=people(), one=rules(), two=rules(("one",)))
def test_turns_are_written_at_the_instant_of_the_turn(
    room: Room, person: Person, one: Any, two: Any
) -> None:
    told = {"one": {"match": one}, "two": {"match": two}}
    room.begin(told, EARLY)
    room.run(arrivals([person]), END)
    begin = known_from(person)
    every = edges([one, two], person, begin, END)
    for name in told:
        assert room.turns(name, person.id) == turns(person, name, every, told), name


@FEW
@given(shop=shops(), first=rules(), second=rules(), more=listed(), data=st.data())
def test_after_an_edit_the_members_are_those_of_the_new_rule(
    room: Room, shop: list[Person], first: Any, second: Any, more: Any, data: st.DataObject
) -> None:
    before, after = {"one": {"match": first}}, {"one": {"match": second, **more}}
    waiting: list[Arrival] = arrivals(shop)
    room.go_live(before, EARLY)
    edited, later = sorted(data.draw(st.tuples(moments(), moments())))
    here = [arrival for arrival in waiting if arrival[0] <= edited]
    room.run(here, edited)
    room.tick(edited)
    builder = room.change(after, edited)
    for _ in range(data.draw(st.integers(0, 4))):
        builder.portion(edited)
    room.run([one for one in waiting if edited < one[0] <= later], later)
    room.tick(later)
    builder.run(later)
    room.tick(later)
    assert room.members("one") == wanted(shop, "one", later, after)
    room.run([arrival for arrival in waiting if arrival[0] > later], END)
    assert room.members("one") == wanted(shop, "one", END, after)
