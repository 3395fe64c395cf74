"""Intervals beside rates, against worked examples of the literature."""

from __future__ import annotations

import pytest

from lifecycle.insight.interval import lift, share


def test_wilsons_interval_of_a_worked_example() -> None:
    """81 of 263, Newcombe 1998 (part one), table I: 0.2553 to 0.3662."""
    found = share(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_newcombes_interval_of_a_worked_example() -> None:
    """56 of 70 and 48 of 80, Newcombe 1998 (part two), table II, method 10: 0.0524 to 0.3339."""
    found = lift(share(56, 70), share(48, 80))
    assert found is not None
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.proven


def test_nobody_to_count_gives_no_rate() -> None:
    assert share(0, 0).rate is None
    assert lift(share(0, 0), share(1, 2)) is None


def test_a_small_difference_is_not_proven() -> None:
    found = lift(share(5, 10), share(4, 10))
    assert found is not None
    assert not found.proven
