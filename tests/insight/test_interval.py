"""Intervals beside rates, against worked examples of the literature."""

from __future__ import annotations

import pytest

from lifecycle.insight.interval import share


def test_wilsons_interval_of_a_worked_example() -> None:
    """81 of 263, Newcombe 1998 (part one), table I: 0.2553 to 0.3662."""
    found = share(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_nobody_to_count_gives_no_rate() -> None:
    assert share(0, 0).rate is None
