"""Events over HTTP: durable once answered, all or none, and never an error of ours."""

from __future__ import annotations

import json
import threading
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from lifecycle.api.events import BATCH_BYTES, BATCH_EVENTS
from tests.api.shop import NOW, Shop


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "event": "order_placed", "customer": "c1", **changes}


def test_one_event_is_taken_in_and_the_engine_is_told(any_shop: Shop):
    answer = any_shop.client.post("/v1/events", json=event(properties={"total": 9.5}))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (row,) = any_shop.rows("event")
    assert (row.customer_id, row.event_id, row.name) == ("c1", "e1", "order_placed")
    assert row.properties == {"total": 9.5}
    assert row.at == row.received_at
    assert any_shop.woken


def test_a_repeated_event_counts_once(any_shop: Shop):
    for _ in range(2):
        answer = any_shop.client.post("/v1/events", json=[event(1), event(2), event(1)])
        assert answer.json() == {"accepted": 3}
    assert len(any_shop.rows("event")) == 2


def test_an_array_of_2500_is_taken_and_one_more_is_not(shop: Shop):
    most = [event(number) for number in range(BATCH_EVENTS)]
    assert shop.client.post("/v1/events", json=most).status_code == 202
    answer = shop.client.post("/v1/events", json=[*most, event(9_999)])
    assert answer.status_code == 413
    assert len(shop.rows("event")) == BATCH_EVENTS


def test_one_bad_event_refuses_all_and_is_named_by_index_and_field(shop: Shop):
    bad = event(3, properties={"items": [{"price": 2**70}]})
    answer = shop.client.post("/v1/events", json=[event(1), event(2), bad, event(4, at="soon")])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert [(one["index"], one["field"]) for one in problem["errors"]] == [
        (2, "properties.items[0].price"),
        (3, "at"),
    ]
    assert shop.rows("event") == []


def test_a_number_beyond_all_bounds_is_named_within_an_array(shop: Shop):
    body = json.dumps([event(1), event(2, properties={"x": 5})]).replace(": 5}", ": 1e999}")
    answer = shop.client.post("/v1/events", content=body)
    assert answer.status_code == 422
    assert [(one["index"], one["field"]) for one in answer.json()["errors"]] == [
        (1, "properties.x")
    ]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("message_sent", False),
        ("message_clicked", False),
        ("segment_joined", False),
        ("consent_given", False),
        ("confirmation_wanted", False),
        ("points_earned", False),
        ("tier_reached", False),
        ("incentive_issued", False),
        ("referral_qualified", False),
        ("incentive_redeemed", True),
        ("referral_claimed", True),
        ("messages_read", True),
    ],
)
def test_the_engines_own_events_are_not_for_shops_to_say(shop: Shop, name: str, taken: bool):
    answer = shop.client.post("/v1/events", json=event(event=name))
    assert answer.status_code == (202 if taken else 422)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"nonsense", 400),
        (b"\xff\xfe", 400),
        (b"[1, null]", 422),
        (b"[[]]", 422),
        (b"5", 400),
        (b"[" * 200_000, 400),
        (b'{"a":' * 90_000, 400),
        (b"[" + b'{"a":' * 80_000, 400),
        (b'[{"id":"1",}]', 400),
        (b'{"id":"\\ud800","event":"x","customer":"c"}', 422),
        (b'{"id":"1","event":"x","customer":"c","properties":{"x":NaN}}', 422),
        (b'{"id":"1","event":"x","customer":"c","received_at":"2026-05-04T09:00:00Z"}', 422),
        (b'{"event":"x","customer":"c"}', 422),
        (b"[]", 202),
    ],
)
def test_each_bad_body_is_a_problem(shop: Shop, body: bytes, status: int):
    answer = shop.client.post("/v1/events", content=body)
    assert answer.status_code == status
    if status != 202:
        assert answer.json()["errors"]


def test_a_body_that_is_too_long_is_cut_off_whatever_it_says_of_itself(shop: Shop):
    def endless():
        for _ in range(100):
            yield b" " * 64 * 1024

    assert shop.client.post("/v1/events", content=endless()).status_code == 413
    told = {"content-length": str(BATCH_BYTES + 1)}
    assert shop.client.post("/v1/events", content=b"{}", headers=told).status_code == 413


def test_a_packed_body_is_refused(shop: Shop):
    answer = shop.client.post("/v1/events", content=b"x", headers={"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_requests_at_one_time_are_all_durable(any_shop: Shop):
    statuses: list[int] = []

    def post(number: int) -> None:
        client = TestClient(any_shop.client.app, base_url="http://127.0.0.1")
        headers = {"Authorization": f"Bearer {any_shop.key}"}
        answer = client.post("/v1/events", json=event(number), headers=headers)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [202] * 20
    assert len(any_shop.rows("event")) == 20


def test_events_of_one_instant_keep_their_order(shop: Shop):
    shop.client.post("/v1/events", json=[event(n) for n in range(5, 0, -1)])
    rows = sorted(shop.rows("event"), key=lambda row: row.arrival)
    assert [row.event_id for row in rows] == ["e5", "e4", "e3", "e2", "e1"]
    assert {row.received_at for row in rows} == {rows[0].received_at}
    assert rows[0].received_at > NOW


def test_the_longest_ids_and_names_fit_every_index(any_shop: Shop):
    # Text that no index can pack: PostgreSQL refuses entries over a third of a page.
    characters = "".join(sha256(str(n).encode()).hexdigest() for n in range(16))
    longest = {"id": characters[:512], "customer": characters[-512:], "event": characters[300:556]}
    assert any_shop.client.post("/v1/events", json=longest).status_code == 202
    assert any_shop.client.put(f"/v1/customers/{characters[-512:]}", json={}).status_code == 200


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
KEYS = st.sampled_from(["id", "event", "customer", "at", "properties", "received_at", "x"])
EVENTS = st.dictionaries(KEYS, JSON | st.just("2026-05-04T09:00:00Z"), max_size=6)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.one_of(EVENTS, st.lists(EVENTS, max_size=3), JSON).map(
        lambda value: json.dumps(value).encode()
    ),
    EVENTS.map(lambda value: json.dumps({**event(), **value}).encode()),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_no_body_is_an_error_of_ours(shop: Shop, body: bytes):
    answer = shop.client.post("/v1/events", content=body)
    assert answer.status_code in (202, 400, 422)
    if answer.status_code != 202:
        assert answer.json()["status"] == answer.status_code


def test_whoever_asks_over_http_sees_what_came_over_http(any_shop: Shop):
    any_shop.client.post("/v1/events", json=event(customer="new one"))
    told = any_shop.client.get("/v1/customers/new one").json()
    assert [one["event_id"] for one in told["events"]] == ["e1"]
    any_shop.client.post("/v1/events", json=event(customer="newer"))
    assert any_shop.client.get("/v1/customers/newer/why").status_code == 200


def test_a_failure_of_ours_is_a_problem_too(shop: Shop):
    client = shop.client_of(clock=None)
    headers = {"Authorization": f"Bearer {shop.key}"}
    answer = client.post("/v1/events", json=event(), headers=headers)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
