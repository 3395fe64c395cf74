"""Reports as CSV: rows that read back as they were, numbers in no locale, no formulas."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lifecycle.insight.sheets.campaign import campaign_day_sheet, campaign_sheet
from lifecycle.insight.sheets.experiment import experiment_day_sheet, experiment_sheet
from lifecycle.insight.sheets.holdout import holdout_day_sheet, holdout_sheet
from lifecycle.insight.sheets.sheet import Cell, Sheet, as_csv
from tests.insight.made_lifts import made_campaign, made_holdout, made_measured
from tests.insight.made_reports import made_step


def read(sheet: Sheet) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(sheet), newline="")))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (1234567, "1234567"),
        (-3, "-3"),
        (0.1 + 0.2, "0.3"),
        (-1.5, "-1.5"),
        (1e-7, "0.0000001"),
        (123456789.0, "123456789"),
        (-0.0, "0"),
        (math.nan, ""),
        (math.inf, ""),
        (Decimal("1234.50"), "1234.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-2.5"), "-2.5"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02T09:00:00Z"),
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-50 %", "'-50 %"),
        ("@home", "'@home"),
        ("\tx", "'\tx"),
        ("\n=1", "'\n=1"),
        ("\r=1", "'\r=1"),
        ("＝1＋1", "'＝1＋1"),
        ("5=5", "5=5"),
        ('say "hi", twice\nor thrice', 'say "hi", twice\nor thrice'),
    ],
)
def test_each_cell_is_written_plainly_and_no_text_is_a_formula(cell: Cell, written: str) -> None:
    text = as_csv(Sheet(("a", "b"), ((cell, 1),)))
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row == [written, "1"]


def test_lines_end_as_the_rfc_says() -> None:
    assert as_csv(Sheet(("a", "b"), (("x, y", 1),))) == 'a,b\r\n"x, y",1\r\n'


def test_an_experiment_is_a_row_a_variant() -> None:
    found = made_step({"=plain": 0.05, "two": 0.08}, days=20)
    rows = read(experiment_sheet([found, made_step({"x": 0.1}, days=0)], "EUR"))
    assert [(one["step"], one["variant"]) for one in rows] == [
        ("again", "'=plain"),
        ("again", "two"),
        ("again", "x"),
    ]
    assert [int(one["sent"]) for one in rows] == [2000, 2000, 0]
    assert float(rows[1]["rate"]) == pytest.approx(found.variants[1].rate)
    assert (rows[2]["rate"], rows[2]["low"]) == ("", "")


def test_an_experiment_is_a_row_a_variant_and_day() -> None:
    found = made_step({"plain": 0.05, "two": 0.2}, days=20)
    rows = read(experiment_day_sheet([found], "UTC"))
    assert len(rows) == 40
    assert [rows[place]["day"] for place in (0, 39)] == ["2026-03-02", "2026-03-21"]
    assert (rows[39]["variant"], rows[39]["leader"], rows[38]["leader"]) == ("two", "", "two")
    assert float(rows[38]["leader_ahead_by"]) > 0.1


def test_a_campaign_is_a_row_a_step_and_variant_and_a_row_a_day() -> None:
    found = made_campaign({"first": 900, "second": 600}, made_measured(5, 100, 10, (0.05, 0.04)))
    first, second = read(campaign_sheet(found))
    assert (first["step"], first["sent"], second["sent"]) == ("first", "900", "600")
    assert Decimal(first["revenue_after_click"]) == found.letters[0].click.revenue
    days = read(campaign_day_sheet(found))
    assert [one["let_in"] for one in days] == ["90", "180", "270", "360", "450"]
    assert read(campaign_day_sheet(made_campaign({"first": 9}, None))) == []


def test_the_shops_holdout_is_a_row_a_side_and_a_row_a_day() -> None:
    found = made_holdout(5, 100, (0.05, 0.04))
    let_in, held_out = read(holdout_sheet(found))
    assert (let_in["side"], held_out["customers"]) == ("let_in", "25")
    assert len(read(holdout_day_sheet(found))) == 5
    assert read(holdout_sheet(None)) == read(holdout_day_sheet(None)) == []
