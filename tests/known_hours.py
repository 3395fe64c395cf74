"""What was learned of hours, made up for tests, and put in force in a shop's database."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from lifecycle.core.learned_hours import HOURS, WEEK, Learned
from lifecycle.core.words import FIRST_INSTANT
from lifecycle.store import hours
from lifecycle.store.database import Database

NEAR = tuple(math.exp(-min(d, HOURS - d)) for d in range(HOURS))
NO_CONTROL = "best_hour_control_percent = 0"


def learned(peaks: Mapping[int, float] | None = None, own_variance: float = 0.3) -> Learned:
    """A list that answers likelier in some slots; persons differ, groups do not."""
    worth = tuple((peaks or {}).get(slot, 0.0) for slot in range(WEEK))
    return Learned(
        rate=0.1,
        rates={},
        worth=worth,
        doubt=(0.05,) * WEEK,
        likely=(worth,),
        steadiness=1.0,
        own_variance=own_variance,
        kernel=NEAR,
        across=0.5,
        visit_weight=0.5,
        visits_near=(1 / HOURS,) * WEEK,
        letters=1_000,
        answered=100,
    )


def evenings(high: float = 0.2, hour: int = 19) -> Learned:
    """A list that answers likelier at one hour of every day."""
    return learned({day * HOURS + hour: high for day in range(7)})


def in_force(database: Database, found: Learned, at: datetime) -> str:
    """Put what was learned in force; gives its hash."""
    with database.write() as connection:
        hours.begin(connection, FIRST_INSTANT)
        before = hours.state(connection)
        assert before is not None
        named = hours.keep_fit(connection, found, at)
        hours.move(connection, before, replace(before, fit=named, since=at))
    return named
