"""The report on hours: the curve, how letters went, and the comparison with the control."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from lifecycle.core.settings import SendingPolicy
from lifecycle.insight.best_hours import BestHours, SlotWorth, _best_told, best_hours_report
from lifecycle.insight.pictures.heat_map import send_time_picture
from lifecycle.insight.pictures.page import Panel
from lifecycle.insight.pictures.saving import _figure, as_png, as_svg
from lifecycle.insight.sheets.send_time import send_time_sheet
from lifecycle.models.send_time_lift import always_valid
from lifecycle.store import hours
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from lifecycle.store.tables import METADATA
from tests.known_hours import evenings, in_force
from tests.simulation.readers_of_hours import Readers, daily
from tests.simulation.shop import instant

AT = instant("2026-05-05T03:00:00")
DAYS = range(740_000, 740_040)


def reported(
    database_url: str,
    trials: Mapping[str, tuple[int, int]],
    percent: float = 10.0,
    days: range = DAYS,
) -> BestHours:
    """The report where on each of some days so many letters of each kind were answered."""
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
                for day in days
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


def test_a_control_is_half_of_the_share_that_is_kept_for_both(database_url: str) -> None:
    """Of ten in a hundred letters five keep the shop's hour, five the list's, ninety are chosen."""
    needed = reported(database_url, {}).compared[0].needed
    assert needed is not None

    def half_width(letters: float) -> float:
        answers = evenings().rate * letters
        return always_valid(1 / (0.9 * answers) + 1 / (0.05 * answers))

    assert half_width(needed) <= math.log(1.1) < half_width(0.9 * needed)


def test_without_a_control_nothing_is_promised(database_url: str) -> None:
    found = reported(database_url, {"chosen": (9_000, 900)}, 0.0)
    assert {one.needed for one in found.compared} == {None}
    assert "cannot be told yet, without a control" in found.told[1]


def test_what_is_told_to_be_unknown_is_not_drawn(database_url: str) -> None:
    found = reported(
        database_url, {"chosen": (90, 9), "shop": (5, 1), "list": (90, 9)}, days=DAYS[:8]
    )
    shop, of_list = found.compared
    assert shop.lift is not None and shop.lift.high > 2 and "cannot be told yet" in shop.told
    assert (shop.tellable, of_list.tellable) == (False, True)
    alone = replace(found, compared=(shop,))
    panels = [
        sum(isinstance(one, Panel) for one in send_time_picture(each).parts)
        for each in (found, alone)
    ]
    assert panels == [2, 1]


def test_an_hour_that_may_be_as_good_as_others_is_not_called_the_best() -> None:
    curve = tuple(SlotWorth(day, hour, 0.1, -0.02, 0.2) for day in range(7) for hour in range(24))
    assert _best_told(curve).startswith("The list may answer best on every day at 00:00: +10%")
    assert _best_told(curve).endswith("(-2% to +20%), which is not proven.")


def test_every_best_hour_of_the_week_has_its_dot(database_url: str) -> None:
    figure = _figure(send_time_picture(reported(database_url, {})))
    [dots] = figure.axes[0].lines
    across, down = (np.asarray(ends).tolist() for ends in dots.get_data())
    assert (across, down) == ([19.5] * 7, [day + 0.5 for day in range(7)])


def test_letters_that_nobody_got_are_not_counted_as_sent() -> None:
    readers = Readers(daily(), lambda _customer, _hour: 0.0, ["c1", "c2", "c3"])
    readers.live(1)
    database, table = readers.world.database, METADATA.tables["message"]
    with database.write() as connection:
        for who, state in (("c1", "dropped"), ("c2", "uncertain")):
            connection.execute(table.update().where(table.c.customer_id == who).values(state=state))
    with database.read() as connection:
        assert best_hours_report(connection, SendingPolicy()).sent == {"default": 2}


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
