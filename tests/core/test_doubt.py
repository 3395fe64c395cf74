"""Doubt: how long evidence is waited for, and when its absence says something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.core.doubt import Doubt, p99, window

SINCE = datetime(2026, 5, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("delays", "seconds"),
    [
        ([], 900),
        ([1.0], 900),
        ([90.0], 900),
        ([91.0], 910),
        ([3.0] * 99 + [600.0], 900),
        ([3.0] * 98 + [600.0] * 2, 6000),
        ([600.0, 3.0], 6000),
    ],
)
def test_the_window_is_ten_times_what_all_but_a_hundredth_take(
    delays: Sequence[float], seconds: float
) -> None:
    assert window(delays) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("count", "found"), [(1, 1), (2, 2), (99, 99), (100, 99), (101, 100), (200, 198)]
)
def test_the_99th_percentile_is_that_of_the_nearest_rank(count: int, found: int) -> None:
    assert p99([float(one) for one in range(count, 0, -1)]) == found


@pytest.mark.parametrize(
    ("proved", "after", "weighed"),
    [
        (20, HOUR, True),
        (20, HOUR - timedelta(microseconds=1), False),
        (19, 9 * HOUR, False),
        (0, 9 * HOUR, False),
    ],
)
def test_absence_says_something_once_the_window_is_over_and_the_path_alive(
    proved: int, after: timedelta, weighed: bool
) -> None:
    assert Doubt(SINCE, HOUR, proved, 20).weighed(SINCE + after) is weighed
