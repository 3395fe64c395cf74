"""No leaf on events turns before it said it might, whatever happened and whatever the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.event import Event
from lifecycle.core.rule.calendar import DURING
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from lifecycle.core.words import instant_of, zone_of
from tests.core.rule.asking import MICRO, view
from tests.properties.shops import EXAMPLES

NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
HALF = timedelta(hours=12)
ZONES = ("UTC", "Europe/Berlin", "Africa/Cairo", "Pacific/Apia")
NEAR = {"where": {"when": {"within_last": "36 hours"}}}
LEAVES: list[dict[str, Any]] = [
    {"did": ["a", "b"], "exactly": 2},
    {"did": "a", "at_least": 2, **NEAR},
    {"total_of": "a.n", "at_least": 2},
    {"share": {"did": "b"}, "of": {"did": "a", **NEAR}, "at_least": 0.5},
    {"share": {"total_of": "a.n", **NEAR}, "of": {"distinct_of": "b.n"}, "less_than": 2},
    {"first": ["a", "b"], "has": {"n": {"at_least": 1}}},
    {"first": "a", **NEAR},
    {"last": ["a", "b"], **NEAR, "has": {"n": 2}},
    {"last": "a", "has": {"when": {"within_next": "36 hours"}}},
    {"sequence": ["a", "b"], "inside": "36 hours", "same": "n"},
    {"sequence": ["a", "b", "a"], "without": "c"},
    {"did": "a", "not_followed_by": "b", "same": "n", "exactly": 1},
    {"did": "a", "not_followed_by": ["b", "c"], **NEAR},
]
WINDOWS: list[dict[str, Any]] = [
    {},
    {"within": "36 hours"},
    {"within": "1.5 x gap"},
    {"between": ["3 days ago", "1 day ago"]},
    {"between": ["3 days ago", "0.5 x gap ago"]},
    {"within": "3 days", "until": NOW - HALF},
    {"before_entry": True, "within": "3 days"},
    {"since_entry": True, "between": ["3 days ago", "12 hours ago"]},
    *({"during": word} for word in DURING),
    *({"during": word, "within": "60 days"} for word in ("last week", "last month")),
]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """A few events on and beside the edges."""
    events = []
    for number in range(draw(st.integers(0, 6))):
        at = NOW - draw(st.integers(0, 12)) * HALF - draw(st.sampled_from((MICRO, 0 * MICRO)))
        at -= timedelta(days=draw(st.sampled_from((0, 0, 0, 0, 30, 365))))
        when = NOW - draw(st.integers(-4, 4)) * HALF
        said = {"n": draw(st.sampled_from((0, 1, 2))), "when": when.isoformat()}
        events.append(Event(at, f"e{number}", draw(st.sampled_from("aaabbc")), said))
    return events


def edges(events: list[Event], gap: float, zone: str) -> list[datetime]:
    """Every later instant at which an event, or a moment that it tells, may reach an edge."""
    lengths = [timedelta(hours=hours) for hours in (0, 12, 24, 36, 72, 24 * 60)]
    lengths += [timedelta(days=gap * times) for times in (0.5, 1.5)]
    told = {datetime.fromisoformat(event.properties["when"]) for event in events}
    found = {
        at + length + beside
        for at in {event.at for event in events} | told
        for length in (*lengths, *(-one for one in lengths))
        for beside in (-MICRO, 0 * MICRO, MICRO)
    }
    day = NOW.astimezone(zone_of(zone)).date()
    days = [day + timedelta(days=n) for n in (*range(40), 62, 275, 280, 306, 336, 365, 640)]
    for midnight in (instant_of(one, datetime.min.time(), zone_of(zone)) for one in days):
        found |= {midnight - MICRO, midnight}
    return sorted(at for at in found if at > NOW)


@settings(max_examples=2 * EXAMPLES)
@given(
    events=histories(),
    leaf=st.sampled_from(LEAVES),
    window=st.sampled_from(WINDOWS),
    gap=st.sampled_from((1.0, 2.0, 2.5)),
    zone=st.sampled_from(ZONES),
)
def test_it_stays_as_it_is_until_its_next_wake_up(
    events: list[Event], leaf: dict[str, Any], window: dict[str, Any], gap: float, zone: str
) -> None:
    rule = read_rule({**leaf, **window})
    entry = events[0] if events else None
    seen = view(events, now=NOW, zone=zone, entry=entry, attributes={"gap": gap})
    holding, wake = rule.matches(seen), rule.may_turn_at(seen)
    for at in edges(events, gap, zone):
        later = View(seen.facts, at, entry=entry)
        if wake is not None and wake <= at:
            assert wake > NOW
            holding, wake = rule.matches(later), rule.may_turn_at(later)
            assert wake is None or wake > at
        assert rule.matches(later) is holding, at
