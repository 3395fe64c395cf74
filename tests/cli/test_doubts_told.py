"""How long a letter's fate has been unknown is told in words that fit its age."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifecycle.cli.doubts_told import uncertain_told
from lifecycle.insight.uncertain import Uncertain

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "age"), [(40.2, "40 seconds"), (185.0, "3 minutes"), (3 * 3600.0, "3 hours")]
)
def test_the_age_of_a_doubt_is_told(seconds: float, age: str) -> None:
    one = Uncertain("m", "c", "f", "hello", NOW, seconds, "a", 1, "why", NOW, True, 20, 20)
    assert uncertain_told(one) == f"m (f/hello), attempt a, for {age}: why"
