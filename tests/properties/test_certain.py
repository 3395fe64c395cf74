"""A rule called contradictory never holds, and one called always true always does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from lifecycle.catalog.certain import always, never
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.words import zone_of
from tests.properties.histories import facts_of, known_from, moments, people, product_event
from tests.properties.plain_people import Person
from tests.properties.rule_texts import rules
from tests.properties.shops import EXAMPLES

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCALARS = st.sampled_from([0, 1, 2, True, False, "a", "ab", "b", "1", "2026-05-01", ""])
SAID = SCALARS.filter(lambda one: one != "")
TEXTS = st.sampled_from(["a", "b", "ab", "1", 2])
MOMENTS = st.sampled_from(
    [date(2026, 5, 1), date(2026, 5, 3), datetime(2026, 5, 1, 9, tzinfo=UTC), "2026-05-03T00:00:00"]
)
LENGTHS = st.sampled_from(["1 day", "3 days", "30 days"])
OPS = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"at_least": st.integers(0, 2), "at_most": st.integers(0, 2)}
    ),
    st.fixed_dictionaries(
        {}, optional={"more_than": st.integers(0, 2), "less_than": st.integers(0, 2)}
    ),
    st.fixed_dictionaries({"is": SAID | MOMENTS}),
    st.fixed_dictionaries({"is_not": SAID}),
    st.fixed_dictionaries({"is_one_of": st.lists(SAID, max_size=2)}),
    st.fixed_dictionaries({"is_none_of": st.lists(SAID, max_size=2)}),
    st.fixed_dictionaries({"is_set": st.booleans()}, optional={"is": SAID}),
    st.fixed_dictionaries(
        {}, optional={"starts_with": TEXTS, "contains": TEXTS, "ends_with": TEXTS}
    ),
    st.fixed_dictionaries({}, optional={"before": MOMENTS, "after": MOMENTS}),
    st.fixed_dictionaries({"within_last": LENGTHS}),
    st.fixed_dictionaries({"within_next": LENGTHS}),
).filter(bool)
WINDOWS = st.sampled_from(
    [
        {},
        {"within": "1 day"},
        {"within": "3 days"},
        {"between": ["3 days ago", "1 day ago"]},
        {"since": date(2026, 5, 3)},
        {"since": date(2026, 5, 1), "until": date(2026, 5, 3)},
    ]
)
WHERES = st.one_of(
    st.just({}),
    st.builds(lambda ops: {"where": {"p": ops}}, OPS),
    st.builds(lambda ops: {"where": {"items": {"p": ops}}}, OPS),
)
COUNTS = st.fixed_dictionaries(
    {}, optional={"at_least": st.integers(0, 2), "at_most": st.integers(0, 2)}
) | st.fixed_dictionaries({"exactly": st.integers(0, 2)})
NAMES = st.sampled_from(["e", "ee", "e*", ["e", "f"]])
FIGURES = st.sampled_from(["total_of", "average_of", "smallest_of", "largest_of", "distinct_of"])
LEAVES = st.one_of(
    st.builds(lambda at, ops: {"customer": at, **ops}, st.sampled_from(["x", "l.x"]), OPS),
    st.builds(
        lambda name, count, where, window: {"did": name, **count, **where, **window},
        NAMES,
        COUNTS,
        WHERES,
        WINDOWS,
    ),
    st.builds(
        lambda word, at, ops, where, window: {word: at, **ops, **where, **window},
        FIGURES,
        st.sampled_from(["e.p", "e.items.p"]),
        OPS,
        WHERES,
        WINDOWS,
    ),
    st.builds(lambda length: {"known_for": length}, LENGTHS),
    st.builds(lambda share: {"random_percent": share}, st.sampled_from([0, 30, 60, 100])),
    st.sampled_from([{"agreed_to": "news"}, {"in_segment": "s"}, {"everyone": True}]),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["all", "any", "none"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)
VALUES = SCALARS | st.none() | st.lists(SCALARS, max_size=2)
PROPERTIES = st.fixed_dictionaries(
    {}, optional={"p": VALUES, "items": st.lists(st.fixed_dictionaries({"p": VALUES}), max_size=2)}
)


@st.composite
def customers(draw: Any) -> Facts:
    """Somebody to whom few things of few kinds happened."""
    facts = Facts("c1", NOW, zone_of(draw(st.sampled_from(["UTC", "Asia/Kathmandu"]))))
    facts.attributes = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "x": VALUES,
                "l": st.lists(st.fixed_dictionaries({"x": VALUES}), max_size=2) | VALUES,
            },
        )
    )
    facts.known_since = draw(st.none() | st.sampled_from([NOW, NOW - timedelta(days=9)]))
    facts.consents = draw(st.sampled_from([{}, {"news": True}]))
    for number in range(draw(st.integers(0, 4))):
        at = NOW - timedelta(hours=draw(st.sampled_from([0, 24, 30, 72, 80, 900])))
        name = draw(st.sampled_from(["e", "ee", "f"]))
        facts.add_event(Event(at, f"{number}", name, draw(PROPERTIES)))
    return facts


@settings(max_examples=EXAMPLES * 4)
@given(raw=RULES, named=RULES, shop=st.lists(customers(), min_size=3, max_size=3))
def test_what_is_proved_is_so(raw: Any, named: Any, shop: list[Facts]) -> None:
    rule, segments = read_rule(raw), {"s": _without_circles(named)}
    can_never, must = never([(rule, True)], segments), always(rule, segments)
    event("contradictory" if can_never else "always true" if must else "open")
    assert not (can_never and must)
    for facts in shop:
        holds = rule.matches(View(facts, NOW, segments))
        assert not (can_never and holds)
        assert holds or not must


def _without_circles(raw: Any) -> Rule:
    rule = read_rule(raw)
    return read_rule({"everyone": True}) if rule.needs().segments else rule


@settings(max_examples=EXAMPLES * 4)
@given(
    one=rules(("s",), entry=True),
    other=rules(("s",), entry=True),
    named=rules(),
    shop=st.lists(st.tuples(people(), moments()), min_size=2, max_size=2),
    data=st.data(),
)
def test_what_is_proved_is_so_in_the_whole_language(
    one: Any, other: Any, named: Any, shop: list[tuple[Person, datetime]], data: st.DataObject
) -> None:
    pair, segments = (read_rule(one), read_rule(other)), {"s": read_rule(named)}
    proved = [
        signs
        for signs in product((True, False), repeat=2)
        if never(list(zip(pair, signs, strict=True)), segments)
    ]
    event("something proved" if proved else "open")
    for person, now in shop:
        now = max(now, known_from(person))
        entry = data.draw(st.sampled_from((None, *person.seen(now))))
        told = None if entry is None else product_event(entry)
        facts = facts_of(person, now)
        found = tuple(rule.matches(View(facts, now, segments, told)) for rule in pair)
        assert found not in proved
