"""When an occasion comes: kept as text and read again, best hours, recurring dates over months."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from lifecycle.catalog.load import load
from lifecycle.core.anchor import read_anchored
from lifecycle.core.best_hour import LEAST_ANSWERS, hours_free
from lifecycle.core.learned_hours import Learned
from lifecycle.core.occasion import When, read_when
from lifecycle.core.send_time import Clock
from lifecycle.core.words import Moment, moment, span
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.store.tables import METADATA
from tests.known_hours import NO_CONTROL, evenings, in_force
from tests.simulation.shop import LETTER, event, instant, person, play, settings, shop

BEGINS = instant("2026-01-01T00:00:00")
FIRST = [event("2026-01-01T00:00:00", "x")]


@pytest.mark.parametrize(
    "when",
    [
        When(moment("2027-04-14T09:00:00")),
        When(moment("2027-04-14T09:00:00+02:00")),
        When(moment("2026-11-27"), read_anchored("T-7 days 09:00")),
        When(moment("2026-11-27T18:00:00Z"), read_anchored("T+90 minutes")),
        When(moment("2026-11-27"), read_anchored("T")),
        When(moment("2027-04-14"), best=Clock()),
        When(moment("2027-04-14"), best=Clock(None, span("08:30-20:00"))),
    ],
)
def test_a_moment_that_is_kept_is_read_as_it_was(when: When) -> None:
    assert read_when(when.said()) == when


def test_the_day_of_an_instant_is_the_local_one() -> None:
    found = When(Moment(datetime(2026, 4, 14, 23, 0, tzinfo=UTC)))
    assert found.day(ZoneInfo("Asia/Tokyo")) == date(2026, 4, 15)
    assert found.day(ZoneInfo("America/New_York")) == date(2026, 4, 14)


@pytest.mark.parametrize(
    ("default", "between", "quiet", "possible"),
    [
        ("10:00", "08:00-12:00", None, ["08:00", "09:00", "10:00", "11:00"]),
        ("10:30", "10:00-12:00", None, ["10:30", "11:00"]),
        ("10:00", "18:00-20:00", None, ["18:00", "19:00"]),
        ("10:00", "20:00-23:00", "21:00-08:00", ["20:00"]),
    ],
)
def test_all_best_hours_there_may_be(
    default: str, between: str, quiet: str | None, possible: list[str]
) -> None:
    found = hours_free(time.fromisoformat(default), span(between), span(quiet) if quiet else None)
    assert [f"{one:%H:%M}" for one in found] == possible


def best(at: str = "best hour", on: str = "2026-04-14", more: str = "") -> str:
    return (
        f'name = "B"\nkind = "broadcast"\nstatus = "live"\ntopic = "offers"\nat = "{at}"\n'
        f"on = {on}\n"
        f'template = "hello"\nsubject = "Hello"\n[audience]\neveryone = true\n{more}\n'
    )


def visits(customer: str, hour: int, days: int = 30, month: str = "03") -> list[dict[str, Any]]:
    return [
        event(f"2026-{month}-{day + 1:02}T{hour:02}:10:00", "site_visited", customer)
        for day in range(days)
    ]


def sent(rows: list[dict[str, str]]) -> dict[str, str]:
    return {r["customer"]: r["at"] for r in rows if r["what"] == "sent"}


def gone(
    text: str,
    people: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    found: Learned | None,
    said: str = "",
    database_url: str = "sqlite://",
) -> World:
    """A shop that knows something of hours, after its broadcast."""
    world = World(shop({"b": text}, said=said), Registry(), database_url=database_url)
    if found is not None:
        in_force(world.database, found, BEGINS)
    told = [read_customer(one, at=BEGINS) for one in people]
    happened = [read_event(one, received=None, live=False) for one in lines]
    world.run(told, happened, instant("2026-04-20T00:00:00"))
    return world


def went(world: World) -> dict[str, str]:
    """When the letter went, and to whom."""
    return {one["customer"]: one["at"] for one in world.decisions() if one["what"] == "sent"}


def test_each_gets_it_at_the_best_hour_of_that_day() -> None:
    """The list answers at seven in the evening; who comes at another hour is written to then."""
    lines = [*visits("noon", 12), *visits("few", 12, 1), *visits("tokyo", 22), *visits("quiet", 23)]
    people = [
        *(person(one) for one in ("noon", "few", "none", "quiet")),
        person("tokyo", timezone="Asia/Tokyo"),
        person("york", timezone="America/New_York"),
    ]
    said = settings(NO_CONTROL, quiet="21:00-07:00")
    assert went(gone(best(), people, lines, evenings(), said)) == {
        "noon": "2026-04-14T12:00:00Z",
        "few": "2026-04-14T19:00:00Z",
        "none": "2026-04-14T19:00:00Z",
        "quiet": "2026-04-14T19:00:00Z",
        "tokyo": "2026-04-13T22:00:00Z",
        "york": "2026-04-14T23:00:00Z",
    }


def test_with_nothing_known_everybody_gets_it_at_the_shops_hour() -> None:
    few = replace(evenings(), answered=LEAST_ANSWERS - 1)
    people = [person("c1"), person("york", timezone="America/New_York")]
    for found in (None, few):
        assert went(gone(best(), people, visits("c1", 12), found)) == {
            "c1": "2026-04-14T10:00:00Z",
            "york": "2026-04-14T14:00:00Z",
        }


def test_a_best_hour_keeps_inside_its_span() -> None:
    lines = [*visits("night", 22), *visits("five", 17)]
    people = [person("night"), person("five"), person("none")]
    text, said = best("best hour between 16:00 and 20:00"), settings(NO_CONTROL)
    assert went(gone(text, people, lines, evenings(hour=16), said)) == {
        "night": "2026-04-14T16:00:00Z",
        "five": "2026-04-14T17:00:00Z",
        "none": "2026-04-14T16:00:00Z",
    }


def test_what_is_learned_on_the_day_itself_moves_nobody() -> None:
    """Neither what happens on it, nor what comes to be known of before."""
    lines = visits("c1", 12)
    lines += [event(f"2026-04-14T08:{n:02}:00", "order_placed") for n in range(30)]
    lines += [
        event(f"2026-02-{n + 1:02}T08:00:00", "site_visited", received_at="2026-04-14T09:00:00")
        for n in range(28)
    ]
    world = gone(best(), [person()], lines, evenings(), settings(NO_CONTROL))
    assert went(world) == {"c1": "2026-04-14T12:00:00Z"}


def test_an_occasion_goes_by_one_fit_to_its_end() -> None:
    """What is learned in the night between the zones' mornings lets nobody be passed over."""
    zones = ("Pacific/Auckland", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Pacific/Niue")
    people = [person(f"c{n:02}", timezone=zones[n % 5]) for n in range(40)]
    world = World(shop({"b": best()}, said=settings(NO_CONTROL)), Registry())
    in_force(world.database, evenings(hour=19), BEGINS)
    told = [read_customer(one, at=BEGINS) for one in people]
    world.run(told, [], instant("2026-04-14T06:00:00"))
    in_force(world.database, evenings(hour=9), BEGINS)
    later = read_event(event("2026-04-14T06:00:01", "x", "c00"), received=None, live=False)
    world.run([], [later], instant("2026-04-20T00:00:00"))
    found = went(world)
    assert len(found) == 40
    for one in people:
        local = datetime.fromisoformat(found[one["id"]]).astimezone(ZoneInfo(one["timezone"]))
        assert f"{local:%m-%d %H:%M}" == "04-14 19:00"


def test_a_share_of_letters_keeps_the_hours_of_the_control(database_url: str) -> None:
    people = [person(f"c{n:03}") for n in range(200)]
    own = evenings(hour=19)
    found = replace(own, likely=(evenings(hour=15).worth,))
    said = settings("best_hour_control_percent = 40")
    world = gone(best(), people, [], found, said, database_url)
    table = METADATA.tables["message"]
    with world.database.read() as connection:
        rows = connection.execute(select(table.c.timing, table.c.slot, table.c.lean)).all()
    by_role = Counter((row.timing, row.slot) for row in rows)
    assert set(by_role) == {("chosen", 24 + 15), ("shop", 24 + 10), ("list", 24 + 19)}
    assert by_role["shop", 34] + by_role["list", 43] == pytest.approx(80, abs=20)
    assert {row.lean for row in rows} == {1_000_000}


def test_variants_of_a_broadcast_may_go_at_times_of_their_own(tmp_path: Path) -> None:
    more = (
        '[[variant]]\nname = "early"\nsubject = "A"\nat = "08:00"\n'
        '[[variant]]\nname = "late"\nsubject = "B"\nat = "18:00"\n'
    )
    text = best().replace('at = "best hour"\non = 2026-04-14', "at = 2026-04-14T12:00:00") + more
    people = [person(f"c{n}", timezone="Europe/Berlin") for n in range(40)]
    rows = play(tmp_path, shop({"b": text}), FIRST, people=people).decisions
    assert {(r["variant"], r["at"]) for r in rows if r["what"] == "sent"} == {
        ("early", "2026-04-14T06:00:00Z"),
        ("late", "2026-04-14T16:00:00Z"),
    }
    assert len(sent(rows)) == 40


def recurring(every: str, template: str = "hello", more: str = "") -> str:
    return (
        f'name = "R"\nkind = "broadcast"\nstatus = "live"\ntopic = "offers"\nevery = "{every}"\n'
        f'template = "{template}"\nsubject = "Hello"\n[audience]\neveryone = true\n{more}\n'
    )


@pytest.mark.parametrize(
    ("every", "zone", "until", "days"),
    [
        (
            "month on the first monday at 09:00",
            "Europe/Berlin",
            "2026-06-30",
            "01-05 08:00, 02-02 08:00, 03-02 08:00, 04-06 07:00, 05-04 07:00, 06-01 07:00",
        ),
        (
            "month on the last day at 18:30",
            "America/New_York",
            "2026-05-15",
            "01-31 23:30, 02-28 23:30, 03-31 22:30, 04-30 22:30",
        ),
        ("month on the 31st at 12:00", "UTC", "2026-03-31", "01-31 12:00, 02-28 12:00"),
        ("month on the last friday at 08:00", "UTC", "2026-03-01", "01-30 08:00, 02-27 08:00"),
        ("week on sunday at 02:30", "Europe/Berlin", "2026-04-06",
         "03-22 01:30, 03-29 01:00, 04-05 00:30"),
        ("day at 08:00", "Asia/Kathmandu", "2026-01-04", "01-01 02:15, 01-02 02:15, 01-03 02:15"),
    ],
)  # fmt: skip
def test_a_letter_comes_back_on_its_days(
    tmp_path: Path, every: str, zone: str, until: str, days: str
) -> None:
    """From when it went live: that is the instant of the first line."""
    first = "2026-03-16T00:00:00" if "sunday" in every else "2026-01-01T00:00:00"
    people = [person(timezone=zone)]
    catalog = shop({"r": recurring(every)})
    found = play(tmp_path, catalog, [event(first, "x")], f"{until}T00:00:00Z", people)
    assert [one.removesuffix(" r/letter") for one in found.sent()] == days.split(", ")


def test_each_occurrence_is_an_entry_of_its_own_and_asks_the_audience(tmp_path: Path) -> None:
    text = recurring("day at 08:00").replace("everyone = true", 'did = "order_placed"')
    lines = [event("2026-05-01T00:00:00", "x"), event("2026-05-02T12:00:00", "order_placed")]
    rows = play(tmp_path, shop({"r": text}), lines, "2026-05-04T12:00:00Z").decisions
    assert [(r["entry"], r["what"], r["step"]) for r in rows] == [
        ("2026-05-03", "entered", ""),
        ("2026-05-03", "finished", ""),
        ("2026-05-03", "sent", "letter"),
        ("2026-05-04", "entered", ""),
        ("2026-05-04", "finished", ""),
        ("2026-05-04", "sent", "letter"),
    ]


def test_the_template_is_that_of_the_occurrence(tmp_path: Path) -> None:
    """That of July is missing: the occurrence is left out."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in ("campaigns", "templates/news"):
            (root / folder).mkdir(parents=True)
        (root / "settings.toml").write_text(settings())
        text = recurring("month on the first monday at 09:00", "news/{yyyy-mm}")
        (root / "campaigns/r.toml").write_text(text)
        for month in ("06", "08"):
            letter = LETTER.replace(">Sale<", f">Sale of {month}<")
            (root / f"templates/news/2026-{month}.mjml").write_text(letter)
        loaded = load(root)
    assert loaded.catalog is not None, loaded.problems
    outbox = tmp_path / "outbox"
    lines = [event("2026-05-20T00:00:00", "x")]
    found = play(tmp_path, loaded.catalog, lines, "2026-09-01T00:00:00Z", outbox=outbox)
    assert found.sent() == ["06-01 09:00 r/letter", "08-03 09:00 r/letter"]
    letters = [path.read_text() for path in sorted(outbox.rglob("*.html"))]
    assert sorted("Sale of 06" in one for one in letters) == [False, True]
    assert sorted("Sale of 08" in one for one in letters) == [False, True]


def test_each_occurrence_is_its_own_experiment(tmp_path: Path) -> None:
    more = (
        '[[variant]]\nname = "a"\nsubject = "A"\n[[variant]]\nname = "b"\nsubject = "B"\n[winner]\n'
        'by = "click_rate"\ntest_percent = 50\ndecide_after = "2 hours"\nat_least = 2'
    )
    catalog = shop({"r": recurring("day at 08:00", more=more)})
    people = [person(f"c{n}") for n in range(80)]
    lines = [event("2026-05-04T00:00:00", "x", "c0")]
    rows = play(tmp_path, catalog, lines, "2026-05-06T07:00:00Z", people).decisions
    test = {
        (r["at"][8:10], r["customer"]): r["variant"]
        for r in rows
        if "T08" in r["at"] and r["what"] == "sent"
    }
    for day, fans in (("04", "a"), ("05", "b")):
        lines += [
            event(f"2026-05-{day}T09:00:00", "message_clicked", who, campaign="r", step="letter")
            for (on, who), variant in test.items()
            if on == day and variant == fans
        ]
    rows = play(tmp_path, catalog, lines, "2026-05-06T07:00:00Z", people).decisions
    rest = {(r["at"][8:10], r["variant"]) for r in rows if "T10" in r["at"] and r["what"] == "sent"}
    assert rest == {("04", "a"), ("05", "b")}
    both = [who for on, who in test if on == "04" and ("05", who) in test]
    assert both and any(test["04", who] != test["05", who] for who in both)


def test_going_live_after_the_moment_begins_with_the_next_one(tmp_path: Path) -> None:
    """At ten it is over in Berlin, and not yet in New York."""
    people = [person("b", timezone="Europe/Berlin"), person("n", timezone="America/New_York")]
    catalog = shop({"r": recurring("day at 08:00")})
    lines = [event("2026-05-04T08:00:00", "x", "b")]
    rows = play(tmp_path, catalog, lines, "2026-05-05T08:00:00Z", people).decisions
    assert [(r["customer"], r["at"]) for r in rows if r["what"] == "sent"] == [
        ("n", "2026-05-04T12:00:00Z"),
        ("b", "2026-05-05T06:00:00Z"),
    ]
