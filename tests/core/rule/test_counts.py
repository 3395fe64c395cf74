"""What is counted and measured: names, windows and their edges, where, figures."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from tests.core.rule.asking import MICRO, NOW, ago, happened, holds, view

ORDERS = [
    happened("order_placed", ago("40 days"), total=10),
    happened("order_placed", ago("20 days"), total="12.50", vip=True),
    happened("order_placed", ago("1 day"), total=0.1),
    happened("order_placed", ago("2 hours"), total=0.2, sku="A1"),
]

COUNTS: list[tuple[str, dict[str, Any], bool]] = [
    ("at least one, if nothing is said", {"did": "order_placed"}, True),
    ("another name", {"did": "Order_placed"}, False),
    ("as many", {"did": "order_placed", "at_least": 4}, True),
    ("more than there are", {"did": "order_placed", "at_least": 5}, False),
    ("exactly", {"did": "order_placed", "exactly": 4}, True),
    ("not exactly", {"did": "order_placed", "exactly": 3}, False),
    ("at most", {"did": "order_placed", "at_most": 3}, False),
    ("none counts as nought", {"did": "order_paid", "at_most": 0}, True),
    ("exactly none", {"did": "order_paid", "exactly": 0}, True),
    ("at least none", {"did": "order_paid", "at_least": 0}, True),
    ("between two counts", {"did": "order_placed", "at_least": 2, "at_most": 4}, True),
    ("several names together", {"did": ["order_paid", "order_placed"], "exactly": 4}, True),
    ("names that begin so", {"did": "order_*", "exactly": 4}, True),
    ("a name under two of them, once", {"did": ["order_*", "order*"], "exactly": 4}, True),
    ("a name beside its beginning, once", {"did": ["order_placed", "ord*"], "exactly": 4}, True),
    ("the beginning is case-sensitive", {"did": "Order*"}, False),
    ("inside a window", {"did": "order_placed", "exactly": 3, "within": "30 days"}, True),
    ("where", {"did": "order_placed", "exactly": 1, "where": {"vip": True}}, True),
    ("where, as numbers", {"did": "order_placed", "where": {"total": {"at_least": 12.5}}}, True),
    ("where a list of values", {"did": "order_placed", "where": {"sku": ["B2", "A1"]}}, True),
    (
        "where nothing is known",
        {"did": "order_placed", "exactly": 3, "where": {"sku": {"is_set": False}}},
        True,
    ),
]


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in COUNTS], ids=[c[0] for c in COUNTS]
)
def test_a_count_is_asked(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, ORDERS) is wanted


EDGES: list[tuple[str, dict[str, Any], datetime, bool]] = [
    ("this very moment counts", {"within": "1 day"}, NOW, True),
    ("just inside the far edge", {"within": "1 day"}, ago("1 day", MICRO), True),
    ("the far edge is outside", {"within": "1 day"}, ago("1 day"), False),
    ("the near edge is inside", {"between": ["3 days ago", "1 day ago"]}, ago("1 day"), True),
    (
        "just after the near edge",
        {"between": ["3 days ago", "1 day ago"]},
        ago("1 day", MICRO),
        False,
    ),
    (
        "the far edge of two is outside",
        {"between": ["3 days ago", "1 day ago"]},
        ago("3 days"),
        False,
    ),
    ("just inside it", {"between": ["3 days ago", "1 day ago"]}, ago("3 days", MICRO), True),
    ("a near edge of nought is now", {"between": ["3 days ago", "0 days ago"]}, NOW, True),
    (
        "since includes its instant",
        {"since": date(2026, 5, 1)},
        datetime(2026, 5, 1, tzinfo=UTC),
        True,
    ),
    (
        "just before it",
        {"since": date(2026, 5, 1)},
        datetime(2026, 5, 1, tzinfo=UTC) - MICRO,
        False,
    ),
    (
        "until excludes its instant",
        {"until": date(2026, 5, 1)},
        datetime(2026, 5, 1, tzinfo=UTC),
        False,
    ),
    (
        "just before that",
        {"until": date(2026, 5, 1)},
        datetime(2026, 5, 1, tzinfo=UTC) - MICRO,
        True,
    ),
    (
        "since and within: the later",
        {"since": date(2026, 5, 1), "within": "1 day"},
        ago("2 days"),
        False,
    ),
    ("until lies ahead", {"until": date(2027, 1, 1)}, NOW, True),
    ("since lies ahead", {"since": date(2027, 1, 1)}, NOW, False),
    ("since the beginning of all days", {"since": date(1, 1, 1)}, NOW, True),
]


@pytest.mark.parametrize(
    ("window", "at", "wanted"), [case[1:] for case in EDGES], ids=[c[0] for c in EDGES]
)
def test_an_edge_of_a_window(window: dict[str, Any], at: datetime, wanted: bool) -> None:
    assert holds({"did": "seen", **window}, [happened("seen", at)]) is wanted


@pytest.mark.parametrize("at", [ago("2 days", -MICRO), ago("2 days"), ago("2 days", MICRO)])
def test_adjoining_windows_meet_without_gap_or_overlap(at: datetime) -> None:
    events = [happened("seen", at)]
    recent = holds({"did": "seen", "within": "2 days"}, events)
    older = holds({"did": "seen", "between": ["4 days ago", "2 days ago"]}, events)
    assert recent is not older


@pytest.mark.parametrize(
    ("zone", "wanted"), [("UTC", True), ("Pacific/Kiritimati", True), ("Pacific/Niue", False)]
)
def test_since_a_day_begins_at_the_customers_midnight(zone: str, wanted: bool) -> None:
    event = happened("seen", datetime(2026, 5, 4, 1, tzinfo=UTC))
    assert holds({"did": "seen", "since": date(2026, 5, 4)}, [event], zone=zone) is wanted


def test_since_entry_leaves_out_the_entry_event_itself() -> None:
    entry = Event(ago("1 day"), "b", "seen")
    before, same_moment, later = (
        Event(ago("1 day"), "a", "seen"),
        Event(ago("1 day"), "c", "seen"),
        Event(ago("2 hours"), "d", "seen"),
    )
    rule = {"did": "seen", "exactly": 2, "since_entry": True}
    assert holds(rule, [before, entry, same_moment, later], entry=entry)
    assert not holds({"did": "seen", "since_entry": True}, [later])


ITEMS = happened(
    "order_placed",
    items=[
        {"sku": "A1", "price": 60, "tags": ["new", "sale"]},
        {"sku": "B2", "price": 40, "tags": []},
    ],
    shipping={"country": "DE"},
    event_day="never",
)

WHERE: list[tuple[str, dict[str, Any], bool]] = [
    ("two conditions on one entry", {"items": {"sku": "A1", "price": {"at_least": 50}}}, True),
    ("that no single entry meets", {"items": {"sku": "B2", "price": {"at_least": 50}}}, False),
    ("dotted keys mean the same", {"items.sku": "B2", "items.price": {"at_least": 50}}, False),
    ("an entry of an entry's list", {"items.tags": {"contains": "sale"}, "items.sku": "A1"}, True),
    ("of another entry", {"items.tags": {"contains": "sale"}, "items.sku": "B2"}, False),
    ("a table", {"shipping": {"country": "DE"}}, True),
    ("a property named like ours wins", {"event_day": "never"}, True),
    ("our own hour", {"event_hour": 12}, True),
    ("our own weekday", {"event_weekday": "mon"}, True),
    ("below a plain value nothing is known", {"shipping.country.code": {"is_set": False}}, True),
    ("a list is no table", {"items": {"is": "A1"}}, False),
]


@pytest.mark.parametrize(
    ("where", "wanted"), [case[1:] for case in WHERE], ids=[c[0] for c in WHERE]
)
def test_conditions_on_properties(where: dict[str, Any], wanted: bool) -> None:
    assert holds({"did": "order_placed", "where": where}, [ITEMS]) is wanted


FIGURES: list[tuple[str, dict[str, Any], bool]] = [
    ("a total to the last cent", {"total_of": "order_placed.total", "is": 22.8}, True),
    ("at its edge", {"total_of": "order_placed.total", "at_least": 22.8}, True),
    ("over a window", {"total_of": "order_placed.total", "within": "2 days", "is": 0.3}, True),
    ("of nothing is nought", {"total_of": "order_paid.total", "is": 0}, True),
    ("nought is less than one", {"total_of": "order_paid.total", "less_than": 1}, True),
    ("of words is nought", {"total_of": "order_placed.sku", "is": 0}, True),
    ("an average", {"average_of": "order_placed.total", "is": 5.7}, True),
    ("of nothing is unknown", {"average_of": "order_paid.total", "less_than": 1}, False),
    ("unknown can be asked for", {"average_of": "order_paid.total", "is_set": False}, True),
    ("the smallest", {"smallest_of": "order_placed.total", "is": 0.1}, True),
    ("of nothing is unknown, too", {"smallest_of": "order_paid.total", "is_not": 1}, False),
    ("the largest reads numeric text", {"largest_of": "order_placed.total", "is": 12.5}, True),
    ("where", {"largest_of": "order_placed.total", "where": {"vip": True}, "is": 12.5}, True),
    ("distinct values", {"distinct_of": "order_placed.total", "is": 4}, True),
    ("unknown ones do not count", {"distinct_of": "order_placed.sku", "is": 1}, True),
    ("distinct of nothing is nought", {"distinct_of": "order_paid.sku", "at_most": 0}, True),
]


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in FIGURES], ids=[c[0] for c in FIGURES]
)
def test_a_figure_is_asked(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, ORDERS) is wanted


LISTS: list[tuple[str, dict[str, Any], bool]] = [
    ("every entry is summed", {"total_of": "order_placed.items.price", "is": 100}, True),
    (
        "where picks the entries",
        {"total_of": "order_placed.items.price", "where": {"items.sku": "B2"}, "is": 40},
        True,
    ),
    (
        "where beside the list",
        {"total_of": "order_placed.items.price", "where": {"shipping.country": "FR"}, "is": 0},
        True,
    ),
    ("distinct through two lists", {"distinct_of": "order_placed.items.tags", "is": 2}, True),
    ("the largest of the entries", {"largest_of": "order_placed.items.price", "is": 60}, True),
]


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in LISTS], ids=[c[0] for c in LISTS]
)
def test_a_figure_goes_into_lists(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule, [ITEMS]) is wanted


def test_equal_numbers_and_texts_are_one_distinct_value() -> None:
    same = [happened("seen", ago(f"{n} hours"), x=x) for n, x in enumerate([5, 5.0, "5", " 5.00"])]
    texts = [
        happened("seen", ago(f"{n} days"), x=x) for n, x in enumerate(["Zo\u00eb", "Zoe\u0308"])
    ]
    assert holds({"distinct_of": "seen.x", "is": 1}, same)
    assert holds({"distinct_of": "seen.x", "is": 2}, [*same, *texts])


def test_sums_do_not_depend_on_the_order_of_the_events() -> None:
    amounts = [1e16, 0.1, -1e16, 0.2]
    rule = read_rule({"total_of": "seen.x", "is": 0.3})
    for turn in range(4):
        turned = amounts[turn:] + amounts[:turn]
        events = [happened("seen", ago(f"{n} hours"), x=x) for n, x in enumerate(turned)]
        assert rule.matches(view(events))


def test_why_tells_what_was_seen() -> None:
    seen: View = view(ORDERS)
    count = read_rule({"did": "order_placed", "at_least": 3, "within": "30 days"}).why(seen)
    assert (count.holds, count.saw, count.until) == (
        True,
        "3",
        ago("20 days") + (NOW - ago("30 days")),
    )
    unknown = read_rule({"average_of": "order_paid.total", "at_least": 1}).why(seen)
    assert (unknown.holds, unknown.saw) == (False, "unknown")
