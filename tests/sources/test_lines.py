"""Lines on customers, consents, suppressions, products; addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.words import zone_of
from lifecycle.sources.address import normalized
from lifecycle.sources.consent_line import read_consent
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.product_line import read_product
from lifecycle.sources.refused import Refused
from lifecycle.sources.suppression_line import read_suppression

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def test_only_the_id_of_a_customer_is_required():
    found = read_customer('{"id":"c1"}', at=NOW)
    assert (found.id, found.at, found.agreed_to, found.gone) == ("c1", NOW, None, frozenset())


def test_null_takes_away_what_was_known_and_silence_does_not():
    found = read_customer({"id": "c1", "email": None, "locale": "de-DE"}, at=NOW)
    assert found.gone == {"email"}
    assert found.locale == "de-DE"


def test_an_email_among_the_attributes_is_an_ordinary_attribute():
    found = read_customer({"id": "c1", "attributes": {"email": "no address at all"}}, at=NOW)
    assert found.email is None
    assert found.attributes == {"email": "no address at all"}


def test_agreeing_to_nothing_differs_from_saying_nothing():
    assert read_customer({"id": "c1", "agreed_to": []}, at=NOW).agreed_to == ()
    twice = read_customer({"id": "c1", "agreed_to": ["a", "a", "b"]}, at=NOW)
    assert twice.agreed_to == ("a", "b")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "anna(at)shop.example"}, "email"),
        ({"email": 5}, "email"),
        ({"timezone": 60}, "timezone"),
        ({"timezone": "x" * 65}, "timezone"),
        ({"locale": "x" * 36}, "locale"),
        ({"attributes": "none"}, "attributes"),
        ({"agreed_to": "offers"}, "agreed_to"),
        ({"agreed_to": ["offers", 3]}, "agreed_to[1]"),
        ({"at": "2027-01-01T00:00:00Z"}, "at"),
        ({"name": "Anna"}, "name"),
        ({"attributes": {"a": {"b": float("nan")}}}, "attributes.a.b"),
    ],
)
def test_a_bad_field_of_a_customer_is_named(changes: dict[str, Any], field: str):
    with pytest.raises(Refused) as found:
        read_customer({"id": "c1", **changes}, at=NOW, latest=NOW)
    assert found.value.field == field


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", "PDT+7", "Berlin"])
def test_a_zone_that_there_is_not_is_taken_and_counts_as_unknown(name: str):
    zone = read_customer({"id": "c1", "timezone": name}, at=NOW).timezone
    assert zone == name
    assert zone_of(zone, "Europe/Berlin").key == "Europe/Berlin"
    assert zone_of(zone, "Europe/Nowhere").key == "UTC"


def test_a_refused_address_is_not_quoted():
    with pytest.raises(Refused) as found:
        read_customer({"id": "c1", "email": "anna@@shop.example"}, at=NOW)
    assert "anna" not in str(found.value)


def test_the_path_names_the_customer_and_the_body_must_not_contradict():
    assert read_customer("{}", at=NOW, customer_id="c9").id == "c9"
    with pytest.raises(Refused):
        read_customer('{"id":"c1"}', at=NOW, customer_id="c9")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (" Anna.B@SHOP.Example ", "Anna.B@shop.example"),
        ("a@shop.test", "a@shop.test"),
        ("a@bücher.example", "a@bücher.example"),
        ("a@xn--bcher-kva.example", "a@bücher.example"),
        ("a+b@shop.example", "a+b@shop.example"),
    ],
)
def test_an_address_has_one_form(written: str, meant: str):
    assert normalized(written) == meant


@pytest.mark.parametrize(
    "written", ["", "anna", "a@b", "a@localhost", "a b@c.de", "a@b.de\nBcc: x@y.de", "@c.de"]
)
def test_what_is_no_address_is_refused(written: str):
    with pytest.raises(Refused):
        normalized(written)


def test_a_consent_may_be_said_in_words():
    raw = {"customer": "c1", "topic": "offers", "agreed": "yes", "source": "form"}
    found = read_consent(raw, at=NOW)
    assert (found.agreed, found.source, found.at) == (True, "form", NOW)


def test_a_consent_is_nothing_but_yes_or_no():
    with pytest.raises(Refused) as found:
        read_consent({"customer": "c1", "topic": "offers", "agreed": 1}, at=NOW)
    assert found.value.field == "agreed"


def test_a_consent_cannot_be_given_in_the_future():
    at = (NOW + timedelta(days=1)).isoformat()
    with pytest.raises(Refused):
        read_consent({"agreed": True, "at": at}, at=NOW, latest=NOW, customer_id="c", topic="t")


def test_suppressions_and_products_need_one_field():
    assert read_suppression('{"email":"A@Shop.Example"}', at=NOW).email == "A@shop.example"
    found = read_product({"sku": "s1", "price": "9.90"})
    assert (found.sku, found.said) == ("s1", {"price": "9.90"})
