"""Cases of local time restated from other engines: letters go at the stated instants."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.words import WEEKDAYS, time_of_day, zone_of
from tests.simulation.shop import event, flow, person, play, settings, shop, step

FILE = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "local_time_sample.json"
UNTIL = "2026-12-31T00:00:00Z"


def cases() -> list[dict[str, Any]]:
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["cases"]
    return found


def utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def weekdays(numbers: list[int] | None) -> str:
    """Weekdays by number, Sunday being 0, as a step says them."""
    named = [WEEKDAYS[(number - 1) % 7] for number in numbers or ()]
    return f"on = {json.dumps(named)}\n" if named else ""


def sent(
    folder: Path,
    at: datetime,
    said: str,
    *,
    zone: str | None = None,
    shop_zone: str = "UTC",
    quiet: str = "off",
    **attributes: Any,
) -> datetime:
    """When the one letter of a step goes whose flow is entered at `at`."""
    who = person(attributes=attributes) | ({"timezone": zone} if zone else {})
    catalog = shop(
        {"f": flow('when = "a"\ntoo_late = "1 day"', step(more=said))},
        said=settings(zone=shop_zone, quiet=quiet),
    )
    played = play(folder, catalog, [event(at.isoformat(), "a")], UNTIL, [who])
    found = [row["at"] for row in played.decisions if row["what"] == "sent"]
    assert len(found) == 1, played.decisions
    return utc(found[0])


@pytest.mark.skipif(not FILE.exists(), reason="LIFECYCLE_SAMPLES names no cases of local time")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_letter_goes_at_the_stated_instant(tmp_path: Path, case: dict[str, Any]) -> None:
    if "ask" in case:
        clock_time(tmp_path, case)
    elif "window" in case:
        send_window(tmp_path, case)
    else:
        instant_in_data(tmp_path, case)


def clock_time(folder: Path, case: dict[str, Any]) -> None:
    """A wait for a time of day."""
    known, ask = case["known_of_person"], case["ask"]
    if "coordinates" in known:
        pytest.skip("a customer's zone is said by name, not worked out from coordinates")
    said = f'at = "{ask["hour"]:02}:{ask["minute"]:02}"\n'
    said += weekdays(ask["allowed_weekdays_0_is_sunday"])
    zone, shop_zone = known.get("person_zone"), known.get("default_zone") or "UTC"
    found = sent(folder, utc(case["now"]), said, zone=zone, shop_zone=shop_zone)
    assert found == utc(case["instant"])


def send_window(folder: Path, case: dict[str, Any]) -> None:
    """A window in which letters go: outside it are quiet hours."""
    window, quiet, said = case["window"], "off", weekdays(case["allowed_weekdays_0_is_sunday"])
    if window["from"] and window["to"]:
        opens, ends = sorted((time_of_day(window["from"]), time_of_day(window["to"])))
        quiet = f"{ends:%H:%M}-{opens:%H:%M}"
    if case["at_hour"] is not None:
        said += f'at = "{case["at_hour"]}"\n'
    zone = zone_of(case["person_zone"], case["default_zone"])
    found = sent(
        folder,
        utc(case["due_utc"]),
        said,
        zone=case["person_zone"],
        shop_zone=case["default_zone"],
        quiet=quiet,
    )
    assert f"{found.astimezone(zone):%Y-%m-%d %H:%M}" == case["expect_local"]


def instant_in_data(folder: Path, case: dict[str, Any]) -> None:
    """A wait for an instant in the data; where there is none, or it is over, nothing is waited."""
    offset = case.get("offset", {})
    sign = "-" if offset.get("direction") == "before" else "+"
    told = f'customer = "starts_at", offset = "{sign}{offset.get("seconds", 0)} seconds"'
    held = case["wait_until_date_held_in_profile"]
    known = {} if held is None else {"starts_at": held}
    now = utc(case["now"])
    found = sent(folder, now, f"until = {{ {told} }}", **known)
    assert found - now == timedelta(milliseconds=case["expect_wait_ms"] or 0)
