"""Segments, attributes and points do not depend on the order or repetition of what arrives."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Run
from tests.faults.histories import busy_shop, history
from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, person, segment, settings, shop

POINTS = """
[points]
earn = [ { when = "order_placed", per_amount = 1, points = 1, pending = "2 days" } ]
expire = "30 days"
tiers = [ { name = "silver", from = 50 }, { name = "gold", from = 200 } ]
"""
SEGMENTS = {
    "many": segment('{ did = "order_placed", at_least = 3 }'),
    "recent": segment('{ did = "order_placed", within = "5 days" }'),
    "big": segment('{ total_of = "order_placed.total", at_least = 100, within = "20 days" }'),
    "first_day": segment('{ distinct_of = "order_placed.event_day", exactly = 1 }').replace(
        "exactly = 1", "is = 1"
    ),
    "red": segment('{ customer = "colour", is = "red" }'),
    "long_red": segment('{ customer = "colour", is = "red", held_for = "2 days" }'),
    "long_unsaid": segment('{ customer = "colour", is_set = false, held_for = "1 day" }'),
    "willing": segment('{ agreed_to = "offers" }'),
    "vip": segment('{ all = [ { in_segment = "many" }, { not = { in_segment = "recent" } } ] }'),
    "rich": segment('{ customer = "points.balance", at_least = 60 }'),
}


def happenings(seed: int) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    return [
        event(
            f"2026-05-{dice.randrange(1, 12):02}T{dice.randrange(24):02}:{dice.randrange(60):02}",
            dice.choice(["order_placed", "order_placed", "viewed"]),
            dice.choice(["c1", "c2"]),
            id=f"e{number}",
            total=dice.randrange(1, 60),
        )
        for number in range(25)
    ]


def sayings(seed: int) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    lines = []
    for number in range(12):
        line: dict[str, Any] = {
            "id": dice.choice(["c1", "c2"]),
            "at": f"2026-05-{number + 1:02}T12:00:00Z",
        }
        if dice.random() < 0.4:
            line["agreed_to"] = dice.choice([[], ["offers"]])
        line["attributes"] = {"colour": dice.choice(["red", "blue", None]), f"k{number}": number}
        if dice.random() < 0.3:
            line["timezone"] = dice.choice(["Asia/Tokyo", "America/New_York"])
        lines.append(line)
    return lines


def facts(running: Running) -> dict[str, Any]:
    members = {(r.customer_id, r.segment) for r in running.rows("membership") if r.member}
    people = {
        r.customer_id: (r.attributes, r.email, r.timezone, r.locale)
        for r in running.rows("customer")
    }
    consents = {(r.customer_id, r.topic, r.agreed) for r in running.rows("consent")}
    points = sorted(
        (r.customer_id, r.points, r.available_at, r.expires_at)
        for r in running.rows("points_entry")
    )
    log = {(r.customer_id, r.event_id, r.name) for r in running.rows("event")}
    shops = {one for one in log if one[2] in ("order_placed", "viewed")}
    return {
        "members": members, "people": people, "consents": consents, "points": points, "log": shops,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_any_order_and_repetition_of_arrival_ends_in_the_same_facts(run: Run, seed: int) -> None:
    dice = random.Random(seed)
    events, lines = happenings(seed), sayings(seed)
    ends: list[dict[str, Any]] = []
    running = run(shop({}, SEGMENTS, settings() + POINTS))
    for shuffled in range(3):
        running.clear()
        running.start("2026-05-13T00:00:00")
        told = [*events, *([dice.choice(events) for _ in range(15)] if shuffled else [])]
        said = [*lines, *([dice.choice(lines) for _ in range(5)] if shuffled else [])]
        if shuffled:
            dice.shuffle(told)
            dice.shuffle(said)
        clock = 0
        while told or said:
            clock += 1
            at = f"2026-05-13T00:{clock // 60:02}:{clock % 60:02}"
            if said and (dice.random() < 0.4 or not told):
                running.say(said.pop(), at=at)
            else:
                part = [{**told.pop(), "received_at": at + "Z"} for _ in range(min(3, len(told)))]
                running.hear(*part)
            if dice.random() < 0.5:
                running.run(at)
        running.run("2026-05-14T00:00:00")
        ends.append(facts(running))
    assert ends[1] == ends[0]
    assert ends[2] == ends[0]
    assert ends[0]["members"]
    assert ends[0]["points"]


def test_a_repeated_event_enters_nobody_again(run: Run) -> None:
    post = Post()
    running = run(shop({"f": flow('when = "a"\nagain = "always"')}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    for minute in range(3):
        line = event(
            "2026-05-04T10:00:00", "a", id="one", received_at=f"2026-05-04T10:0{minute}:00"
        )
        running.hear(line, line)
        running.run(f"2026-05-04T10:0{minute}:30")
    assert len(post.accepted) == 1


def test_a_late_event_counts_from_its_arrival_as_if_it_had_always_been_there(run: Run) -> None:
    segments = {"two": segment('{ did = "a", at_least = 2, within = "3 days" }')}
    running = run(shop({}, segments))
    running.start("2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a", id="x"))
    running.run("2026-05-05T00:00:00")
    running.hear(event("2026-05-04T08:00:00", "a", id="y", received_at="2026-05-06T10:00:00"))
    running.run("2026-05-20T00:00:00")
    assert running.turns() == ["c1 05-06 10:00 joined two", "c1 05-07 08:00 left two"]


def test_the_segments_at_the_end_are_those_of_asking_from_scratch(tmp_path: Path) -> None:
    """What the engine kept up to date over a history, against one fresh look at its end."""
    people, lines = history(3)
    end = "2026-04-10T00:00:00Z"
    from tests.simulation.shop import play

    played = play(tmp_path, busy_shop(), lines, end, people)
    standing: set[Any] = set()
    for row in played.memberships:
        one = (row["customer"], row["segment"])
        assert (one in standing) is (row["what"] == "left")
        standing ^= {one}
    fresh = play(
        tmp_path, busy_shop(), [{**line, "received_at": end} for line in lines], end, people
    )
    assert standing == {(row["customer"], row["segment"]) for row in fresh.memberships}
