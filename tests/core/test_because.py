"""The leaves that decide: those that had no part in the answer are left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.because import MOST_LEAVES, because
from lifecycle.core.facts import Facts
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View

NOW = datetime(2026, 3, 2, tzinfo=UTC)
YES: dict[str, Any] = {"customer": "plan", "is": "pro"}
NO: dict[str, Any] = {"customer": "age", "at_least": 18}
HELD, FAILED = "customer plan is pro", "customer age at_least 18"


def view() -> View:
    """A customer of twelve with a plan."""
    facts = Facts("c1", NOW, ZoneInfo("UTC"), attributes={"age": 12, "plan": "pro"})
    return View(facts, NOW, {"adults": read_rule(NO)})


@pytest.mark.parametrize(
    ("rule", "leaves"),
    [
        (NO, [FAILED]),
        ({"all": [YES, NO]}, [FAILED]),
        ({"all": [YES, YES]}, [HELD, HELD]),
        ({"any": [YES, NO]}, [HELD]),
        ({"any": [NO, NO]}, [FAILED, FAILED]),
        ({"none": [YES, NO]}, [HELD]),
        ({"not": NO}, [FAILED]),
        ({"all": [{"any": [NO, YES]}, {"not": YES}]}, [HELD]),
        ({"all": [{"in_segment": "adults"}, YES]}, ["in segment adults"]),
    ],
)
def test_only_the_leaves_that_decide_are_told(rule: Any, leaves: list[str]) -> None:
    assert [one.asks for one in because(read_rule(rule), view())] == leaves


def test_a_leaf_tells_what_it_saw() -> None:
    (leaf,) = because(read_rule(NO), view(), "only_if")
    assert (leaf.of, leaf.holds, leaf.saw) == ("only_if", False, "12")
    assert leaf.words() == "“customer age at_least 18” does not hold, it saw 12"


def test_a_segment_tells_its_own_leaves() -> None:
    (leaf,) = because(read_rule({"in_segment": "adults"}), view())
    assert leaf.saw == "“customer age at_least 18” does not hold, it saw 12"


def test_a_long_rule_is_told_in_part() -> None:
    assert len(because(read_rule({"any": [NO] * 50}), view())) == MOST_LEAVES
