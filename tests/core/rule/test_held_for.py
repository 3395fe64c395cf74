"""`held_for`: an attribute has compared so, without a break, for at least so long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from tests.core.rule.asking import MICRO, NOW, ago, holds, view

GOLD = {"customer": "plan", "is": "gold", "held_for": "3 days"}
Past = tuple[tuple[datetime, Any], ...]


def was(*told: tuple[str, Any]) -> Past:
    """The timeline: so long ago, such a value."""
    return tuple((ago(when), value) for when, value in told)


LONG = (("9 days", "gold"),)
CASES: list[tuple[str, dict[str, Any], tuple[tuple[str, Any], ...], bool]] = [
    ("long enough", {"is": "gold"}, LONG, True),
    ("exactly long enough", {"is": "gold"}, (("3 days", "gold"),), True),
    ("not yet", {"is": "gold"}, (("2 days", "gold"),), False),
    ("not so now", {"is": "gold"}, (*LONG, ("1 day", "free")), False),
    ("never said", {"is": "gold"}, (), False),
    ("broken by another", {"is": "gold"}, (*LONG, ("2 days", "free"), ("1 day", "gold")), False),
    ("broken by unknown", {"is": "gold"}, (*LONG, ("2 days", None), ("1 day", "gold")), False),
    ("broken long ago", {"is": "gold"}, (*LONG, ("8 days", "x"), ("7 days", "gold")), True),
    ("said again", {"is": "gold"}, (*LONG, ("2 days", "gold"), ("1 day", "gold")), True),
    ("another that compares so too", {"is_one_of": ["gold", "x"]}, (*LONG, ("1 day", "x")), True),
    ("numbers by number", {"is": 5}, (("9 days", "5"), ("1 day", 5.0)), True),
    ("at least, while it grows", {"at_least": 5}, (("9 days", 5), ("1 day", 7)), True),
    ("at least, since it grew", {"at_least": 6}, (("9 days", 5), ("1 day", 7)), False),
    ("unknown, since it was taken away", {"is_set": False}, (*LONG, ("4 days", None)), True),
    ("unknown, and not for long", {"is_set": False}, (*LONG, ("2 days", None)), False),
    ("empty text is unknown", {"is_set": False}, (*LONG, ("4 days", "")), True),
    ("not, and unknown breaks it", {"is_not": "x"}, (*LONG, ("2 days", ""), ("1 day", "y")), False),
    ("several at once", {"at_least": 5, "at_most": 9}, (("9 days", 6), ("1 day", 9)), True),
    ("a list holds it", {"contains": "a"}, (("9 days", ["a"]), ("1 day", ["b", "a"])), True),
]


@pytest.mark.parametrize(
    ("word", "past", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_it_has_been_so(
    word: dict[str, Any], past: tuple[tuple[str, Any], ...], wanted: bool
) -> None:
    rule = {"customer": "plan", "held_for": "3 days", **word}
    assert holds(rule, past={"plan": was(*past)}) is wanted


def test_a_path_below_is_read_off_what_stands_at_the_top() -> None:
    past = {"home": was(("9 days", {"country": "DE"}), ("1 day", {"country": "DE", "city": "X"}))}
    rule = {"customer": "home.country", "is": "DE", "held_for": "3 days"}
    assert holds(rule, past=past)
    assert not holds({**rule, "customer": "home.city", "is": "X"}, past=past)


def test_it_turns_at_the_instant_it_has_been_so_for_long_enough() -> None:
    rule = read_rule(GOLD)
    seen = view(past={"plan": was(("1 day", "gold"))})
    assert rule.may_turn_at(seen) == NOW + timedelta(days=2)
    assert not rule.matches(View(seen.facts, NOW + timedelta(days=2) - MICRO))
    assert rule.matches(View(seen.facts, NOW + timedelta(days=2)))
    assert rule.may_turn_at(View(seen.facts, NOW + timedelta(days=2))) is None
    for past in ((), was(("1 day", "free")), was(("9 days", "gold"))):
        assert rule.may_turn_at(view(past={"plan": past})) is None


def test_nothing_was_known_from_the_day_on_that_the_customer_was() -> None:
    rule = {"customer": "phone", "is_set": False, "held_for": "3 days"}
    assert holds(rule, known_since=ago("3 days"))
    assert not holds(rule, known_since=ago("2 days"))
    assert not holds(rule)
    late = {"phone": was(("1 day", None))}
    assert holds(rule, known_since=ago("4 days"), past=late)
    said = {"phone": was(("4 days", "1"), ("2 days", None))}
    assert not holds(rule, known_since=ago("9 days"), past=said)


def test_the_id_has_been_so_all_along() -> None:
    rule = {"customer": "id", "is": "c1", "held_for": "3 days"}
    assert holds(rule, known_since=ago("3 days"))
    assert not holds(rule, known_since=ago("3 days", MICRO))


def test_it_says_whose_past_it_reads() -> None:
    needs = read_rule({"customer": "home.city", "is": "X", "held_for": "2 x gap"}).needs()
    assert needs.past == {"home"}
    assert needs.attributes == {("home", "city"), ("gap",)}
    language = read_rule({"customer": "language", "is": "de", "held_for": "1 day"})
    assert language.needs().past == {"language", "locale"}


def test_why_says_since_when() -> None:
    past = was(("1 day", "gold"))
    told = read_rule(GOLD).why(view(past={"plan": past}, attributes={"plan": "gold"}))
    assert told.asks == "customer plan is gold, held for 3 days"
    assert told.saw == "gold, so since 2026-05-03T12:00:00Z"
    assert (told.holds, told.until) == (False, NOW + timedelta(days=2))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"customer": "seen", "within_last": "9 days", "held_for": "3 days"}, "time alone turns"),
        ({"customer": "seen", "within_next": "9 days", "held_for": "3 days"}, "time alone turns"),
        (
            {"customer": "born", "anniversary_within_next": "9 days", "held_for": "3 days"},
            "time alone turns",
        ),
        ({"customer": "points.balance", "at_least": 5, "held_for": "3 days"}, "keeps no past"),
        ({"customer": "orders.count", "at_least": 5, "held_for": "3 days"}, "keeps no past"),
        ({"customer": "rfm", "is_set": True, "held_for": "3 days"}, "keeps no past"),
        ({"event": "plan", "is": "gold", "held_for": "3 days"}, "does not belong beside `event`"),
        ({"did": "a", "where": {"x": {"is": 1, "held_for": "1 day"}}}, "is no comparison"),
        ({"customer": "plan", "held_for": "3 days"}, "not compared with anything"),
        ({"customer": "plan", "is": "gold", "held_for": "3 months"}, "months and years"),
        ({"customer": "plan", "is": "gold", "held_for": "0 days"}, "no length"),
    ],
)
def test_it_is_refused_in_words(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleRefused, match=said):
        read_rule(rule)


def test_what_the_shop_keeps_under_an_engines_name_has_a_past() -> None:
    rule = {"customer": "orders.colour", "is": "red", "held_for": "3 days"}
    assert holds(rule, past={"orders": was(("9 days", {"colour": "red"}))})


def test_what_a_hook_gives_has_no_past() -> None:
    for word in ({"is": 5}, {"is_set": False}, {"is_not": 6}):
        rule = {"customer": "score", "held_for": "3 days", **word}
        assert not holds(rule, known_since=ago("9 days"), computed=lambda name: 5)
