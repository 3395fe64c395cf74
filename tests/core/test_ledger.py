"""What points and codes come to at an instant, and when that changes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.core.ledger import Code, Ledger, Line

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
TIERS = ((500, "silver"), (2000, "gold"))


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


EARNED = Line(300, day(0), day(10))
LEDGER = Ledger(
    (
        EARNED,
        Line(-100, day(2), day(10)),
        Line(50, day(5), day(8)),
        Line(20, day(-400), day(-35)),
        Line(7, day(-1)),
    )
)


@pytest.mark.parametrize(
    ("at", "balance", "lifetime", "expiry"),
    [
        (day(0) - MICRO, 7, 27, None),
        (day(0), 307, 327, (day(10), 300)),
        (day(2), 207, 227, (day(10), 200)),
        (day(5) - MICRO, 207, 227, (day(10), 200)),
        (day(5), 257, 277, (day(8), 50)),
        (day(8) - MICRO, 257, 277, (day(8), 50)),
        (day(8), 207, 277, (day(10), 200)),
        (day(10), 7, 277, None),
    ],
)
def test_points_come_and_go_at_their_instants(
    at: datetime, balance: int, lifetime: int, expiry: tuple[datetime, int] | None
) -> None:
    assert LEDGER.balance(at) == balance
    assert LEDGER.lifetime(at) == lifetime
    assert LEDGER.next_expiry(at) == expiry


def test_the_instants_at_which_points_change_are_told_in_order_and_once() -> None:
    assert LEDGER.points_change(day(0)) == [day(2), day(5), day(8), day(10)]
    assert LEDGER.points_change(day(10)) == []


def test_points_that_were_taken_back_wholly_do_not_expire() -> None:
    assert Ledger((EARNED, Line(-300, day(2), day(10)))).next_expiry(day(3)) is None


@pytest.mark.parametrize(
    ("points", "tier"),
    [(0, None), (499, None), (500, "silver"), (1999, "silver"), (2000, "gold"), (9999, "gold")],
)
def test_the_tier_is_the_highest_that_is_reached(points: int, tier: str | None) -> None:
    assert Ledger((Line(points, NOW),), tiers=TIERS).tier(NOW) == tier
    assert Ledger((Line(points, NOW),), tiers=TIERS[::-1]).tier(NOW) == tier


def test_a_tier_is_reached_when_the_points_become_available_and_outlasts_them() -> None:
    ledger = Ledger((Line(500, day(1), day(2)),), tiers=TIERS)
    assert [ledger.tier(at) for at in (day(1) - MICRO, day(1), day(3))] == [
        *(None, "silver", "silver"),
    ]


def test_a_tier_that_begins_with_nothing_is_everyones() -> None:
    assert Ledger(tiers=((0, "member"), *TIERS)).tier(NOW) == "member"


CODES = Ledger(
    codes=(
        Code(day(0), day(4)),
        Code(day(1)),
        Code(day(2), day(9), redeemed_at=day(3)),
        Code(day(2), day(2.5), redeemed_at=day(3)),
    )
)


@pytest.mark.parametrize(
    ("at", "count"),
    [
        (day(0) - MICRO, 0),
        (day(0), 1),
        (day(2), 4),
        (day(2.5), 3),
        (day(3) - MICRO, 3),
        (day(3), 2),
        (day(4) - MICRO, 2),
        (day(4), 1),
        (day(99), 1),
    ],
)
def test_a_code_is_open_until_it_is_redeemed_or_expires(at: datetime, count: int) -> None:
    assert CODES.open_codes(at) == count


def test_the_instants_at_which_codes_open_and_end_are_told() -> None:
    assert CODES.codes_change(day(1)) == [day(2), day(2.5), day(3), day(4)]
