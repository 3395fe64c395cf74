"""The events of the experiments: orders, invoices and sign-ups of customers by number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

INVOICES, SIGN_UPS = 10, 20
"""Of a hundred events so many are invoices and sign-ups; the rest are orders."""
LETTERS = {"order_placed": 1, "invoice_made": 1, "signed_up": 2}
"""How many letters an event leads to."""


def customer(number: int) -> str:
    """A customer's id."""
    return f"c{number}"


def event(number: int, customers: int, name: str = "f") -> dict[str, Any]:
    """The event of a number: the same on every call."""
    kind, turn = "order_placed", number % 100
    key = f"{name}{number}"
    said: dict[str, Any] = {"order_id": key, "total": 10 + number % 90}
    if turn < INVOICES:
        kind, said = "invoice_made", {"invoice_id": key}
    elif turn < INVOICES + SIGN_UPS:
        kind, said = "signed_up", {"sign_up": key}
    return {"id": key, "event": kind, "customer": customer(number % customers), "properties": said}


def events(count: int, customers: int, name: str = "f") -> Iterator[dict[str, Any]]:
    """So many events."""
    return (event(number, customers, name) for number in range(count))


def letters_of(answered: list[str]) -> int:
    """How many letters are owed for events by their ids."""
    return sum(LETTERS[kind_of(one)] for one in answered)


def kind_of(key: str) -> str:
    """The name of the event that an id made here belongs to."""
    turn = int(re.split(r"\D", key)[-1]) % 100
    if turn < INVOICES:
        return "invoice_made"
    return "signed_up" if turn < INVOICES + SIGN_UPS else "order_placed"
