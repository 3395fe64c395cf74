"""A rule explained: each part, what it saw, and the exact instant at which it turns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.read import read_rule
from lifecycle.insight.explained import Explained, explain
from tests.core.rule.asking import NOW, ago, happened, view

DAY = timedelta(days=1)
ORDERS = [happened("order_placed", ago("29 days")), happened("order_placed", ago("9 days"))]


def told(raw: Any, events: Any = ORDERS, segments: Any = None, **known: Any) -> Explained:
    seen = view(events, **known)
    named = {name: read_rule(one) for name, one in (segments or {}).items()}
    return explain(read_rule(raw), seen.facts, named, NOW, None)


def test_a_leaf_tells_the_instant_at_which_it_turns_not_that_of_its_next_wake_up() -> None:
    found = told({"did": ["order_placed", "x"], "at_least": 1, "within": "30 days"})
    assert (found.holds, found.until, found.exact) == (True, NOW + 21 * DAY, True)
    found = told({"did": "order_placed", "at_least": 2, "within": "30 days"})
    assert (found.holds, found.until) == (True, NOW + DAY)
    found = told({"did": "order_placed", "within": "7 days"})
    assert (found.holds, found.until, found.exact) == (False, None, True)


def test_each_part_of_a_tree_has_its_own_answer() -> None:
    found = told(
        {
            "all": [{"known_for": "3 days"}, {"in_segment": "quiet"}],
            "none": [{"customer": "country", "is": "DE"}],
        },
        segments={"quiet": {"not": {"did": "order_placed", "within": "8 days"}}},
        known_since=ago("1 day"),
        attributes={"country": "AT"},
    )
    both, none = found.parts
    tenure, quiet = both.parts
    assert (found.holds, found.until) == (False, NOW + 2 * DAY)
    assert (tenure.holds, tenure.until, tenure.exact) == (False, NOW + 2 * DAY, True)
    assert (quiet.asks, quiet.holds, quiet.until) == ("in segment quiet", True, None)
    assert quiet.parts[0].parts[0].saw == "0"
    assert (none.parts[0].saw, none.parts[0].holds) == ("AT", False)


def test_a_listed_customer_is_told_so() -> None:
    found = explain(Listed(frozenset({"c1"})), view().facts, {}, NOW, None)
    assert (found.asks, found.holds, found.until) == ("named in [members] include", True, None)
