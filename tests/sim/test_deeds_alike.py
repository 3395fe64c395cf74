"""Deeds come out alike whatever the batch, and whichever the database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from tests.sim.test_deeds_by_replay import POINTS, does
from tests.simulation.shop import event, flow, instant, person, segment, settings, shop, step

CAMPAIGNS = {
    "a": flow(
        'when = "signed_up"',
        does("mark", 'set = { level = "vip" }'),
        does("points", "award = 500"),
        does("gift", 'issue = { kind = "pool", pool = "spring" }'),
        step("told", "only_if = { in_segment = 'rich' }"),
        does("quiet", 'suppress = { until = ["tier_*"] }'),
    ),
    "b": flow(
        'when = "signed_up"',
        does("more", "award = 100"),
        step("vip", 'only_if = { customer = "level", is = "vip" }'),
        does("less", 'set = { level = "plain" }', 'after = "1 hour"'),
    ),
    "c": flow('joins = "rich"', does("again", "award = 1"), step("rich")),
    "d": flow('leaves = "rich"', does("loud", 'set = { level = "gone" }'), step("bye")),
    "e": flow(
        'when = "incentive_issued"\nagain = "always"',
        does(
            "one_more",
            'issue = { kind = "free_shipping" }',
            "only_if = { event = 'kind', is = 'pool' }",
        ),
    ),
}
SEGMENTS = {
    "rich": segment(
        '{ all = [ { customer = "points.tier", is = "silver" }, '
        '{ customer = "level", is = "vip" } ] }'
    ),
    "served": segment('{ customer = "incentives.open", at_least = 2 }'),
}


def played(url: str, batch: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    world = World(shop(CAMPAIGNS, SEGMENTS, settings(POINTS)), Registry(), database_url=url)
    world.engine.batch = batch
    start = instant("2026-05-01T00:00:00")
    names = [f"c{number}" for number in range(4)]
    lines = [
        event(f"2026-05-0{day}T10:00:00", "signed_up", name, id=f"{name} {day}")
        for day in (2, 3)
        for name in names
    ]
    happened = [read_event(json.dumps(line), received=None, live=False) for line in lines]
    people = [read_customer(json.dumps(person(name)), at=start) for name in names]
    world.run(people, happened, instant("2026-06-01T00:00:00"))
    told = world.decisions(), world.memberships()
    world.close()
    return told


@pytest.fixture(scope="module")
def expected() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return played("sqlite://", 500)


@pytest.mark.parametrize("batch", [1, 3])
def test_deeds_come_out_alike_whatever_the_batch(batch: int, expected: Any) -> None:
    assert played("sqlite://", batch) == expected


def test_deeds_come_out_alike_on_both_databases(database_url: str, expected: Any) -> None:
    assert played(database_url, 2) == expected
    whats = {one["what"] for one in expected[0]}
    assert {"awarded", "issued", "suppressed", "sent"} <= whats
    assert {one["segment"] for one in expected[1]} == {"rich", "served"}
