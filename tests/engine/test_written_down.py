"""What is written down of tests when they end, and what that teaches the next ones."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from lifecycle.models.registered import prior_of
from lifecycle.models.test_and_roll import share_to_test
from lifecycle.store import occasions, register
from lifecycle.store.database import Database
from tests.engine.test_roll_out import AT, NAMES, VARIANTS, fans_click, gone, sale
from tests.engine.test_roll_out import database_prepare as database_prepare
from tests.engine.test_roll_out import shops as shops
from tests.faults.running import TABLES
from tests.simulation.shop import broadcast, event, instant, settings, shop


def past(database: Database) -> list[register.PastVariant]:
    with database.read() as connection:
        return list(register.of_campaign(connection, "b"))


def test_a_test_is_written_down_with_its_verdict_and_again_when_its_letters_had_their_time(
    shops: Any,
) -> None:
    found = shops(sale())
    found.run("2026-05-04T09:00:00")
    fans_click(found, "2026-05-04T10:00:00")
    tested = Counter(variant for _, variant in gone(found).values())
    found.run("2026-05-04T13:00:00")
    first = {(one.by, one.variant): one for one in past(found.database)}
    assert set(first) == {(by, v) for by in ("click_rate", "open_rate") for v in "ab"}
    clicks = first["click_rate", "b"]
    assert (clicks.letters, clicks.met, clicks.kind) == (tested["b"], tested["b"], "broadcast")
    assert clicks.decisive and not first["open_rate", "b"].decisive
    assert clicks.decided_at == instant("2026-05-04T13:00:00")
    late = [name for name, (_, variant) in gone(found).items() if variant == "a"][:3]
    found.hear(
        *(
            event("2026-05-05T09:00:00", "message_clicked", n, campaign="b", step="letter")
            for n in late
        )
    )
    found.run("2026-05-08T00:00:00")
    again = {(one.by, one.variant): one for one in past(found.database)}
    assert (again["click_rate", "a"].letters, again["click_rate", "a"].met) == (tested["a"], 3)
    assert again["click_rate", "b"].letters == tested["b"], "the others got it after the decision"
    assert again["click_rate", "a"].measured_at == instant("2026-05-07T13:00:00")
    assert not any(row.name.startswith("register") for row in found.rows("task"))


def test_what_is_written_down_outlasts_the_messages(shops: Any) -> None:
    found = shops(sale())
    found.run("2026-05-04T09:00:00")
    fans_click(found, "2026-05-04T10:00:00")
    found.run("2026-05-04T13:00:00")
    before = {(one.by, one.variant): one.letters for one in past(found.database)}
    with found.database.write() as connection:
        connection.execute(delete(TABLES["message"]))
    found.run("2026-05-08T00:00:00")
    assert {(one.by, one.variant): one.letters for one in past(found.database)} == before


def test_a_test_that_is_decided_late_is_not_written_down_before(shops: Any) -> None:
    """All letters of the test had their time days ago."""
    found = shops(sale('test_percent = 30\ndecide_after = "5 days"'))
    found.run("2026-05-08T00:00:00")
    assert past(found.database) == []
    found.run("2026-05-20T00:00:00")
    rows = [one for one in past(found.database) if one.by == "click_rate"]
    assert {one.decided_at for one in rows} == {instant("2026-05-09T09:00:00")}
    assert 20 < sum(one.letters for one in rows) < 55
    assert not any(one.steered for one in rows)


def test_a_test_without_a_winner_is_written_down_when_its_letters_had_their_time(
    shops: Any,
) -> None:
    text = broadcast(AT, more=VARIANTS)
    found = shops(shop({"b": text}, said=settings(zone="Europe/Berlin")))
    found.run("2026-05-06T00:00:00")
    assert past(found.database) == []
    found.run("2026-05-10T00:00:00")
    rows = [one for one in past(found.database) if one.by == "click_rate"]
    assert sum(one.letters for one in rows) == len(NAMES)
    assert all(one.decisive for one in rows)


def test_past_tests_teach_how_large_the_next_one_is_made(shops: Any) -> None:
    found = shops(sale('test_percent = "auto"'))
    when = datetime.fromisoformat("2026-04-01T00:00:00+00:00")
    rows = [
        register.PastVariant(
            "old",
            "letter",
            f"2026-03-{number + 1:02}",
            "click_rate",
            name,
            place,
            True,
            5_000,
            met,
            met,
            met,
            when + timedelta(hours=number),
            when,
            "broadcast",
        )
        for number in range(20)
        for place, (name, met) in enumerate({"a": 100, "b": 240 if number % 2 else 60}.items())
    ]
    with found.database.write() as connection:
        register.write(connection, rows)
        prior = prior_of(connection, "click_rate", instant(AT))
    assert prior.tests == 20
    assert prior.spread / prior.mean > 0.25
    found.run("2026-05-04T09:00:00")
    with found.database.read() as connection:
        (state,) = occasions.states(connection, "b")
    assert state.tested == pytest.approx(share_to_test(len(NAMES), 2, prior))
