"""Customers who move to another zone while a step waits, by replay: its hour is that of the new."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.shop import event, flow, person, play, shop, step

AT = "2026-03-02T14:00:00"
MOVED = "2026-03-02T15:00:00Z"
SPAN = 'at = "best hour between '


@pytest.mark.parametrize(
    ("said", "before", "after", "sent"),
    [
        ('at = "20:00"', "UTC", "America/New_York", "03-03 01:00 f/a"),
        ('at = "20:00"', "America/New_York", "Asia/Tokyo", "03-03 11:00 f/a"),
        ('on = ["tue"]', "UTC", "America/New_York", "03-03 05:00 f/a"),
        ("not_on = [2026-03-02]", "UTC", "America/New_York", "03-03 05:00 f/a"),
        ('at = "best hour"', "UTC", "America/New_York", "03-03 10:00 f/a"),
        (f'{SPAN}09:00 and 12:00"', "UTC", "America/New_York", "03-03 14:00 f/a"),
        (f'{SPAN}22:00 and 02:00"', "UTC", "America/New_York", "03-03 03:00 f/a"),
        (f'{SPAN}09:00 and 12:00"', "UTC", "Europe/Berlin", "03-03 10:00 f/a"),
    ],
)
def test_a_step_keeps_its_hour_and_day_on_the_clock_its_reader_has_when_it_falls_due(
    tmp_path: Path, said: str, before: str, after: str, sent: str
) -> None:
    people = [
        person(at="2026-03-01T00:00:00Z", timezone=before),
        {"id": "c1", "at": MOVED, "timezone": after},
    ]
    catalog = shop({"f": flow('when = "joined"', step("a", said))})
    played = play(tmp_path, catalog, [event(AT, "joined")], people=people)
    assert played.sent() == [sent]


def test_an_hour_around_a_date_is_that_of_the_new_zone(tmp_path: Path) -> None:
    people = [
        person(at="2026-03-01T00:00:00Z", timezone="UTC", attributes={"day": "2026-03-05"}),
        {"id": "c1", "at": "2026-03-05T08:00:00Z", "timezone": "America/New_York"},
    ]
    catalog = shop({"f": flow('on_date = "day"', step("a", 'at = "T 10:00"'))})
    assert play(tmp_path, catalog, [], people=people).sent() == ["03-05 15:00 f/a"]


def test_an_hour_that_is_skipped_up_to_midnight_means_midnight(tmp_path: Path) -> None:
    people = [person(timezone="America/Nuuk")]
    catalog = shop({"f": flow('when = "joined"', step("a", 'at = "23:15"'))})
    lines = [event("2024-03-30T21:30:00", "joined")]
    assert play(tmp_path, catalog, lines, people=people).sent() == ["03-31 01:00 f/a"]
