"""Rows and columns, and the CSV that they make: RFC 4180, in UTF-8, numbers in no locale."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from lifecycle.core.words import rfc3339

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula, and would carry out, at the beginning of a text."""
DIGITS = 10
"""Of a number that is reckoned: more are noise of the machine's."""

Cell = str | int | float | bool | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of row under plain names; None is what is not known, and an empty cell."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def as_csv(sheet: Sheet) -> str:
    """The sheet as CSV, lines ended as the RFC says, none of its texts a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(sheet.heads)
    writer.writerows([_written(cell) for cell in row] for row in sheet.rows)
    return out.getvalue()


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case str():
            return f"'{cell}" if cell.startswith(FORMULAS) else cell
        case float():
            return _number(cell)
        case Decimal():
            return format(cell, "f") if cell.is_finite() else ""
        case datetime():
            return rfc3339(cell)
        case _:
            return str(cell)


def _number(value: float) -> str:
    """Without an exponent, and with no more digits than tell something."""
    if not math.isfinite(value):
        return ""
    text = format(Decimal(f"{value:.{DIGITS}g}"), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
