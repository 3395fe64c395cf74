"""What cancellations and refunds leave of an order."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.rule.compare import canonical, known
from lifecycle.core.words import number

CANCELLED = "order_cancelled"
REFUNDED = "order_refunded"
UNDOING = frozenset({CANCELLED, REFUNDED})


def order_key(event: Event) -> Any:
    """The order an event tells of, in the form in which two equal ones are equal; None if none."""
    order_id = event["order_id"]
    return canonical(order_id) if known(order_id) else None


def shares_left(order: Event, undoing: Iterable[Event]) -> list[tuple[Event, Fraction]]:
    """After each event that undoes a part of `order`, in order of time, the share of it left.

    A refund says what it gave back as `total`, or as `amount`. A cancellation, and a refund that
    says neither, or of an order without a `total`, leave nothing.
    """
    total = number(order["total"])
    left, refunded, shares = Fraction(1), Fraction(0), []
    for event in sorted(undoing):
        amount = number(event["total" if known(event["total"]) else "amount"])
        if event.name == CANCELLED or amount is None or total is None or total <= 0:
            left = Fraction(0)
        else:
            refunded += max(Fraction(amount), Fraction(0))
            left = min(left, max(Fraction(0), 1 - refunded / Fraction(total)))
        shares.append((event, left))
    return shares


def undone(order: Event, others: Iterable[Event]) -> Event | None:
    """The event after which nothing is left of an order; None while something is."""
    key = order_key(order)
    undoing = [one for one in others if key is not None and order_key(one) == key]
    return next((event for event, left in shares_left(order, undoing) if not left), None)
