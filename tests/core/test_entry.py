"""Who is let into a flow, under which key, how often, and what is told of those who are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, play, shop, step

HOUR = step(more='after = "1 hour"')
WEEK = step(more='after = "7 days"')
TWO = step("one") + step("two", 'after = "2 hours"')


def a(at: str, **more: Any) -> dict[str, Any]:
    """An event `a` on a day of May 2026: "04 10:00"."""
    return named("a", at, **more)


def named(name: str, at: str, **more: Any) -> dict[str, Any]:
    if "received_at" in more:
        more["received_at"] = day(more["received_at"])
    return event(day(at), name, **more)


def day(at: str) -> str:
    number, _, time = at.partition(" ")
    return f"2026-05-{number}T{time}" + ("" if time.count(":") == 2 else ":00")


CASES: dict[str, tuple[str, Sequence[dict[str, Any]], str]] = {
    # again
    "without `per`, `again` unsaid is never": (
        flow('when = "a"'),
        [a("04 10:00"), a("05 10:00")],
        "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished, 05 10:00 not_entered again",
    ),
    "with `per`, `again` unsaid is once per key": (
        flow('when = "a"\nper = "k"'),
        [a("04 10:00", k=1), a("05 10:00", k=2), a("06 10:00", k=1)],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            "05 10:00 entered, 05 10:00 sent hello, 05 10:00 finished, 06 10:00 not_entered again"
        ),
    ),
    "once per key counts entries that left without a letter": (
        flow('when = "a"\nper = "k"', '[exit]\nwhen = "b"', HOUR),
        [a("04 10:00", k=1), named("b", "04 10:30"), a("05 10:00", k=1)],
        "04 10:00 entered, 04 10:30 left b, 05 10:00 not_entered again",
    ),
    "always lets in as often as it happens": (
        flow('when = "a"\nagain = "always"'),
        [a("04 10:00"), a("04 10:01")],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            "04 10:01 entered, 04 10:01 sent hello, 04 10:01 finished"
        ),
    ),
    "after 2 days: exactly two days later is long enough": (
        flow('when = "a"\nagain = "after 2 days"'),
        [a("04 10:00"), a("06 09:59:59"), a("06 10:00")],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            " 06 09:59:59 not_entered again,"
            "06 10:00 entered, 06 10:00 sent hello, 06 10:00 finished"
        ),
    ),
    "after 2 days looks at entries under any key": (
        flow('when = "a"\nper = "k"\nagain = "after 2 days"'),
        [a("04 10:00", k=1), a("05 10:00", k=2), a("06 10:00", k=1)],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished, 05 10:00 not_entered again,"
            "06 10:00 entered, 06 10:00 sent hello, 06 10:00 finished"
        ),
    ),
    "after 2 days passes over entries that led to no letter": (
        flow('when = "a"\nper = "k"\nagain = "after 2 days"', '[exit]\nwhen = "b"', HOUR),
        [a("04 10:00", k=1), named("b", "04 10:30", k=1), a("04 11:00", k=2)],
        (
            "04 10:00 entered, 04 10:30 left b, 04 11:00 entered,"
            "04 12:00 sent hello, 04 12:00 finished"
        ),
    ),
    "after 2 days counts from the entry, not from its letter": (
        flow('when = "a"\nper = "k"\nagain = "after 2 days"', step(more='after = "1 day"')),
        [a("04 10:00", k=1), a("06 10:00", k=2)],
        (
            "04 10:00 entered, 05 10:00 sent hello, 05 10:00 finished,"
            "06 10:00 entered, 07 10:00 sent hello, 07 10:00 finished"
        ),
    ),
    "after 2 days is asked again when the first letter falls due": (
        flow('when = "a"\nper = "k"\nagain = "after 2 days"', HOUR),
        [a("04 10:00", k=1), a("04 10:30", k=2)],
        (
            "04 10:00 entered, 04 10:30 entered, 04 11:00 sent hello, 04 11:00 finished,"
            " 04 11:30 left again"
        ),
    ),
    "after 2 days is not asked of a second letter": (
        flow('when = "a"\nper = "k"\nagain = "after 2 days"', TWO),
        [a("04 10:00", k=1)],
        "04 10:00 entered, 04 10:00 sent one, 04 12:00 sent two, 04 12:00 finished",
    ),
    # repeat
    "repeat unsaid ignores while the key's enrollment runs": (
        flow('when = "a"\nper = "k"\nagain = "always"', HOUR),
        [a("04 10:00", k=1), a("04 10:30", k=1), a("04 11:00:01", k=1)],
        (
            "04 10:00 entered, 04 10:30 not_entered again, 04 11:00 sent hello, 04 11:00 finished,"
            "04 11:00:01 entered, 04 12:00:01 sent hello, 04 12:00:01 finished"
        ),
    ),
    "another key runs beside it": (
        flow('when = "a"\nper = "k"\nagain = "always"', HOUR),
        [a("04 10:00", k=1), a("04 10:30", k=2)],
        (
            "04 10:00 entered, 04 10:30 entered, 04 11:00 sent hello, 04 11:00 finished,"
            "04 11:30 sent hello, 04 11:30 finished"
        ),
    ),
    "start over without a letter asks no `again`": (
        flow('when = "a"\nper = "k"\nrepeat = "start over"', HOUR),
        [a("04 10:00", k=1), a("04 10:30", k=1), a("04 11:10", k=1)],
        (
            "04 10:00 entered, 04 10:30 left superseded, 04 10:30 entered,"
            " 04 11:10 left superseded,"
            "04 11:10 entered, 04 12:10 sent hello, 04 12:10 finished"
        ),
    ),
    "start over after a letter asks `again`, and refused, the old one goes on": (
        flow('when = "a"\nper = "k"\nrepeat = "start over"\nagain = "after 7 days"', TWO),
        [a("04 10:00", k=1), a("04 11:00", k=1)],
        (
            "04 10:00 entered, 04 10:00 sent one, 04 11:00 not_entered again, 04 12:00 sent two,"
            "04 12:00 finished"
        ),
    ),
    "start over after a letter with `again` allowing it": (
        flow('when = "a"\nper = "k"\nrepeat = "start over"\nagain = "always"', TWO),
        [a("04 10:00", k=1), a("04 11:00", k=1)],
        (
            "04 10:00 entered, 04 10:00 sent one, 04 11:00 left superseded, 04 11:00 entered,"
            "04 11:00 sent one, 04 13:00 sent two, 04 13:00 finished"
        ),
    ),
    "start over without a letter does not ask of other keys at entry, but when the letter is due": (
        flow('when = "a"\nper = "k"\nrepeat = "start over"\nagain = "after 7 days"', HOUR),
        [a("04 09:30", k=2), a("04 10:00", k=1), a("04 10:45", k=1)],
        (
            "04 09:30 entered, 04 10:00 entered, 04 10:30 sent hello, 04 10:30 finished,"
            "04 10:45 left superseded, 04 10:45 entered, 04 11:45 left again"
        ),
    ),
    "an older event that comes late does not take the place of a newer one": (
        flow('when = "a"\nper = "k"\nrepeat = "start over"', HOUR),
        [a("04 10:00", k=1), a("04 09:30", k=1, received_at="04 10:10")],
        "04 10:00 entered, 04 10:10 not_entered superseded, 04 11:00 sent hello, 04 11:00 finished",
    ),
    # too_late and what is past
    "an event enters at its own instant": (
        flow('when = "a"', HOUR),
        [a("04 10:00", received_at="04 10:20")],
        "04 10:20 entered, 04 11:00 sent hello, 04 11:00 finished",
    ),
    "steps already past are due at once": (
        flow('when = "a"', TWO, step("three", 'after = "2 hours"')),
        [a("04 10:00", received_at="04 13:00")],
        (
            "04 13:00 entered, 04 13:00 sent one, 04 13:00 sent two, 04 14:00 sent three,"
            "04 14:00 finished"
        ),
    ),
    "exactly one day late is not too late": (
        flow('when = "a"'),
        [a("04 10:00", received_at="05 10:00")],
        "05 10:00 entered, 05 10:00 sent hello, 05 10:00 finished",
    ),
    "more than one day late is too late": (
        flow('when = "a"'),
        [a("04 10:00", received_at="05 10:00:01")],
        "05 10:00:01 not_entered late",
    ),
    "too_late as said": (
        flow('when = "a"\ntoo_late = "1 hour"\nagain = "always"'),
        [a("04 10:00", received_at="04 11:00"), a("04 10:01", received_at="04 11:02")],
        "04 11:00 entered, 04 11:00 sent hello, 04 11:00 finished, 04 11:02 not_entered late",
    ),
    "a letter whose moment was past on arrival was not held: it is not stale": (
        flow('when = "a"', '[sending]\nstale_after = "2 hours"', step()),
        [a("04 10:00", received_at="04 13:00")],
        "04 13:00 entered, 04 13:00 sent hello, 04 13:00 finished",
    ),
    "an exit that already happened ends a late entry": (
        flow('when = "a"\nper = "k"', '[exit]\nwhen = "b"', HOUR),
        [named("b", "04 10:30", k=1), a("04 10:00", k=1, received_at="04 10:40")],
        "04 10:40 entered, 04 10:40 left b",
    ),
    "so does one that the flow names by its beginning": (
        flow('when = "a"\nper = "k"', '[exit]\nwhen = "order_*"', HOUR),
        [named("order_placed", "04 10:30", k=1), a("04 10:00", k=1, received_at="04 10:40")],
        "04 10:40 entered, 04 10:40 left order_placed",
    ),
    "an exit before the late event's own instant does not": (
        flow('when = "a"', '[exit]\nwhen = "b"', HOUR),
        [named("b", "04 09:59"), a("04 10:00", received_at="04 10:40")],
        "04 10:40 entered, 04 11:00 sent hello, 04 11:00 finished",
    ),
    # per
    "a part of the key missing, empty or a list does not enter": (
        flow('when = "a"\nper = ["k", "m.n"]'),
        [
            a("04 10:00", k=1),
            a("04 11:00", k="", m={"n": 1}),
            a("04 12:00", k=[1], m={"n": 1}),
            a("04 13:00", k=None, m={"n": 2}),
            a("04 14:00", k=0, m={"n": False}),
        ],
        (
            "04 10:00 not_entered not_applicable, 04 11:00 not_entered not_applicable,"
            "04 12:00 not_entered not_applicable, 04 13:00 not_entered not_applicable,"
            "04 14:00 entered, 04 14:00 sent hello, 04 14:00 finished"
        ),
    ),
    "keys 7 and '7' are the same key": (
        flow('when = "a"\nper = "k"'),
        [a("04 10:00", k=7), a("04 11:00", k="7"), a("04 12:00", k=7.0)],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            "04 11:00 not_entered again, 04 12:00 not_entered again"
        ),
    ),
    "two composite keys that read alike are two keys": (
        flow('when = "a"\nper = ["k", "m"]'),
        [a("04 10:00", k="x/y", m="z"), a("04 11:00", k="x", m="y/z")],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            "04 11:00 entered,"
            " 04 11:00 sent hello, 04 11:00 finished"
        ),
    ),
    # several names, prefix, only_if
    "several events and a beginning of names let in": (
        flow('when = ["a", "cart_*"]\nagain = "always"'),
        [a("04 10:00"), named("cart_updated", "04 11:00"), named("cart", "04 12:00")],
        (
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
            "04 11:00 entered,"
            " 04 11:00 sent hello, 04 11:00 finished"
        ),
    ),
    "names are matched case-sensitively": (flow('when = "a"'), [named("A", "04 10:00")], ""),
    "only_if asks the entry event": (
        flow('when = "a"\nagain = "always"\nonly_if = { event = "total", at_least = 30 }'),
        [a("04 10:00", total=29.99), a("04 11:00"), a("04 12:00", total="30")],
        (
            "04 10:00 not_entered not_applicable, 04 11:00 not_entered not_applicable,"
            "04 12:00 entered, 04 12:00 sent hello, 04 12:00 finished"
        ),
    ),
    "only_if sees the entry event itself as having happened": (
        flow('when = "a"\nagain = "always"\nonly_if = { did = "a", at_least = 2 }'),
        [a("04 10:00"), a("04 11:00")],
        (
            "04 10:00 not_entered not_applicable, 04 11:00 entered,"
            " 04 11:00 sent hello, 04 11:00 finished"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_entering(tmp_path: Path, case: str) -> None:
    said, lines, told = CASES[case]
    found = [one[3:] for one in play(tmp_path, shop({"f": said}), lines).told()]
    assert sorted(found) == sorted(one.strip() for one in told.split(",") if one)
