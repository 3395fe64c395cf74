"""Public holidays where a customer lives: by country, national ones alone, for `not_on`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, lru_cache, partial
from importlib import resources
from typing import Any

from lifecycle.core.facts import Facts

COUNTRY_YEARS = 2_000
"""Calendars kept, one a country and year."""
_TABLES = ("zone.tab", "zone1970.tab")
_LINKS = "tzdata.zi"


def holidays_of(shop_zone: str) -> Callable[[Facts], Callable[[date], bool]]:
    """What tells of any customer's days whether they are public holidays.

    The country is the customer's attribute `country` or `shipping.country` (ISO 3166, `DE` or
    `DEU`), else that of the customer's time zone, else that of the shop's. Holidays of a part of a
    country are left out; where no country is known there are none.
    """
    return partial(_calendar_for, shop_zone)


def _calendar_for(shop_zone: str, facts: Facts) -> Callable[[date], bool]:
    country = country_of(facts, shop_zone)
    return _never if country is None else partial(is_holiday, country)


def _never(day: date) -> bool:
    return False


def country_of(facts: Facts, shop_zone: str) -> str | None:
    """The country whose holidays a customer keeps, as ISO 3166 says it; None where unknown."""
    shipping = facts.customer_value("shipping")
    said = [
        facts.customer_value("country"),
        shipping.get("country") if isinstance(shipping, dict) else None,
    ]
    for value in said:
        code = value.strip().upper() if isinstance(value, str) else ""
        if code in _supported():
            return code
    for zone in (facts.zone.key, shop_zone):
        country = country_of_zone(zone)
        if country is not None:
            return country
    return None


def is_holiday(country: str, day: date) -> bool:
    """Whether a day is a public holiday all over a country, days in lieu included."""
    return day in _days(country, day.year)


@lru_cache(maxsize=COUNTRY_YEARS)
def _days(country: str, year: int) -> frozenset[date]:
    return frozenset(_library().country_holidays(country, years=year))


@cache
def _library() -> Any:
    """The package that knows the world's holidays, loaded when somebody first asks for one."""
    import holidays

    return holidays


@cache
def _supported() -> frozenset[str]:
    return frozenset(_library().list_supported_countries(include_aliases=True))


def country_of_zone(name: str) -> str | None:
    """The country that an IANA zone lies in, an older name of the zone included; None for UTC."""
    countries, renamed = _zones()
    return countries.get(name) or countries.get(renamed.get(name, ""))


@cache
def _zones() -> tuple[dict[str, str], dict[str, str]]:
    """The country of each zone, and the present name of each zone that was renamed."""
    countries: dict[str, str] = {}
    for table in _TABLES:
        for line in _lines(table):
            if not line.startswith("#") and line.count("\t") >= 2:
                codes, _, zone, *_ = line.split("\t")
                countries.setdefault(zone, codes.split(",")[0])
    renamed = {}
    for line in _lines(_LINKS):
        if line.startswith("L "):
            _, present, old = line.split()
            renamed[old] = present
    return countries, renamed


def _lines(name: str) -> Iterator[str]:
    file = resources.files("tzdata").joinpath("zoneinfo", name)
    yield from file.read_text(encoding="utf-8").splitlines()
