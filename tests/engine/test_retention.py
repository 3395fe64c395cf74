"""What is older than `[retention]` says goes at night, and nothing else goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lifecycle.engine.engine import Engine
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.store import retention
from lifecycle.store.tables import METADATA
from tests.simulation.shop import event, flow, instant, person, play, settings, shop, step

SHORT = '[retention]\nevents = "30 days"\nmessages = "90 days"\n'
CAMPAIGNS = {
    "short": flow('when = "newsletter_joined"'),
    "long": flow('when = "cart_updated"', step("now"), step("later", 'after = "200 days"')),
}
JOINED = event("2026-01-10T10:00", "newsletter_joined")
LOOKED = event("2026-01-10T11:00", "product_viewed")
CART = event("2026-01-10T12:00", "cart_updated", "c2")
LATER = event("2026-01-10T13:00", "product_viewed", "c2")


@contextmanager
def ran(url: str, until: str, *lines: dict[str, Any], said: str = SHORT) -> Iterator[World]:
    """A shop whose two customers did this, run up to an instant."""
    world = World(shop(CAMPAIGNS, said=settings(said)), Registry(), database_url=url)
    at = instant("2026-01-10")
    people = [read_customer(person(name), at=at) for name in ("c1", "c2")]
    try:
        world.run(
            people,
            [read_event(line, received=None, live=False) for line in lines],
            instant(until),
        )
        yield world
    finally:
        world.close()


def rows(world: World, table: str) -> list[Any]:
    with world.database.read() as connection:
        return list(connection.execute(select(METADATA.tables[table])))


def counts(world: World, *tables: str) -> list[int]:
    return [len(rows(world, table)) for table in tables]


@pytest.mark.parametrize(
    ("until", "there"), [("2026-02-10T03:59", True), ("2026-02-10T04:00", False)]
)
def test_an_event_goes_in_the_night_after_its_time_is_over(
    database_url: str, until: str, there: bool
):
    with ran(database_url, until, LOOKED) as world:
        assert ("product_viewed" in {row.name for row in rows(world, "event")}) is there


@pytest.mark.parametrize(("until", "left"), [("2026-04-11T03:59", 1), ("2026-04-11T04:00", 0)])
def test_a_letter_goes_with_its_attempt_and_receipt(database_url: str, until: str, left: int):
    with ran(database_url, until, JOINED) as world:
        assert counts(world, "message", "attempt", "receipt") == [left] * 3


def test_consents_enrollments_and_the_decisions_of_a_replay_stay(database_url: str):
    with ran(database_url, "2027-01-01", JOINED) as world:
        assert counts(world, "message", "event") == [0, 0]
        assert counts(world, "consent", "consent_record", "enrollment") == [2, 2, 1]
        assert [row["what"] for row in world.decisions()] == ["entered", "finished", "sent"]


def test_what_a_running_enrollment_has_sent_and_seen_stays_until_it_ends(database_url: str):
    with ran(database_url, "2026-07-20", CART, LATER) as world:
        assert counts(world, "message") == [1]
        assert {row.name for row in rows(world, "event")} >= {"cart_updated", "product_viewed"}
    with ran("sqlite://", "2026-08-01", CART, LATER) as world:
        assert [row.step for row in rows(world, "message")] == ["later"]
        assert "product_viewed" not in {row.name for row in rows(world, "event")}


def test_what_an_attribute_was_goes_once_it_was_over_for_as_long_as_events_are_kept():
    said = [{"id": "c1", "attributes": {"plan": plan}} for plan in ("a", "b", "c")]
    world = World(shop(said=settings(SHORT)), Registry())
    days = [instant(f"2026-01-{day}T00:00") for day in (10, 11, 12)]
    lines = [read_customer(line, at=at) for line, at in zip(said, days, strict=True)]
    try:
        world.run(lines, [], instant("2026-02-10T03:59"))
        assert [row.value for row in rows(world, "attribute_past")] == ["a", "b"]
        world.run([], [], instant("2026-02-11T04:00"))
        assert [row.value for row in rows(world, "attribute_past")] == ["b"]
    finally:
        world.close()


def test_nothing_goes_where_nothing_is_said():
    with ran("sqlite://", "2028-01-01", JOINED, LOOKED, said="") as world:
        assert counts(world, "message", "task") == [1, 0]
        assert "product_viewed" in {row.name for row in rows(world, "event")}


def test_an_event_not_taken_in_yet_is_never_taken_out(database_url: str):
    with ran(database_url, "2026-01-11", LOOKED) as world:
        table = METADATA.tables["event"]
        with world.database.write() as connection:
            connection.execute(update(table).values(pending=True))
            far = instant("2027-01-01")
            assert retention.delete_events(connection, ("product_viewed",), far, 10) == 0
            connection.execute(update(table).values(pending=False))
            assert retention.delete_events(connection, ("product_viewed",), far, 10) == 1


def test_a_letter_whose_fate_is_unknown_stays(database_url: str):
    with ran(database_url, "2026-01-11", JOINED) as world, world.database.write() as connection:
        table = METADATA.tables["message"]
        connection.execute(update(table).values(state="uncertain"))
        far = instant("2028-01-01")
        assert retention.delete_messages(connection, ("", ""), far, 10) == (0, None)
        connection.execute(update(table).values(state="accepted"))
        assert retention.delete_messages(connection, ("", ""), far, 10) == (1, None)


def test_batches_are_bounded_and_go_on_where_the_last_one_ended(database_url: str):
    lines = [
        event(f"2026-01-1{day}T10:00", name, who)
        for day in (0, 1)
        for name in ("newsletter_joined", "product_viewed")
        for who in ("c1", "c2")
    ]
    far = instant("2028-01-01")
    with ran(database_url, "2026-01-12", *lines) as world, world.database.write() as connection:
        kinds = retention.event_kinds_before(connection, far)
        assert ("product_viewed",) in kinds and kinds == sorted(kinds)
        assert retention.event_kinds_before(connection, instant("2026-01-10")) == []
        found = [retention.delete_events(connection, ("product_viewed",), far, 3) for _ in "123"]
        assert found == [3, 1, 0]
        deleted, place = retention.delete_messages(connection, ("", ""), far, 1)
        assert deleted == 1 and place is not None and place[0] == "c1"
        assert retention.delete_messages(connection, place, far, 2) == (1, None)
        kinds = retention.decision_kinds_before(connection, far)
        assert [what for _, what in kinds] == ["entered", "finished", "not_entered", "sent"]
        assert retention.delete_decisions(connection, ("short", "sent"), far, 5) == 2


def test_live_a_portion_at_a_time_and_decisions_too(database_url: str):
    with ran(database_url, "2026-01-12", JOINED, LOOKED) as world:
        parts: Parts = replace(world.engine.parts, outside=True)
        engine = Engine(parts)
        engine.start(instant("2026-01-12"), alone=True)
        now = instant("2027-01-01T04:00")
        engine.tick(now)
        assert counts(world, "message", "decision", "event") == [0, 0, 0]
        assert engine.next_due() == now + timedelta(days=1)


def test_a_short_length_does_not_take_the_letters_that_links_and_caps_need(tmp_path: Path):
    cap = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "100 days"\n'
    text = settings(cap + '[retention]\nmessages = "1 day"\n')
    catalog = shop({"short": flow('when = "newsletter_joined"\nagain = "always"')}, said=text)
    lines = [JOINED, event("2026-04-15T10:00", "newsletter_joined")]
    played = play(tmp_path, catalog, lines)
    assert played.sent() == ["01-10 10:00 short/hello", "04-20 10:00 short/hello"]


def test_settings_that_say_nothing_any_more_strike_the_task():
    with ran("sqlite://", "2026-01-12", JOINED) as world:
        assert counts(world, "task") == [1]
        live = replace(world.engine.parts.live, catalog=shop(CAMPAIGNS, said=settings("")))
        Engine(replace(world.engine.parts, live=live)).start(instant("2026-01-13"), alone=True)
        assert counts(world, "task") == [0]
