"""Amounts of money as reports tell them: with their currency's digits, and its code."""

from __future__ import annotations

from decimal import Decimal


def money_told(amount: Decimal | float, currency: str) -> str:
    """An amount in the major unit: `1,234.50 EUR`, `1,235 JPY`; without a currency two digits."""
    return f"{amount_told(amount, currency)} {currency}".strip()


def amount_told(amount: Decimal | float, currency: str) -> str:
    """The same without the code, beside an amount that has it."""
    from babel.numbers import get_currency_precision

    places = get_currency_precision(currency) if currency else 2
    return f"{amount:,.{places}f}"
