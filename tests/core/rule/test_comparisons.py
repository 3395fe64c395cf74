"""What each operator says of each kind of value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.ledger import Ledger, Line
from tests.core.rule.asking import MICRO, NOW, happened, holds

NFC, NFD = "Zo\u00eb", "Zoe\u0308"
DAY = timedelta(days=1)

CASES: list[tuple[str, dict[str, Any], Any, bool]] = [
    ("equal text", {"is": "DE"}, "DE", True),
    ("text is case-sensitive", {"is": "DE"}, "de", False),
    ("one text, written in two ways", {"is": NFC}, NFD, True),
    ("and the other way round", {"is": NFD}, NFC, True),
    ("numbers by number", {"is": 5}, 5.0, True),
    ("numeric text by number", {"is": "5.0"}, "5", True),
    ("numeric text beside a number", {"is": 5}, " 5 ", True),
    ("digits of another script are no number", {"is": 3}, "٣", False),
    ("large whole numbers to the last digit", {"is": 2**53 + 1}, 2**53, False),
    ("decimals as they are written", {"is": 0.3}, 0.1 + 0.2, False),
    ("nought and its negative", {"is": 0}, -0.0, True),
    ("true is not one", {"is": 1}, True, False),
    ("true is not its word", {"is": "true"}, True, False),
    ("true is true", {"is": True}, True, True),
    ("false is false", {"is": False}, False, True),
    ("a list is no text", {"is": "['a']"}, ["a"], False),
    ("a date by its moment", {"is": date(2026, 5, 4)}, "2026-05-04T00:00:00Z", True),
    ("a date is not a word", {"is": date(2026, 5, 4)}, "today", False),
    ("an unequal one", {"is_not": "DE"}, "AT", True),
    ("an equal one is not unequal", {"is_not": "DE"}, "DE", False),
    ("something unknown is not unequal", {"is_not": "DE"}, None, False),
    ("nor is empty text", {"is_not": "DE"}, "", False),
    ("one of them", {"is_one_of": ["DE", 7]}, "7", True),
    ("none of them", {"is_one_of": ["DE", 7]}, 8, False),
    ("of an empty list nothing is one", {"is_one_of": []}, "DE", False),
    ("something known is none of an empty list", {"is_none_of": []}, "DE", True),
    ("none of them, and known", {"is_none_of": ["DE", 7]}, 8, True),
    ("none of them, but unknown", {"is_none_of": ["DE", 7]}, None, False),
    ("text inside text", {"contains": "hoe"}, "shoes", True),
    ("a number's digits are text too", {"contains": "50"}, 1500, True),
    ("an entry of a list", {"contains": "vip"}, ["new", "vip"], True),
    ("part of an entry is no entry", {"contains": "vi"}, ["new", "vip"], False),
    ("an entry by number", {"contains": "5"}, [1, 5.0], True),
    ("a truth holds no text", {"contains": "t"}, True, False),
    ("part of an accent is no part", {"contains": "e"}, NFD, False),
    ("the beginning", {"starts_with": "sho"}, "shoes", True),
    ("not the middle", {"starts_with": "hoe"}, "shoes", False),
    ("the end", {"ends_with": "es"}, "shoes", True),
    ("a list does not begin", {"starts_with": "s"}, ["shoes"], False),
    ("at least, at the edge", {"at_least": 5}, "5", True),
    ("at least, below", {"at_least": 5}, 4.99, False),
    ("at most, at the edge", {"at_most": 5}, 5, True),
    ("more than, at the edge", {"more_than": 5}, 5, False),
    ("less than, at the edge", {"less_than": 5}, 5, False),
    ("less than, below", {"less_than": 5}, -1e300, True),
    ("words are no number", {"at_least": 0}, "many", False),
    ("true is no number", {"at_least": 0}, True, False),
    ("unknown is no number", {"at_most": 5}, None, False),
    ("known", {"is_set": True}, 0, True),
    ("false is known", {"is_set": True}, False, True),
    ("an empty list is known", {"is_set": True}, [], True),
    ("empty text is unknown", {"is_set": True}, "", False),
    ("unknown", {"is_set": False}, None, True),
    ("before", {"before": date(2026, 5, 4)}, "2026-05-03T23:59:59.999999", True),
    ("before, at the edge", {"before": date(2026, 5, 4)}, "2026-05-04", False),
    ("after", {"after": date(2026, 5, 4)}, "2026-05-04T00:00:01Z", True),
    ("after, at the edge", {"after": date(2026, 5, 4)}, "2026-05-04", False),
    ("Unix seconds", {"after": date(2026, 5, 4)}, 1777852801, True),
    ("Unix milliseconds", {"after": date(2026, 5, 4)}, "1777852801000", True),
    ("no moment is not before", {"before": date(2026, 5, 4)}, "soon", False),
    ("the end of the calendar is late", {"after": date(2026, 5, 4)}, "9999-12-31T23:59:59", True),
    ("its beginning is early", {"before": date(2026, 5, 4)}, "0001-01-01", True),
    ("within the last day", {"within_last": "1 day"}, (NOW - DAY + MICRO).isoformat(), True),
    ("its far edge is outside", {"within_last": "1 day"}, (NOW - DAY).isoformat(), False),
    ("this very moment counts", {"within_last": "1 day"}, NOW.isoformat(), True),
    ("the future is not the last day", {"within_last": "1 day"}, (NOW + MICRO).isoformat(), False),
    ("this very moment is next too", {"within_next": "1 day"}, NOW.isoformat(), True),
    ("within the next day", {"within_next": "1 day"}, (NOW + DAY - MICRO).isoformat(), True),
    ("its far edge is outside as well", {"within_next": "1 day"}, (NOW + DAY).isoformat(), False),
    ("several must all hold", {"at_least": 5, "at_most": 6}, 5.5, True),
    ("one of several fails", {"at_least": 5, "at_most": 6}, 7, False),
]


@pytest.mark.parametrize(
    ("op", "value", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_value_compares(op: dict[str, Any], value: Any, wanted: bool) -> None:
    assert holds({"customer": "x", **op}, attributes={"x": value}) is wanted
    event = happened("seen", x=value)
    assert holds({"did": "seen", "where": {"x": op}}, [event]) is wanted
    assert holds({"event": "x", **op}, entry=event) is wanted


@pytest.mark.parametrize(
    "op", [{"is": 1}, {"is_not": 1}, {"is_none_of": [1]}, {"at_most": 1}, {"contains": "a"}]
)
def test_a_comparison_with_something_unknown_is_false_and_not_of_it_true(op: Any) -> None:
    leaf = {"customer": "x", **op}
    for attributes in ({}, {"x": None}, {"x": ""}):
        assert not holds(leaf, attributes=attributes)
        assert holds({"not": leaf}, attributes=attributes)
        assert holds({"none": [leaf]}, attributes=attributes)


def test_the_shops_attribute_wins_over_the_one_the_record_carries() -> None:
    assert holds({"customer": "language", "is": "de"}, locale="de-AT")
    assert not holds(
        {"customer": "language", "is": "de"}, locale="de-AT", attributes={"language": "fr"}
    )
    assert not holds(
        {"customer": "email", "is_set": True}, email="a@b.example", attributes={"email": None}
    )
    assert holds({"customer": "id", "is": "c1"})
    assert holds({"customer": "points.balance", "at_least": 10}, ledger=Ledger((Line(10, NOW),)))


def test_a_path_goes_into_tables_and_through_lists() -> None:
    attributes = {"shipping": {"country": "DE"}, "pets": [{"kind": "cat"}, {"kind": "dog"}]}
    assert holds({"customer": "shipping.country", "is": "DE"}, attributes=attributes)
    assert holds({"customer": "pets.kind", "is": "dog"}, attributes=attributes)
    assert holds({"customer": "pets.name", "is_set": False}, attributes=attributes)
    assert not holds({"customer": "shipping.country.code", "is": "DE"}, attributes=attributes)


def test_the_same_as_the_entry_event() -> None:
    entry = happened("cart_updated", sku="A1", size="")
    bought = [happened("order_placed", sku="A1", size="")]
    assert holds({"did": "order_placed", "where": {"sku": {"same_as": "sku"}}}, bought, entry=entry)
    assert not holds({"did": "order_placed", "where": {"sku": {"same_as": "sku"}}}, bought)
    assert not holds(
        {"did": "order_placed", "where": {"size": {"same_as": "size"}}}, bought, entry=entry
    )
    other = happened("cart_updated", sku="B2")
    assert not holds(
        {"did": "order_placed", "where": {"sku": {"same_as": "sku"}}}, bought, entry=other
    )


def test_a_time_without_an_offset_is_the_customers_own_clock() -> None:
    rule = {"customer": "x", "before": datetime(2026, 5, 4, 9)}
    at_eight_utc = {"x": datetime(2026, 5, 4, 8, tzinfo=UTC).isoformat()}
    assert holds(rule, attributes=at_eight_utc, zone="UTC")
    assert not holds(rule, attributes=at_eight_utc, zone="Europe/Berlin")
    assert holds(
        {"customer": "x", "is": datetime(2026, 5, 4, 10)},
        attributes=at_eight_utc,
        zone="Europe/Berlin",
    )
