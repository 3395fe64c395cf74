"""Days, times and amounts are written as the customer writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lifecycle.render.letter import render_text
from lifecycle.render.problems import BrokenTemplate

SHOP = {"currency": "EUR", "language": "en", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("customer", "source", "value", "shown"),
    [
        ({}, "{{ x | day }}", datetime(2026, 11, 24, 22, 59, tzinfo=UTC), "November 24"),
        ({}, "{{ x | day }}", datetime(2026, 11, 24, 23, 1, tzinfo=UTC), "November 25"),
        ({"timezone": "America/New_York"}, "{{ x | day }}", "2026-11-24T23:01:00Z", "November 24"),
        ({"timezone": "Nowhere/City"}, "{{ x | day }}", "2026-11-24T23:01:00Z", "November 25"),
        ({"locale": "de-AT"}, "{{ x | day }}", "2026-11-24", "24. November"),
        ({"locale": "en-GB"}, "{{ x | day }}", date(2026, 11, 24), "24 November"),
        ({"locale": "xx"}, "{{ x | day }}", date(2026, 11, 24), "November 24"),
        ({"locale": "de"}, "{{ x | day('full') }}", "2026-11-24", "Dienstag, 24. November 2026"),
        ({"locale": "de"}, "{{ x | time }}", datetime(2026, 6, 1, 16, 5, tzinfo=UTC), "18:05"),
        ({}, "{{ x | money }}", 19.9, "€19.90"),
        ({"locale": "de"}, "{{ x | money }}", "1234.5", "1.234,50\xa0€"),
        ({}, "{{ x | money('JPY') }}", 1200, "¥1,200"),
        ({}, "{{ x | money }}", Decimal("0.1"), "€0.10"),
        ({}, "{{ x | money }} {{ 0.0 | money }}", -0.0, "-€0.00 €0.00"),
        ({}, "{{ event.amount | money }}", None, "$5.00"),
    ],
)
def test_a_value_is_written_in_the_customers_way(
    customer: dict[str, str], source: str, value: Any, shown: str
) -> None:
    event = {"amount": 5, "currency": "USD"} if value is None else {}
    context = {"customer": customer, "shop": SHOP, "event": event, "x": value}
    assert render_text(source, context) == shown


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ x | day }}", "tomorrow"),
        ("{{ x | day }}", 5),
        ("{{ x | day('huge') }}", "2026-11-24"),
        ("{{ x | time }}", "2026-11-24"),
        ("{{ x | money }}", "much"),
        ("{{ x | money }}", float("nan")),
        ("{{ x | money }}", True),
        ("{{ x | money }}", None),
    ],
)
def test_what_cannot_be_written_breaks_the_letter(source: str, value: Any) -> None:
    with pytest.raises(BrokenTemplate):
        render_text(source, {"x": value, "shop": SHOP})


def test_an_amount_without_any_currency_breaks_the_letter() -> None:
    with pytest.raises(BrokenTemplate):
        render_text("{{ 5 | money }}", {"shop": {}})
