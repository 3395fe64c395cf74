"""Who is let in by joining or leaving a segment, and who is held out for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, person, play, segment, shop, step


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


SEGMENTS = {"vip": segment('{ customer = "tier", is = "vip" }')}


def tiers(*said: tuple[str, str]) -> list[dict[str, Any]]:
    return [person()] + [
        {"id": "c1", "at": day(at) + "Z", "attributes": {"tier": tier}} for at, tier in said
    ]


@pytest.mark.parametrize(
    ("enter", "told"),
    [
        (
            'joins = "vip"\nagain = "always"',
            (
                "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished,"
                "06 10:00 entered, 06 10:00 sent hello, 06 10:00 finished"
            ),
        ),
        (
            'joins = "vip"',
            "04 10:00 entered, 04 10:00 sent hello, 04 10:00 finished, 06 10:00 not_entered again",
        ),
        ('leaves = "vip"', "05 10:00 entered, 05 10:00 sent hello, 05 10:00 finished"),
    ],
)
def test_joining_and_leaving_a_segment_let_in(tmp_path: Path, enter: str, told: str) -> None:
    people = tiers(("04 10:00", "vip"), ("05 10:00", "no"), ("06 10:00", "vip"))
    catalog = shop({"f": flow(enter)}, SEGMENTS)
    played = play(tmp_path, catalog, [event("2026-05-01T00:00:00", "x")], people=people)
    found = [one[3:] for one in played.told()]
    assert sorted(found) == sorted(one.strip() for one in told.split(","))


def test_a_segment_that_does_not_notify_still_lets_those_in_who_join(tmp_path: Path) -> None:
    """Joining is then no event of the log; who joined is still told."""
    quiet = {"vip": segment('{ customer = "tier", is = "vip" }', "notify = false")}
    counting = {"heard": segment('{ did = "segment_joined" }')}
    people = tiers(("04 10:00", "vip"))
    played = play(
        tmp_path, shop({}, quiet | counting), [event("2026-05-01T00:00:00", "x")], people=people
    )
    assert played.turns() == ["05-04 10:00 joined vip"]


def test_a_turn_by_time_alone_lets_in_at_its_exact_instant(tmp_path: Path) -> None:
    segments = {"quiet": segment('{ not = { did = "a", within = "3 days" } }')}
    catalog = shop({"f": flow('joins = "quiet"\nagain = "always"')}, segments)
    lines = [a("04 10:00:00.5")]
    played = play(tmp_path, catalog, lines)
    assert played.sent()[-1] == "05-07 10:00:00.500000 f/hello"


def test_who_was_held_out_stays_so_and_it_is_told_each_time(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "a"\nagain = "always"', "[holdout]\npercent = 100", step())})
    played = play(tmp_path, catalog, [a("04 10:00"), a("05 10:00")])
    assert played.told() == ["05-04 10:00 held_out holdout", "05-05 10:00 held_out holdout"]


@pytest.mark.parametrize("percent", [0, 10, 50])
def test_the_holdout_is_about_its_share_and_gets_nothing(tmp_path: Path, percent: int) -> None:
    catalog = shop({"f": flow('when = "a"', f"[holdout]\npercent = {percent}", step())})
    names = [f"c{n}" for n in range(400)]
    lines = [event("2026-05-04T10:00:00", "a", name) for name in names]
    played = play(tmp_path, catalog, lines, people=[person(name) for name in names])
    out = {row["customer"] for row in played.decisions if row["what"] == "held_out"}
    sent = {row["customer"] for row in played.decisions if row["what"] == "sent"}
    assert out | sent == set(names)
    assert not out & sent
    assert abs(len(out) - 4 * percent) <= 40 * (percent > 0)
