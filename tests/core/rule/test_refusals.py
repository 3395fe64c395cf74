"""Rules that say nothing, or two things at once, are refused at the key that is at fault."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import MAX_DEPTH, read_rule
from lifecycle.core.words import PATH_DEPTH

DEEP = ".".join("a" * (PATH_DEPTH + 1))
DID: dict[str, Any] = {"did": "a"}
SHARE: dict[str, Any] = {"share": {"did": "a"}, "of": {"did": "b"}}


def nested(depth: int) -> dict[str, Any]:
    """A rule under so many `not`."""
    return DID if depth == 1 else {"not": nested(depth - 1)}


def tables(depth: int) -> Any:
    """Conditions so many tables deep."""
    return 1 if depth == 0 else {"a": tables(depth - 1)}


REFUSED: list[tuple[str, dict[str, Any], tuple[str | int, ...], str]] = [
    ("a window of 0", {**DID, "within": "0 days"}, ("within",), "holds nothing"),
    ("nought times a length", {**DID, "within": "0 x gap"}, ("within",), "holds nothing"),
    ("no times", {**DID, "within": "x gap"}, ("within",), "is not a length"),
    ("times nothing", {**DID, "within": "1.5 x "}, ("within",), "not a length of the person"),
    ("times points", {**DID, "within": "2 x points.balance"}, ("within",), "no number of days"),
    ("an empty part of it", {**DID, "within": "2 x a..b"}, ("within",), "empty part"),
    ("edges that meet", {**DID, "between": ["1 day ago", "1 day ago"]}, ("between",),
     "lies further back"),
    ("own edges the wrong way", {**DID, "between": ["1 x gap ago", "1.5 x gap ago"]}, ("between",),
     "lies further back"),
    ("two windows", {**DID, "within": "1 day", "between": ["2 days ago", "1 day ago"]},
     ("between",), "two windows"),
    ("before and since", {**DID, "since_entry": True, "before_entry": True}, ("before_entry",),
     "two windows"),
    ("not before", {**DID, "before_entry": False}, ("before_entry",), "takes true"),
    ("no such stretch", {**DID, "during": "this weak"}, ("during",), "no stretch"),
    ("a stretch in a list", {**DID, "during": ["today"]}, ("during",), "no stretch"),
    ("a * in the middle", {"did": "a*b"}, ("did",), "stands at the end alone"),
    ("a * alone", {"first": "*"}, ("first",), "stands at the end alone"),
    ("two at the end", {"sequence": ["a", "b**"]}, ("sequence",), "stands at the end alone"),
    ("a * in what follows", {**DID, "not_followed_by": "*b"}, ("not_followed_by",), "at the end"),
    ("a * in a figure", {"total_of": "order_*.total", "is": 1}, ("total_of",), "without *"),
    ("a * for a property", {"total_of": "order.*", "is": 1}, ("total_of",), "without *"),
    ("a figure of no property", {"total_of": "order", "is": 1}, ("total_of",), "and a property"),
    ("an empty part", {"customer": "a..b", "is": 1}, ("customer",), "empty part"),
    ("an empty part in where", {**DID, "where": {"a.": 1}}, ("where", "a."), "empty part"),
    ("an empty part in has", {"last": "a", "has": {".a": 1}}, ("has", ".a"), "empty part"),
    ("a deep path", {"customer": DEEP, "is": 1}, ("customer",), "deeper than 16"),
    ("deep tables", {**DID, "where": tables(17)}, ("where", *["a"] * 17), "deeper than 16"),
    ("has says nothing", {"last": "a", "has": {}}, ("has",), "says nothing"),
    ("has is no table", {"last": "a", "has": "b"}, ("has",), "takes a table"),
    ("has beside did", {**DID, "has": {"a": 1}}, ("has",), "does not belong"),
    ("no such comparison", {"last": "a", "has": {"b": {"is": 1, "at_lest": 2}}},
     ("has", "b", "at_lest"), "no comparison"),
    ("a slip of one", {**DID, "where": {"b": {"at_lest": 2}}}, ("where", "b", "at_lest"),
     "no comparison"),
    ("a slip after a dot", {**DID, "where": {"b.c": {"contain": "x"}}}, ("where", "b.c", "contain"),
     "no comparison"),
    ("a time of day", {"customer": "a", "is": time(9)}, ("is",), "as text"),
    ("a time of day in where", {**DID, "where": {"b": time(9)}}, ("where", "b", "is"), "as text"),
    ("a share of what", {"share": {"did": "a"}, "is": 1}, ("share",), "does not say of what"),
    ("a share compared with nothing", SHARE, (), "not compared with anything"),
    ("its own window", {**SHARE, "share": {"did": "a", "within": "1 day"}, "is": 1},
     ("share", "within"), "stands beside"),
    ("its own bound", {**SHARE, "of": {"did": "a", "at_least": 1}, "is": 1},
     ("of", "at_least"), "stands beside"),
    ("a share of text", {**SHARE, "of": "a", "is": 1}, ("of",), "one count or figure"),
    ("two figures", {**SHARE, "of": {"did": "a", "total_of": "a.b"}, "is": 1}, ("of",),
     "one count or figure"),
    ("no count there", {**SHARE, "of": {"customer": "a"}, "is": 1}, ("of",), "count or figure"),
    ("an unknown key in it", {**SHARE, "of": {"did": "a", "wher": {}}, "is": 1}, ("of", "wher"),
     "does not belong"),
    ("a * in it", {**SHARE, "of": {"did": "*a"}, "is": 1}, ("of", "did"), "at the end"),
    ("a sequence of one", {"sequence": ["a"]}, ("sequence",), "2 to 20"),
    ("a sequence of too many", {"sequence": ["a"] * 21}, ("sequence",), "2 to 20"),
    ("a sequence of text", {"sequence": "a"}, ("sequence",), "2 to 20"),
    ("a list in a sequence", {"sequence": ["a", ["b"]]}, ("sequence",), "is text"),
    ("inside nothing", {"sequence": ["a", "b"], "inside": "0 days"}, ("inside",), "holds nothing"),
    ("inside a month", {"sequence": ["a", "b"], "inside": "1 month"}, ("inside",), "months"),
    ("the same number", {"sequence": ["a", "b"], "same": 1}, ("same",), "takes a property"),
    ("the same nothing", {"sequence": ["a", "b"], "same": "a."}, ("same",), "empty part"),
    ("without a number", {"sequence": ["a", "b"], "without": 5}, ("without",), "is text"),
    ("the same as what", {**DID, "same": "a"}, ("same",), "stands beside"),
    ("followed by nothing", {**DID, "not_followed_by": []}, ("not_followed_by",), "no event"),
    ("two leaves", {"first": "a", "did": "a"}, (), "two leaves"),
    ("a where of a sequence", {"sequence": ["a", "b"], "where": {"a": 1}}, ("where",), "belong"),
    ("too deep", nested(MAX_DEPTH + 1), ("not",) * 16, "nest to depth 16"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["container", "island", "beforehand", "settings", "contents"])
def test_a_property_that_merely_sounds_like_a_comparison_may_be_asked(name: str) -> None:
    assert read_rule({**DID, "where": {"a": {name: 1}}}) == read_rule(
        {**DID, "where": {f"a.{name}": 1}}
    )


@pytest.mark.parametrize("raw", [case[1] for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_whoever_is_refused_is_told_what_to_write(raw: dict[str, Any]) -> None:
    assert all(hint for _, _, hint in problems(raw))


def problems(raw: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str, str]]:
    """What a rule is refused for, each with its place and hint."""
    with pytest.raises(RuleRefused) as found:
        read_rule(raw)
    return [(one.place, one.problem, one.hint) for one in found.value.problems]


@pytest.mark.parametrize(
    ("raw", "place", "words"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_rule_is_refused_at_its_fault(
    raw: dict[str, Any], place: tuple[str | int, ...], words: str
) -> None:
    found = problems(raw)
    assert any(at == place and words in problem for at, problem, _ in found), found


NEAREST: list[tuple[dict[str, Any], str]] = [
    ({"sequence": ["a", "b"], "insde": "1 day"}, "inside"),
    ({"did": "a", "not_folowed_by": "b"}, "not_followed_by"),
    ({"first": "a", "haz": {"b": 1}}, "has"),
    ({"frist": "a"}, "first"),
    ({"sequnce": ["a", "b"]}, "sequence"),
    ({"did": "a", "befor_entry": True}, "before_entry"),
    ({"did": "a", "during": "last wek"}, "last week"),
    ({"did": "a", "where": {"b": {"is": 1, "at_lest": 2}}}, "at_least"),
]


@pytest.mark.parametrize(("raw", "near"), NEAREST, ids=[near for _, near in NEAREST])
def test_the_nearest_known_word_is_told(raw: dict[str, Any], near: str) -> None:
    assert any(f"did you mean `{near}`" in hint or f"did you mean “{near}”" in hint
               for _, _, hint in problems(raw))  # fmt: skip


def test_every_fault_is_told_at_once() -> None:
    places = [place for place, _, _ in problems({
        "all": [
            {"sequence": ["a", "b"], "inside": "0 days", "same": 1, "without": "*"},
            {"share": {"did": "*a"}, "of": {"total_of": "b"}, "within": "0 days"},
        ]
    })]  # fmt: skip
    assert places == [
        *[("all", 0, key) for key in ("without", "inside", "same")],
        ("all", 1, "within"),
        ("all", 1),
        ("all", 1, "share", "did"),
        ("all", 1, "of", "total_of"),
    ]


@pytest.mark.parametrize("raw", [case[1] for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_is_to_be_written_may_be_copied(raw: dict[str, Any]) -> None:
    assert not any("= “" in hint or "[“" in hint for _, _, hint in problems(raw))
