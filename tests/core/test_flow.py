"""Walking a flow: waits, clock times, skips, exits, and what of them is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, person, play, segment, settings, shop, step

BERLIN = settings(zone="Europe/Berlin", quiet="21:00-08:00")
WEEK = step(more='after = "7 days"')


def on(at: str, name: str = "a", **more: Any) -> dict[str, Any]:
    """An event in May 2026, by day and time in UTC: "04 10:00"."""
    number, _, time = at.partition(" ")
    return event(f"2026-05-{number}T{time}:00", name, **more)


def two(first: str, second: str) -> str:
    return step("one", first) + step("two", second)


def check(folder: Path, text: str, lines: Sequence[dict[str, Any]], told: str, **more: Any) -> None:
    """Compare a flow's decisions, without entering and finishing, with lines of text."""
    catalog = shop({"f": text}, more.pop("segments", None), more.pop("said", ""))
    found = play(folder, catalog, lines, **more).told(but=("entered", "finished"))
    wanted = [one.strip() for one in told.split(",") if one.strip()]
    assert sorted(one[3:] for one in found) == sorted(wanted)


TIME: dict[str, tuple[str, str, str]] = {
    "no wait": (step(), "04 10:00", "04 10:00 sent hello"),
    "a wait is exact": (step(more='after = "36 hours"'), "04 10:07", "05 22:07 sent hello"),
    "waits add up": (
        two('after = "1 hour"', 'after = "2 days"'),
        "04 10:00",
        "04 11:00 sent one, 06 11:00 sent two",
    ),
    "at: later the same day": (step(more='at = "15:00"'), "04 10:00", "04 15:00 sent hello"),
    "at: exactly now is now": (step(more='at = "10:00"'), "04 10:00", "04 10:00 sent hello"),
    "at: past today is tomorrow": (step(more='at = "09:00"'), "04 10:00", "05 09:00 sent hello"),
    "at counts after the wait": (
        step(more='after = "1 day"\nat = "09:00"'),
        "04 10:00",
        "06 09:00 sent hello",
    ),
    "the next wait counts from the clock time": (
        two('at = "15:00"', 'after = "1 hour"'),
        "04 10:00",
        "04 15:00 sent one, 04 16:00 sent two",
    ),
    "a weekday: 4 May 2026 is a Monday": (
        step(more='on = ["wed"]'),
        "04 10:00",
        "06 00:00 sent hello",
    ),
    "a weekday that is today is now": (
        step(more='on = ["mon"]'),
        "04 10:00",
        "04 10:00 sent hello",
    ),
    "a weekday and a clock time": (
        step(more='on = ["mon", "thu"]\nat = "09:00"'),
        "04 10:00",
        "07 09:00 sent hello",
    ),
    "days left out": (
        step(more='not_on = [2026-05-05, 2026-05-06]\nat = "09:00"'),
        "04 10:00",
        "07 09:00 sent hello",
    ),
    "not_after lets its own instant pass": (
        step(more='at = "11:00"\nnot_after = 2026-05-04T11:00:00'),
        "04 10:00",
        "04 11:00 sent hello",
    ),
    "not_after drops what is later": (
        step(more='at = "11:00"\nnot_after = 2026-05-04T10:59:59'),
        "04 10:00",
        "04 11:00 dropped hello late",
    ),
    "after a drop for lateness the flow goes on": (
        two("not_after = 2026-05-01", 'after = "1 hour"'),
        "04 10:00",
        "04 10:00 dropped one late, 04 11:00 sent two",
    ),
    "only_if skips the step, and the next wait counts from there": (
        two('after = "1 hour"\nonly_if = { event = "vip", is = true }', 'after = "1 hour"'),
        "04 10:00",
        "04 11:00 skipped one not_applicable, 04 12:00 sent two",
    ),
}


@pytest.mark.parametrize("case", TIME)
def test_time(tmp_path: Path, case: str) -> None:
    steps, at, told = TIME[case]
    check(tmp_path, flow('when = "a"', steps), [on(at)], told)


QUIET: dict[str, tuple[str, str, str]] = {
    "in quiet hours the letter is held, and that is told": (
        step(),
        "04 20:00",
        "04 20:00 held hello quiet_hours, 05 06:00 sent hello",
    ),
    "their start is inside": (
        step(),
        "04 19:00",
        "04 19:00 held hello quiet_hours, 05 06:00 sent hello",
    ),
    "their end is outside": (step(), "04 06:00", "04 06:00 sent hello"),
    "the night before is inside": (
        step(),
        "04 05:59",
        "04 05:59 held hello quiet_hours, 04 06:00 sent hello",
    ),
    "the campaign's own span wins": (step(), "04 20:00 off", "04 20:00 sent hello"),
    "the next wait counts after quiet hours": (
        two("", 'after = "1 hour"'),
        "04 20:00",
        "04 20:00 held one quiet_hours, 05 06:00 sent one, 05 07:00 sent two",
    ),
    "only_if is asked when they are over": (
        step(more='only_if = { not = { did = "b" } }'),
        "04 20:00 b",
        "04 20:00 held hello quiet_hours, 05 06:00 skipped hello not_applicable",
    ),
    "a weekday that the end of quiet hours misses moves on": (
        step(more='on = ["mon"]'),
        "04 20:00",
        "04 20:00 held hello quiet_hours, 11 06:00 sent hello",
    ),
}


@pytest.mark.parametrize("case", QUIET)
def test_quiet_hours(tmp_path: Path, case: str) -> None:
    steps, at, told = QUIET[case]
    own = (
        '[sending]\nquiet_hours = "off"'
        if at.endswith("off")
        else '[sending]\nstale_after = "30 days"'
    )
    lines = [on(at[:8])] + ([on("04 22:00", "b")] if at.endswith("b") else [])
    check(tmp_path, flow('when = "a"', own, steps), lines, told, said=BERLIN)


@pytest.mark.parametrize(
    ("stale", "told"),
    [
        ("8 hours", "04 21:00 held hello quiet_hours, 05 05:00 dropped hello stale"),
        ("9 hours", "04 21:00 held hello quiet_hours, 05 06:00 sent hello"),
        ("10 hours", "04 21:00 held hello quiet_hours, 05 06:00 sent hello"),
    ],
)
def test_a_letter_held_longer_than_stale_after_is_dropped(
    tmp_path: Path, stale: str, told: str
) -> None:
    text = flow('when = "a"', f'[sending]\nstale_after = "{stale}"', step())
    check(tmp_path, text, [on("04 21:00")], told, said=BERLIN)


def test_after_a_stale_letter_the_flow_goes_on(tmp_path: Path) -> None:
    text = flow('when = "a"', '[sending]\nstale_after = "1 hour"', two("", 'after = "9 hours"'))
    told = "04 21:00 held one quiet_hours, 04 22:00 dropped one stale, 05 07:00 sent two"
    check(tmp_path, text, [on("04 21:00")], told, said=BERLIN)


@pytest.mark.parametrize("visits", [2, 3])
def test_each_visit_under_a_key_tells_its_own_hold(tmp_path: Path, visits: int) -> None:
    """A hold is told once a message; another visit owes another message."""
    lines = [on(f"0{4 + n} 20:00", k=1) for n in range(visits)]
    told = ",".join(
        f"0{4 + n} 20:00 held hello quiet_hours,0{5 + n} 06:00 sent hello" for n in range(visits)
    )
    check(tmp_path, flow('when = "a"\nper = "k"\nagain = "always"'), lines, told, said=BERLIN)


def test_consent_is_asked_when_the_letter_is_due_and_not_at_entry(tmp_path: Path) -> None:
    people = [
        {"id": "c1", "email": "c1@x.example"},
        {"id": "c1", "at": "2026-05-04T10:30:00Z", "agreed_to": ["offers"]},
        {"id": "c1", "at": "2026-05-05T10:30:00Z", "agreed_to": []},
    ]
    text = flow('when = "a"', two('after = "1 hour"', 'after = "1 day"'))
    told = "04 11:00 sent one, 05 11:00 dropped two no_consent"
    check(tmp_path, text, [on("04 10:00")], told, people=people)


def test_a_cap_that_holds_a_letter_does_not_delay_the_next_steps_clock(tmp_path: Path) -> None:
    more = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "3 days"'
    text = flow('when = "a"\nagain = "always"\nper = "k"', two("", 'after = "1 day"'))
    lines = [on("04 10:00", k=1)]
    told = "04 10:00 sent one, 05 10:00 held two capped, 07 10:00 sent two"
    check(tmp_path, text, lines, told, said=settings(more))
    text = flow('when = "a"', two("", 'after = "1 hour"') + step("three", 'after = "7 days"'))
    told = "04 10:00 sent one, 04 11:00 held two capped, 07 10:00 sent two, 11 11:00 sent three"
    check(tmp_path, text, [on("04 10:00")], told, said=settings(more))


def test_the_customers_zone_counts_else_the_shops(tmp_path: Path) -> None:
    people = [
        person("c1", timezone="Asia/Tokyo"),
        person("c2"),
        person("c3", timezone="America/New_York"),
    ]
    text = flow('when = "a"', step(more='at = "09:00"'))
    lines = [on("04 10:00", customer=one) for one in ("c1", "c2", "c3")]
    catalog = shop({"f": text}, said=settings(zone="Europe/Berlin"))
    rows = play(tmp_path, catalog, lines, people=people).decisions
    assert {row["customer"]: row["at"] for row in rows if row["what"] == "sent"} == {
        "c1": "2026-05-05T00:00:00Z",
        "c2": "2026-05-05T07:00:00Z",
        "c3": "2026-05-04T13:00:00Z",
    }


def test_a_segment_in_only_if_is_as_it_is_at_that_instant(tmp_path: Path) -> None:
    segments = {"recent": segment('{ did = "a", within = "1 day" }')}
    text = flow('when = "a"', two('after = "1 day"\nonly_if = { in_segment = "recent" }', ""))
    told = "05 10:00 skipped one not_applicable, 05 10:00 sent two"
    check(tmp_path, text, [on("04 10:00")], told, segments=segments)


@pytest.mark.parametrize("transactional", [True, False])
def test_a_transactional_letter_asks_neither_topic_nor_cap(
    tmp_path: Path, transactional: bool
) -> None:
    more = '[[sending.cap]]\nclass = "triggered"\nat_most = 0\nper = "1 day"\n'
    more += '[[sending.cap]]\nclass = "campaign"\nat_most = 0\nper = "1 day"'
    said = settings('minimum_gap = "1 day"\nhold_if = { everyone = true }\n' + more)
    letter = step(more="transactional = true" if transactional else "")
    text = flow('when = "a"\nagain = "always"', '[sending]\nstale_after = "1 hour"', letter)
    lines = [on("04 10:00"), on("04 10:01")]
    sent = "04 10:00 sent hello, 04 10:01 sent hello"
    dropped = "04 10:00 dropped hello no_consent, 04 10:01 dropped hello no_consent"
    people = [{"id": "c1", "email": "c1@x.example"}]
    check(tmp_path, text, lines, sent if transactional else dropped, said=said, people=people)


def test_suppression_stops_a_transactional_letter_too(tmp_path: Path) -> None:
    text = flow('when = "a"\nagain = "always"', step(more="transactional = true"))
    lines = [
        on("04 10:00"),
        on("04 11:00", "message_complained", campaign="f", step="hello"),
        on("04 12:00"),
    ]
    check(tmp_path, text, lines, "04 10:00 sent hello, 04 12:00 dropped hello suppressed")
