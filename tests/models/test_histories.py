"""Orders in figures: days are the shop's, orders of one day count as one, sums are exact."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lifecycle.core.words import micros
from lifecycle.models.histories import Histories, histories, joined, local_days

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NAN = float("nan")


def made(*orders: tuple[int, str, float], zone: ZoneInfo = BERLIN) -> Histories:
    """The figures of orders, each a buyer, an instant and a total."""
    buyers = [one for one, _, _ in orders]
    at = [micros(datetime.fromisoformat(f"{text}+00:00")) for _, text, _ in orders]
    totals = np.array([total for _, _, total in orders]) * 1e6
    return histories(np.array(buyers), np.array(at), totals, max(buyers) + 1, zone)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (BERLIN, "2026-03-28T22:59:59.999999"),
        (BERLIN, "2026-03-28T23:00:00"),
        (BERLIN, "2026-03-29T21:59:59"),
        (BERLIN, "2026-03-29T22:00:00"),
        (BERLIN, "2026-10-25T22:59:59"),
        (BERLIN, "2026-10-25T23:00:00"),
        (LORD_HOWE, "2026-04-04T13:30:00"),
        (LORD_HOWE, "2026-04-04T12:59:59"),
        (LORD_HOWE, "1969-12-31T23:00:00"),
    ],
)
def test_a_day_is_that_of_the_local_clock(zone: ZoneInfo, text: str):
    at = datetime.fromisoformat(f"{text}+00:00")
    local = at.astimezone(zone).date().toordinal() - datetime(1970, 1, 1).toordinal()
    assert local_days(np.array([micros(at)]), zone).tolist() == [local]


def test_the_end_of_the_calendar_is_a_day_too():
    first = micros(datetime.fromisoformat("0001-01-01T00:00:00+00:00"))
    assert len(local_days(np.array([first]), ZoneInfo("America/New_York"))) == 1


def test_orders_of_one_local_day_count_as_one_and_the_first_day_is_no_repeat():
    figures = made(
        (0, "2026-01-10T22:30:00", 10),
        (0, "2026-01-10T23:30:00", 20),
        (0, "2026-01-11T08:00:00", 5),
        (0, "2026-01-15T08:00:00", 7),
        (1, "2026-01-10T12:00:00", 1),
    )
    assert figures.orders.tolist() == [4, 1]
    assert figures.days.tolist() == [3, 1]
    assert (figures.last_day - figures.first_day).tolist() == [5, 0]
    assert figures.total.tolist() == [42, 1]
    assert figures.valued.tolist() == [2, 0]
    assert figures.repeat_total.tolist() == [32, 0]


def test_a_day_without_a_total_is_an_order_of_unknown_value():
    figures = made((0, "2026-01-10T12:00:00", 10), (0, "2026-01-12T12:00:00", NAN))
    assert (figures.days.tolist(), figures.valued.tolist()) == ([2], [0])
    assert figures.total.tolist() == [10]


def test_the_order_of_rows_does_not_count():
    rows = [(0, f"2026-01-{day:02}T12:00:00", 0.1 * day) for day in range(1, 29)]
    forwards, backwards = made(*rows), made(*rows[::-1])
    assert forwards.total.tolist() == backwards.total.tolist() == [40.6]


def test_parts_are_joined_and_taken_apart_again():
    one, other = made((0, "2026-01-10T12:00:00", 1)), made((0, "2026-02-10T12:00:00", 2))
    both = joined([one, other])
    assert both.total.tolist() == [1, 2]
    assert both.rows(1, 2).total.tolist() == [2]
    assert len(joined([])) == 0
