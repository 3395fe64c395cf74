"""The attributes that the engine keeps of orders and clicks, counted from the whole history."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

from tests.properties.plain_people import Happened, Person
from tests.properties.plain_values import millionths


def kept(person: Person, name: str, now: datetime) -> Any:
    """The engine's own attributes of a top-level name; None where it keeps none."""
    seen = person.seen(now)
    if name == "orders":
        return _orders([one for one in seen if one.name == "order_placed"])
    if name == "engagement":
        clicks = [one.at for one in seen if one.name == "message_clicked"]
        return {"last_click_at": max(clicks, default=None)}
    return None


def _orders(orders: list[Happened]) -> dict[str, Any]:
    amounts = [
        found for one in orders if (found := millionths(one.properties.get("total"))) is not None
    ]
    total = Fraction(sum(amounts), 1_000_000)
    gaps = [later.at - one.at for one, later in pairwise(orders)]
    days = [Fraction(gap // timedelta(microseconds=1), 86_400_000_000) for gap in gaps]
    return {
        "count": len(orders),
        "total": total,
        "average": total / len(amounts) if amounts else None,
        "first_at": orders[0].at if orders else None,
        "last_at": orders[-1].at if orders else None,
        "usual_gap": median(days) if days else None,
    }
