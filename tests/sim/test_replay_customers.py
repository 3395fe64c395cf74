"""Customer lines of a replay: when they count, how they merge, what they agree to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.simulation.shop import (
    event,
    flow,
    person,
    play,
    segment,
    shop,
)


def test_a_customer_named_only_by_an_event_exists_from_its_arrival(tmp_path: Path) -> None:
    segments = {
        "all": segment("{ everyone = true }"),
        "known": segment('{ known_for = "1 day" }'),
    }
    lines = [event("2026-05-04T10:00:00", "a", "nobody", received_at="2026-05-05T10:00:00")]
    assert play(tmp_path, shop({}, segments), lines, people=[]).turns() == [
        "05-05 10:00 joined all",
        "05-06 10:00 joined known",
    ]


def test_a_customer_line_without_an_instant_stands_before_the_first_event(tmp_path: Path) -> None:
    segments = {"all": segment("{ everyone = true }")}
    lines = [
        event("2026-05-04T10:00:00", "a", "c2"),
        event("2026-05-03T10:00:00", "a", "c2", id="x", received_at="2026-05-06T10:00:00"),
    ]
    rows = play(tmp_path, shop({}, segments), lines).memberships
    assert rows[0]["customer"] == "c1"
    assert rows[0]["at"] < "2026-05-03T10:00:00Z"


def test_a_customer_line_without_an_instant_stands_before_those_that_say_one(
    tmp_path: Path,
) -> None:
    segments = {"blue": segment('{ customer = "colour", is = "blue" }')}
    people = [
        {"id": "c1", "at": "2026-05-01T10:00:00Z", "attributes": {"colour": "blue"}},
        person(attributes={"colour": "red"}),
    ]
    lines = [event("2026-05-04T10:00:00", "a")]
    assert play(tmp_path, shop({}, segments), lines, people=people).turns() == [
        "05-01 10:00 joined blue"
    ]


def test_lines_of_one_customer_merge(tmp_path: Path) -> None:
    def has(path: str, value: str) -> str:
        return segment(f'{{ customer = "{path}", is = {value} }}')

    segments = {
        "kept": has("a", "1"),
        "whole": segment('{ customer = "home.city", is_set = true }'),
        "removed": segment('{ customer = "b", is_set = true }'),
        "list": segment('{ customer = "tags", contains = "x" }'),
        "own_email": has("email", '"attribute@x.example"'),
    }
    people = [
        person(attributes={"a": 1, "b": 2, "home": {"city": "Bonn", "zip": "1"}, "tags": ["x"]}),
        {
            "id": "c1",
            "at": "2026-05-04T10:00:00Z",
            "attributes": {
                "b": None, "home": {"zip": "2"}, "tags": ["y"], "email": "attribute@x.example",
            },
        },
    ]  # fmt: skip
    catalog = shop({"f": flow('when = "a"')}, segments)
    played = play(
        tmp_path,
        catalog,
        [event("2026-05-03T10:00:00", "x"), event("2026-05-05T10:00:00", "a")],
        people=people,
    )
    assert [one for one in played.turns() if one.startswith("05-04")] == [
        "05-04 10:00 left list",
        "05-04 10:00 joined own_email",
        "05-04 10:00 left removed",
        "05-04 10:00 left whole",
    ]
    assert played.sent() == ["05-05 10:00 f/hello"]


def test_agreed_to_is_confirmed_consent_and_absent_leaves_it_unchanged(tmp_path: Path) -> None:
    catalog = shop(
        {"f": flow('when = "a"\nagain = "always"')}, {"yes": segment('{ agreed_to = "offers" }')}
    )
    days = [event(f"2026-05-0{day}T10:00:00", "a") for day in range(1, 6)]
    people: list[dict[str, Any]] = [
        {"id": "c1", "email": "c1@x.example"},
        {"id": "c1", "at": "2026-05-02T00:00:00Z", "agreed_to": ["offers", "newsletter"]},
        {"id": "c1", "at": "2026-05-03T00:00:00Z", "attributes": {"x": 1}},
        {"id": "c1", "at": "2026-05-04T00:00:00Z", "agreed_to": ["newsletter"]},
        {"id": "c1", "at": "2026-05-05T00:00:00Z", "agreed_to": ["offers"]},
    ]
    played = play(tmp_path, catalog, days, people=people)
    assert played.turns() == [
        "05-02 00:00 joined yes", "05-04 00:00 left yes", "05-05 00:00 joined yes",
    ]  # fmt: skip
    assert played.told(but=("entered", "finished")) == [
        "05-01 10:00 dropped hello no_consent",
        "05-02 10:00 sent hello",
        "05-03 10:00 sent hello",
        "05-04 10:00 dropped hello no_consent",
        "05-05 10:00 sent hello",
    ]


def test_addresses_under_example_are_ordinary_and_without_one_nothing_is_sent(
    tmp_path: Path,
) -> None:
    catalog = shop({"f": flow('when = "a"')})
    people = [person("c1", email="ann@anything.example"), {"id": "c2", "agreed_to": ["offers"]}]
    lines = [event("2026-05-04T10:00:00", "a"), event("2026-05-04T10:00:00", "a", "c2")]
    played = play(tmp_path, catalog, lines, people=people)
    assert played.told(but=("entered", "finished")) == [
        "05-04 10:00 sent hello",
        "05-04 10:00 dropped hello no_address",
    ]
