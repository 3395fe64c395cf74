"""Series: dated steps around an anchor, the audience asked at each, on each reader's own clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecycle.core.chance import fraction
from tests.simulation.shop import Played, event, person, play, segment, settings, shop

FIRST = [event("2026-11-01T00:00:00", "x")]
UNTIL = "2026-12-31T00:00:00Z"
TESTED = """[[step.variant]]
name = "a"
subject = "A"
[[step.variant]]
name = "b"
subject = "B"
[step.winner]
by = "click_rate"
test_percent = {}
decide_after = "4 hours"
at_least = 5"""
DAYS = (("teaser", "T-7 days 09:00"), ("sale", "T 08:00"), ("last", "T+3 days 18:00"))


def step(name: str, at: str, more: str = "") -> str:
    return f'[[step]]\nname = "{name}"\ntemplate = "hello"\nsubject = "S"\nat = "{at}"\n{more}\n'


def series(
    *steps: str, anchor: str = "2026-11-27", audience: str = "everyone = true", top: str = ""
) -> str:
    written = "\n".join(steps or [step(*one) for one in DAYS])
    return (
        f'name = "S"\nkind = "series"\nstatus = "live"\ntopic = "offers"\nanchor = {anchor}\n'
        f"{top}\n"
        f"[audience]\n{audience}\n{written}"
    )


def played(
    folder: Path, text: str, lines: list[Any], people: list[Any] | None = None, **more: Any
) -> Played:
    catalog = shop({"s": text}, more.get("segments"), said=more.get("said", ""))
    return play(folder, catalog, FIRST + lines, UNTIL, people or [person()])


def test_each_step_goes_at_its_time_and_the_last_one_ends_it(tmp_path: Path) -> None:
    found = played(tmp_path, series(), [])
    assert found.told("s") == [
        "11-20 09:00 entered",
        "11-20 09:00 sent teaser",
        "11-27 08:00 sent sale",
        "11-30 18:00 finished",
        "11-30 18:00 sent last",
    ]  # fmt: skip
    assert {row["entry"] for row in found.decisions} == {"2026-11-27"}


def test_the_times_are_each_readers_own(tmp_path: Path) -> None:
    people = [
        person("berlin", timezone="Europe/Berlin"),
        person("york", timezone="America/New_York"),
        person("nowhere"),
    ]
    rows = played(tmp_path, series(), [], people, said=settings(zone="Asia/Tokyo")).decisions
    sales = [r for r in rows if r["what"] == "sent" and r["step"] == "sale"]
    assert {(r["customer"], r["at"]) for r in sales} == {
        ("berlin", "2026-11-27T07:00:00Z"),
        ("york", "2026-11-27T13:00:00Z"),
        ("nowhere", "2026-11-26T23:00:00Z"),
    }  # fmt: skip


def test_days_are_days_of_the_calendar_over_a_change_of_the_clock(tmp_path: Path) -> None:
    """Berlin goes back on 25 October 2026, New York on 1 November."""
    text = series(step("a", "T-7 days 09:00"), step("b", "T+1 day 09:00"), anchor="2026-10-31")
    people = [
        person("berlin", timezone="Europe/Berlin"),
        person("york", timezone="America/New_York"),
    ]
    lines = [event("2026-10-01T00:00:00", "x")]
    rows = played(tmp_path, text, lines, people).decisions
    assert {(r["customer"], r["at"]) for r in rows if r["what"] == "sent"} == {
        ("berlin", "2026-10-24T07:00:00Z"),
        ("berlin", "2026-11-01T08:00:00Z"),
        ("york", "2026-10-24T13:00:00Z"),
        ("york", "2026-11-01T14:00:00Z"),
    }


def test_an_anchor_with_an_offset_is_one_instant_for_steps_by_the_hour(tmp_path: Path) -> None:
    text = series(step("soon", "T-2 hours"), step("now", "T"), anchor="2026-11-27T18:00:00+01:00")
    people = [person("a", timezone="Asia/Tokyo"), person("b", timezone="America/New_York")]
    rows = played(tmp_path, text, [], people).decisions
    assert {
        (r["customer"], r["at"]) for r in rows if r["what"] == "sent" and r["step"] == "soon"
    } == {
        ("a", "2026-11-27T15:00:00Z"),
        ("b", "2026-11-27T15:00:00Z"),
    }


def test_the_audience_is_asked_anew_at_each_step(tmp_path: Path) -> None:
    """c1 is in it from the start, c2 from the second step on, c3 leaves before the last."""
    text = series(audience='customer = "in"\nis = true')
    people = [
        person("c1", attributes={"in": True}),
        person("c2"),
        person("c3", attributes={"in": True}),
        {"id": "c2", "attributes": {"in": True}, "at": "2026-11-25T00:00:00Z"},
        {"id": "c3", "attributes": {"in": False}, "at": "2026-11-28T00:00:00Z"},
        person("c4"),
    ]
    found = played(tmp_path, text, [], people)
    told = {
        who: [
            f"{row['at'][5:10]} {row['what']} {row['step']}{row['reason']}"
            for row in found.decisions
            if row["customer"] == who and row["what"] not in ("entered", "finished")
        ]
        for who in ("c1", "c2", "c3", "c4")
    }
    assert told == {
        "c1": ["11-20 sent teaser", "11-27 sent sale", "11-30 sent last"],
        "c2": ["11-27 sent sale", "11-30 sent last"],
        "c3": ["11-20 sent teaser", "11-27 sent sale", "11-30 skipped lastnot_applicable"],
        "c4": [],
    }
    ends = {r["customer"]: r["at"] for r in found.decisions if r["what"] == "finished"}
    assert ends == dict.fromkeys(("c1", "c2", "c3"), "2026-11-30T18:00:00Z")


def test_only_if_skips_one_step(tmp_path: Path) -> None:
    unbought = 'only_if = { not = { did = "order_placed", since = "T-7 days" } }'
    text = series(
        step("a", "T-7 days 09:00"), step("b", "T 08:00", unbought), step("c", "T+1 day 08:00")
    )
    lines = [event("2026-11-22T00:00:00", "order_placed")]
    assert played(tmp_path, text, lines).told("s", but=("entered", "finished")) == [
        "11-20 09:00 sent a",
        "11-27 08:00 skipped b not_applicable",
        "11-28 08:00 sent c",
    ]  # fmt: skip
    early = [event("2026-11-19T00:00:00", "order_placed")]
    assert "11-27 08:00 sent b" in played(tmp_path, text, early).told("s")


def test_quiet_hours_hold_a_step(tmp_path: Path) -> None:
    text = series(
        step("held", "T 22:30", 'not_after = "T+1 day 12:00"'), step("b", "T+2 days 09:00")
    )
    found = played(tmp_path, text, [], said=settings(quiet="21:00-08:00"))
    assert found.told("s", but=("entered", "finished")) == [
        "11-27 22:30 held held quiet_hours",
        "11-28 08:00 sent held",
        "11-29 09:00 sent b",
    ]  # fmt: skip


def test_not_after_drops_what_waits_for_its_winner_too_long(tmp_path: Path) -> None:
    """Nobody is in so small a test: the letter waits four hours, and its last moment is before."""
    first = step("a", "T 08:00", TESTED.format(0.001))
    text = series(first.replace("[[step.variant]]", 'not_after = "T 11:00"\n[[step.variant]]', 1))
    assert played(tmp_path, text, []).told("s", but=("entered", "finished")) == [
        "11-27 12:00 dropped a late"
    ]


def test_steps_that_are_long_over_when_it_goes_live_are_never_sent(tmp_path: Path) -> None:
    lines = [event("2026-11-26T12:00:00", "x")]
    catalog = shop({"s": series()})
    assert play(tmp_path, catalog, lines, UNTIL).sent() == [
        "11-27 08:00 s/sale",
        "11-30 18:00 s/last",
    ]  # fmt: skip


def test_a_holdout_gets_no_step(tmp_path: Path) -> None:
    people = [person(f"c{n}") for n in range(60)]
    text = series() + "\n[holdout]\npercent = 50\n"
    found = played(tmp_path, text, [], people)
    out = {r["customer"] for r in found.decisions if r["what"] == "held_out"}
    sent = {r["customer"] for r in found.decisions if r["what"] == "sent"}
    assert out == {p["id"] for p in people if fraction("s", "holdout", "s", p["id"]) < 0.5}
    assert out | sent == {p["id"] for p in people} and not out & sent


def test_a_step_tests_variants_and_sends_the_rest_the_winner(tmp_path: Path) -> None:
    text = series(step("one", "T 08:00", TESTED.format(40)), step("two", "T+1 day 08:00"))
    people = [person(f"c{n}") for n in range(100)]
    tested = {p["id"] for p in people if 100 * fraction("s", "test", "s", "one", p["id"]) < 40}
    rows = played(tmp_path, text, [], people).decisions
    first = {
        r["customer"]: r["variant"]
        for r in rows
        if r["at"] == "2026-11-27T08:00:00Z" and r["what"] == "sent"
    }
    assert set(first) == tested and set(first.values()) == {"a", "b"}
    clicks = [
        event("2026-11-27T09:00:00", "message_clicked", who, campaign="s", step="one", id=who)
        for who, variant in first.items()
        if variant == "b"
    ]
    rows = played(tmp_path, text, clicks, people).decisions
    rest = {
        r["customer"]: r["variant"]
        for r in rows
        if r["at"] == "2026-11-27T12:00:00Z" and r["what"] == "sent"
    }
    assert set(rest) == {p["id"] for p in people} - tested and set(rest.values()) == {"b"}
    assert sum(r["what"] == "sent" and r["step"] == "two" for r in rows) == 100
    assert sum(r["what"] == "finished" for r in rows) == 100


def test_a_step_before_that_still_waits_is_written_when_the_next_one_comes(tmp_path: Path) -> None:
    """The rest of the first step waits four hours for the winner, and the second comes in two."""
    text = series(step("one", "T 08:00", TESTED.format(0.001)), step("two", "T 10:00"))
    assert played(tmp_path, text, []).sent() == ["11-27 10:00 s/one", "11-27 10:00 s/two"]


def test_a_segment_is_asked_at_the_moment_itself(tmp_path: Path) -> None:
    segments = {"fresh": segment('{ did = "a", within = "2 days" }')}
    lines = [event("2026-11-25T09:00:00", "a"), event("2026-11-25T07:59:00", "a", "c2")]
    text = series(step("one", "T 08:00"), audience='in_segment = "fresh"')
    found = played(tmp_path, text, lines, [person("c1"), person("c2")], segments=segments)
    assert {r["customer"] for r in found.decisions} == {"c1"}


def test_variants_of_a_step_may_go_on_days_of_their_own(tmp_path: Path) -> None:
    timed = (
        '[[step]]\nname = "one"\ntemplate = "hello"\n'
        '[[step.variant]]\nname = "early"\nsubject = "A"\nat = "T-2 days 09:00"\n'
        '[[step.variant]]\nname = "late"\nsubject = "B"\nat = "T-1 day 18:00"\n'
    )
    people = [person(f"c{n}") for n in range(30)]
    rows = played(tmp_path, series(timed, step("two", "T 08:00")), [], people).decisions
    first = [r for r in rows if r["what"] == "sent" and r["step"] == "one"]
    assert {(r["variant"], r["at"]) for r in first} == {
        ("early", "2026-11-25T09:00:00Z"),
        ("late", "2026-11-26T18:00:00Z"),
    }
    assert len(first) == 30
    assert sum(r["what"] == "finished" for r in rows) == 30
