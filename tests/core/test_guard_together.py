"""Caps, gap, quiet hours, priority and guard together: replays reckoned by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, person, play, settings, shop, step

BERLIN = person(timezone="Europe/Berlin")
OF_ANY = 'again = "always"'


def cap(at_most: int, per: str, klass: str = "triggered") -> str:
    return f'[[sending.cap]]\nclass = "{klass}"\nat_most = {at_most}\nper = "{per}"\n'


def sending(**said: str) -> str:
    return "[sending]\n" + "".join(f"{key} = {value}\n" for key, value in said.items())


def told(
    folder: Path,
    files: Mapping[str, str],
    said: str,
    lines: Sequence[dict[str, Any]],
    *,
    quiet: str = "off",
    who: dict[str, Any] = BERLIN,
    **more: Any,
) -> list[str]:
    """Each hold, letter and drop: when, campaign, what, reason and detail."""
    catalog = shop(files, more.pop("segments", None), settings(said, quiet=quiet))
    rows = play(folder, catalog, lines, people=[who], **more).decisions
    return [
        " ".join(
            part
            for part in (
                row["at"][5:16],
                row["campaign"],
                row["what"],
                row["reason"],
                row["detail"],
            )
            if part
        )
        for row in rows
        if row["what"] in ("held", "sent", "dropped")
    ]


def test_a_calendar_day_has_23_hours_when_the_clocks_go_forward(tmp_path: Path):
    """In Berlin 29 March 2026 ends at 22:00 UTC; at 23:30 UTC of the 28th it has begun."""
    files = {"f": flow(f'when = "a"\n{OF_ANY}')}
    times = ("2026-03-28T22:30:00", "2026-03-28T23:30:00", "2026-03-29T10:00:00")
    lines = [event(at, "a") for at in times]
    assert told(tmp_path, files, cap(1, "calendar day"), lines) == [
        "03-28T22:30 f sent",
        "03-28T23:30 f sent",
        "03-29T10:00 f held capped until 2026-03-29T22:00:00Z",
        "03-29T22:00 f sent",
    ]


def test_a_calendar_week_is_an_hour_longer_when_they_go_back(tmp_path: Path):
    """The week of 25 October 2026 ends in Berlin at 23:00 UTC of that Sunday."""
    files = {"f": flow(f'when = "a"\n{OF_ANY}')}
    lines = [event(at, "a") for at in ("2026-10-24T22:30:00", "2026-10-25T19:00:00")]
    assert told(tmp_path, files, cap(1, "calendar week"), lines) == [
        "10-24T22:30 f sent",
        "10-25T19:00 f held capped until 2026-10-25T23:00:00Z",
        "10-25T23:00 f sent",
    ]


def test_gap_cap_and_quiet_hours_each_hold_in_turn_and_are_told_once(tmp_path: Path):
    """UTC: 17:00 goes; at 20:00 the gap is over, at 05:00 the cap, at 08:00 the night."""
    files = {"f": flow('when = "a"', top="priority = 60"), "g": flow('when = "b"')}
    lines = [event("2026-05-04T17:00:00", "a"), event("2026-05-04T18:00:00", "b")]
    said = 'minimum_gap = "3 hours"\n' + cap(1, "12 hours")
    found = told(tmp_path, files, said, lines, quiet="21:00-08:00", who=person())
    assert found == [
        "05-04T17:00 f sent",
        "05-04T18:00 g held gap until 2026-05-04T20:00:00Z",
        "05-04T20:00 g held capped until 2026-05-05T05:00:00Z",
        "05-05T05:00 g held quiet_hours until 2026-05-05T08:00:00Z",
        "05-05T08:00 g sent",
    ]


def test_a_cap_of_none_holds_until_the_letter_is_stale(tmp_path: Path):
    files = {"f": flow('when = "a"', sending(stale_after='"2 days"'), step())}
    found = told(tmp_path, files, cap(0, "7 days"), [event("2026-05-04T10:00:00", "a")])
    assert found == [
        "05-04T10:00 f held capped until 2026-05-06T10:00:00Z",
        "05-06T10:00 f dropped stale",
    ]


def test_a_letter_whose_cap_frees_at_the_very_last_moment_goes(tmp_path: Path):
    files = {
        "f": flow('when = "a"', top="priority = 60"),
        "g": flow('when = "a"', sending(stale_after='"6 hours"'), step()),
        "h": flow('when = "a"', sending(stale_after='"5 hours"'), step(), top="priority = 40"),
    }
    found = told(tmp_path, files, cap(1, "6 hours"), [event("2026-05-04T10:00:00", "a")])
    assert found == [
        "05-04T10:00 f sent",
        "05-04T10:00 g held capped until 2026-05-04T16:00:00Z",
        "05-04T10:00 h held capped until 2026-05-04T15:00:00Z",
        "05-04T15:00 h dropped stale",
        "05-04T16:00 g sent",
    ]


def test_held_letters_go_one_by_one_as_the_cap_frees_the_most_urgent_first(tmp_path: Path):
    """Two go at ten and two a day later; who falls due at that instant takes a turn by priority."""
    files = {
        name: flow(f'when = "{name}"', top=f"priority = {priority}")
        for name, priority in (("p10", 10), ("p20", 20), ("p30", 30), ("p40", 40), ("p90", 90))
    }
    at_ten = [event("2026-05-04T10:00:00", name) for name in ("p10", "p20", "p30", "p40")]
    lines = [*at_ten, event("2026-05-05T10:00:00", "p90")]
    found = told(tmp_path, files, cap(2, "1 day"), lines)
    assert [one for one in found if "sent" in one] == [
        "05-04T10:00 p30 sent",
        "05-04T10:00 p40 sent",
        "05-05T10:00 p20 sent",
        "05-05T10:00 p90 sent",
        "05-06T10:00 p10 sent",
    ]
    assert [one for one in found if "held" in one] == [
        "05-04T10:00 p10 held capped until 2026-05-05T10:00:00Z",
        "05-04T10:00 p20 held capped until 2026-05-05T10:00:00Z",
    ]


def test_of_equal_priority_what_fell_due_first_goes_first(tmp_path: Path):
    files = {name: flow(f'when = "{name}"') for name in ("a", "b", "c")}
    lines = [
        event(f"2026-05-04T{hour}:00:00", name)
        for name, hour in (("c", "10"), ("b", "11"), ("a", "12"))
    ]
    found = told(tmp_path, files, cap(1, "1 day"), lines)
    assert [one for one in found if "sent" in one] == [
        "05-04T10:00 c sent",
        "05-05T10:00 b sent",
        "05-06T10:00 a sent",
    ]


def test_surveys_have_their_own_cap_and_two_caps_of_a_class_both_hold(tmp_path: Path):
    survey = sending(**{"class": '"survey"'})
    files = {
        "ask": flow(f'when = "a"\n{OF_ANY}', survey, step()),
        "f": flow(f'when = "a"\n{OF_ANY}', top="priority = 60"),
    }
    said = cap(1, "2 days", "survey") + cap(1, "1 hour") + cap(2, "calendar day")
    lines = [event(f"2026-05-04T{hour}:00:00", "a") for hour in ("10", "11")]
    lines += [event("2026-05-04T11:30:00", "a")]
    found = told(tmp_path, files, said, lines, who=person())
    assert [one for one in found if " f " in one] == [
        "05-04T10:00 f sent",
        "05-04T11:00 f sent",
        "05-04T11:30 f held capped until 2026-05-05T00:00:00Z",
        "05-05T00:00 f sent",
    ]
    assert [one for one in found if " ask " in one] == [
        "05-04T10:00 ask sent",
        "05-04T11:00 ask held capped until 2026-05-06T10:00:00Z",
        "05-06T10:00 ask sent",
    ]


def test_a_guard_that_only_an_event_lifts_is_not_looked_at_in_between(tmp_path: Path):
    kept = tmp_path / "kept.db"
    files = {"f": flow('when = "a"')}
    alone = {"alone": '{ last = ["ticket_opened", "ticket_closed"], has = { open = true } }'}
    segments = {name: f'name = "S"\nmatch = {rule}\n' for name, rule in alone.items()}
    lines = [
        event("2026-05-04T09:00:00", "ticket_opened", open=True),
        event("2026-05-04T10:00:00", "a"),
        event("2026-05-06T13:37:00", "ticket_closed", open=False),
    ]
    found = told(
        tmp_path, files, 'hold_if = { in_segment = "alone" }', lines, segments=segments, keep=kept
    )
    assert found == [
        "05-04T10:00 f held guarded until 2026-05-11T10:00:00Z",
        "05-06T13:37 f sent",
    ]
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT fence FROM message").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", "held_out"), ("transactional = true", "sent")],
)
def test_the_holdout_of_the_shop_is_one_from_marketing(tmp_path: Path, more: str, expected: str):
    catalog = shop(
        {"f": flow('when = "a"', step(more=more))}, said=settings("global_holdout_percent = 100")
    )
    played = play(tmp_path, catalog, [event("2026-05-04T10:00:00", "a")])
    assert [row["what"] for row in played.decisions if row["what"] in ("held_out", "sent")] == [
        expected
    ]
