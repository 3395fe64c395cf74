"""Soft bounces: what bounces for the time being on several days does not arrive at all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from lifecycle.core.typed import Definition, Length

REASON = "soft_bounced"
"""Why an address is suppressed that bounced so."""


def _some_days(said: timedelta) -> timedelta:
    if said < timedelta(days=1):
        context = {"problem": "soft bounces are counted by days", "hint": 'within = "14 days"'}
        raise PydanticCustomError("word", "{problem}", context)
    return said


class Bounces(Definition):
    """After soft bounces on so many different days an address is suppressed.

    A full mailbox or a provider that is down is over in a day or two; three days within two
    weeks without one letter arriving in between are an address that nobody looks after.
    """

    soft_days: Annotated[int, Field(ge=1, le=30)] = 3
    within: Annotated[Length, AfterValidator(_some_days)] = timedelta(days=14)


def too_often(rule: Bounces, days: Collection[date]) -> bool:
    """Whether soft bounces on these days, without a delivery since, are too many.

    The latest day counts back: others lie within the window that ends with it.
    """
    if not days:
        return False
    first = max(days) - rule.within
    return sum(1 for day in set(days) if day > first) >= rule.soft_days
