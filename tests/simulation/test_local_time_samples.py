"""Cases of local time restated from other engines: the instants are as stated."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.send_time import Allowed
from lifecycle.core.words import WEEKDAYS, Span, moment_in_data, time_of_day, zone_of

FILE = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "local_time_sample.json"


def cases() -> list[dict[str, Any]]:
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["cases"]
    return found


def weekdays(numbers: list[int] | None) -> tuple[str, ...]:
    """Weekdays by number, Sunday being 0, as the language names them."""
    return tuple(WEEKDAYS[(number - 1) % 7] for number in numbers or ())


def utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@pytest.mark.skipif(not FILE.exists(), reason="LIFECYCLE_SAMPLES names no cases of local time")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_instant_is_as_stated(case: dict[str, Any]) -> None:
    if "ask" in case:
        clock_time(case)
    elif "window" in case:
        send_window(case)
    else:
        instant_in_data(case)


def clock_time(case: dict[str, Any]) -> None:
    """A wait for a time of day."""
    known, ask = case["known_of_person"], case["ask"]
    if "coordinates" in known:
        pytest.skip("a customer's zone is said by name, not worked out from coordinates")
    zone = zone_of(known.get("person_zone"), known.get("default_zone"))
    at = time_of_day(f"{ask['hour']}:{ask['minute']:02}")
    on = weekdays(ask["allowed_weekdays_0_is_sunday"])
    assert Allowed(at, on).first(utc(case["now"]), zone) == utc(case["instant"])


def send_window(case: dict[str, Any]) -> None:
    """A window in which letters go: outside it are quiet hours."""
    zone = zone_of(case["person_zone"], case["default_zone"])
    window = case["window"]
    quiet = None
    if window["from"] and window["to"]:
        opens, ends = sorted((time_of_day(window["from"]), time_of_day(window["to"])))
        quiet = Span(ends, opens)
    at = None if case["at_hour"] is None else time_of_day(str(case["at_hour"]))
    allowed = Allowed(at, weekdays(case["allowed_weekdays_0_is_sunday"]), (), quiet)
    found = allowed.first(utc(case["due_utc"]), zone)
    assert found is not None
    assert f"{found.astimezone(zone):%Y-%m-%d %H:%M}" == case["expect_local"]


def instant_in_data(case: dict[str, Any]) -> None:
    """An instant as a shop's data holds it; waiting for one is not carried out yet."""
    found = moment_in_data(case["wait_until_date_held_in_profile"])
    if case["expect_wait_ms"] is None:
        pytest.skip("waiting for an instant in the data is not carried out yet")
    assert found is not None
    offset = timedelta(seconds=case.get("offset", {}).get("seconds", 0))
    before = case.get("offset", {}).get("direction") == "before"
    at = found.at(zone_of("UTC")) + (-offset if before else offset)
    assert at - utc(case["now"]) == timedelta(milliseconds=case["expect_wait_ms"])
