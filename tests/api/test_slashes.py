"""Ids with a slash, as some shop systems make them, reach their own customer over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.shop import Shop

ODD = "gid://shopify/Customer/1"
PATH = f"/v1/customers/{quote(ODD, safe='')}"


def test_a_customer_with_slashes_is_put_told_and_agrees(shop: Shop) -> None:
    assert shop.client.put(PATH, json={"attributes": {"a": 1}}).json() == {"id": ODD}
    told = shop.client.put(f"{PATH}/consents/offers", json={"agreed": True}).json()
    assert (told["customer"], told["topic"]) == (ODD, "offers")
    assert shop.client.get(PATH).json()["attributes"] == {"a": 1}
    assert shop.client.get(f"{PATH}/why").status_code == 200


@pytest.mark.parametrize("between", ["a/b", "consents/offers", "a%ED%B0%AFb", "%FF%2F"])
def test_a_slash_that_is_not_packed_is_none_of_an_id(shop: Shop, between: str) -> None:
    answered = shop.client.put(f"/v1/customers/{between}", json={})
    assert answered.status_code in (404, 405, 422)
    assert shop.rows("customer") == []
