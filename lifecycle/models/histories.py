"""Buyers' orders brought into figures, buyer by buyer; days are those of the shop's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lifecycle.core.words import from_micros

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MILLIONTHS = 1_000_000
DAY = 24 * 3600 * 1_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Histories:
    """A column for each figure, a row for each buyer.

    Orders of one day count as one where buying again is counted. Totals are in the money of the
    orders, whatever it is.
    """

    last_at: Ints
    """The instant of the last order, in microseconds."""
    orders: Ints
    total: Floats
    first_day: Ints
    """Days are counted from the epoch."""
    last_day: Ints
    days: Ints
    """On how many days there were orders."""
    valued: Ints
    """On how many of them, the first left out, an order told its total."""
    repeat_total: Floats
    """What those came to."""

    def __len__(self) -> int:
        return len(self.orders)

    def rows(self, start: int, stop: int) -> Histories:
        """A part of the buyers."""
        return Histories(*(getattr(self, one.name)[start:stop] for one in fields(self)))


def joined(parts: Sequence[Histories]) -> Histories:
    """All buyers of the parts, in order."""
    if not parts:
        return histories(np.array([], np.int64), np.array([], np.int64), np.array([]), 0, _UTC)
    return Histories(
        *(np.concatenate([getattr(one, of.name) for one in parts]) for of in fields(Histories))
    )


def histories(buyer: Ints, at: Ints, millionths: Floats, buyers: int, zone: ZoneInfo) -> Histories:
    """The figures of `buyers`, who are numbered from 0 and have an order at least.

    Of each order its `buyer`, its instant in microseconds, and its total in whole `millionths`, NaN
    where it tells none. Sums of less than nine billion are exact.
    """
    day = local_days(at, zone)
    known = ~np.isnan(millionths)
    amount = np.where(known, millionths, 0.0)
    last_at = np.full(buyers, np.iinfo(np.int64).min)
    np.maximum.at(last_at, buyer, at)
    first_day, last_day = np.full(buyers, np.iinfo(np.int64).max), np.zeros(buyers, np.int64)
    np.minimum.at(first_day, buyer, day)
    last_day[:] = local_days(last_at, zone)
    base = int(day.min(initial=0))
    span = int(day.max(initial=0)) - base + 1
    keys, place = np.unique(buyer * span + (day - base), return_inverse=True)
    of, on = keys // span, keys % span + base
    told = np.bincount(place, known, len(keys)) > 0
    worth = np.bincount(place, amount, len(keys))
    again = told & (on > first_day[of])
    return Histories(
        last_at=last_at,
        orders=np.bincount(buyer, minlength=buyers),
        total=np.bincount(buyer, amount, buyers) / MILLIONTHS,
        first_day=first_day,
        last_day=last_day,
        days=np.bincount(of, minlength=buyers),
        valued=np.bincount(of[again], minlength=buyers),
        repeat_total=np.bincount(of[again], worth[again], buyers) / MILLIONTHS,
    )


def local_days(at: Ints, zone: ZoneInfo) -> Ints:
    """The days, from the epoch, on which instants in microseconds fall by the clock of a zone."""
    dates, place = np.unique(at // DAY, return_inverse=True)
    offsets = [_offset(zone, int(date)) for date in dates]
    shift = np.array([0 if one is None else one for one in offsets], np.int64)[place]
    for row in np.flatnonzero(np.array([one is None for one in offsets], bool)[place]):
        shift[row] = _offset_at(zone, int(at[row]))
    days: Ints = (at + shift) // DAY
    return days


_UTC = ZoneInfo("UTC")


@lru_cache(maxsize=20_000)
def _offset(zone: ZoneInfo, date: int) -> int | None:
    """The offset all through a day of UTC; None where it changes meanwhile."""
    begins, ends = _offset_at(zone, date * DAY), _offset_at(zone, (date + 1) * DAY)
    return begins if begins == ends else None


def _offset_at(zone: ZoneInfo, at: int) -> int:
    try:
        offset = from_micros(at).astimezone(zone).utcoffset()
    except OverflowError:
        return 0
    return (offset or timedelta()) // timedelta(microseconds=1)
