"""Amounts of money are written letter by letter as Babel writes them, in every locale."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.render.amounts import written_amount
from lifecycle.render.letter import render_text
from lifecycle.render.problems import BrokenTemplate

LOCALES = st.sampled_from(sorted(locale_identifiers()))
CURRENCIES = st.sampled_from([*sorted(list_currencies()), "XYZ", "eur"])
COMMON = st.sampled_from(["EUR", "USD", "GBP", "JPY", "INR", "KWD", "CHF"])
SHARES = st.integers(0, 10**7).map(lambda cents: cents / 100)
AMOUNTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e25, max_value=1e25),
    st.integers(-(10**26), 10**26),
    SHARES,
    st.sampled_from(["0.005", "-0.0", "2.675", "99999.995", "007.5", "1e-30", "+5", "1_000.5"]),
    st.sampled_from(["9" * 28, "9" * 23 + ".9999", "-0e25", "99999999999999999999.999"]),
)


def _is_money(written: str) -> bool:
    return len(written) <= 40 and abs(Decimal(written).adjusted()) <= 40


@given(value=AMOUNTS, currency=COMMON | CURRENCIES, locale=LOCALES)
@settings(max_examples=400, deadline=None)
def test_an_amount_is_written_as_babel_writes_it(
    value: Decimal | float | int | str, currency: str, locale: str
) -> None:
    amount = Decimal(str(value))
    try:
        expected = format_currency(amount, currency, locale=locale)
    except InvalidOperation:
        with pytest.raises(InvalidOperation):
            written_amount(amount, currency, locale)
        return
    assert written_amount(amount, currency, locale) == expected


@given(value=AMOUNTS.filter(lambda value: _is_money(str(value))), locale=LOCALES)
@settings(max_examples=100, deadline=None)
def test_a_letter_says_what_babel_says(value: Decimal | float | int | str, locale: str) -> None:
    names = {"x": value, "customer": {"locale": locale}, "shop": {"currency": "EUR"}}
    try:
        expected = format_currency(Decimal(str(value)), "EUR", locale=locale)
    except InvalidOperation:
        with pytest.raises(BrokenTemplate):
            render_text("{{ x | money }}", names)
        return
    assert render_text("{{ x | money }}", names) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        ("1234567.895", "INR", "hi_IN", "₹12,34,567.90"),
        ("-1234.5", "EUR", "de", "-1.234,50\xa0€"),
        ("1234.5", "CHF", "de_CH", "CHF\xa01’234.50"),
        ("-0.001", "USD", "en", "-$0.00"),
        ("1234.5", "JPY", "ja", "¥1,234"),
    ],
)
def test_ways_of_writing(amount: str, currency: str, locale: str, shown: str) -> None:
    written = written_amount(Decimal(amount), currency, locale)
    assert written == format_currency(Decimal(amount), currency, locale=locale)
    assert written.replace("￥", "¥") == shown
