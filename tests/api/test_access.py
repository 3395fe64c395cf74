"""Keys: shown once, kept as a hash, each with its scopes, and revocable."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from lifecycle.api import access
from lifecycle.errors import UsageError
from lifecycle.store.keys import create_key, keys, open_key, revoke_key
from tests.api.shop import NOW, Shop

EVENT = {"id": "1", "event": "x", "customer": "c"}


def test_a_key_is_256_bits_and_only_its_hash_is_kept(any_shop: Shop):
    _, key_id, secret = any_shop.key.split("_", 2)
    (row,) = any_shop.rows("api_key")
    assert len(secret) >= 43
    assert (row.key_id, row.digest) == (key_id, sha256(secret.encode()).hexdigest())


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Basic {key}", "Bearer {key}x", "Bearer lk__", "Bearer lk_ü_x"],
)
def test_without_a_good_key_nothing_is_taken(shop: Shop, header: str):
    told = header.replace("{key}", shop.key).encode("latin-1")
    headers = {b"Authorization": told} if told else {b"Authorization": b""}
    answer = shop.client.post("/v1/events", json=EVENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert shop.rows("event") == []


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/events", "events:write"),
        ("PUT", "/v1/customers/c", "customers:write"),
        ("GET", "/v1/customers/c", "customers:read"),
        ("DELETE", "/v1/customers/c", "customers:write"),
        ("PUT", "/v1/customers/c/consents/offers", "customers:write"),
        ("POST", "/v1/customers/c/aliases", "customers:write"),
        ("GET", "/v1/customers/c/why", "customers:read"),
        ("GET", "/v1/messages/m", "customers:read"),
        ("GET", "/v1/segments/buyers/members", "customers:read"),
    ],
)
def test_a_key_does_what_its_scopes_allow(shop: Shop, method: str, path: str, scope: str):
    others = {"events:write", "customers:write", "customers:read"} - {scope}
    with shop.database.write() as connection:
        lacking = create_key(connection, others, NOW)
    headers = {"Authorization": f"Bearer {lacking}"}
    answer = shop.client.request(method, path, json={}, headers=headers)
    assert answer.status_code == 403
    assert scope in answer.json()["detail"]
    assert shop.client.request(method, path, json={}).status_code != 403


def test_a_revoked_key_opens_nothing(any_shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(access, "KEPT_SECONDS", 0.0)
    assert any_shop.client.post("/v1/events", json=EVENT).status_code == 202
    with any_shop.database.write() as connection:
        (key,) = keys(connection)
        assert revoke_key(connection, key.id, NOW + timedelta(days=1))
        assert not revoke_key(connection, key.id, NOW + timedelta(days=2))
        assert open_key(connection, any_shop.key) is None
    assert any_shop.client.post("/v1/events", json=EVENT).status_code == 401


def test_an_unknown_scope_makes_no_key(shop: Shop):
    with shop.database.write() as connection, pytest.raises(UsageError, match="events:write"):
        create_key(connection, ["everything"], NOW)


@pytest.mark.parametrize("path", ["/outbox", "/outbox/x", "/outbox/x/html"])
def test_the_outbox_is_for_whoever_sits_at_the_machine(shop: Shop, path: str):
    assert shop.client_of("192.0.2.7").get(path).status_code == 404
    through = {"X-Forwarded-For": "192.0.2.7"}
    assert shop.client.get(path, headers=through).status_code == 404
    rebound = {"Host": "evil.example:8000"}
    assert shop.client.get(path, headers=rebound).status_code == 404


def test_figures_are_local_or_by_key(shop: Shop):
    nobody = {"Authorization": ""}
    assert shop.client.get("/metrics", headers=nobody).status_code == 200
    far = shop.client_of("192.0.2.7")
    assert far.get("/metrics", headers=nobody).status_code == 401
    assert far.get("/metrics").status_code == 200
