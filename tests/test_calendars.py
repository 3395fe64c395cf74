"""Public holidays by where a customer lives."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.calendars import country_of, country_of_zone, holidays_of
from lifecycle.core.facts import Facts
from tests.simulation.shop import event, flow, person, play, settings, shop, step

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def facts(zone: str = "UTC", **attributes: Any) -> Facts:
    return Facts("c1", NOW, ZoneInfo(zone), attributes=attributes)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts("Europe/Berlin"), "DE"),
        (facts("Europe/Berlin", country="FR"), "FR"),
        (facts("Europe/Berlin", country=" fr "), "FR"),
        (facts("Europe/Berlin", country="FRA"), "FRA"),
        (facts("Europe/Berlin", shipping={"country": "AT"}), "AT"),
        (facts("Europe/Berlin", country="the moon", shipping={"country": "AT"}), "AT"),
        (facts("Europe/Berlin", country="the moon"), "DE"),
        (facts("Asia/Calcutta"), "IN"),
        (facts("US/Eastern"), "US"),
        (facts("UTC"), "GB"),
        (facts("UTC", country=7), "GB"),
    ],
)
def test_the_country_is_the_customers_the_zones_or_the_shops(known: Facts, expected: str):
    assert country_of(known, "Europe/London") == expected


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-5", "Nowhere/At_All"])
def test_some_zones_lie_in_no_country(zone: str):
    assert country_of_zone(zone) is None
    assert country_of(facts(), zone) is None
    assert holidays_of(zone)(facts())(date(2026, 12, 25)) is False


def test_each_country_has_its_own_days():
    first_of_may, fourth_of_july = date(2026, 5, 1), date(2026, 7, 4)
    german, american = (
        holidays_of("UTC")(facts(zone)) for zone in ("Europe/Berlin", "America/New_York")
    )
    assert (german(first_of_may), german(fourth_of_july)) == (True, False)
    assert (american(first_of_may), american(fourth_of_july)) == (False, True)


def test_a_letter_keeps_away_from_the_holidays_of_its_reader(tmp_path: Path):
    """24 December 2026 is a Thursday, and no holiday anywhere here; it is left out by its date."""
    said = 'after = "1 day"\nat = "10:00"\nnot_on = ["holidays", 2026-12-24]'
    files = {"f": flow('when = "go"', step(more=said))}
    people = [
        person("german", timezone="Europe/Berlin"),
        person("italian", timezone="Europe/Berlin", attributes={"country": "IT"}),
        person("japanese", timezone="Asia/Tokyo"),
        person("nowhere"),
    ]
    lines = [event("2026-12-23T12:00:00", "go", one["id"]) for one in people]
    played = play(tmp_path, shop(files), lines, people=people)
    sent = {row["customer"]: row["at"] for row in played.decisions if row["what"] == "sent"}
    assert sent == {
        "german": "2026-12-27T09:00:00Z",
        "italian": "2026-12-27T09:00:00Z",
        "japanese": "2026-12-25T01:00:00Z",
        "nowhere": "2026-12-25T10:00:00Z",
    }


def test_a_shop_in_a_country_lends_it_to_customers_of_unknown_zone(tmp_path: Path):
    files = {"f": flow('when = "go"', step(more='at = "10:00"\nnot_on = "holidays"'))}
    catalog = shop(files, said=settings(zone="Europe/London"))
    played = play(tmp_path, catalog, [event("2026-12-25T06:00:00", "go")])
    assert played.sent() == ["12-27 10:00 f/hello"]


def test_the_world_of_holidays_is_loaded_only_when_one_is_asked_for():
    asks = "import sys, lifecycle.engine.live; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
