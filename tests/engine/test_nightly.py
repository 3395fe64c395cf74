"""`rfm.*` and `predicted.*` are reckoned at 03:00 of the shop's clock, and segments turn then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.engine import nightly
from lifecycle.engine.apply import apply
from lifecycle.engine.engine import Engine
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.event_line import read_event
from lifecycle.store import erase, merge
from lifecycle.store.nightly import LEASE
from lifecycle.store.tables import METADATA
from tests.simulation.shop import event, flow, instant, person, play, segment, settings, shop, step

NEW = {"new": segment('{ customer = "rfm.group", is = "new" }')}
OFTEN = {"often": segment('{ customer = "rfm.frequency", at_least = 3 }')}
ALIVE = {"fading": segment('{ customer = "predicted.alive", less_than = 0.5 }')}
RFM = METADATA.tables["nightly"]
BUYERS = ("c1", "c2", "c3", "c4", "c5")


def bought(customer: str, *days: str, total: Any = 10) -> list[dict[str, Any]]:
    """Orders at noon of these days."""
    return [event(f"{day}T12:00", "order_placed", customer, total=total) for day in days]


def five(*, first: int = 1) -> list[dict[str, Any]]:
    """Five buyers of one day after another; the last one buys twice."""
    lines = [one for n, who in enumerate(BUYERS) for one in bought(who, f"2026-02-0{first + n}")]
    return [*lines, *bought("c5", "2026-02-08")]


@contextmanager
def ran(
    url: str, until: str, lines: Sequence[dict[str, Any]], catalog: Catalog | None = None
) -> Iterator[World]:
    world = World(catalog or shop(segments=NEW), Registry(), database_url=url)
    try:
        happened = [read_event(line, received=None, live=False) for line in lines]
        world.run([], sorted(happened, key=lambda one: one.at), instant(until))
        yield world
    finally:
        world.close()


def kept(world: World) -> dict[str, dict[str, Any]]:
    with world.database.read() as connection:
        rows = connection.execute(select(RFM).order_by(RFM.c.customer_id))
        return {row.customer_id: row.attributes for row in rows}


def written(world: World) -> dict[str, datetime]:
    with world.database.read() as connection:
        return {row.customer_id: row.at for row in connection.execute(select(RFM))}


def live(world: World) -> Engine:
    """The engine of a daemon on the same database."""
    return Engine(replace(world.engine.parts, outside=True))


@pytest.mark.parametrize(
    ("day", "turned"),
    [
        ("2026-02-08", "02-09 02:00 joined new"),
        ("2026-07-08", "07-09 01:00 joined new"),
        ("2026-03-28", "03-29 01:00 joined new"),
        ("2026-10-24", "10-25 02:00 joined new"),
    ],
)
def test_a_segment_turns_at_three_by_the_shops_clock(tmp_path: Path, day: str, turned: str):
    catalog = shop(segments=NEW, said=settings(zone="Europe/Berlin"))
    until = (instant(day) + timedelta(days=2)).isoformat()
    played = play(tmp_path, catalog, bought("c1", day), until=until)
    assert played.turns() == [turned]


def test_an_order_after_three_counts_the_next_night(tmp_path: Path):
    lines = [event("2026-02-08T03:00:00.000001", "order_placed")]
    until, catalog = "2026-02-11", shop(segments=NEW)
    assert play(tmp_path, catalog, lines, until).turns() == ["02-09 03:00 joined new"]
    lines = [event("2026-02-08T01:00", "site_visited"), event("2026-02-08T03:00", "order_placed")]
    assert play(tmp_path, catalog, lines, until).turns() == ["02-08 03:00 joined new"]


def test_who_is_overtaken_leaves_though_nothing_happened_to_them(tmp_path: Path):
    lines = [*bought("c1", "2026-02-01"), *bought("c2", "2026-02-10"), *bought("c3", "2026-02-12")]
    played = play(tmp_path, shop(segments=NEW), lines, "2026-02-20", people=[])
    assert [f"{row['customer']} {row['at']} {row['what']}" for row in played.memberships] == [
        "c1 2026-02-02T03:00:00Z joined",
        "c1 2026-02-11T03:00:00Z left",
        "c2 2026-02-11T03:00:00Z joined",
        "c2 2026-02-13T03:00:00Z left",
        "c3 2026-02-13T03:00:00Z joined",
    ]


def test_scores_are_those_of_all_buyers(database_url: str):
    with ran(database_url, "2026-02-09T03:00", five()) as world:
        found = kept(world)
    assert [found[one]["rfm"]["recency"] for one in BUYERS] == [1, 2, 3, 4, 5]
    assert [found[one]["rfm"]["frequency"] for one in BUYERS] == [1, 1, 1, 1, 5]
    assert [found[one]["rfm"]["group"] for one in BUYERS] == [
        *("lost", "hibernating", "needs_attention", "new", "champions")
    ]


@pytest.mark.parametrize("total", ["12.5", " 12.50 ", 12.5])
def test_a_total_is_read_as_rules_read_it(database_url: str, total: Any):
    lines = [
        *bought("c1", "2026-02-01", total=12),
        *bought("c2", "2026-02-01", total=total),
        *bought("c3", "2026-02-01", total=13),
        *bought("c4", "2026-02-01", total="thirteen"),
    ]
    with ran(database_url, "2026-02-02T03:00", lines) as world:
        scores = [one["rfm"]["monetary"] for one in kept(world).values()]
    assert scores == [2, 4, 5, 1]


def test_only_what_changed_is_written_again(database_url: str):
    lines = [*five(), *bought("c4", "2026-02-20")]
    with ran(database_url, "2026-02-21T03:00", lines) as world:
        at = {one: f"{when:%m-%d %H:%M}" for one, when in written(world).items()}
    assert at == {
        "c1": "02-03 03:00",
        "c2": "02-05 03:00",
        "c3": "02-06 03:00",
        "c4": "02-21 03:00",
        "c5": "02-21 03:00",
    }


def test_nothing_is_reckoned_where_nothing_reads_it(database_url: str):
    with ran(database_url, "2026-03-01", five(), shop()) as world:
        assert kept(world) == {}
        assert world.engine.next_due() is None


def test_what_nothing_reads_any_more_is_struck(database_url: str):
    with ran(database_url, "2026-02-09T03:00", five()) as world:
        assert kept(world)
        other = replace(world.engine.parts, live=type(world.engine.parts.live)(shop(), Registry()))
        Engine(other).start(instant("2026-02-09T04:00"), alone=True)
        assert kept(world) == {}
        assert Engine(other).next_due() is None


def test_who_has_no_orders_left_has_no_scores_left(database_url: str):
    with ran(database_url, "2026-02-09T03:00", five()) as world:
        events = METADATA.tables["event"]
        with world.database.write() as connection:
            connection.execute(delete(events).where(events.c.customer_id == "c4"))
        with world.database.whole():
            world.engine.tick(instant("2026-02-10T03:00"))
        assert set(kept(world)) == {"c1", "c2", "c3", "c5"}
        assert world.memberships()[-1] == {
            "at": "2026-02-10T03:00:00Z",
            "customer": "c4",
            "segment": "new",
            "what": "left",
        }


def test_who_is_erased_or_merged_is_no_buyer_of_their_own(database_url: str):
    with ran(database_url, "2026-02-09T03:00", five()) as world:
        now = instant("2026-02-09T10:00")
        with world.database.write() as connection:
            erase.erase(connection, "c1", now, b"key")
            merge.merge(connection, "c2", "c3", now)
        assert set(kept(world)) == {"c2", "c4", "c5"}
        world.engine.tick(instant("2026-02-10T03:00"))
        found = kept(world)
        assert set(found) == {"c2", "c4", "c5"}
        assert [one["rfm"]["recency"] for one in found.values()] == [1, 3, 5]


def repeaters(size: int = 130) -> list[dict[str, Any]]:
    """Buyers who buy again now and then, and some who bought often and went quiet."""
    lines = []
    for number in range(size):
        gap, count = 1 + number % 3, 1 + number % 5
        days = [datetime(2026, 1, 1 + number % 7) + timedelta(days=n * gap) for n in range(count)]
        texts = [f"{day:%Y-%m-%d}" for day in days]
        lines += bought(f"b{number:03}", *texts, total=10 + number % 7)
    return lines


def test_what_buyers_will_do_is_predicted(database_url: str):
    catalog = shop(segments=ALIVE)
    with ran(database_url, "2026-01-28T03:00", repeaters(), catalog) as world:
        found, turns = kept(world), world.memberships()
    assert len(found) == 130
    once = found["b000"]["predicted"]
    assert (once["alive"], set(once) >= {"alive", "value_365d"}) == (1, True)
    quiet = found["b004"]["predicted"]
    assert quiet["alive"] < 0.5 and quiet["value_365d"] < once["value_365d"]
    assert "2026-01-14" <= quiet["next_order_at"] < "2026-03"
    assert "b004" in {one["customer"] for one in turns}
    assert {one["at"][11:] for one in turns} == {"03:00:00Z"}


def test_of_too_few_orders_nothing_is_predicted():
    with ran("sqlite://", "2026-02-09T03:00", five(), shop(segments=ALIVE)) as world:
        assert kept(world) == {}


def test_both_databases_come_to_the_same(sqlite_url: str, postgresql_url: str):
    catalog = shop(segments={**ALIVE, **NEW})
    found = []
    for url in (sqlite_url, postgresql_url):
        with ran(url, "2026-01-20T03:00", repeaters(), catalog) as world:
            found.append((kept(world), world.memberships()))
    assert found[0] == found[1]


def test_a_letter_shows_what_was_reckoned(tmp_path: Path):
    said = flow('when = "newsletter_joined"', step()).replace(
        'subject = "Hello"', 'subject = "You are {{ customer.rfm.group }}"'
    )
    lines = [*bought("c1", "2026-02-01"), event("2026-02-03T10:00", "newsletter_joined")]
    played = play(tmp_path, shop({"f": said}), lines, "2026-02-05", outbox=tmp_path / "outbox")
    assert len(played.sent()) == 1
    written = "".join(one.read_text() for one in (tmp_path / "outbox").rglob("*.eml"))
    assert "Subject: You are new" in written


def test_going_live_reckons_at_once_and_joins_silently(database_url: str):
    with ran(database_url, "2026-02-20", five(), shop()) as world:
        now = instant("2026-02-20T10:00")
        done = apply(world.database, shop(segments=NEW), Registry(), "me", now)
        assert {name: one.joined for name, one in done.segments.items()} == {"new": 1}
        assert set(written(world).values()) == {now}
        parts = world.engine.parts
        engine = Engine(replace(parts, live=type(parts.live)(shop(segments=NEW), Registry())))
        engine.start(now, alone=True)
        engine.tick(now)
        assert engine.next_due() == instant("2026-02-21T03:00")
        again = apply(world.database, shop(segments={**NEW, **OFTEN}), Registry(), "me", now)
        assert again.segments["often"].joined == 1


def test_a_daemon_reckons_in_portions_with_rests_between(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(nightly, "CUSTOMERS_AT_ONCE", 1)
    with ran(database_url, "2026-02-08T13:00", five()) as world:
        before = kept(world)
        engine, now = live(world), instant("2026-02-09T03:00")
        ticks = 0
        while not ticks or (engine.next_due() or now) < now + timedelta(hours=1):
            engine.tick(now + ticks * nightly.REST)
            ticks += 1
            assert ticks < 10
        assert ticks == 3
        assert kept(world) != before
        assert kept(world)["c5"]["rfm"]["group"] == "champions"
        assert written(world)["c5"] == now


def test_a_night_that_was_slept_through_is_reckoned_as_of_the_last_one(database_url: str):
    with ran(database_url, "2026-02-08T13:00", five()) as world:
        live(world).tick(instant("2026-02-11T09:30"))
        assert written(world)["c5"] == instant("2026-02-11T03:00")


def test_one_process_reckons_and_another_takes_over_when_it_dies(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(nightly, "CUSTOMERS_AT_ONCE", 1)
    with ran(database_url, "2026-02-08T13:00", five()) as world:
        one, other, now = live(world), live(world), instant("2026-02-09T03:00")
        assert one.nightly.do_due(now) == 1
        assert other.nightly.do_due(now + nightly.REST) == 0
        late = now + LEASE + nightly.REST
        assert other.nightly.do_due(late) == 1
        assert one.nightly.do_due(late + nightly.REST) == 0
        late += nightly.REST
        while other.nightly.do_due(late):
            late += nightly.REST
        assert kept(world)["c5"]["rfm"]["group"] == "champions"
        assert other.next_due() is not None


def test_customers_who_only_look_are_no_buyers():
    lines = [*five(), event("2026-02-01T10:00", "product_viewed", "v1")]
    with ran("sqlite://", "2026-02-09T03:00", lines) as world:
        assert set(kept(world)) == set(BUYERS)


def test_the_shops_own_value_wins(tmp_path: Path):
    people = [person(attributes={"rfm": {"group": "new"}}), person("c2")]
    lines = [event("2026-02-01T10:00", "site_visited", one) for one in ("c1", "c2")]
    played = play(tmp_path, shop(segments=NEW), lines, "2026-02-05", people=people)
    assert [row["customer"] for row in played.memberships] == ["c1"]
