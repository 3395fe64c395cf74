"""What ends an enrollment before its time, and what becomes of its letters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, play, settings, shop, step

WEEK = step(more='after = "7 days"')


def on(at: str, name: str = "a", **more: Any) -> dict[str, Any]:
    """An event in May 2026, by day and time in UTC: "04 10:00"."""
    number, _, time = at.partition(" ")
    return event(f"2026-05-{number}T{time}:00", name, **more)


def two(first: str, second: str) -> str:
    return step("one", first) + step("two", second)


def check(folder: Path, text: str, lines: Sequence[dict[str, Any]], told: str, **more: Any) -> None:
    """Compare a flow's decisions, without entering and finishing, with lines of text."""
    catalog = shop({"f": text}, more.pop("segments", None), more.pop("said", ""))
    found = play(folder, catalog, lines, **more).told(but=("entered", "finished"))
    wanted = [one.strip() for one in told.split(",") if one.strip()]
    assert sorted(one[3:] for one in found) == sorted(wanted)


EXIT: dict[str, tuple[str, list[tuple[str, str, dict[str, Any]]], str]] = {
    "an exit event ends it": (
        'when = "b"',
        [("05 10:00", "b", {})],
        "05 10:00 left b, 05 10:00 left b",
    ),
    "another does not": (
        'when = "b"',
        [("05 10:00", "c", {})],
        "11 10:00 sent hello, 11 10:00 sent hello",
    ),
    "matching the key it ends that one": (
        'when = "b"',
        [("05 10:00", "b", {"k": 1})],
        "05 10:00 left b, 11 10:00 sent hello",
    ),
    "matching one part of two": (
        'when = "b"',
        [("05 10:00", "b", {"m": "y"})],
        "05 10:00 left b, 11 10:00 sent hello",
    ),
    "parts must all match that are there": (
        'when = "b"',
        [("05 10:00", "b", {"k": 1, "m": "y"})],
        "11 10:00 sent hello, 11 10:00 sent hello",
    ),
    "carrying no part it ends them all": (
        'when = "b"',
        [("05 10:00", "b", {"z": 1})],
        "05 10:00 left b, 05 10:00 left b",
    ),
    "an empty part is not carried": (
        'when = "b"',
        [("05 10:00", "b", {"k": ""})],
        "05 10:00 left b, 05 10:00 left b",
    ),
    "text and number are one key": (
        'when = "b"',
        [("05 10:00", "b", {"k": "1"})],
        "05 10:00 left b, 11 10:00 sent hello",
    ),
    "a beginning of names": (
        'when = "order_*"',
        [("05 10:00", "order_placed", {})],
        "05 10:00 left order_placed, 05 10:00 left order_placed",
    ),
    "a rule is asked when facts change": (
        'if = { did = "b", since_entry = true }',
        [("05 10:00", "b", {})],
        "05 10:00 left if, 05 10:00 left if",
    ),
    "a rule is asked before a deed": (
        'if = { known_for = "9 days" }',
        [],
        "11 10:00 sent hello, 11 10:00 sent hello",
    ),
    "since_entry leaves out what was before": (
        'if = { did = "c", since_entry = true }',
        [],
        "11 10:00 sent hello, 11 10:00 sent hello",
    ),
}


@pytest.mark.parametrize("case", EXIT)
def test_leaving(tmp_path: Path, case: str) -> None:
    rule, happened, told = EXIT[case]
    lines = [on("03 10:00", "c"), on("04 10:00", k=1, m="x"), on("04 10:00", k=2, m="y", id="2")]
    lines += [on(at, name, **properties) for at, name, properties in happened]
    text = flow('when = "a"\nper = ["k", "m"]', f"[exit]\n{rule}", WEEK)
    check(tmp_path, text, lines, told)


def test_a_rule_that_time_turned_is_asked_before_the_deed(tmp_path: Path) -> None:
    text = flow('when = "a"', '[exit]\nif = { known_for = "5 days" }', WEEK)
    check(tmp_path, text, [on("04 10:00")], "11 10:00 left if")


def test_a_rule_that_holds_at_entry_lets_in_and_out_again_unsent(tmp_path: Path) -> None:
    text = flow('when = "a"', '[exit]\nif = { did = "a" }', step())
    check(tmp_path, text, [on("04 10:00")], "04 10:00 left if")


def test_an_exit_event_older_than_the_entry_does_not_end_it(tmp_path: Path) -> None:
    text = flow('when = "a"', '[exit]\nwhen = "b"', step(more='after = "1 hour"'))
    late = on("04 09:00", "b", received_at="2026-05-04T10:30:00")
    check(tmp_path, text, [on("04 10:00"), late], "04 11:00 sent hello")


def test_one_event_may_end_and_begin(tmp_path: Path) -> None:
    text = flow('when = "a"\nper = "k"', '[exit]\nwhen = "a"', WEEK)
    lines = [on("04 10:00", k=1), on("05 10:00", k=1)]
    check(tmp_path, text, lines, "05 10:00 left a, 05 10:00 not_entered again")


def test_leaving_calls_off_a_letter_that_waits(tmp_path: Path) -> None:
    more = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "2 days"'
    text = flow('when = "a"\nagain = "always"', '[exit]\nwhen = "b"', step())
    lines = [on("04 10:00"), on("05 10:00"), on("05 12:00", "b")]
    told = "04 10:00 sent hello, 05 10:00 held hello capped, 05 12:00 left b"
    found = play(tmp_path, shop({"f": text}, said=settings(more)), lines)
    told_without = [one[3:] for one in found.told(but=("entered", "finished", "dropped"))]
    assert sorted(told_without) == sorted(one.strip() for one in told.split(","))


def test_a_held_letter_asks_the_exit_rule_again_before_it_goes(tmp_path: Path) -> None:
    """Time alone turned the rule while a cap held the letter: its going is the deed."""
    more = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "2 days"'
    text = flow('when = "a"\nagain = "always"', '[exit]\nif = { known_for = "2 days" }', step())
    lines = [on("04 10:00"), on("05 10:00")]
    told = "04 10:00 sent hello, 05 10:00 held hello capped, 06 10:00 dropped hello left, "
    check(tmp_path, text, lines, told + "06 10:00 left if", said=settings(more))
