"""Customers over HTTP: merged, told, consented, joined and erased."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.event import Event
from lifecycle.store.events import NewEvent, append
from tests.api.shop import MESSAGE, NOW, TABLES, Shop

PATH = "/v1/customers/c1"


def test_what_is_put_is_merged_and_told(any_shop: Shop):
    client = any_shop.client
    first = {"email": " Anna@X.Example", "attributes": {"a": 1, "b": 2}, "agreed_to": ["offers"]}
    assert client.put(PATH, json=first).status_code == 200
    assert client.put(PATH, json={"attributes": {"b": None}, "locale": "de"}).status_code == 200
    told = client.get(PATH).json()
    assert (told["id"], told["email"], told["attributes"]) == ("c1", "Anna@x.example", {"a": 1})
    assert told["locale"] == "de"
    assert [(one["topic"], one["agreed"]) for one in told["consents"]] == [("offers", True)]
    assert [one["name"] for one in told["events"]] == ["consent_given"]
    assert "address_hash" not in json.dumps(told)


def test_what_the_engine_keeps_is_told_as_of_now(any_shop: Shop):
    client = any_shop.client
    client.put(PATH, json={"attributes": {"orders": {"count": 7}}})
    orders = [
        Event(NOW - days * timedelta(days=1), f"e{days}", "order_placed", {"total": "10.25"})
        for days in (2, 3)
    ]
    with any_shop.database.write() as connection:
        append(connection, [NewEvent("c1", order, order.at) for order in orders])
    told = client.get(PATH).json()["kept"]
    assert told["orders"] == {
        "count": 7,
        "total": 20.5,
        "average": 10.25,
        "first_at": "2026-05-01T09:00:00Z",
        "last_at": "2026-05-02T09:00:00Z",
        "usual_gap": 1,
    }
    assert told["engagement"] == {"last_click_at": None}
    assert (told["points"]["balance"], told["points"]["tier"]) == (0, None)
    assert told["incentives"] == {"open": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "c2"}, "id"),
        ({"email": "no"}, "email"),
        ({"agreed_to": ["newsletter", "nothing"]}, "agreed_to[1]"),
        ({"emial": "a@x.example"}, "emial"),
        ({"at": "2030-01-01T00:00:00Z"}, "at"),
        ({"attributes": {"x": "\ud800"}}, "attributes.x"),
    ],
)
def test_a_bad_field_is_named(shop: Shop, body: dict[str, Any], field: str):
    answer = shop.client.put(PATH, content=json.dumps(body))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert shop.rows("customer") == []


@pytest.mark.parametrize("name", ["%ff", "a%fe", "%ed%a0%80"])
def test_bytes_that_are_no_text_are_no_id(shop: Shop, name: str):
    answer = shop.client.put(f"/v1/customers/{name}", json={})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "id")
    assert shop.rows("customer") == []


def test_a_customer_nobody_knows_is_not_found(shop: Shop):
    assert shop.client.get(PATH).status_code == 404
    assert shop.client.delete(PATH).status_code == 404
    assert shop.client.get(f"{PATH}/why").status_code == 404


def test_a_consent_is_recorded_with_its_proof(any_shop: Shop):
    path = f"{PATH}/consents/offers"
    yes = {"agreed": True, "source": "checkout", "wording": "Yes, please"}
    assert any_shop.client.put(path, json=yes).status_code == 200
    old = {"agreed": False, "at": "2020-01-01T00:00:00Z"}
    assert any_shop.client.put(path, json=old).status_code == 200
    assert any_shop.consents() == {"offers": True}
    records = {(one.agreed, one.source, one.wording) for one in any_shop.rows("consent_record")}
    assert records == {(True, "checkout", "Yes, please"), (False, "http", "")}


def test_a_topic_the_shop_does_not_have_is_refused(shop: Shop):
    answer = shop.client.put(f"{PATH}/consents/nothing", json={"agreed": True})
    assert answer.status_code == 422
    assert "offers" in answer.json()["errors"][0]["hint"]


def test_a_visitor_turns_out_to_be_the_customer(any_shop: Shop):
    client = any_shop.client
    client.post("/v1/events", json={"id": "1", "event": "site_visited", "customer": "v1"})
    assert client.post(f"{PATH}/aliases", json={"alias": "v1"}).status_code == 200
    client.post("/v1/events", json={"id": "2", "event": "site_visited", "customer": "v1"})
    assert {row.customer_id for row in any_shop.rows("event")} == {"c1"}
    answer = client.post("/v1/customers/c2/aliases", json={"alias": "v1"})
    assert answer.status_code == 409
    assert client.get("/v1/customers/v1").json()["id"] == "c1"


def test_a_zone_that_there_is_not_is_taken_over_http_too(shop: Shop):
    assert shop.client.put(PATH, json={"timezone": "Europe/Atlantis"}).status_code == 200
    assert shop.client.get(PATH).json()["timezone"] == "Europe/Atlantis"


def test_erasing_takes_the_letters_of_the_outbox_along(any_shop: Shop):
    any_shop.client.put(PATH, json={"email": "anna@x.example"})
    any_shop.message_gone()
    any_shop.outbox.mkdir()
    name = "20260504T090000.000000Z-welcome-hello-"
    for ending in (f"{MESSAGE}.eml", f"{MESSAGE}.html", f"{MESSAGE}-second.eml", "other.eml"):
        (any_shop.outbox / f"{name}{ending}").write_text("x")
    assert any_shop.client.delete(PATH).status_code == 204
    assert [file.name for file in any_shop.outbox.iterdir()] == [f"{name}other.eml"]
    assert any_shop.client.get(PATH).status_code == 404
    assert "anna" not in str([any_shop.rows(name) for name in ("customer", "event", "message")])


def test_why_passes_the_campaign_on(shop: Shop):
    shop.client.put(PATH, json={})
    told = shop.client.get(f"{PATH}/why?campaign=welcome").json()
    assert told == {"customer": "c1", "decisions": ["c1", "welcome"]}
    assert shop.client.get(f"{PATH}/why?campaign=nothing").status_code == 404


def test_a_message_is_told_without_what_it_was_made_of(shop: Shop):
    shop.message_gone()
    told = shop.client.get(f"/v1/messages/{MESSAGE}").json()
    assert (told["state"], told["campaign"]) == ("accepted", "welcome")
    assert [one["outcome"] for one in told["attempts"]] == ["accepted"]
    assert "context" not in told
    assert shop.client.get("/v1/messages/nothing").status_code == 404


def test_members_of_a_segment_come_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lifecycle.api.asking.PAGE", 2)
    with shop.database.write() as connection:
        rows = [
            {"customer_id": one, "segment": "buyers", "member": one != "c9", "since": NOW}
            for one in ("c1", "c2", "c3", "c9")
        ]
        connection.execute(TABLES["membership"].insert(), rows)
    path = "/v1/segments/buyers/members"
    first = shop.client.get(path).json()
    second = shop.client.get(f"{path}?after={first['next']}").json()
    assert [one["customer"] for one in first["members"]] == ["c1", "c2"]
    assert ([one["customer"] for one in second["members"]], second["next"]) == (["c3"], None)
    assert shop.client.get("/v1/segments/nothing/members").status_code == 404


TEXTS = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["email", "timezone", "locale", "attributes", "agreed_to", "at", "agreed"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=60)
    | st.dictionaries(KEYS, JSON, max_size=4).map(lambda value: json.dumps(value).encode()),
    name=st.sampled_from(["c1", "%00", "a%20b", "%ff", "%0A", "é", "x" * 600, "..", "%2e%2e"]),
    rest=st.sampled_from(["", "/consents/offers", "/consents/%00", "/aliases"]),
)
def test_no_body_and_no_id_is_an_error_of_ours(shop: Shop, body: bytes, name: str, rest: str):
    for method in ("PUT", "POST", "GET", "DELETE"):
        answer = shop.client.request(method, f"/v1/customers/{name}{rest}", content=body)
        assert answer.status_code < 500, (method, name, rest, body)
