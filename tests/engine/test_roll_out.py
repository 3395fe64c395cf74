"""Tests of broadcasts: the rest waits for the winner, whatever held the test's own letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.words import rfc3339
from lifecycle.engine.verdicts import decide_due
from lifecycle.models.past_tests import default_prior
from lifecycle.models.test_and_roll import share_to_test
from lifecycle.store import occasions, operations
from tests.faults.running import TABLES, Post, Running
from tests.simulation.shop import broadcast, event, instant, person, settings, shop
from tests.store.prepared import with_tables

NAMES = [f"c{number}" for number in range(120)]
VARIANTS = '[[variant]]\nname = "a"\nsubject = "A"\n[[variant]]\nname = "b"\nsubject = "B"\n'
AT = "2026-05-04T09:00:00Z"


def sale(
    winner: str = 'test_percent = 30\ndecide_after = "4 hours"',
    more: str = "",
    at: str = AT,
    by: str = "click_rate",
    quiet: str = "off",
) -> Catalog:
    tail = f'{more}\n{VARIANTS}[winner]\nby = "{by}"\n{winner}\n'
    said = settings(quiet=quiet, zone="Europe/Berlin")
    return shop({"b": broadcast(at, more=tail)}, said=said)


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def shops(database_url: str) -> Iterator[Any]:
    """Start a shop with 120 readers the evening before; closed after the test."""
    opened: list[Running] = []

    def start(catalog: Catalog) -> Running:
        found = Running(database_url, catalog, Post())
        opened.append(found)
        found.start("2026-05-03T20:00:00")
        found.say(*(person(name) for name in NAMES), at="2026-05-03T20:00:00")
        return found

    yield start
    for one in opened:
        one.close()


def gone(found: Running) -> dict[str, tuple[str, str]]:
    """To whom a letter went: when, and as which variant."""
    return {
        row.customer_id: (rfc3339(row.attempted_at)[5:16], row.variant)
        for row in found.rows("message")
        if row.attempted_at is not None
    }


def fans_click(found: Running, at: str) -> None:
    """All who were sent b click."""
    fans = [name for name, (_, variant) in gone(found).items() if variant == "b"]
    found.hear(*(event(at, "message_clicked", n, campaign="b", step="letter") for n in fans))


def times(found: Running) -> Counter[str]:
    return Counter(at for at, _ in gone(found).values())


def rest(found: Running, at: str) -> Counter[str]:
    return Counter(variant for when, variant in gone(found).values() if when == at)


def test_the_clock_starts_when_a_daemon_that_was_down_sends_the_test(shops: Any) -> None:
    found = shops(sale())
    found.start("2026-05-04T15:00:00")
    found.engine.tick(instant("2026-05-04T15:00:00"))
    tested = gone(found)
    assert 20 < len(tested) < 55
    fans_click(found, "2026-05-04T16:00:00")
    found.run("2026-05-04T18:59:00")
    assert gone(found) == tested
    found.run("2026-05-04T19:00:00")
    assert set(gone(found)) == set(NAMES)
    assert set(rest(found, "05-04T19:00")) == {"b"}


def test_a_test_that_was_noted_late_is_a_test_all_the_same(shops: Any) -> None:
    found = shops(shop({}, said=settings(zone="Europe/Berlin")))
    found.start("2026-05-04T16:00:00", sale())
    found.engine.tick(instant("2026-05-04T16:00:00"))
    assert 20 < len(gone(found)) < 55
    fans_click(found, "2026-05-04T17:00:00")
    found.run("2026-05-04T21:00:00")
    assert set(times(found)) == {"05-04T16:00", "05-04T20:00"}
    assert set(rest(found, "05-04T20:00")) == {"b"}


def test_a_pause_over_the_decision_puts_it_off(shops: Any) -> None:
    found = shops(sale())
    with found.database.write() as connection:
        operations.order(connection, "b", "paused", "", instant("2026-05-04T08:00:00"))
    found.run("2026-05-04T14:00:00")
    assert gone(found) == {}
    with found.database.write() as connection:
        operations.order(connection, "b", "", "", instant("2026-05-04T15:00:00"))
    found.engine.tick(instant("2026-05-04T15:00:00"))
    tested = gone(found)
    assert 20 < len(tested) < 55
    fans_click(found, "2026-05-04T16:00:00")
    found.run("2026-05-04T18:59:00")
    assert gone(found) == tested
    found.run("2026-05-05T00:00:00")
    assert set(gone(found)) == set(NAMES)
    assert {variant for name, (_, variant) in gone(found).items() if name not in tested} == {"b"}


def test_a_winner_is_put_off_no_longer_than_days(shops: Any) -> None:
    """Three days from 13:00, when it was to be chosen, by a look every four hours."""
    found = shops(sale())
    with found.database.write() as connection:
        operations.order(connection, "b", "paused", "", instant("2026-05-04T08:00:00"))
    found.run("2026-05-07T12:00:00")
    assert "decide b/letter/once" in {row.name for row in found.rows("task")}
    found.run("2026-05-07T13:00:00")
    assert "decide b/letter/once" not in {row.name for row in found.rows("task")}


def decided_at_once(found: Running, at: str) -> dict[str, datetime]:
    """What is still to be decided, and when, after a look that comes before all other work."""
    with found.database.write() as connection:
        decide_due(connection, found.engine.parts, instant(at))
    return {row.name: row.due_at for row in found.rows("task") if row.name.startswith("decide")}


def test_a_letter_of_the_test_that_could_go_now_is_waited_for(shops: Any) -> None:
    """One of them was put back into the queue, though all others are out in time."""
    found = shops(sale())
    found.run("2026-05-04T09:00:00")
    one = min(gone(found))
    message = TABLES["message"]
    again = {"state": "ready", "attempted_at": None, "due_at": instant(AT)}
    with found.database.write() as connection:
        connection.execute(update(message).where(message.c.customer_id == one).values(again))
    looks_at = instant("2026-05-04T13:15:00")
    assert decided_at_once(found, "2026-05-04T13:00:00") == {"decide b/letter/once": looks_at}
    assert found.rows("verdict") == []


def test_a_stop_that_nothing_has_heard_of_yet_ends_the_wait_too(shops: Any) -> None:
    found = shops(sale())
    with found.database.write() as connection:
        operations.order(connection, "b", "stopped", "", instant("2026-05-04T12:00:00"))
    assert decided_at_once(found, "2026-05-04T13:00:00") == {}
    assert found.rows("verdict") == []


def test_what_was_stopped_for_good_is_put_off_by_nothing(shops: Any) -> None:
    found = shops(sale())
    with found.database.write() as connection:
        operations.order(connection, "b", "stopped", "", instant("2026-05-04T08:00:00"))
    found.run("2026-05-04T13:00:00")
    assert "decide b/letter/once" not in {row.name for row in found.rows("task")}
    assert (gone(found), found.rows("verdict")) == ({}, [])


@pytest.mark.parametrize(("began", "chosen"), [("09:20", "13:00"), ("09:40", "13:40")])
def test_letters_a_tenth_of_the_wait_late_hold_nobody_up(
    shops: Any, began: str, chosen: str
) -> None:
    """The wait is four hours: 24 minutes are a tenth of it."""
    found = shops(sale())
    found.start(f"2026-05-04T{began}:00")
    found.engine.tick(instant(f"2026-05-04T{began}:00"))
    found.run("2026-05-04T20:00:00")
    assert set(times(found)) == {f"05-04T{began}", f"05-04T{chosen}"}


@pytest.mark.parametrize(
    ("by", "goal", "at"),
    [
        ("click_rate", "", "05-04T13:00"),
        ("goal_rate", '[goal]\nwhen = "order_placed"\n', "05-05T09:00"),
    ],
)
def test_what_is_left_to_us_is_decided_after_the_metrics_own_time(
    shops: Any, by: str, goal: str, at: str
) -> None:
    found = shops(sale('test_percent = "auto"', more=goal, by=by))
    found.run("2026-05-06T00:00:00")
    assert set(times(found)) == {"05-04T09:00", at}
    assert set(gone(found)) == set(NAMES)


def test_letters_that_quiet_hours_hold_start_the_clock_when_those_end(shops: Any) -> None:
    """At 23:00 of the shop nobody is written to before 08:00, which is 06:00 UTC."""
    found = shops(sale(at="2026-05-04T21:00:00Z", quiet="21:00-08:00"))
    found.run("2026-05-06T00:00:00")
    assert set(times(found)) == {"05-05T06:00", "05-05T10:00"}


def test_the_first_waves_test_for_those_that_come_after_the_decision(shops: Any) -> None:
    waves = '[waves]\npercent = [50, 50]\ngap = "1 day"\n'
    found = shops(sale('test_percent = "auto"', more=waves))
    found.run("2026-05-04T09:00:00")
    share = share_to_test(len(NAMES), 2, default_prior("click_rate"))
    with found.database.read() as connection:
        first = occasions.states(connection, "b")[0]
    assert first.tested == pytest.approx(share / 0.5)
    fans_click(found, "2026-05-04T10:00:00")
    found.run("2026-05-06T00:00:00")
    assert set(gone(found)) == set(NAMES)
    assert set(rest(found, "05-04T13:00")) == {"b"}
    assert set(rest(found, "05-05T09:00")) == {"b"}


def test_a_verdict_of_another_process_is_known_to_one_that_began_before(shops: Any) -> None:
    found = shops(sale())
    found.run("2026-05-04T09:00:00")
    other = Running(found.url, found.catalog, Post())
    other.engine.tick(instant("2026-05-04T09:00:00"))
    fans_click(found, "2026-05-04T10:00:00")
    found.run("2026-05-04T12:00:00")
    with found.database.write() as connection:
        decide_due(connection, found.engine.parts, instant("2026-05-04T13:00:00"))
    other.engine.tick(instant("2026-05-04T13:00:00"))
    assert set(rest(other, "05-04T13:00")) == {"b"}
    assert set(gone(other)) == set(NAMES)
    other.close()


def test_the_verdict_is_the_best_choice_and_says_how_sure_it_is(shops: Any) -> None:
    found = shops(sale())
    found.run("2026-05-04T09:00:00")
    one = next(name for name, (_, variant) in gone(found).items() if variant == "b")
    found.hear(event("2026-05-04T10:00:00", "message_clicked", one, campaign="b", step="letter"))
    found.run("2026-05-04T13:00:00")
    (verdict,) = found.rows("verdict")
    assert (verdict.variant, bool(verdict.proven)) == ("b", False)
    assert "not proven" in verdict.detail and "%" in verdict.detail


@pytest.mark.parametrize(("moved", "proven"), [(0, True), (32, False)])
def test_a_choice_is_proven_only_where_variants_were_given_out_as_said(
    shops: Any, moved: int, proven: bool
) -> None:
    """Something makes b's of a's readers: b is chosen all the same, since the others wait."""
    found = shops(sale('test_percent = 100\ndecide_after = "4 hours"\nat_least = 10'))
    found.run("2026-05-04T09:00:00")
    message = TABLES["message"]
    of = {v: sorted(n for n, (_, one) in gone(found).items() if one == v) for v in "ab"}
    with found.database.write() as connection:
        theirs = message.c.customer_id.in_(of["a"][:moved])
        connection.execute(update(message).where(theirs).values(variant="b"))
    fans = of["b"][:50]
    at = "2026-05-04T10:00:00"
    found.hear(*(event(at, "message_clicked", n, campaign="b", step="letter") for n in fans))
    found.run("2026-05-04T13:00:00")
    (verdict,) = found.rows("verdict")
    assert (verdict.variant, bool(verdict.proven)) == ("b", proven)


def test_without_any_letter_of_a_test_there_is_no_verdict(shops: Any) -> None:
    found = shops(sale(more="", winner='test_percent = 0.0001\ndecide_after = "4 hours"'))
    found.run("2026-05-05T00:00:00")
    assert found.rows("verdict") == []
    assert set(gone(found)) == set(NAMES)
    assert {variant for _, variant in gone(found).values()} == {"a", "b"}
