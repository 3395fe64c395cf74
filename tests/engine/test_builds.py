"""Builds of segments: in the background, as if at one instant, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.core.event import Event
from lifecycle.engine import builds as building
from lifecycle.engine.apply import apply
from lifecycle.engine.builds import Builder
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.store import builds, customers, erase, events
from lifecycle.store.events import NewEvent
from lifecycle.store.rule_sql import members, stands
from lifecycle.store.tables import METADATA
from tests.simulation.shop import flow, instant, person, segment, shop

NOW = instant("2026-05-04T12:00")
DAY = timedelta(days=1)
MICRO = timedelta(microseconds=1)
KEY = b"key"
OLD = {"vip": segment('{ did = "order_placed", at_least = 3 }')}
NEW = {
    "vip": segment('{ did = "order_placed", at_least = 2, within = "30 days" }'),
    "quiet": segment('{ none = [{ did = "order_placed", within = "10 days" }] }'),
}
PEOPLE = 12


class Shop:
    """A shop of customers with orders, whose definitions change."""

    def __init__(self, url: str) -> None:
        self.world = World(shop(segments=OLD), Registry(), database_url=url)
        self.database = self.world.database
        self.engine = self.world.engine
        self.number = 0
        apply(self.database, shop(segments=OLD), Registry(), "me", NOW - 60 * DAY)
        self.engine.start(NOW - 60 * DAY, alone=True)
        with self.database.write() as connection:
            for one in range(PEOPLE):
                line = read_customer(person(f"c{one:02}"), at=NOW - 60 * DAY)
                customers.say(connection, [line], now=NOW - 60 * DAY, address_key=KEY)
        for one in range(PEOPLE):
            for order in range(one % 4):
                self.order(f"c{one:02}", NOW - (20 * order + one) * DAY)
        self.settle(NOW - DAY)

    def order(self, customer: str, at: datetime, received: datetime | None = None) -> None:
        """An order that comes in."""
        self.number += 1
        new = Event(at, f"o{self.number}", "order_placed", {"total": 10})
        with self.database.write() as connection:
            events.append(connection, [NewEvent(customer, new, received or at)])

    def settle(self, now: datetime) -> None:
        """Tick at each due instant up to `now`."""
        due = self.engine.next_due()
        while due is not None and due <= now:
            self.engine.tick(due)
            due = self.engine.next_due()

    def change(self, segments: Mapping[str, str], **campaigns: str) -> Builder:
        """Put other definitions live, their builds to be done in the background."""
        found = shop(campaigns, segments)
        apply(self.database, found, Registry(), "me", NOW, background=True)
        live = Live(found, Registry())
        self.engine = Engine(replace(self.engine.parts, live=live))
        self.engine.start(NOW, alone=True)
        return Builder(self.database, live, alone=True)

    def rows(self, table: str) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(METADATA.tables[table])))

    def members(self, name: str) -> set[str]:
        found = self.rows("membership")
        return {row.customer_id for row in found if row.segment == name and row.member}

    def from_scratch(self, name: str, now: datetime) -> set[str]:
        rules = self.engine.parts.live.catalog.rules
        with self.database.read() as connection:
            return members(connection, rules[name], rules, now, shop_zone="UTC")

    def turns(self, name: str, since: datetime = NOW) -> set[tuple[str, str, datetime]]:
        found = self.rows("membership_change")
        return {
            (row.customer_id, row.what, row.at)
            for row in found
            if row.segment == name and row.at >= since
        }

    def holds(self, now: datetime) -> None:
        """Every segment has whom it has from scratch, and each wake-up is kept in the queue."""
        for name in self.engine.parts.live.catalog.segments:
            assert self.members(name) == self.from_scratch(name, now), name
        due = {row.customer_id: row.due_at for row in self.rows("intake")}
        for row in self.rows("membership"):
            if row.wake_at is not None:
                assert due[row.customer_id] <= row.wake_at


@pytest.fixture
def there(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(building, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(stands, "ROWS_AT_ONCE", 3)
    made = Shop(database_url)
    yield made
    made.world.close()


def finish(builder: Builder, now: datetime = NOW) -> None:
    while builder.portion(now):
        pass


def test_a_build_gives_what_asking_from_scratch_gives_and_turns_as_it_began(there: Shop):
    before = there.members("vip")
    builder = there.change(NEW)
    finish(builder)
    there.holds(NOW)
    after = there.members("vip")
    assert before and after - before and before - after
    expected = {(one, "joined", NOW) for one in after - before}
    assert there.turns("vip") == expected | {(one, "left", NOW) for one in before - after}
    assert [(one.name, one.joined, one.gone) for one in builder.done if one.name == "vip"] == [
        ("vip", len(after - before), len(before - after))
    ]
    assert not there.rows("build")


def test_wake_ups_of_a_segment_that_is_gone_wake_nobody_before_its_rows_are_gone(there: Shop):
    finish(there.change(NEW))
    assert [row for row in there.rows("membership") if row.wake_at is not None]
    builder = there.change({})
    there.settle(NOW + 90 * DAY)
    due = there.engine.next_due()
    assert due is None or due > NOW + 90 * DAY
    finish(builder, NOW + 90 * DAY)
    assert not there.rows("membership")


def test_after_a_build_a_tick_asks_nobody_but_those_due(there: Shop):
    finish(there.change(NEW))
    assert there.engine.tick(NOW) == 0
    due = there.engine.next_due()
    assert due is not None and due > NOW
    for row in there.rows("membership"):
        assert row.wake_at is None or row.wake_at > NOW


def test_turns_after_a_build_come_at_their_exact_instants(there: Shop):
    finish(there.change(NEW))
    there.settle(NOW + 40 * DAY)
    there.holds(NOW + 40 * DAY)
    turned = there.turns("quiet", NOW + MICRO)
    latest: dict[str, datetime] = {}
    for row in there.rows("event"):
        if row.name == "order_placed":
            latest[row.customer_id] = max(row.at, latest.get(row.customer_id, row.at))
    wanted = {(one, "joined", at + 10 * DAY) for one, at in latest.items() if at + 10 * DAY > NOW}
    assert turned == wanted and wanted


def test_what_happens_during_a_build_is_taken_in_and_kept(there: Shop):
    builder = there.change(NEW)
    later = NOW
    for one in ("c11", "c00", "c05", "c08", "c02"):
        assert builder.portion(later)
        later += timedelta(seconds=1)
        there.order(one, later)
        there.order(one, later - DAY, later)
        there.engine.tick(later)
    finish(builder, later)
    there.settle(later)
    there.holds(later)
    assert {"c00", "c02", "c05", "c08", "c11"} <= there.members("vip")
    assert not there.rows("settled")


def test_only_what_happened_is_told_of_and_not_the_change_of_the_rule(there: Shop):
    builder = there.change(NEW)
    before = there.from_scratch("vip", NOW)
    there.order("c00", NOW + timedelta(seconds=1))
    there.order("c00", NOW + timedelta(seconds=2))
    there.order("c06", NOW + timedelta(seconds=3))
    assert "c00" not in before and "c06" in before and "c06" not in there.members("vip")
    there.settle(NOW + timedelta(seconds=3))
    finish(builder, NOW + timedelta(seconds=3))
    joined = {
        row.customer_id
        for row in there.rows("event")
        if row.name == "segment_joined" and row.properties["segment"] == "vip" and row.at >= NOW
    }
    assert joined == {"c00"}
    assert ("c06", "joined", NOW) in there.turns("vip")
    assert ("c00", "joined", NOW + timedelta(seconds=2)) in there.turns("vip")


@pytest.mark.parametrize("portions", [0, 1, 2, 4])
def test_a_build_that_is_cut_off_goes_on_where_it_was(there: Shop, portions: int):
    first = there.change(NEW)
    for _ in range(portions):
        first.portion(NOW)
    first.close()
    with there.database.read() as connection:
        left = builds.under_way(connection)
        assert all(builds.progress(connection, one)[1] == PEOPLE for one in left)
    assert left
    finish(Builder(there.database, there.engine.parts.live, alone=True), NOW + DAY)
    there.settle(NOW + DAY)
    there.holds(NOW + DAY)
    turned = [row for row in there.rows("membership_change") if row.at == NOW]
    assert len({(row.customer_id, row.segment) for row in turned}) == len(turned)


def test_applied_again_meanwhile_the_build_begins_anew_and_the_first_one_stops(there: Shop):
    first = there.change(NEW)
    first.portion(NOW)
    again = {**NEW, "vip": segment('{ did = "order_placed" }')}
    second = there.change(again)
    first.portion(NOW)
    finish(second)
    finish(first)
    there.holds(NOW)
    assert not there.rows("build")


def test_a_segment_that_is_gone_is_left_by_everybody(there: Shop):
    before = there.members("vip")
    builder = there.change({"quiet": NEW["quiet"]})
    finish(builder)
    assert {row.segment for row in there.rows("membership")} == {"quiet"}
    assert there.turns("vip") == {(one, "left", NOW) for one in before}


def test_nobody_is_written_who_was_erased_meanwhile(there: Shop):
    builder = there.change(NEW)
    builder.portion(NOW)
    with there.database.write() as connection:
        erased = erase.erase(connection, "c10", NOW, KEY)
    assert erased is not None
    finish(builder)
    for table in ("membership", "intake", "settled"):
        assert "c10" not in {row.customer_id for row in there.rows(table)}


def test_who_is_new_during_a_build_joins_by_what_he_does(there: Shop):
    builder = there.change(NEW)
    later = NOW + timedelta(seconds=5)
    there.order("zz", later)
    there.order("zz", later + MICRO)
    there.settle(later + MICRO)
    finish(builder, later + MICRO)
    there.holds(later + MICRO)
    assert ("zz", "joined", later + MICRO) in there.turns("vip")


def test_flows_take_in_who_was_there_once_the_segment_is_built(there: Shop):
    welcome = flow('joins = "vip"\nexisting = "enroll"')
    builder = there.change(NEW, welcome=welcome)
    assert not there.rows("enrollment")
    finish(builder)
    assert {row.customer_id for row in there.rows("enrollment")} == there.members("vip")


@pytest.mark.parametrize("taken_in", [False, True], ids=["by the build", "by a tick"])
def test_on_change_enroll_lets_in_who_joins_by_the_change(there: Shop, taken_in: bool):
    said = {"vip": segment('{ did = "order_placed", at_least = 2 }', 'on_change = "enroll"')}
    before = there.members("vip")
    builder = there.change(said, welcome=flow('joins = "vip"'))
    if taken_in:
        with there.database.write() as connection:
            events.wake(connection, {f"c{one:02}": NOW for one in range(PEOPLE)})
        there.engine.tick(NOW)
    finish(builder)
    there.engine.tick(NOW)
    joined = there.members("vip") - before
    assert joined
    assert {row.customer_id for row in there.rows("enrollment")} == joined


def test_a_segment_that_does_not_notify_lets_in_without_an_event(there: Shop):
    said = 'on_change = "enroll"\nnotify = false'
    before = there.members("vip")
    rule = segment('{ did = "order_placed", at_least = 2 }', said)
    finish(there.change({"vip": rule}, welcome=flow('joins = "vip"')))
    there.engine.tick(NOW)
    joined = there.members("vip") - before
    assert joined
    assert {row.customer_id for row in there.rows("enrollment")} == joined
    assert not [
        row for row in there.rows("event") if row.name == "segment_joined" and row.at == NOW
    ]


def test_what_had_arrived_and_waits_to_be_taken_in_turns_nothing_before_the_change(there: Shop):
    with there.database.write() as connection:
        events.wake(connection, {"c00": NOW - timedelta(hours=4)})
    there.order("c00", NOW - timedelta(hours=3))
    there.order("c00", NOW - timedelta(hours=2))
    there.order("c01", NOW - timedelta(hours=2))
    there.order("c01", NOW + timedelta(seconds=1))
    finish(there.change(NEW))
    turns = there.turns("vip", NOW - DAY)
    assert ("c00", "joined", NOW) in turns
    there.engine.tick(NOW + timedelta(seconds=1))
    there.holds(NOW + timedelta(seconds=1))
    assert there.turns("vip", NOW - DAY) == turns
    assert not [row for row in there.rows("event") if row.name == "segment_left"]
