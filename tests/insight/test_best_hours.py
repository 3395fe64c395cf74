"""The report on hours: the curve, how letters went, and the comparison with the control."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from lifecycle.core.settings import SendingPolicy
from lifecycle.insight.best_hours import BestHours, best_hours_report
from lifecycle.insight.pictures.heat_map import send_time_picture
from lifecycle.insight.pictures.saving import as_png, as_svg
from lifecycle.insight.sheets.send_time import send_time_sheet
from lifecycle.store import hours
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from tests.known_hours import evenings, in_force
from tests.simulation.shop import instant

AT = instant("2026-05-05T03:00:00")
DAYS = range(740_000, 740_040)


def reported(
    database_url: str, trials: Mapping[str, tuple[int, int]], percent: float = 10.0
) -> BestHours:
    """The report where on each of forty days so many letters of each kind were answered."""
    database = Database(database_url)
    create(database)
    learned = replace(evenings(), groups={"zone:Asia/Tokyo": (0.1, *[0.0] * 23)})
    in_force(database, learned, AT)
    with database.write() as connection:
        hours.add(
            connection,
            hours.TRIAL,
            [
                {"source": "f/a", "day": day, "timing": timing, "letters": of, "answered": met}
                for day in DAYS
                for timing, (of, met) in trials.items()
            ],
        )
    with database.read() as connection:
        found = best_hours_report(connection, SendingPolicy(best_hour_control_percent=percent))
    database.close()
    return found


def test_the_curve_is_told_with_its_doubt(database_url: str) -> None:
    found = reported(database_url, {})
    assert len(found.curve) == 168
    seven = found.curve[19]
    assert (seven.weekday, seven.hour) == (0, 19)
    assert seven.worth == pytest.approx(math.expm1(0.2))
    assert seven.low < seven.worth < seven.high
    assert found.since == found.fitted_at == AT
    assert found.told[0].startswith("The list answers best on every day at 19:00: +22%")
    [group] = found.groups
    assert (group.group, group.hour) == ("zone:Asia/Tokyo", 0)


def test_a_lift_is_said_in_a_sentence_with_its_interval(database_url: str) -> None:
    trials = {"chosen": (9_000, 900), "shop": (500, 40), "list": (500, 50)}
    found = reported(database_url, trials)
    shop, of_list = found.compared
    assert shop.lift is not None and of_list.lift is not None
    assert shop.lift.ratio == pytest.approx(0.25)
    assert shop.told.startswith("Best hours bring 25% more answers than 10:00 (+")
    assert not of_list.lift.proven
    assert "not proven, needs about" in of_list.told


def test_what_cannot_be_told_says_how_many_letters_it_needs(database_url: str) -> None:
    found = reported(database_url, {"chosen": (9, 1), "default": (900, 90)})
    assert [one.lift for one in found.compared] == [None, None]
    assert all("cannot be told yet, needs about" in one.told for one in found.compared)
    few, many = found.compared[0].needed, reported(database_url, {}, 2.0).compared[0].needed
    assert few is not None and many is not None and 10_000 < few < many


def test_without_a_control_nothing_is_promised(database_url: str) -> None:
    found = reported(database_url, {"chosen": (9_000, 900)}, 0.0)
    assert {one.needed for one in found.compared} == {None}
    assert "cannot be told yet, without a control" in found.told[1]


def test_before_anything_is_learned_the_report_says_so(database_url: str) -> None:
    database = Database(database_url)
    create(database)
    with database.read() as connection:
        found = best_hours_report(connection, SendingPolicy())
    database.close()
    assert found.told == (
        "Nothing is learned of hours yet: letters at a best hour keep the shop's.",
    )
    assert send_time_sheet(found).rows == ()
    assert b"Nothing is learned" in as_svg(send_time_picture(found))


def test_the_picture_is_the_same_for_the_same_figures(database_url: str) -> None:
    trials = {"chosen": (9_000, 900), "shop": (500, 40), "list": (500, 50)}
    found = reported(database_url, trials)
    drawn = send_time_picture(found)
    assert as_png(drawn)[:4] == b"\x89PNG"
    assert as_svg(drawn) == as_svg(send_time_picture(found))
    assert "The list answers best on every day at 19:00" in drawn.told
    assert len(send_time_sheet(found).rows) == 168
