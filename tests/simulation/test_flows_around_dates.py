"""Flows around dates by replay, and steps that wait for instants and lengths in the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.days_of_may import a, day, told
from tests.simulation.shop import flow, person, play, shop, step

DATED = step("early", 'at = "T-7 days 10:00"') + step("day", 'at = "T 09:00"')


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (
            [person(attributes={"birthday": "1990-05-14"}, timezone="Europe/Berlin")],
            "07 08:00 entered, 07 08:00 sent early, 14 07:00 finished, 14 07:00 sent day",
        ),
        (
            [
                person(),
                {"id": "c1", "at": day("12 12:00") + "Z", "attributes": {"birthday": "1990-05-14"}},
            ],
            "12 12:00 dropped early late, 12 12:00 entered, 14 09:00 finished, 14 09:00 sent day",
        ),
        (
            [
                person(attributes={"birthday": "1990-05-14"}),
                {"id": "c1", "at": day("09 12:00") + "Z", "attributes": {"birthday": "1990-05-20"}},
            ],
            "07 10:00 entered, 07 10:00 sent early, 20 09:00 finished, 20 09:00 sent day",
        ),
        (
            [
                person(attributes={"birthday": "1990-05-14"}),
                {"id": "c1", "at": day("09 12:00") + "Z", "attributes": {"birthday": None}},
            ],
            "07 10:00 entered, 07 10:00 sent early, 09 12:00 left the date is gone",
        ),
    ],
    ids=["on its day", "known late", "moved", "taken away"],
)
def test_a_flow_goes_around_a_date(
    tmp_path: Path, people: list[dict[str, Any]], expected: str
) -> None:
    files = {"f": flow('on_date = "birthday"\nyearly = true', DATED)}
    assert told(tmp_path, files, [a("01 00:00", "x")], people=people) == expected


def test_a_yearly_date_lets_in_every_year_and_one_date_once(tmp_path: Path) -> None:
    people = [person(attributes={"on": "2026-05-14", "birthday": "1990-05-14"})]
    files = {
        "once": flow('on_date = "on"', step(more='at = "T 09:00"')),
        "yearly": flow('on_date = "birthday"\nyearly = true', step(more='at = "T 09:00"')),
        "shop": flow('on_date = "05-14"\nyearly = true', step(more='at = "T 09:00"')),
    }
    played = play(tmp_path, shop(files), [a("01 00:00", "x")], "2028-12-31T00:00:00Z", people)
    sent = [
        (one["campaign"], one["at"][:10], one["entry"])
        for one in played.decisions
        if one["what"] == "sent"
    ]
    assert sent == [
        ("once", "2026-05-14", "2026-05-14"),
        ("shop", "2026-05-14", "2026-05-14"),
        ("yearly", "2026-05-14", "2026-05-14"),
        ("shop", "2027-05-14", "2027-05-14"),
        ("yearly", "2027-05-14", "2027-05-14"),
        ("shop", "2028-05-14", "2028-05-14"),
        ("yearly", "2028-05-14", "2028-05-14"),
    ]


def test_a_step_waits_until_an_instant_in_the_data_and_moves_with_it(tmp_path: Path) -> None:
    until = 'until = { customer = "ends_at", offset = "-30 minutes" }'
    files = {"f": flow('when = "a"', step(more=until))}
    people = [
        person(attributes={"ends_at": "2026-05-06T12:00:00Z"}),
        {
            "id": "c1",
            "at": day("05 12:00") + "Z",
            "attributes": {"ends_at": "2026-05-08T12:00:00Z"},
        },
        person("c2"),
    ]
    lines = [a("04 10:00"), a("04 10:00", customer="c2")]
    assert play(tmp_path, shop(files), lines, people=people).sent() == [
        "05-04 10:00 f/hello",
        "05-08 11:30 f/hello",
    ]


def test_a_wait_of_the_persons_own_length(tmp_path: Path) -> None:
    files = {
        "f": flow(
            'when = "order_placed"\nagain = "always"\nrepeat = "start over"',
            step(more='after = "1.5 x orders.usual_gap"'),
        )
    }
    lines = [a("01 10:00", "order_placed", total=1), a("05 10:00", "order_placed", total=1)]
    found = told(tmp_path, files, lines)
    assert "01 10:00 skipped hello not_applicable" in found
    assert "11 10:00 sent hello" in found
