"""Rules on how long something has been so, and on days that come back, turn at their instants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, play, segment, settings, shop, step

GOLD = {"gold": segment('{ customer = "plan", is = "gold", held_for = "3 days" }')}
SOON = "2026-06-01T00:00:00Z"
SEEN = event("2026-05-01T00:00", "seen")


def said(at: str, **attributes: Any) -> dict[str, Any]:
    return {"id": "c1", "at": at, "attributes": attributes}


CASES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("once", [said("2026-05-04T10:00:00Z", plan="gold")], ["05-07 10:00 joined gold"]),
    (
        "said again in between",
        [said(f"2026-05-0{day}T10:00:00Z", plan="gold") for day in (4, 5, 6, 9)],
        ["05-07 10:00 joined gold"],
    ),
    (
        "broken and so again",
        [
            said("2026-05-04T10:00:00Z", plan="gold"),
            said("2026-05-06T10:00:00Z", plan="free"),
            said("2026-05-06T12:00:00Z", plan="gold"),
            said("2026-05-12T00:00:00Z", plan=None),
        ],
        ["05-09 12:00 joined gold", "05-12 00:00 left gold"],
    ),
    (
        "never for long enough",
        [
            said("2026-05-04T10:00:00Z", plan="gold"),
            said("2026-05-07T09:59:59.999999Z", plan="free"),
        ],
        [],
    ),
    (
        "changed at the very instant",
        [said("2026-05-04T10:00:00Z", plan="gold"), said("2026-05-07T10:00:00Z", plan="free")],
        [],
    ),
]


@pytest.mark.parametrize(
    ("people", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_segment_turns_when_it_has_been_so_long_enough(
    tmp_path: Path, people: list[dict[str, Any]], wanted: list[str]
) -> None:
    assert play(tmp_path, shop({}, GOLD), [SEEN], SOON, people).turns() == wanted


def test_the_records_own_address_zone_and_language_have_a_past_too(tmp_path: Path) -> None:
    segments = {
        "moved": segment('{ customer = "timezone", is = "Asia/Tokyo", held_for = "3 days" }'),
        "german": segment('{ customer = "language", is = "de", held_for = "3 days" }'),
        "mute": segment('{ customer = "email", is_set = false, held_for = "3 days" }'),
    }
    people = [
        {"id": "c1", "at": "2026-05-04T10:00:00Z", "locale": "de-AT", "timezone": "Asia/Tokyo"},
        {"id": "c1", "at": "2026-05-05T10:00:00Z", "locale": "de-CH", "email": "c1@x.example"},
    ]
    assert play(tmp_path, shop({}, segments), [SEEN], SOON, people).turns() == [
        "05-04 00:00 joined mute",
        "05-05 10:00 left mute",
        "05-07 10:00 joined german",
        "05-07 10:00 joined moved",
    ]


def test_a_flow_asks_for_how_long_at_each_step(tmp_path: Path) -> None:
    only = 'only_if = { customer = "plan", is = "gold", held_for = "3 days" }'
    text = flow(
        'when = "seen"',
        step("one", f'after = "2 days"\n{only}'),
        step("two", f'after = "1 day"\n{only}'),
    )
    people = [
        {"id": "c1", "email": "c1@x.example", "agreed_to": ["offers"]},
        said("2026-05-01T00:00:00Z", plan="gold"),
    ]
    played = play(tmp_path, shop({"f": text}), [SEEN], SOON, people)
    assert played.told("f", but=("entered", "finished")) == [
        "05-03 00:00 skipped one not_applicable",
        "05-04 00:00 sent two",
    ]


BORN = {"soon": segment('{ customer = "born", anniversary_within_next = "7 days" }')}


@pytest.mark.parametrize(
    ("zone", "born", "wanted"),
    [
        (
            "UTC",
            "1990-05-14",
            ["05-07 00:00:00.000001 joined soon", "05-14 00:00:00.000001 left soon"],
        ),
        (
            "America/New_York",
            "05-14",
            ["05-07 04:00:00.000001 joined soon", "05-14 04:00:00.000001 left soon"],
        ),
        ("UTC", "2026-05-14", []),
    ],
)
def test_a_birthday_comes_near_by_the_customers_clock(
    tmp_path: Path, zone: str, born: str, wanted: list[str]
) -> None:
    people = [{"id": "c1", "timezone": zone, "attributes": {"born": born}}]
    assert play(tmp_path, shop({}, BORN), [SEEN], SOON, people).turns() == wanted


def test_a_birthday_comes_near_every_year(tmp_path: Path) -> None:
    people = [{"id": "c1", "attributes": {"born": "2000-02-29"}}]
    played = play(tmp_path, shop({}, BORN, settings()), [SEEN], "2028-03-02T00:00:00Z", people)
    assert [(one["at"], one["what"]) for one in played.memberships] == [
        ("2027-02-21T00:00:00.000001Z", "joined"),
        ("2027-02-28T00:00:00.000001Z", "left"),
        ("2028-02-22T00:00:00.000001Z", "joined"),
        ("2028-02-29T00:00:00.000001Z", "left"),
    ]


def test_a_known_for_of_the_person_turns_when_it_is_reached(tmp_path: Path) -> None:
    segments = {"old": segment('{ known_for = "2 x patience" }')}
    people = [said("2026-05-01T00:00:00Z", patience=3), said("2026-05-09T00:00:00Z", patience=5)]
    assert play(tmp_path, shop({}, segments), [SEEN], SOON, people).turns() == [
        *("05-07 00:00 joined old", "05-09 00:00 left old", "05-11 00:00 joined old"),
    ]
