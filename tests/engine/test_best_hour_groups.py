"""A broadcast's best hour goes by the groups that its reader was of when the day began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.learned_hours import HOURS
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from tests.core.test_occasion import best, went
from tests.known_hours import NO_CONTROL, evenings, in_force
from tests.simulation.shop import instant, person, settings, shop

BEGINS = instant("2026-01-01T00:00:00")
NOON = instant("2026-04-14T12:00:00")
IN_THE_MORNING = tuple(float(hour == 8) for hour in range(HOURS))
"""What a group adds whose readers answer at eight."""


def lived(
    before: Mapping[str, Any], at_noon: Mapping[str, Any], group: str, database_url: str
) -> dict[str, str]:
    """When the letter goes to somebody who says something else at noon of its day."""
    world = World(
        shop({"b": best()}, said=settings(NO_CONTROL)), Registry(), database_url=database_url
    )
    found = replace(evenings(hour=19), groups={group: IN_THE_MORNING})
    in_force(world.database, found, BEGINS)
    world.take([read_customer(person("c1", **before), at=BEGINS)], [], BEGINS)
    world.engine.start(BEGINS, alone=True)
    said = False
    while (due := world.engine.next_due()) is not None and due < NOON + timedelta(days=3):
        if due >= NOON and not said:
            world.take([read_customer(person("c1", **at_noon), at=NOON)], [], NOON)
            said = True
        world.engine.tick(due)
    return went(world)


DESKTOP, MOBILE = ({"attributes": {"device": one}} for one in ("desktop", "mobile"))
UTC, ABIDJAN = ({"timezone": one} for one in ("UTC", "Africa/Abidjan"))
"""One clock, and two groups."""


@pytest.mark.parametrize(
    ("before", "at_noon", "group", "hour"),
    [
        (DESKTOP, MOBILE, "device:mobile", 19),
        (MOBILE, MOBILE, "device:mobile", 8),
        (MOBILE, DESKTOP, "device:mobile", 8),
        ({}, MOBILE, "device:mobile", 19),
        (UTC, ABIDJAN, "zone:Africa/Abidjan", 19),
        (ABIDJAN, ABIDJAN, "zone:Africa/Abidjan", 8),
        ({"timezone": None}, ABIDJAN, "zone:Africa/Abidjan", 19),
    ],
)
def test_who_comes_to_be_of_a_group_whose_hour_is_over_is_not_passed_over(
    database_url: str,
    before: Mapping[str, Any],
    at_noon: Mapping[str, Any],
    group: str,
    hour: int,
) -> None:
    at = f"2026-04-14T{hour:02}:00:00Z"
    assert lived(before, at_noon, group, database_url) == {"c1": at}
