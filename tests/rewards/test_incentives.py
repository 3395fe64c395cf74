"""Incentives: one code a message, the same on every retry, known again when redeemed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.incentive import IncentiveOffer
from lifecycle.rewards.codes import ALPHABET, derived_code, read_code
from lifecycle.rewards.incentives import (
    IncentiveRow,
    issue,
    minor_units,
    on_redeemed,
    row_of,
    template_view,
)
from lifecycle.store.write import insert_new
from tests.rewards.conftest import KEY, Shop, day


def issued(message_id: str = "m1", of: str = "c1", at: float = 0, **offer: Any) -> IncentiveRow:
    return issue(
        IncentiveOffer.model_validate({"kind": "percent_off", "percent": 10.0, **offer}),
        message_id=message_id,
        customer_id=of,
        campaign="cart",
        now=day(at),
        key=KEY,
        currency="EUR",
    )


def test_a_code_is_the_same_on_every_retry_and_no_other_messages() -> None:
    codes = {issued(f"m{number}", at=at).code for number in range(500) for at in (0, 1)}
    assert len(codes) == 500
    signs = issued().code.removeprefix("PCT-")
    assert len(signs) >= 10 and set(signs) <= set(ALPHABET)
    assert derived_code(b"another key", "incentive", "m1") != signs
    assert not set("ILOU") & set(ALPHABET)


def test_a_code_is_read_as_people_type_it() -> None:
    assert read_code(" o1l0 abc ") == "0110ABC"
    assert read_code(None) == "" and read_code(5) == ""


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(10.0, "EUR", 1000), (19.99, "EUR", 1999), (1500.0, "JPY", 1500), (1.005, "KWD", 1005)],
)
def test_amounts_are_kept_in_minor_units(amount: float, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor


def test_a_template_sees_what_a_reader_expects() -> None:
    view = template_view(issued(valid_for="48 hours"))
    assert view["percent"] == 10 and isinstance(view["percent"], int)
    assert view["expires"] == day(2)
    amount = issued(kind="amount_off", percent=None, amount=12.5)
    assert (amount.amount_minor, template_view(amount)["amount"]) == (1250, 12.5)
    assert template_view(amount)["currency"] == "EUR"
    shared = issued(kind="shared_code", percent=None, code="SPRING")
    assert template_view(shared)["code"] == "SPRING"
    points = template_view(issued(kind="points", percent=None, points=50))
    assert (points["points"], points["code"]) == (50, None)


def test_without_a_length_of_its_own_the_fallback_holds() -> None:
    offer = IncentiveOffer(kind="free_shipping")
    made = issue(
        offer, message_id="m", customer_id="c", campaign="x", now=day(0), key=KEY, currency="EUR",
        fallback_valid_for=timedelta(days=30),
    )  # fmt: skip
    assert made.expires_at == day(30) and made.code.startswith("SHIP-")
    assert issued().expires_at is None


def test_an_end_that_is_said_is_the_customers_own_clock() -> None:
    said = {"kind": "free_shipping", "percent": None, "valid_until": "2026-03-31T20:00:00"}
    offer = IncentiveOffer.model_validate(said)
    for zone, hour in (("UTC", 20), ("Europe/Berlin", 18), ("Asia/Tokyo", 11)):
        made = issue(
            offer, message_id="m", customer_id="c", campaign="x", now=day(0), key=KEY,
            currency="EUR", zone=ZoneInfo(zone), fallback_valid_for=timedelta(days=1),
        )  # fmt: skip
        assert made.expires_at == datetime(2026, 3, 31, hour, tzinfo=UTC)


def test_a_code_of_a_pool_or_a_hook_takes_the_place_of_the_one_that_stands_in() -> None:
    for said in ({"kind": "pool", "pool": "p"}, {"kind": "lottery", "amount": 5.0, "points": 3}):
        stands = issued(percent=20.0, **said)
        assert stands.code.startswith("CODE-") and stands.percent == 20
        assert issued(percent=20.0, **said).code == stands.code
    assert (stands.amount_minor, stands.points) == (500, 3)


def keep(shop: Shop, *rows: IncentiveRow) -> None:
    with shop.database.write() as connection:
        insert_new(connection, "incentive", [row_of(row) for row in rows])


def test_a_redeemed_code_is_marked_and_its_event_names_the_campaign(shop: Shop) -> None:
    keep(shop, issued("m1"), issued("m2"))
    typed = issued("m1").code.lower().replace("0", "o")
    shop.happens("c2", "incentive_redeemed", 3, "late", code=typed)
    shop.happens("c1", "incentive_redeemed", 2, "first", known=5, code=issued("m1").code)
    shop.happens("c1", "incentive_redeemed", 4, "nobody's", code="PCT-NONE")
    shop.until(9)
    marks = {row["message_id"]: row["redeemed_at"] for row in shop.rows("incentive")}
    assert marks == {"m1": day(2), "m2": None}
    filled = {row["event_id"]: row["properties"].get("campaign") for row in shop.rows("event")}
    assert filled == {"late": "cart", "first": "cart", "nobody's": None}


def test_a_shared_code_is_the_customers_own_latest(shop: Shop) -> None:
    said = {"kind": "shared_code", "percent": None, "code": "spring-26"}
    keep(shop, issued("m1", "c1", 0, **said), issued("m2", "c1", 5, **said))
    keep(shop, issued("m3", "c2", 0, **said))
    shop.happens("c1", "incentive_redeemed", 3, "e1", code="spring-26")
    shop.happens("c3", "incentive_redeemed", 3, "e3", code="spring-26")
    shop.until(9)
    marks = {row["message_id"]: row["redeemed_at"] for row in shop.rows("incentive")}
    assert marks == {"m1": day(3), "m2": None, "m3": None}


def test_whoever_was_given_a_code_is_looked_at_again_when_another_redeems_it(shop: Shop) -> None:
    keep(shop, issued("m1", "c1"))
    shop.happens("c2", "incentive_redeemed", 3, "e1", code=issued("m1", "c1").code)
    assert {row["customer_id"] for row in shop.rows("intake")} == {"c2"}
    shop.until(3)
    due = {row["customer_id"]: row["due_at"] for row in shop.rows("intake")}
    assert due["c1"] == day(3)


def test_a_redemption_tells_what_it_filled(shop: Shop) -> None:
    keep(shop, issued("m1"))
    shop.happens("c1", "incentive_redeemed", 1, "e1", code=issued("m1").code)
    shop.until(1)
    with shop.database.write() as connection:
        filled = on_redeemed(connection, shop.happened)
    assert filled[("c1", "e1")]["campaign"] == "cart"


def test_points_that_a_message_brings_come_into_the_ledger_once(shop: Shop) -> None:
    keep(shop, issued("m1", kind="points", percent=None, points=70))
    for number in (1, 2):
        shop.happens("c1", "incentive_issued", number, f"e{number}", kind="points", message_id="m1")
    shop.until(9)
    assert shop.balance("c1", 9) == (70, 70)
    assert shop.told("points_earned") == [("c1", {"points": 70, "source": "incentive"})]
