"""What holds a letter back and for how long: caps, gaps, priorities, pauses, rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.facts import Sent
from lifecycle.core.guard import caps_free_at
from lifecycle.core.settings import Cap
from tests.simulation.shop import event, flow, person, play, segment, settings, shop, step

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")


def cap(at_most: int, per: str, klass: str = "campaign") -> Cap:
    return Cap.model_validate({"class": klass, "at_most": at_most, "per": per})


def sent(*ago: timedelta, klass: str = "campaign") -> list[Sent]:
    return [Sent(NOW - one, "c", "s", klass, True, "e") for one in ago]


def hours(*numbers: float) -> list[timedelta]:
    return [timedelta(hours=number) for number in numbers]


@pytest.mark.parametrize(
    ("at_most", "per", "ago", "free_in"),
    [
        (1, "24 hours", [], None),
        (1, "24 hours", hours(24), None),
        (1, "24 hours", hours(23), timedelta(hours=1)),
        (2, "24 hours", hours(1), None),
        (2, "24 hours", hours(20, 1), timedelta(hours=4)),
        (2, "24 hours", hours(23, 20, 1), timedelta(hours=4)),
        (1, "24 hours", hours(0), timedelta(hours=24)),
    ],
)
def test_a_rolling_cap_leaves_room_when_its_far_edge_passes(
    at_most: int, per: str, ago: list[timedelta], free_in: timedelta | None
) -> None:
    found = caps_free_at(cap(at_most, per), sent(*ago), "campaign", BERLIN, NOW)
    assert found == (None if free_in is None else NOW + free_in)


@pytest.mark.parametrize(
    ("per", "ago", "free_at"),
    [
        ("calendar day", hours(13), "2026-05-06T22:00:00"),
        ("calendar day", hours(14.01), None),
        ("calendar day", hours(0), "2026-05-06T22:00:00"),
        ("calendar week", hours(61), "2026-05-10T22:00:00"),
        ("calendar week", hours(62.01), None),
    ],
)
def test_a_calendar_cap_counts_the_customers_own_day_and_week(
    per: str, ago: list[timedelta], free_at: str | None
) -> None:
    """6 May 2026 is a Wednesday; Berlin is two hours ahead."""
    found = caps_free_at(cap(1, per), sent(*ago), "campaign", BERLIN, NOW)
    wanted = None if free_at is None else datetime.fromisoformat(free_at).replace(tzinfo=UTC)
    assert found == wanted


def test_a_cap_counts_its_own_class_alone() -> None:
    letters = sent(*hours(1, 2, 3), klass="triggered")
    assert caps_free_at(cap(1, "1 day"), letters, "campaign", BERLIN, NOW) is None
    assert caps_free_at(cap(1, "1 day"), letters, "triggered", BERLIN, NOW) is None
    assert caps_free_at(cap(1, "1 day", "triggered"), letters, "triggered", BERLIN, NOW)


@given(
    minutes=st.lists(st.integers(0, 5_000), max_size=12),
    at_most=st.integers(1, 4),
    per=st.sampled_from(["90 minutes", "1 day", "2 days", "calendar day", "calendar week"]),
    zone=st.sampled_from(["Europe/Berlin", "Pacific/Apia", "America/St_Johns", "UTC"]),
)
def test_at_the_instant_told_there_is_room_and_just_before_there_is_not(
    minutes: list[int], at_most: int, per: str, zone: str
) -> None:
    said, letters = cap(at_most, per), sent(*(timedelta(minutes=one) for one in minutes))
    free = caps_free_at(said, letters, "campaign", ZoneInfo(zone), NOW)
    if free is None:
        return
    assert free > NOW
    assert caps_free_at(said, letters, "campaign", ZoneInfo(zone), free) is None
    assert caps_free_at(said, letters, "campaign", ZoneInfo(zone), free - MICRO) is not None


def on(at: str, name: str = "a", **more: Any) -> dict[str, Any]:
    number, _, time = at.partition(" ")
    return event(f"2026-05-{number}T{time}:00", name, **more)


def outcome(
    folder: Path, files: dict[str, str], said: str, lines: Sequence[dict[str, Any]], **more: Any
) -> list[str]:
    """Holds, sends and drops with their campaigns: "04 10:00 f sent"."""
    rows = play(
        folder, shop(files, more.pop("segments", None), settings(said)), lines, **more
    ).decisions
    return sorted(
        " ".join(
            [row["at"][8:16].replace("T", " "), row["campaign"], row["what"], row["reason"]]
        ).strip()
        for row in rows
        if row["what"] in ("held", "sent", "dropped")
    )


def test_the_higher_priority_goes_when_the_cap_leaves_room_for_one(tmp_path: Path) -> None:
    files = {
        "a_low": flow('when = "a"', top="priority = 10"),
        "b_top": flow('when = "a"', top="priority = 90"),
        "c_mid": flow('when = "a"', top="priority = 50"),
    }
    said = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"'
    assert outcome(tmp_path, files, said, [on("04 10:00")]) == [
        "04 10:00 a_low held capped",
        "04 10:00 b_top sent",
        "04 10:00 c_mid held capped",
        "05 10:00 c_mid sent",
        "06 10:00 a_low sent",
    ]


def test_a_gap_is_kept_between_any_two_counted_letters(tmp_path: Path) -> None:
    files = {
        "f": flow('when = "a"', top="priority = 60"),
        "g": flow('when = "a"', '[sending]\nclass = "survey"', step()),
        "free": flow('when = "a"', "[sending]\ncaps = false", step()),
    }
    assert outcome(tmp_path, files, 'minimum_gap = "2 hours"', [on("04 10:00")]) == [
        "04 10:00 f sent",
        "04 10:00 free sent",
        "04 10:00 g held gap",
        "04 12:00 g sent",
    ]


def test_letters_outside_caps_neither_count_nor_are_counted(tmp_path: Path) -> None:
    files = {
        "f": flow('when = "a"\nagain = "always"', top="priority = 10"),
        "free": flow('when = "a"\nagain = "always"', "[sending]\ncaps = false", step()),
        "must": flow('when = "a"\nagain = "always"', step(more="transactional = true")),
    }
    said = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"'
    assert outcome(tmp_path, files, said, [on("04 10:00"), on("04 11:00")]) == [
        "04 10:00 f sent",
        "04 10:00 free sent",
        "04 10:00 must sent",
        "04 11:00 f held capped",
        "04 11:00 free sent",
        "04 11:00 must sent",
        "05 10:00 f sent",
    ]


def test_a_rule_that_guards_holds_until_it_lets_go(tmp_path: Path) -> None:
    segments = {"alone": segment('{ did = "ticket_opened", within = "3 hours" }')}
    lines = [on("04 09:00", "ticket_opened"), on("04 10:00")]
    said = 'hold_if = { in_segment = "alone" }'
    files = {"f": flow('when = "a"'), "must": flow('when = "a"', step(more="transactional = true"))}
    assert outcome(tmp_path, files, said, lines, segments=segments) == [
        "04 10:00 f held guarded",
        "04 10:00 must sent",
        "04 12:00 f sent",
    ]


def test_a_guard_that_an_attribute_lifts_lets_go_at_once(tmp_path: Path) -> None:
    people = [
        person(attributes={"alone": True}),
        {"id": "c1", "at": "2026-05-04T10:20:00Z", "attributes": {"alone": False}},
    ]
    said = 'hold_if = { customer = "alone", is = true }'
    assert outcome(tmp_path, {"f": flow('when = "a"')}, said, [on("04 10:00")], people=people) == [
        "04 10:00 f held guarded",
        "04 10:20 f sent",
    ]


def test_a_guard_that_never_lets_go_ends_in_a_stale_letter(tmp_path: Path) -> None:
    files = {"f": flow('when = "a"', '[sending]\nstale_after = "5 hours"', step())}
    assert outcome(tmp_path, files, "hold_if = { everyone = true }", [on("04 10:00")]) == [
        "04 10:00 f held guarded",
        "04 15:00 f dropped stale",
    ]


def test_after_a_cap_quiet_hours_still_hold(tmp_path: Path) -> None:
    said = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "12 hours"'
    files = {
        "f": flow(
            'when = "a"', '[sending]\nquiet_hours = "21:00-08:00"', step(), top="priority = 60"
        ),
        "g": flow('when = "a"', '[sending]\nquiet_hours = "21:00-08:00"', step()),
    }
    assert outcome(tmp_path, files, said, [on("04 10:00")]) == [
        "04 10:00 f sent",
        "04 10:00 g held capped",
        "04 22:00 g held quiet_hours",
        "05 08:00 g sent",
    ]


def test_caps_are_of_the_customer_alone(tmp_path: Path) -> None:
    said = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"'
    lines = [on("04 10:00"), on("04 10:00", customer="c2")]
    people = [person("c1"), person("c2")]
    found = outcome(tmp_path, {"f": flow('when = "a"')}, said, lines, people=people)
    assert found == ["04 10:00 f sent"] * 2
