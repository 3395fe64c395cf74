"""What a change does to people, and what a pause held, in sentences for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

DAY = "%-d %B %Y"
Tense = Literal["would", "did", "does"]


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its word: 1 letter, 2 letters, 1,200 letters."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def caught_up(resumed: Mapping[str, Any]) -> Iterator[str]:
    """What becomes of what a pause held."""
    letters, dropped, deeds = resumed["letters"], resumed["superseded"], resumed["deeds"]
    over = f"over {resumed['minutes']:.0f} minutes" if resumed["minutes"] >= 1 else "at once"
    if letters:
        yield f"{counted(letters, 'letter')} that the pause held {_go(letters)} {over}."
        yield "Whichever is stale by then is dropped."
    if dropped:
        yield (
            f"{counted(dropped, 'earlier letter')} {'is' if dropped == 1 else 'are'} dropped: "
            "of several for one enrollment the latest goes."
        )
    if deeds:
        yield f"{counted(deeds, 'other step')} that it held {_go(deeds, 'come')} {over}."


def _go(number: int, verb: str = "go") -> str:
    singular = {"go": "goes", "come": "comes", "move": "moves", "wait": "waits"}
    return singular[verb] if number == 1 else verb


def people_lines(
    found: Sequence[Mapping[str, Any]], tense: Tense, moving: Collection[str] = ()
) -> Iterator[str]:
    """What becomes of the people in each campaign that changes.

    `moving` are the campaigns whose people are moved at this moment, in the background.
    """
    for name in sorted({one["campaign"] for one in found}):
        mine = [one for one in found if one["campaign"] == name and one["changed"]]
        under_way = sum(one["count"] for one in mine)
        if under_way:
            yield f"{name}: {counted(under_way, 'enrollment')} under way"
        for one in mine:
            yield f"  {_group(one, 'does' if name in moving else tense)}"


_MOVE = {"would": "would move", "did": "moved", "does": "are being moved"}
_LEAVE = {"would": "would leave", "did": "left", "does": "are being let go"}


def _group(one: Mapping[str, Any], tense: Tense) -> str:
    at = f"at “{one['step']}”" if one["step"] else "with letters still out"
    who, many = f"{one['count']:,} {at}", one["count"] != 1
    if one["what"] == "moves":
        due = one["due_at_once"]
        now = f"; {due:,} of them would be due at once, spread over time" if due else ""
        return f"{who} {_MOVE[tense]} to “{one['to']}”{now}"
    if one["what"] == "stays":
        verb = "would finish" if tense == "would" else "finish" if many else "finishes"
        return f"{who} {verb} {_version(one)}"
    if one["what"] == "leaves":
        return f"{who} {_LEAVE[tense]}"
    if one["what"] == "stops":
        how = "would leave" if tense == "would" else "leave"
        return f"{who} {how} at their next step: the campaign is over"
    return f"{who}: the step would be gone, and nothing says what becomes of them"


def _version(one: Mapping[str, Any]) -> str:
    from datetime import datetime

    until = one["live_until"]
    if until is None:
        return "the version before this change"
    moment = until if isinstance(until, datetime) else datetime.fromisoformat(until)
    return f"the version that was live until {moment.strftime(DAY)}"


def ways_out() -> list[str]:
    """What can be said of people at a step that is taken out."""
    return [
        'was = "old step" on the step that takes its place: they go on there',
        '[migrate] old_step = "new_step", { stay = true } or { leave = true }',
        "lifecycle apply --keep-waiting: they finish the version that they entered under",
        "lifecycle apply --let-go: their enrollments end",
    ]
