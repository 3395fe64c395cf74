"""Broadcasts: one instant or each reader's own clock, both changes of the clock, best hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import broadcast, event, person, play, segment, settings, shop

FIRST = [event("2026-01-01T00:00:00", "x")]


def sent_at(folder: Path, at: str, zone: str | None, said: str = "", **more: Any) -> list[str]:
    people = [person("c1", timezone=zone) if zone else person("c1")]
    catalog = shop({"b": broadcast(at, **more)}, said=said or settings(zone="Europe/Berlin"))
    rows = play(folder, catalog, FIRST, people=people).decisions
    return [row["at"] for row in rows if row["what"] == "sent"]


@pytest.mark.parametrize(
    ("at", "zone", "utc"),
    [
        ("2026-04-14T09:00:00", "Europe/Berlin", "2026-04-14T07:00:00Z"),
        ("2026-04-14T09:00:00", None, "2026-04-14T07:00:00Z"),
        ("2026-04-14T09:00:00", "nowhere/at_all", "2026-04-14T07:00:00Z"),
        ("2026-04-14T09:00:00", "Pacific/Kiritimati", "2026-04-13T19:00:00Z"),
        ("2026-04-14T09:00:00", "Pacific/Niue", "2026-04-14T20:00:00Z"),
        ("2026-04-14T09:00:00", "Asia/Kathmandu", "2026-04-14T03:15:00Z"),
        ("2026-04-14T09:00:00+02:00", "Asia/Tokyo", "2026-04-14T07:00:00Z"),
        ("2026-04-14T09:00:00Z", "Pacific/Niue", "2026-04-14T09:00:00Z"),
        ("2026-04-14", "Asia/Tokyo", "2026-04-13T15:00:00Z"),
        # A time that the clock skips is the next moment there is.
        ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:00:00Z"),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        # One that comes twice is the first.
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00Z"),
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"),
    ],
)
def test_the_instant_of_a_reader(tmp_path: Path, at: str, zone: str | None, utc: str) -> None:
    assert sent_at(tmp_path, at, zone) == [utc]


def test_the_audience_is_asked_and_nobody_else_is_written_to(tmp_path: Path) -> None:
    lines = [*FIRST, event("2026-04-01T00:00:00", "order_placed", "c2")]
    people = [person("c1"), person("c2"), {"id": "c3", "email": "c3@x.example"}]
    catalog = shop({"b": broadcast("2026-04-14T09:00:00Z", audience='did = "order_placed"')})
    rows = play(tmp_path, catalog, lines, people=people).decisions
    assert {row["customer"] for row in rows} == {"c2"}
    catalog = shop({"b": broadcast("2026-04-14T09:00:00Z")})
    played = play(tmp_path, catalog, lines, people=people)
    assert played.told("b", but=("entered", "finished")) == [
        "04-14 09:00 sent letter",
        "04-14 09:00 sent letter",
        "04-14 09:00 dropped letter no_consent",
    ]  # fmt: skip


def test_who_joins_the_audience_before_their_own_moment_is_written_to(tmp_path: Path) -> None:
    """The letter's moment is the reader's own nine o'clock: till then anybody may join or leave."""
    lines = [
        *FIRST,
        event("2026-04-14T06:00:00", "order_placed", "c1"),
        event("2026-04-14T06:00:00", "order_placed", "c2"),
        event("2026-04-14T08:00:00", "order_placed", "c3"),
    ]
    people = [person("c1"), person("c2", timezone="America/New_York"), person("c3")]
    at = broadcast("2026-04-14T09:00:00", audience='did = "order_placed"')
    catalog = shop({"b": at}, said=settings(zone="Europe/Berlin"))
    rows = play(tmp_path, catalog, lines, people=people).decisions
    assert {(r["customer"], r["at"]) for r in rows if r["what"] == "sent"} == {
        ("c1", "2026-04-14T07:00:00Z"),
        ("c2", "2026-04-14T13:00:00Z"),
    }


def test_quiet_hours_hold_a_broadcast_too(tmp_path: Path) -> None:
    said = settings(zone="Europe/Berlin", quiet="21:00-08:00")
    assert sent_at(tmp_path, "2026-04-14T22:00:00", "Europe/Berlin", said) == [
        "2026-04-15T06:00:00Z"
    ]


def test_nobody_gets_it_twice(tmp_path: Path) -> None:
    people = [person(f"c{n:04}") for n in range(1_203)]
    catalog = shop({"b": broadcast("2026-04-14T09:00:00")})
    rows = play(tmp_path, catalog, FIRST, people=people).decisions
    sent = [row["customer"] for row in rows if row["what"] == "sent"]
    assert len(sent) == len(set(sent)) == 1_203


def test_its_class_is_campaign_and_caps_count_it(tmp_path: Path) -> None:
    said = settings('[[sending.cap]]\nclass = "campaign"\nat_most = 1\nper = "2 days"')
    files = {
        "b": broadcast("2026-04-14T09:00:00Z", top="priority = 60"),
        "c": broadcast("2026-04-15T09:00:00Z"),
    }
    assert play(tmp_path, shop(files, said=said), FIRST).sent() == [
        "04-14 09:00 b/letter", "04-16 09:00 c/letter",
    ]  # fmt: skip


def test_a_broadcast_from_a_segment(tmp_path: Path) -> None:
    segments = {"vip": segment('{ customer = "vip", is = true }')}
    people = [person("c1", attributes={"vip": True}), person("c2")]
    files = {"b": broadcast("2026-04-14T09:00:00Z", audience='in_segment = "vip"')}
    rows = play(tmp_path, shop(files, segments), FIRST, people=people).decisions
    assert {row["customer"] for row in rows} == {"c1"}
