"""Money in reports: as many digits as its currency has, beside it and in sentences."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lifecycle.insight.attribution import Credited
from lifecycle.insight.campaign import Incremental, Worth
from lifecycle.insight.lift_spoken import worth_told
from lifecycle.insight.money_told import amount_told, money_told

AMOUNT = Decimal("1234.5")


@pytest.mark.parametrize(
    ("currency", "amount", "money"),
    [
        ("EUR", "1,234.50", "1,234.50 EUR"),
        ("JPY", "1,234", "1,234 JPY"),
        ("KWD", "1,234.500", "1,234.500 KWD"),
        ("", "1,234.50", "1,234.50"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(currency: str, amount: str, money: str) -> None:
    assert amount_told(AMOUNT, currency) == amount
    assert money_told(AMOUNT, currency) == money


def test_sentences_tell_money_as_tables_do() -> None:
    credited = Credited(2, Decimal(9000))
    more = Incremental(Decimal(5000), Decimal(-100), Decimal(10_100), 70)
    told = worth_told(Worth("JPY", credited, "5 days", credited, "5 days", more))
    assert told[0].endswith("2 orders within 5 days of a click: 9,000 JPY.")
    assert told[2].endswith("without the campaign: about 5,000 JPY (-100 to 10,100).")
