"""Amounts of money in a locale's way: what Babel writes, by a way found once per currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    format_currency,
    get_currency_precision,
    get_decimal_symbol,
    get_group_symbol,
)

MAX_WAYS = 1024
"""Pairs of currency and locale whose way is kept."""
MOST_PLACES = 20
"""Digits before the point of what we write ourselves: Babel reckons in 28 and refuses more."""
_THOUSANDS = (3, 3)
"""How digits are grouped nearly everywhere."""
_PROBES = tuple(
    Decimal(sign + one)
    for sign in ("", "-")
    for one in (
        "1234567.895 0 0.005 0.015 0.5 1 1.5 9.999 12.34 123.4 1234.56 12345.6 123456.78 "
        "999999.999 12345678 123456789012.34"
    ).split()
)
_ABOVE, _BELOW = _PROBES[0], -_PROBES[0]


@dataclass(frozen=True, slots=True)
class _Way:
    """How a locale writes amounts of one currency."""

    spec: str
    """How Python is to write the number: a comma between thousands, and so many places."""
    grouping: tuple[int, int]
    """Digits of the group before the point, and of those before it."""
    symbols: dict[int, str] | None
    """What stands for comma and point; None where they stay."""
    above: tuple[str, str] = ("", "")
    """What stands before and behind a number."""
    below: tuple[str, str] = ("", "")
    """The same for one that has a minus."""

    def number(self, amount: Decimal) -> str:
        """The number without sign and currency."""
        text = format(abs(amount), self.spec)
        if self.grouping != _THOUSANDS:
            text = _grouped(text.replace(",", ""), *self.grouping)
        return text.translate(self.symbols) if self.symbols else text

    def written(self, amount: Decimal) -> str:
        """The number with both."""
        before, behind = self.below if amount.is_signed() else self.above
        return f"{before}{self.number(amount)}{behind}"


def written_amount(amount: Decimal, currency: str, locale: str) -> str:
    """Return a finite amount, in the currency's major unit, letter by letter as Babel does.

    Raises ValueError, KeyError and InvalidOperation for what Babel cannot write.
    """
    way = _way(currency, locale)
    if way is None or amount.adjusted() >= MOST_PLACES:
        return format_currency(amount, currency, locale=locale)
    return way.written(amount)


@lru_cache(maxsize=MAX_WAYS)
def _way(currency: str, locale: str) -> _Way | None:
    """How amounts are written, read off what Babel makes of some; None where it is not so plain."""
    places = get_currency_precision(currency)
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    symbols = None if (group, point) == (",", ".") else {ord(","): group, ord("."): point}
    size, next_size = Locale.parse(locale).currency_formats["standard"].grouping
    way = _Way(f",.{places}f", (size, next_size), symbols)
    number = way.number(_ABOVE)
    above, below = (format_currency(one, currency, locale=locale) for one in (_ABOVE, _BELOW))
    if number not in above or number not in below:
        return None
    above_parts, below_parts = above.partition(number), below.partition(number)
    way = replace(way, above=above_parts[::2], below=below_parts[::2])
    told = (format_currency(one, currency, locale=locale) for one in _PROBES)
    return way if [*told] == [way.written(one) for one in _PROBES] else None


def _grouped(number: str, size: int, next_size: int) -> str:
    whole, point, places = number.partition(".")
    groups = [whole[-size:]]
    whole = whole[:-size]
    while whole:
        groups.append(whole[-next_size:])
        whole = whole[:-next_size]
    return ",".join(reversed(groups)) + point + places
