"""Rules on points turn when a plain count of the ledger says so, whatever arrives when."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.words import rfc3339
from tests.simulation.shop import event, play, segment, shop
from tests.simulation.shop import settings as shop_settings

BEGIN = datetime(2026, 1, 1, 10, tzinfo=UTC)
END = BEGIN + timedelta(days=200)
RULES = {
    "some": '{ customer = "points.balance", at_least = 50 }',
    "few": '{ all = [{ did = "order_placed" }, { customer = "points.balance", less_than = 50 }] }',
    "silver": '{ customer = "points.tier", is = "silver" }',
    "losing": '{ customer = "points.expiring", at_least = 40 }',
    "soon": '{ customer = "points.next_expiry_at", within_next = "2 days" }',
}
MICRO = timedelta(microseconds=1)


@dataclass(frozen=True)
class Order:
    """An order, when it was placed and known, and when it was cancelled and that known, in days."""

    day: int
    total: int
    late: int
    cancelled: int | None
    cancelled_late: int

    def points(self, now: datetime, pending: int, expire: int) -> tuple[int, datetime] | None:
        """The points it brings at `now` that may be spent, and when they expire; else None."""
        begins = self.day + pending
        ends = BEGIN + timedelta(days=begins + expire)
        if now < BEGIN + timedelta(days=max(begins, self.day + self.late)) or now >= ends:
            return None
        return self._left(now, begins), ends

    def lifetime(self, now: datetime, pending: int) -> int:
        """The points it has ever brought, less what was taken back."""
        begins = self.day + pending
        if now < BEGIN + timedelta(days=max(begins, self.day + self.late)):
            return 0
        return self._left(now, begins)

    def _left(self, now: datetime, begins: int) -> int:
        if self.cancelled is None:
            return self.total
        undone = self.day + self.cancelled
        known = max(undone + self.cancelled_late, self.day + self.late)
        return 0 if now >= BEGIN + timedelta(days=max(undone, begins, known)) else self.total


ORDERS = st.lists(
    st.builds(
        Order,
        day=st.integers(0, 40),
        total=st.sampled_from([20, 30, 50]),
        late=st.sampled_from([0, 0, 0, 5]),
        cancelled=st.none() | st.integers(0, 12),
        cancelled_late=st.sampled_from([0, 0, 3]),
    ),
    min_size=1,
    max_size=5,
)


def holding(orders: Iterable[Order], now: datetime, pending: int, expire: int) -> set[str]:
    """The segments that hold at `now`, counted from nothing."""
    orders = list(orders)
    held: set[str] = set()
    found = [one for o in orders if (one := o.points(now, pending, expire)) is not None]
    balance = sum(points for points, _ in found)
    ends: dict[datetime, int] = {}
    for points, at in found:
        ends[at] = ends.get(at, 0) + points
    expiring = min(((at, points) for at, points in ends.items() if points), default=None)
    if balance >= 50:
        held.add("some")
    elif any(now >= BEGIN + timedelta(days=one.day + one.late) for one in orders):
        held.add("few")
    if sum(one.lifetime(now, pending) for one in orders) >= 60:
        held.add("silver")
    if expiring is not None and expiring[1] >= 40:
        held.add("losing")
    if expiring is not None and now > expiring[0] - timedelta(days=2):
        held.add("soon")
    return held


def expected(orders: list[Order], pending: int, expire: int) -> list[str]:
    """Each turn, by looking at every instant at which anything might change."""
    days = [BEGIN + timedelta(days=number) for number in range(201)]
    before: set[str] = set()
    turned = []
    for at in (near for day in days for near in (day, day + MICRO)):
        now = holding(orders, at, pending, expire)
        for name in sorted(now ^ before):
            turned.append((rfc3339(at), "joined" if name in now else "left", name))
        before = now
    return [f"{at} {what} {name}" for at, what, name in sorted(turned)]


def lines(orders: list[Order]) -> list[dict[str, Any]]:
    """The orders as events of a replay, in the order in which they became known."""
    told: list[tuple[str, int, int, int, dict[str, Any]]] = []
    for number, one in enumerate(orders):
        said: dict[str, Any] = {"order_id": f"o{number}", "total": one.total}
        told.append(("order_placed", number, one.day, one.late, said))
        if one.cancelled is not None:
            day = one.day + one.cancelled
            told.append(("order_cancelled", number, day, one.cancelled_late, said))
    return [
        event(
            rfc3339(BEGIN + timedelta(days=day)),
            name,
            id=f"{name}{number}",
            received_at=rfc3339(BEGIN + timedelta(days=day + late)),
            **said,
        )
        for name, number, day, late, said in sorted(told, key=lambda one: one[2] + one[3])
    ]


@settings(max_examples=40, deadline=None)
@given(orders=ORDERS, pending=st.sampled_from([0, 7]), expire=st.sampled_from([10, 30]))
def test_rules_on_points_turn_as_a_plain_count_says(
    orders: list[Order], pending: int, expire: int
) -> None:
    said = shop_settings(
        "[points]\n"
        'earn = [ { when = "order_placed", per_amount = 1, points = 1, '
        f'pending = "{pending} days" }} ]\nexpire = "{expire} days"\n'
        'tiers = [ { name = "silver", from = 60 } ]\n'
    )
    segments = {name: segment(rule) for name, rule in RULES.items()}
    with tempfile.TemporaryDirectory(prefix="points-") as folder:
        until = rfc3339(END)
        played = play(Path(folder), shop({}, segments, said), lines(orders), until)
    found = [f"{row['at']} {row['what']} {row['segment']}" for row in played.memberships]
    assert sorted(found) == expected(orders, pending, expire)
