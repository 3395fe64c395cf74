"""Windows of the calendar, before the entry, and of the person's own length; shares in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.rule.calendar import DURING
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Reach, View
from lifecycle.core.words import zone_of
from tests.core.rule.asking import MICRO, NOW, ago, happened, holds, view

DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    """An instant, as short as it can be said."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


STRETCHES: list[tuple[str, str, str, str, str]] = [
    ("today", "UTC", "2026-05-04 12:00", "2026-05-04 00:00", "2026-05-05 00:00"),
    ("yesterday", "UTC", "2026-05-04 12:00", "2026-05-03 00:00", "2026-05-04 00:00"),
    ("this week", "UTC", "2026-05-04 00:00", "2026-05-04 00:00", "2026-05-11 00:00"),
    ("this week", "UTC", "2026-05-10 23:59", "2026-05-04 00:00", "2026-05-11 00:00"),
    ("last week", "UTC", "2026-05-04 12:00", "2026-04-27 00:00", "2026-05-04 00:00"),
    ("this month", "UTC", "2026-02-28 12:00", "2026-02-01 00:00", "2026-03-01 00:00"),
    ("last month", "UTC", "2026-01-31 12:00", "2025-12-01 00:00", "2026-01-01 00:00"),
    ("this year", "UTC", "2026-05-04 12:00", "2026-01-01 00:00", "2027-01-01 00:00"),
    ("last year", "UTC", "2026-05-04 12:00", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("this month last year", "UTC", "2025-02-03 12:00", "2024-02-01 00:00", "2024-03-01 00:00"),
    ("today", "Pacific/Kiritimati", "2026-05-04 12:00", "2026-05-04 10:00", "2026-05-05 10:00"),
    ("today", "Pacific/Niue", "2026-05-04 05:00", "2026-05-03 11:00", "2026-05-04 11:00"),
    ("today", "Europe/Berlin", "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
    ("today", "Europe/Berlin", "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"),
    ("yesterday", "Europe/Berlin", "2026-03-30 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
    ("this month", "Europe/Berlin", "2026-03-15 12:00", "2026-02-28 23:00", "2026-03-31 22:00"),
    # midnight is skipped: the day begins at one o'clock
    ("today", "Africa/Cairo", "2026-04-24 12:00", "2026-04-23 22:00", "2026-04-24 21:00"),
    ("yesterday", "Africa/Cairo", "2026-04-24 12:00", "2026-04-22 22:00", "2026-04-23 22:00"),
    # midnight comes twice: the day begins at the first
    ("today", "America/Havana", "2026-11-01 12:00", "2026-11-01 04:00", "2026-11-02 05:00"),
    # the clock goes back over midnight, and the day that has begun goes on
    ("today", "America/St_Johns", "2010-11-07 02:45", "2010-11-07 02:30", "2010-11-08 03:30"),
    # the last hour of a day comes twice
    ("today", "Africa/Cairo", "2026-10-29 21:30", "2026-10-28 21:00", "2026-10-29 22:00"),
    # a day that never was
    ("yesterday", "Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00", "2011-12-30 10:00"),
]


@pytest.mark.parametrize(("word", "zone", "now", "begins", "ends"), STRETCHES)
def test_a_stretch_lies_between_local_midnights(
    word: str, zone: str, now: str, begins: str, ends: str
) -> None:
    instants = [utc(begins) - MICRO, utc(begins), utc(ends) - MICRO, utc(ends)]
    wanted = [utc(begins) <= at < utc(ends) and at <= utc(now) for at in instants]
    for at, inside in zip(instants, wanted, strict=True):
        event = happened("seen", at)
        found = holds({"did": "seen", "during": word}, [event], now=utc(now), zone=zone)
        assert found is inside, at


def test_the_future_of_a_stretch_does_not_count() -> None:
    later = happened("seen", NOW + MICRO)
    assert not holds({"did": "seen", "during": "this year"}, [later])
    assert holds({"did": "seen", "during": "this year"}, [happened("seen", NOW)])


NOW_INSIDE = ("today", "this week", "this month", "this year")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Africa/Cairo"])
@pytest.mark.parametrize("word", DURING)
def test_a_stretch_turns_at_local_midnight_to_the_microsecond(word: str, zone: str) -> None:
    rule = read_rule({"did": "seen", "during": word})
    for day in (utc("2026-03-28 15:30"), utc("2026-04-23 20:00"), utc("2026-10-31 12:00")):
        seen, now, answers = view([happened("seen", day)], now=day, zone=zone), day, []
        answers.append(rule.matches(seen))
        while (wake := rule.may_turn_at(View(seen.facts, now))) is not None:
            assert rule.matches(View(seen.facts, wake - MICRO)) is answers[-1]
            now = wake
            before, after = (at.astimezone(zone_of(zone)) for at in (now - MICRO, now))
            assert before.date() < after.date()
            answers.append(rule.matches(View(seen.facts, now)))
        assert answers == ([True, False] if word in NOW_INSIDE else [False, True, False])


def test_a_stretch_beside_another_window_holds_what_is_in_both() -> None:
    events = [happened("seen", ago("2 days")), happened("seen", ago("1 day"))]
    both = {"did": "seen", "during": "last week", "within": "36 hours"}
    assert holds({**both, "exactly": 1}, events)
    assert read_rule(both).may_turn_at(view(events)) == ago("1 day") + timedelta(hours=36)


def test_before_entry_leaves_out_the_entry_event_itself() -> None:
    entry = Event(ago("1 day"), "b", "seen")
    others = [Event(ago("1 day"), "a", "seen"), entry, Event(ago("1 day"), "c", "seen")]
    assert holds({"did": "seen", "exactly": 1, "before_entry": True}, others, entry=entry)
    assert not holds({"did": "seen", "before_entry": True}, others)
    assert holds({"did": "seen", "at_most": 0, "before_entry": True}, others)
    inside = {"did": "seen", "before_entry": True, "within": "2 days"}
    assert holds(inside, others, entry=entry)
    assert read_rule(inside).may_turn_at(view(others, entry=entry)) == ago("1 day") + 2 * DAY
    assert read_rule(inside).needs().entry


OWN: list[tuple[str, Any, dict[str, Any], bool]] = [
    ("so many days", 10, {"did": "seen", "within": "1.5 x gap"}, True),
    ("not so many", 4, {"did": "seen", "within": "1.5 x gap"}, False),
    ("its edge is outside", 5, {"did": "seen", "within": "2 x gap"}, False),
    ("just inside", "5.0000001", {"did": "seen", "within": "2 x gap"}, True),
    ("both edges", 10, {"did": "seen", "between": ["2 x gap ago", "0.5 x gap ago"]}, True),
    ("one of them fixed", 11, {"did": "seen", "between": ["30 days ago", "1 x gap ago"]}, False),
    ("the wrong way round", 40, {"did": "seen", "between": ["30 days ago", "1 x gap ago"]}, False),
    ("and none in it", 40, {"did": "seen", "between": ["30 days ago", "1 x gap ago"],
                            "at_most": 0}, True),
    ("unknown", None, {"did": "seen", "within": "1.5 x gap"}, False),
    ("unknown is not none", None, {"did": "seen", "within": "1.5 x gap", "at_most": 0}, False),
    ("nor exactly none", None, {"did": "seen", "within": "1.5 x gap", "exactly": 0}, False),
    ("nought is no length", 0, {"did": "seen", "within": "1.5 x gap", "at_most": 0}, False),
    ("less is no length", -3, {"did": "seen", "within": "1.5 x gap", "at_most": 0}, False),
    ("words are no length", "long", {"did": "seen", "within": "1.5 x gap", "at_most": 0}, False),
    ("the near edge unknown", None, {"did": "seen", "between": ["30 days ago", "1 x gap ago"],
                                     "at_most": 0}, False),
    ("a total unknown", None, {"total_of": "seen.x", "within": "1 x gap", "less_than": 1}, False),
    ("which can be asked", None, {"total_of": "seen.x", "within": "1 x gap", "is_set": False},
     True),
    ("a share unknown", None, {"share": {"did": "seen"}, "of": {"did": "s*"},
                               "within": "1 x gap", "at_most": 9}, False),
    ("the last unknown", None, {"last": "seen", "within": "1 x gap"}, False),
    ("none left unknown", None, {"did": "seen", "not_followed_by": "x", "within": "1 x gap",
                                 "at_most": 0}, False),
    ("inside so long", 1, {"sequence": ["came", "seen"], "inside": "1.5 x gap"}, True),
    ("not inside so long", 1, {"sequence": ["came", "seen"], "inside": "1 x gap"}, False),
    ("inside unknown", None, {"sequence": ["came", "seen"], "inside": "1 x gap"}, False),
    ("longer than any", 10**30, {"did": "seen", "within": "1.5 x gap"}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gap", "rule", "wanted"), [case[1:] for case in OWN], ids=[c[0] for c in OWN]
)
def test_a_length_of_the_person(gap: Any, rule: dict[str, Any], wanted: bool) -> None:
    events = [happened("came", ago("11 days")), happened("seen", ago("10 days"), x=1)]
    known = {} if gap is None else {"gap": gap}
    assert holds(rule, events, attributes=known) is wanted


def test_a_length_of_the_person_turns_at_its_own_edge() -> None:
    rule = read_rule({"did": "seen", "within": "1.5 x deep.gap"})
    seen = view([happened("seen", ago("10 days"))], attributes={"deep": {"gap": "8.5"}})
    turns = ago("10 days") + 12.75 * DAY
    assert rule.may_turn_at(seen) == turns
    assert rule.matches(View(seen.facts, turns - MICRO))
    assert not rule.matches(View(seen.facts, turns))
    assert rule.needs().attributes == {("deep", "gap")}
    assert rule.may_turn_at(view([happened("seen", ago("10 days"))])) is None
    assert rule.why(view()).saw.startswith("unknown")


def test_the_usual_gap_gives_a_length() -> None:
    orders = [happened("order_placed", ago(f"{days} days")) for days in (44, 34, 22, 14)]
    late = {"not": {"did": "order_placed", "within": "1.5 x orders.usual_gap"}}
    assert not holds(late, orders)
    assert read_rule(late).may_turn_at(view(orders)) == ago("14 days") + 15 * DAY
    assert holds(late, orders, now=ago("14 days") + 15 * DAY)


def test_a_window_says_how_far_back_it_reads() -> None:
    for word, days in (("today", 3), ("last week", 16), ("this month last year", 405)):
        rule = read_rule({"total_of": "seen.x", "is": 0, "during": word})
        assert rule.needs().reaches == {("seen", Reach(back=days * DAY))}


ORDERS = [
    *(happened("order_placed", ago(f"{days} days"), total=total)
      for days, total in ((50, 100), (20, 30), (10, 30), (5, 40))),
    *(happened("order_returned", ago(f"{days} days"), total=total, why="size")
      for days, total in ((19, 30), (4, 20))),
]  # fmt: skip
RETURNED = {"share": {"did": "order_returned"}, "of": {"did": "order_placed"}}
WORTH = {
    "share": {"total_of": "order_returned.total"},
    "of": {"total_of": "order_placed.total"},
}
SHARES: list[tuple[str, dict[str, Any], bool]] = [
    ("of all time", {**RETURNED, "is": 0.5}, True),
    ("at its edge", {**RETURNED, "more_than": 0.5}, False),
    ("in a window for both", {**RETURNED, "within": "15 days", "is": 0.5}, True),
    ("of money", {**WORTH, "is": 0.25}, True),
    ("of money in a window", {**WORTH, "within": "30 days", "is": 0.5}, True),
    ("where, on one side", {"share": {"did": "order_placed", "where": {"total": {"at_least": 40}}},
                            "of": {"did": "order_placed"}, "is": 0.5}, True),
    ("of different kinds", {"share": {"distinct_of": "order_placed.total"},
                            "of": {"did": "order_*"}, "is": 0.5}, True),
    ("of nothing is unknown", {**RETURNED, "within": "1 day", "at_most": 1}, False),
    ("which can be asked for", {**RETURNED, "within": "1 day", "is_set": False}, True),
    ("of an unknown is unknown", {"share": {"did": "order_placed"},
                                  "of": {"average_of": "order_placed.x"}, "at_least": 0}, False),
    ("nothing of something is nought", {"share": {"did": "x"}, "of": {"did": "order_placed"},
                                        "is": 0}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in SHARES], ids=[c[0] for c in SHARES]
)
def test_a_share_is_asked(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, ORDERS) is wanted


def test_a_share_turns_when_an_event_of_either_side_leaves() -> None:
    rule = read_rule({**RETURNED, "at_least": 0.5, "within": "30 days"})
    seen = view(ORDERS)
    assert rule.may_turn_at(seen) == ago("20 days") + 30 * DAY
    told = rule.why(seen)
    assert (
        told.asks == "share of did order_returned in did order_placed at_least 0.5 within 30 days"
    )
    assert (told.saw, told.holds) == ("2 of 3 is 0.6667", True)
