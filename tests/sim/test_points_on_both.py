"""Points turn segments alike on both databases."""

from __future__ import annotations

import json

from sqlalchemy import select

from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.store.tables import METADATA
from tests.simulation.shop import event, instant, person, segment, settings, shop

POINTS = """
[points]
earn   = [ { when = "order_placed", per_amount = 1, points = 1, pending = "7 days" } ]
expire = "30 days"
tiers  = [ { name = "silver", from = 100 } ]
"""
RULES = {
    "spenders": '{ customer = "points.balance", at_least = 100 }',
    "silver": '{ customer = "points.tier", is = "silver" }',
}
CHANGE = METADATA.tables["membership_change"]


def test_points_turn_segments_alike_on_both_databases(database_url: str) -> None:
    segments = {name: segment(rule) for name, rule in RULES.items()}
    world = World(shop({}, segments, settings(POINTS)), Registry(), database_url=database_url)
    start, end = instant("2026-05-01T00:00:00"), instant("2026-12-01T00:00:00")
    lines = [
        event("2026-05-01T10:00:00", "order_placed", order_id="a", total=60),
        event("2026-05-02T10:00:00", "order_placed", order_id="b", total=60),
        event("2026-05-03T10:00:00", "order_placed", order_id="c", total=60),
        event("2026-05-20T10:00:00", "order_cancelled", order_id="c", total=60),
    ]
    happened = [read_event(json.dumps(line), received=None, live=False) for line in lines]
    world.run([read_customer(json.dumps(person()), at=start)], happened, end)
    query = select(CHANGE.c.at, CHANGE.c.what, CHANGE.c.segment).order_by(
        CHANGE.c.at, CHANGE.c.segment
    )
    with world.database.read() as connection:
        turns = [f"{at:%m-%d %H:%M} {what} {name}" for at, what, name in connection.execute(query)]
    assert turns == [
        "05-09 10:00 joined silver",
        "05-09 10:00 joined spenders",
        "06-07 10:00 left spenders",
    ]
