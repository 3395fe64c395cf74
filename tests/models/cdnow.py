"""The CDNOW orders of Fader and Hardie, which are not part of the project, as arrays."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lifecycle.core.words import micros
from lifecycle.models.histories import Histories, histories

DATA = Path(__file__).parents[3] / "shared" / "data"
TODAY = (date(1997, 9, 30) - date(1970, 1, 1)).days
"""The calibration of the published figures ends here."""


def cdnow(name: str) -> list[dict[str, str]]:
    """The lines of one of the files; skips the test where they are not there."""
    path = DATA / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip("the CDNOW orders are not there")
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


@cache
def buyers() -> tuple[list[str], Histories]:
    """Who bought up to the end of the calibration, and their orders in figures."""
    rows = [row for row in cdnow("cdnow_orders") if row["date"] <= "1997-09-30"]
    ids = sorted({row["sample_id"] for row in rows})
    place = {one: number for number, one in enumerate(ids)}
    at = [micros(datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)) for row in rows]
    cents = [round(float(row["dollars"]) * 100) for row in rows]
    found = histories(
        np.array([place[row["sample_id"]] for row in rows]),
        np.array(at),
        np.array(cents, np.float64) * 10_000,
        len(ids),
        ZoneInfo("UTC"),
    )
    return ids, found
