"""The demo: what it makes of the real orders, and that the engine finds the known answer."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from demo import orders
from demo.__main__ import REPEATERS, shop
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event

BUYERS = 60


def test_every_order_becomes_one_event_on_its_day() -> None:
    rows = orders.rows()
    events = list(orders.events(rows))
    assert len(events) == len({event["id"] for event in events}) == 6_919
    for row, event in zip(rows, events, strict=True):
        at = datetime.fromisoformat(str(event["at"]))
        assert at.date().isoformat() == row["date"]
        assert at.hour in orders.HOURS


def test_every_buyer_becomes_a_customer_whom_nobody_can_reach() -> None:
    people = list(orders.customers(orders.rows()))
    assert len(people) == 2_357
    assert all(str(one["email"]).endswith(".example") for one in people)


def test_the_segment_finds_those_who_the_data_says_bought_on_two_days(tmp_path: Path) -> None:
    rows = orders.rows()
    chosen = sorted({row["sample_id"] for row in rows})[:BUYERS]
    rows = [row for row in rows if row["sample_id"] in chosen]
    with gzip.open(orders.SUMMARY, "rt", encoding="utf-8", newline="") as file:
        known = {
            row["sample_id"] for row in csv.DictReader(file) if int(row["frequency"]) >= 1
        } & set(chosen)
    catalog, _ = shop(tmp_path / "shop")
    world = World(replace(catalog, campaigns=MappingProxyType({})), Registry())
    before = datetime(1996, 12, 31, tzinfo=UTC)
    try:
        world.run(
            [read_customer(one, at=before) for one in orders.customers(rows)],
            [read_event(one, received=None, live=False) for one in orders.events(rows)],
            datetime(1998, 7, 1, tzinfo=UTC),
        )
        joined = [one for one in world.memberships() if one["segment"] == REPEATERS]
    finally:
        world.close()
    assert {one["what"] for one in joined} == {"joined"}
    assert 0 < len(known) < BUYERS
    buyer_of = {row["master_id"]: row["sample_id"] for row in rows}
    assert {buyer_of[one["customer"]] for one in joined} == known
