"""Health, figures, documents, the outbox, and the headers that every answer carries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from lifecycle.api.door import Health
from lifecycle.core.message import Letter
from lifecycle.send.outbox import Outbox
from tests.api.shop import Shop

LETTER = Letter(
    message_id="ab" * 16,
    attempt_id="cd" * 16,
    campaign="welcome",
    step="hello",
    variant="",
    sender="Shop <news@mail.shop.example>",
    to="anna@x.example",
    subject="Hello <b>Anna</b>",
    html="<script>alert(1)</script><p>Hello</p>",
    text="Hello & welcome",
    at=datetime(2026, 5, 4, 9, 0, tzinfo=UTC),
)


def test_health_is_told_with_its_lag(shop: Shop):
    assert shop.client.get("/healthz").json() == {"alive": True}
    assert shop.client.get("/readyz").json() == {"ready": True, "lag_seconds": 1.5}
    ill = shop.client_of(health=lambda: Health(False, {}, "the engine stands still"))
    answer = ill.get("/readyz")
    assert (answer.status_code, answer.json()["why_not"]) == (503, "the engine stands still")


def test_figures_are_in_the_format_of_collectors(shop: Shop):
    shop.client.post("/v1/events", json={"id": "1", "event": "x", "customer": "c"})
    text = shop.client.get("/metrics").text
    assert "lifecycle_events_accepted_total 1.0" in text
    assert "lifecycle_lag_seconds 1.5" in text


def test_every_way_in_is_documented(shop: Shop):
    document = shop.client.get("/openapi.json").json()
    application: Any = shop.client.app
    routes = [route for route in application.app.routes if isinstance(route, Route)]
    routes = [route for route in routes if route.include_in_schema]
    found = {(route.path, method) for route in routes for method in route.methods or ()}
    told = {(path, way.upper()) for path, ways in document["paths"].items() for way in ways}
    assert {one for one in found if one[1] != "HEAD"} == told
    assert ("/v1/events", "POST") in told


def test_the_documentation_fetches_nothing_from_elsewhere(shop: Shop):
    page = shop.client.get("/docs").text
    assert "/v1/customers/{id}/consents/{topic}" in page
    assert "src=" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/docs", "/u/x", "/c/x", "/outbox", "/v1/messages/x", "/nothing", "/metrics"],
)
def test_every_answer_guards_its_reader(shop: Shop, path: str):
    headers = shop.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/events", 405), ("DELETE", "/u/x", 405)],
)
def test_what_is_not_there_is_a_problem(shop: Shop, method: str, path: str, status: int):
    answer = shop.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("DELETE", "/u/x", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("GET", "/v1/events", "POST"),
    ],
)
def test_a_refused_method_is_told_what_is_taken(shop: Shop, method: str, path: str, takes: str):
    answer = shop.client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, takes)


def test_the_outbox_shows_letters_and_runs_nothing_of_them(shop: Shop):
    assert "No letter yet" in shop.client.get("/outbox").text
    Outbox(shop.outbox).send(LETTER)
    listing = shop.client.get("/outbox").text
    assert "anna@x.example" in listing
    assert "Hello &lt;b&gt;Anna&lt;/b&gt;" in listing
    name = listing.split('href="/outbox/')[1].split('"')[0]
    shown = shop.client.get(f"/outbox/{name}")
    assert 'sandbox=""' in shown.text
    assert "<script" not in shown.text
    assert "Hello &amp; welcome" in shown.text
    html = shop.client.get(f"/outbox/{name}/html")
    assert "<script>alert(1)</script>" in html.text
    assert "sandbox" in html.headers["content-security-policy"]
    assert shop.client.get("/outbox/..%2f..%2fetc%2fpasswd").status_code == 404


def test_another_transport_has_no_outbox_to_show(shop: Shop, tmp_path: Path):
    assert "kind = " in shop.client_of(outbox=None).get("/outbox").text


def test_a_database_that_does_not_answer_is_told_as_such(shop: Shop):
    shop.database.close()
    with shop.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE api_key")
    answer = shop.client.get("/v1/customers/c1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "api_key" not in answer.text
