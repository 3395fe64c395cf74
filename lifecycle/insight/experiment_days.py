"""An experiment day by day: rates and differences with their intervals, as they were known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle.core.campaign import Campaign
from lifecycle.core.experiment import Measured, allowed, best_first, difference, interval
from lifecycle.core.step import Step
from lifecycle.core.words import instant_of, zone_of
from lifecycle.insight.tested import Day, DayDifference, DayRate
from lifecycle.store.score_series import series
from lifecycle.store.scores import Counted

MOST_DAYS = 400
"""Of a longer test the latest days are told."""
A_DAY = timedelta(days=1)


def days_of(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    latest: Sequence[Measured],
    now: datetime,
    zone: str,
    first_at: datetime | None,
    occasion: str,
    confidence: float,
) -> tuple[Day, ...]:
    """Each day from the first letter on, the last one up to `now`.

    The differences are those of today's leader; a day's figures are all that was known by its end.
    After a verdict the days go on until the last letter of the test has had its time.
    """
    if first_at is None:
        return ()
    end = now if counted.decided is None else min(now, counted.decided + counted.within)
    ends = _ends(first_at, end, zone)
    known = series(connection, campaign, step, counted, latest, ends, occasion)
    known[-1] = list(latest)
    leader = best_first(latest)[0].variant
    return tuple(_day(ends[place], found, leader, confidence) for place, found in enumerate(known))


def _ends(first_at: datetime, end: datetime, zone: str) -> list[datetime]:
    """The ends of days on the shop's clock, and the instant up to which things are known."""
    own = zone_of(zone)
    day = max(first_at, end - MOST_DAYS * A_DAY).astimezone(own).date() + A_DAY
    found = []
    while (midnight := instant_of(day, time(), own)) < end:
        found.append(midnight)
        day += A_DAY
    return [*found, end]


def _day(ends: datetime, found: Sequence[Measured], leader: str, confidence: float) -> Day:
    alpha = allowed(confidence, len(found))
    first = next(one for one in found if one.variant == leader)
    return Day(
        ends,
        tuple(_rate(one, 1 - confidence / 100) for one in found),
        tuple(_difference(first, one, alpha) for one in found if one is not first),
    )


def _rate(one: Measured, alpha: float) -> DayRate:
    if not one.sent:
        return DayRate(one.variant, 0, None, None, None)
    known = interval(one, alpha)
    low, high = (known.low, known.high) if known is not None else (None, None)
    return DayRate(one.variant, one.sent, one.rate, low, high)


def _difference(first: Measured, other: Measured, alpha: float) -> DayDifference:
    if not first.sent or not other.sent:
        return DayDifference(first.variant, other.variant, None, None, None)
    found = difference(first, other, alpha)
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return DayDifference(first.variant, other.variant, found.difference, low, high)
