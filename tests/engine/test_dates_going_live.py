"""A flow around a date that goes live, or looks at other moments: who is there hears in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.engine.changing import BEGIN, Changing, letter, welcome
from tests.simulation.shop import flow, step

DAY = timedelta(days=1)
"""It is Monday 2 March 2026, noon."""


def dated(day: str, at: str) -> dict[str, str]:
    return {"d": flow(f'on_date = "{day}"', step("early", f'at = "{at}"'))}


@pytest.fixture
def there(database_url: str) -> Iterator[Changing]:
    made = Changing(database_url, {"f": welcome(letter("a"))}, people=2)
    made.until(BEGIN)
    yield made
    made.world.close()


def test_those_who_are_there_hear_when_their_date_comes(there: Changing) -> None:
    there.change(dated("03-10", "T-1 days 10:00"), at=BEGIN)
    there.until(BEGIN + 6 * DAY)
    assert there.sent() == []
    there.until(BEGIN + 8 * DAY)
    assert [one[:2] for one in there.sent()] == [("c000", "early"), ("c001", "early")]


def test_a_first_moment_that_is_over_when_it_goes_live_lets_nobody_in(there: Changing) -> None:
    there.change(dated("03-03", "T-1 days 10:00"), at=BEGIN)
    there.happens(BEGIN + DAY, "hi", "c000")
    there.until(BEGIN + 10 * DAY)
    assert there.sent() == []
    assert there.decided("entered", "not_entered") == []


def test_a_changed_moment_is_the_one_that_counts(there: Changing) -> None:
    there.change(dated("03-10", "T-1 days 10:00"), at=BEGIN)
    there.change(dated("03-10", "T-3 days 10:00"), at=BEGIN + DAY)
    there.until(BEGIN + 6 * DAY)
    assert [one[0] for one in there.sent()] == ["c000", "c001"]
