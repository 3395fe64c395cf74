"""Leaves on how a customer stands, and the branches above all leaves."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.rule.read import read_rule
from tests.core.rule.asking import MICRO, ago, happened, holds, view

YES, NO = {"everyone": True}, {"not": {"everyone": True}}

BRANCHES: list[tuple[str, dict[str, Any], bool]] = [
    ("all of two that hold", {"all": [YES, YES]}, True),
    ("all, and one does not", {"all": [YES, NO]}, False),
    ("any, and one does", {"any": [NO, YES]}, True),
    ("any of none that hold", {"any": [NO, NO]}, False),
    ("none of them", {"none": [NO, NO]}, True),
    ("none, and one does", {"none": [NO, YES]}, False),
    ("not", {"not": NO}, True),
    ("side by side each must hold", {"any": [YES], "none": [YES]}, False),
    ("side by side, and each does", {"all": [YES], "any": [YES], "none": [NO], "not": NO}, True),
]


@pytest.mark.parametrize(
    ("rule", "wanted"), [case[1:] for case in BRANCHES], ids=[c[0] for c in BRANCHES]
)
def test_a_branch_holds(rule: dict[str, Any], wanted: bool) -> None:
    assert holds(rule) is wanted


def test_in_segment_asks_the_segments_rule_at_this_moment() -> None:
    segments = {
        "buyers": {"did": "order_placed"},
        "vips": {"all": [{"in_segment": "buyers"}, {"customer": "vip", "is": True}]},
    }
    order = [happened("order_placed")]
    vip = {"vip": True}
    assert holds({"in_segment": "vips"}, order, attributes=vip, segments=segments)
    assert not holds({"in_segment": "vips"}, [], attributes=vip, segments=segments)
    assert not holds({"in_segment": "elsewhere"}, order, segments=segments)


def test_a_segment_does_not_see_the_entry_event() -> None:
    segments = {"a1": {"event": "sku", "is": "A1"}}
    entry = happened("cart_updated", sku="A1")
    assert holds({"event": "sku", "is": "A1"}, entry=entry)
    assert not holds({"in_segment": "a1"}, entry=entry, segments=segments)


def test_agreed_to_wants_a_yes_that_was_not_taken_back() -> None:
    rule = {"agreed_to": "news"}
    assert holds(rule, consents={"news": True})
    assert not holds(rule, consents={"news": False})
    assert not holds(rule, consents={"offers": True})


def test_suppressed_looks_at_the_address() -> None:
    assert holds({"suppressed": True}, suppressed="bounced")
    assert not holds({"suppressed": True})


def test_known_for_holds_from_the_instant_the_tenure_is_reached() -> None:
    rule = {"known_for": "30 days"}
    assert holds(rule, known_since=ago("30 days"))
    assert not holds(rule, known_since=ago("30 days", MICRO))
    assert not holds(rule)
    since = ago("30 days", MICRO)
    assert read_rule(rule).may_turn_at(view(known_since=since)) == since + (
        ago("0 days") - ago("30 days")
    )


def test_a_random_share_is_the_same_each_time_and_about_as_large_as_said() -> None:
    rule = {"random_percent": 30, "seed": "x"}
    chosen = {n for n in range(1000) if holds(rule, customer_id=f"c{n}")}
    assert chosen == {n for n in range(1000) if holds(rule, customer_id=f"c{n}")}
    assert 250 < len(chosen) < 350
    other = {n for n in range(1000) if holds({**rule, "seed": "y"}, customer_id=f"c{n}")}
    assert chosen != other
    assert not any(holds({**rule, "random_percent": 0}, customer_id=f"c{n}") for n in range(100))
    assert all(holds({**rule, "random_percent": 100}, customer_id=f"c{n}") for n in range(100))
    larger = {n for n in range(1000) if holds({**rule, "random_percent": 40}, customer_id=f"c{n}")}
    assert chosen <= larger
