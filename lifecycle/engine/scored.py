"""Between the store and the models: orders become figures, and figures the kept attributes.

Imported where it is needed alone: numpy and scipy cost half a second and some megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from lifecycle.core.rule.counts import exact
from lifecycle.core.words import EPOCH, instant_of, micros, rfc3339
from lifecycle.models import predicted
from lifecycle.models.histories import Histories, histories, joined, local_days
from lifecycle.models.predicted import Model
from lifecycle.models.rfm import Rfm, rfm
from lifecycle.store.nightly import TOTAL, Row

NAN = float("nan")
ORDERS_REMEMBERED = 20_000
"""So many orders are not read again the next night, which is the next moment in a replay."""
Attributes = dict[str, dict[str, Any]]


@dataclass
class Buyers:
    """The customers who have ordered, page by page; the ids are kept small."""

    zone: ZoneInfo
    at: datetime
    _ids: list[bytes] = field(default_factory=list)
    _parts: list[Histories] = field(default_factory=list)

    def add(self, customers: Sequence[str], orders: Sequence[Row]) -> list[str]:
        """Take in a page of customers with all their orders; gives those who have none."""
        who = {customer: None for customer, _, _ in orders}
        buyers = [one for one in customers if one in who]
        place = {one: number for number, one in enumerate(buyers)}
        if buyers:
            figures = histories(
                np.array([place[one] for one, _, _ in orders], np.int64),
                np.array([at for _, at, _ in orders], np.int64),
                np.array([_millionths(text) for _, _, text in orders], np.float64),
                len(buyers),
                self.zone,
            )
            self._parts.append(figures)
            self._ids.append(msgspec.json.encode(buyers))
        return [one for one in customers if one not in who]

    def scored(self) -> Scored:
        """All of them, to be reckoned."""
        today = int(local_days(np.array([micros(self.at)]), self.zone)[0])
        return Scored(self._ids, joined(self._parts), today, self.zone)


@dataclass
class Scored:
    """What all buyers' orders come to."""

    ids: Sequence[bytes]
    figures: Histories
    today: int
    zone: ZoneInfo
    rfm: Rfm | None = None
    model: Model | None = None

    def reckon(self, name: str) -> None:
        """Reckon the attributes under one name: `rfm` or `predicted`."""
        if name == "rfm":
            self.rfm = rfm(self.figures)
        else:
            self.model = predicted.fit(self.figures, self.today)

    def pages(self) -> Iterator[tuple[list[str], list[Attributes]]]:
        """The buyers page by page, as they came, each with the attributes to keep."""
        start = 0
        for raw in self.ids:
            ids = msgspec.json.decode(raw, type=list[str])
            yield ids, self._attributes(start, start + len(ids))
            start += len(ids)

    def _attributes(self, start: int, stop: int) -> list[Attributes]:
        found: list[Attributes] = [{} for _ in range(start, stop)]
        if self.rfm is not None:
            for place, row in enumerate(range(start, stop)):
                found[place]["rfm"] = {
                    "recency": int(self.rfm.recency[row]),
                    "frequency": int(self.rfm.frequency[row]),
                    "monetary": int(self.rfm.monetary[row]),
                    "group": self.rfm.group(row),
                }
        if self.model is not None:
            told = self.model.predict(self.figures.rows(start, stop), self.today)
            columns = zip(told.next_day, told.alive, told.value_365d, strict=True)
            for place, (day, alive, value) in enumerate(columns):
                found[place]["predicted"] = self._predicted(day, float(alive), float(value))
        return found

    def _predicted(self, day: float, alive: float, value: float) -> dict[str, Any]:
        told: dict[str, Any] = {"alive": alive}
        if not np.isnan(day):
            told["next_order_at"] = _morning(int(day), self.zone)
        if not np.isnan(value):
            told["value_365d"] = value
        return told


@lru_cache(maxsize=ORDERS_REMEMBERED)
def _millionths(text: str) -> float:
    """The total that an order tells; NaN where it tells none."""
    total = exact(TOTAL.decode(text).total)
    return NAN if total is None else float(total.scaleb(6))


@lru_cache(maxsize=5_000)
def _morning(day: int, zone: ZoneInfo) -> str:
    """The instant at which a day begins in a zone."""
    return rfc3339(instant_of(EPOCH.date() + timedelta(days=day), time(), zone))
