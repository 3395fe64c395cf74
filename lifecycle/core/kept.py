"""The attributes that the engine keeps of each customer, reckoned from events and the ledger.

Where the shop itself sends an attribute of such a name, the shop's wins: `orders.count` sent leaves
`orders.total` ours; `orders` sent as anything but a table hides all of ours under it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any, Protocol

from lifecycle.core.event import Event
from lifecycle.core.ledger import NO_LEDGER, Ledger
from lifecycle.core.words import MICROSECOND, number

ORDER = "order_placed"
CLICK = "message_clicked"
LIVE: Mapping[str, tuple[str, ...]] = {
    "orders": ("count", "total", "average", "first_at", "last_at", "usual_gap"),
    "engagement": ("last_click_at",),
    "points": ("balance", "lifetime", "next_expiry_at", "expiring", "tier"),
    "incentives": ("open",),
}
"""Those reckoned at the very moment at which they are asked for."""
NIGHTLY: Mapping[str, tuple[str, ...]] = {
    "rfm": ("recency", "frequency", "monetary", "group"),
    "predicted": ("next_order_at", "alive", "value_365d"),
}
"""Those reckoned at night and stored until the next."""
LEAVES: Mapping[str, tuple[str, ...]] = {**LIVE, **NIGHTLY}
DAY_IN_MICROSECONDS = timedelta(days=1) // MICROSECOND
MILLION = 10**6
MILLIONTH = Decimal("0.000001")
MOST_DIGITS = 20
"""An amount of more digits before its point than these and one more is none, but a fault."""


class Known(Protocol):
    """What the kept attributes of a customer are reckoned from."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What the shop sends."""
        ...

    @property
    def events(self) -> Mapping[str, Sequence[Event]]:
        """The events by name, in order; those of `ORDER` and `CLICK` are read."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Points and codes."""
        ...

    @property
    def nightly(self) -> Mapping[str, Any]:
        """What was stored at night, by name, as tables."""
        ...


def value(known: Known, name: str, now: datetime, leaf: str | None = None) -> Any:
    """What a rule sees at `now` under a name of LEAVES: the shop's word, and beside it ours.

    With `leaf` nothing else is reckoned. `orders.total` and `orders.average` are in the shop's unit
    of money, `orders.usual_gap` in days; all three are exact. What is unknown is None.
    """
    said = _said(known.attributes, name)
    if not isinstance(said, dict):
        return said
    leaves = LEAVES[name] if leaf is None else (leaf,)
    ours = {one: _ours(known, name, one, now) for one in leaves if one not in said}
    return {**ours, **said}


def reads(path: Sequence[str]) -> tuple[str, bool] | None:
    """The event that a kept attribute is reckoned from, and whether its newest alone is enough."""
    if path[0] == "orders":
        return ORDER, tuple(path[1:2]) == ("last_at",)
    return (CLICK, True) if path[0] == "engagement" else None


def reads_ledger(path: Sequence[str]) -> bool:
    """Whether an attribute is reckoned from points or codes, and so may change by itself."""
    return path[0] in ("points", "incentives")


def changes(known: Known, path: Sequence[str], now: datetime) -> Sequence[datetime]:
    """The instants after `now` at which our own value at `path` changes by itself, in order."""
    if not reads_ledger(path):
        return ()
    if not is_ours(known, path):
        return ()
    ledger = known.ledger
    return ledger.points_change(now) if path[0] == "points" else ledger.codes_change(now)


def is_ours(known: Known, path: Sequence[str]) -> bool:
    """Whether what stands at a path is reckoned here, since the shop sends nothing there."""
    leaves = LEAVES.get(path[0])
    if leaves is None or (len(path) > 1 and path[1] not in leaves):
        return False
    said = _said(known.attributes, path[0])
    return isinstance(said, dict) and (len(path) == 1 or path[1] not in said)


def told(known: Known, paths: Iterable[Sequence[str]], now: datetime) -> dict[str, Any]:
    """What JSON and templates have of the attributes at these paths, as tables by their names."""
    leaves: dict[str, set[str | None]] = {}
    for path in paths:
        leaves.setdefault(path[0], set()).add(path[1] if len(path) > 1 else None)
    found: dict[str, Any] = {}
    for name, wanted in sorted(leaves.items()):
        some = [None] if None in wanted else sorted(one for one in wanted if one in LEAVES[name])
        parts = [value(known, name, now, leaf) for leaf in some]
        tables = [part for part in parts if isinstance(part, dict)]
        found[name] = plain({leaf: one for table in tables for leaf, one in table.items()})
        if len(tables) < len(parts):
            found[name] = plain(parts[0])
    return found


NO_POINTS: Mapping[str, Any] = {
    "balance": 0,
    "lifetime": 0,
    "next_expiry_at": None,
    "expiring": 0,
    "tier": None,
}
"""What templates have under `points` of whoever has none and of whom the shop sends none."""


def points_told(known: Known, now: datetime) -> dict[str, Any]:
    """What templates have under `points`: ours too where the shop sends something of that name."""
    if known.ledger is NO_LEDGER and not any(one.startswith("points") for one in known.attributes):
        return dict(NO_POINTS)
    said = value(known, "points", now)
    if isinstance(said, dict):
        return {leaf: plain(one) for leaf, one in said.items()}
    return {leaf: _ours(known, "points", leaf, now) for leaf in LEAVES["points"]}


def plain(value: Any) -> Any:
    """A value as JSON and templates have it: whole numbers whole, the others with a point."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def _said(attributes: Mapping[str, Any], name: str) -> Any:
    """What the shop sends under a name: a table of leaves, or else what hides all of ours."""
    whole = attributes.get(name)
    if whole is not None and not isinstance(whole, dict):
        return whole
    said = {leaf: attributes.get(f"{name}.{leaf}") for leaf in LEAVES[name]}
    said |= whole or {}
    return {leaf: one for leaf, one in said.items() if one is not None}


def _ours(known: Known, name: str, leaf: str, now: datetime) -> Any:
    reckon = _RECKONED.get((name, leaf))
    if reckon is not None:
        return reckon(known, now)
    stored = known.nightly.get(name)
    return stored.get(leaf) if isinstance(stored, Mapping) else None


def _up_to(known: Known, name: str, now: datetime) -> Sequence[Event]:
    """The events up to and including `now`: the future does not count."""
    events = known.events.get(name, ())
    if not events or events[-1].at <= now:
        return events
    return events[: bisect_right(events, now, key=_at)]


def _amounts(known: Known, now: datetime) -> list[int]:
    """The totals of all orders that say one, in millionths."""
    found = (number(order["total"]) for order in _up_to(known, ORDER, now))
    return [
        int(one.quantize(MILLIONTH, ROUND_HALF_EVEN).scaleb(6))
        for one in found
        if one is not None and one.adjusted() <= MOST_DIGITS
    ]


def _total(known: Known, now: datetime) -> int | Decimal:
    return _of_millionths(sum(_amounts(known, now)))


def _average(known: Known, now: datetime) -> Decimal | None:
    amounts = _amounts(known, now)
    return Decimal(sum(amounts)) / (len(amounts) * MILLION) if amounts else None


def _of_millionths(amount: int) -> int | Decimal:
    places = 6
    while places and amount % 10 == 0:
        amount, places = amount // 10, places - 1
    return Decimal(f"{amount}e-{places}") if places else amount


def _usual_gap(known: Known, now: datetime) -> Decimal | None:
    """The median of the days between an order and the next one."""
    orders = _up_to(known, ORDER, now)
    gaps = sorted((after.at - before.at) // MICROSECOND for before, after in pairwise(orders))
    if not gaps:
        return None
    twice = gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]
    return Decimal(twice) / (2 * DAY_IN_MICROSECONDS)


def _first_at(known: Known, name: str, now: datetime) -> datetime | None:
    events = _up_to(known, name, now)
    return events[0].at if events else None


def _last_at(known: Known, name: str, now: datetime) -> datetime | None:
    events = _up_to(known, name, now)
    return events[-1].at if events else None


def _next_expiry(known: Known, now: datetime) -> tuple[datetime | None, int]:
    return known.ledger.next_expiry(now) or (None, 0)


def _at(event: Event) -> datetime:
    return event.at


_RECKONED: Mapping[tuple[str, str], Callable[[Known, datetime], Any]] = {
    ("orders", "count"): lambda known, now: len(_up_to(known, ORDER, now)),
    ("orders", "total"): _total,
    ("orders", "average"): _average,
    ("orders", "first_at"): lambda known, now: _first_at(known, ORDER, now),
    ("orders", "last_at"): lambda known, now: _last_at(known, ORDER, now),
    ("orders", "usual_gap"): _usual_gap,
    ("engagement", "last_click_at"): lambda known, now: _last_at(known, CLICK, now),
    ("points", "balance"): lambda known, now: known.ledger.balance(now),
    ("points", "lifetime"): lambda known, now: known.ledger.lifetime(now),
    ("points", "next_expiry_at"): lambda known, now: _next_expiry(known, now)[0],
    ("points", "expiring"): lambda known, now: _next_expiry(known, now)[1],
    ("points", "tier"): lambda known, now: known.ledger.tier(now),
    ("incentives", "open"): lambda known, now: known.ledger.open_codes(now),
}
