"""Two sides of customers judged by what each did: goals and revenue, now and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lifecycle.core.words import from_micros, instant_of, micros
from lifecycle.insight.by_day import ByDay
from lifecycle.insight.lift import Compared, Stratum, compare
from lifecycle.insight.sides import NEVER, Bought, Customers, Ints

CAPPED_ABOVE = 0.995
"""A customer counts with no more than 995 of 1,000 buyers spent: one huge order is chance."""
FEWEST_TO_CAP = 200
"""Of fewer buyers nobody knows what much is."""
DAYS = 400
"""So many days of the series are told at most, the latest; a longer time skips days evenly."""
_MIDNIGHT_IS = datetime.min.time()

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ends:
    """A difference a customer, with its interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """What was known at the end of a day of the shop's calendar, of those counted by then."""

    day: date
    let_in: int
    held_out: int
    goal: Ends | None
    revenue: Ends | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What customers did: when the goal was known to be met, and what they bought.

    They count from `counted_from` on; customers of one `stratum` met one share held out.
    """

    customers: Customers
    counted_from: Ints
    stratum: Ints
    strata: int
    goal: Ints
    bought: Bought


@dataclass(frozen=True, slots=True)
class Judged:
    """Of each side, let in and held out: how many count, met the goal, and what they brought."""

    counted: tuple[int, int]
    too_young: tuple[int, int]
    met: tuple[int, int]
    brought: tuple[Decimal, Decimal]
    capped_at: Decimal | None
    goal: Compared | None
    revenue: Compared | None
    series: tuple[Point, ...]


def judge(told: Outcomes, zone: ZoneInfo, now: datetime, *, series: bool = True) -> Judged:
    """What the outcomes say as of `now`, and at the end of each day until then."""
    instant = micros(now)
    counts = told.counted_from <= instant
    side = told.customers.side
    spent = _spent(told, counts)
    cap = _cap([amount for amount in spent.values() if amount > 0])
    largest = float(cap if cap is not None else max(spent.values(), default=0)) or 1.0
    days = _days(told.counted_from, zone, now) if series else [(now.date(), instant)]
    ends = np.array([end for _, end in days], np.int64)
    goals, revenue = _goals(told, ends), _revenue(told, ends, cap)
    met = counts & (told.goal <= instant)
    return Judged(
        counted=_both(counts, side),
        too_young=_both(~counts, side),
        met=_both(met, side),
        brought=_brought(spent, side),
        capped_at=cap,
        goal=compare(goals.strata(-1)),
        revenue=compare(revenue.strata(-1), largest),
        series=tuple(
            _point(days[place][0], goals.strata(place), revenue.strata(place), largest)
            for place in range(len(days))
        )
        if series
        else (),
    )


def _both(those: NDArray[np.bool_], side: Ints) -> tuple[int, int]:
    return int((those & (side == 0)).sum()), int((those & (side == 1)).sum())


def _spent(told: Outcomes, counts: NDArray[np.bool_]) -> dict[int, Decimal]:
    """What those who count brought by all that is known now."""
    latest = {place: steps[-1][1] for place, steps in told.bought.steps.items() if steps}
    return {place: max(amount, Decimal()) for place, amount in latest.items() if counts[place]}


def _brought(spent: dict[int, Decimal], side: Ints) -> tuple[Decimal, Decimal]:
    sums = [Decimal(), Decimal()]
    for place, amount in spent.items():
        sums[int(side[place])] += amount
    return sums[0], sums[1]


def _cap(amounts: list[Decimal]) -> Decimal | None:
    """What that share of buyers spent at most; None of too few buyers."""
    if len(amounts) < FEWEST_TO_CAP:
        return None
    return sorted(amounts)[int(CAPPED_ABOVE * (len(amounts) - 1))]


def _days(counted_from: Ints, zone: ZoneInfo, now: datetime) -> list[tuple[date, int]]:
    """The days, each with the instant at which it ends; the last one ends now."""
    today = now.astimezone(zone).date()
    counted = counted_from[counted_from <= micros(now)]
    first = from_micros(int(counted.min())).astimezone(zone).date() if len(counted) else today
    every = -(-((today - first).days + 1) // DAYS)
    back = range((today - first).days // every, 0, -1)
    found = [today - timedelta(days=every * one) for one in back]
    ended = [instant_of(day + timedelta(days=1), _MIDNIGHT_IS, zone) for day in found]
    ends = [(day, micros(end) - 1) for day, end in zip(found, ended, strict=True)]
    return [*ends, (today, micros(now))]


def _goals(told: Outcomes, ends: Ints) -> ByDay:
    sums, before = ByDay(ends, told.strata), told.bought.orders_before
    _everybody(sums, told, before)
    rows = np.flatnonzero(told.goal < NEVER)
    at = np.maximum(told.counted_from[rows], told.goal[rows])
    one, none, x = np.ones(len(rows)), np.zeros(len(rows)), before[rows]
    change = (none, one, one, one, none, none, x)
    sums.add(at, told.stratum[rows], told.customers.side[rows], change)
    return sums


def _revenue(told: Outcomes, ends: Ints, cap: Decimal | None) -> ByDay:
    most = float("inf") if cap is None else float(cap)
    before = np.minimum(told.bought.before, most)
    sums = ByDay(ends, told.strata)
    _everybody(sums, told, before)
    rows, at, some, y, yy = [], [], [], [], []
    for place, steps in told.bought.steps.items():
        known, counted = 0.0, int(told.counted_from[place])
        for instant, amount in steps:
            worth = min(most, max(0.0, float(amount)))
            rows.append(place)
            at.append(max(counted, micros(instant)))
            some.append((worth > 0) - (known > 0))
            y.append(worth - known)
            yy.append(worth * worth - known * known)
            known = worth
    where, change = np.array(rows, np.int64), np.array(y)
    none = np.zeros(len(rows))
    sums.add(
        np.array(at, np.int64),
        told.stratum[where],
        told.customers.side[where],
        (none, np.array(some, float), change, np.array(yy), none, none, change * before[where]),
    )
    return sums


def _everybody(sums: ByDay, told: Outcomes, before: Floats) -> None:
    one, none = np.ones(len(before)), np.zeros(len(before))
    change = (one, none, none, none, before, before * before, none)
    sums.add(told.counted_from, told.stratum, told.customers.side, change)


def _point(
    day: date, goals: Sequence[Stratum], revenue: Sequence[Stratum], largest: float
) -> Point:
    return Point(
        day,
        int(sum(one.customers for one, _ in goals)),
        int(sum(other.customers for _, other in goals)),
        _ends(compare(goals)),
        _ends(compare(revenue, largest)),
    )


def _ends(found: Compared | None) -> Ends | None:
    return None if found is None else Ends(found.difference, found.low, found.high)
