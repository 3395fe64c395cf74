"""Feedback of SES over HTTP: signed, counted once, put to its message by whatever names it."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lifecycle.api.feedback import take_in_body, take_in_feedback_with
from lifecycle.core.settings import Tracking
from lifecycle.insight.deliverability import deliverability_report
from lifecycle.send.feedback import FeedbackRefused, feedback_of
from lifecycle.send.sqs import SqsFeedback
from lifecycle.store.addresses import address_hash
from lifecycle.store.migrate import create
from tests.api.shop import KEY, MESSAGE, TABLES, Shop, catalog
from tests.send.authority import NOW, message, signed, verifier
from tests.send.queue import Queue

SES_ID = "0107019a1b2c3d4e-000000"
ATTEMPT = "ef" * 16


def ses(kind: str, at: str = "2026-07-01T11:00:00.000Z", **section: Any) -> dict[str, Any]:
    names = {"Bounce": "bounce", "Complaint": "complaint", "Delivery": "delivery"}
    name = names.get(kind, kind.lower())
    mail = {
        "timestamp": at,
        "messageId": SES_ID,
        "destination": ["Anna@x.example"],
        "tags": {"attempt_id": [ATTEMPT], "message_id": [MESSAGE]},
    }
    return {"eventType": kind, "mail": mail, name: {"timestamp": at, **section}}


HARD = ses(
    "Bounce",
    bounceType="Permanent",
    bouncedRecipients=[{"emailAddress": "Anna@x.example"}],
    feedbackId="f1",
)


def client_of(shop: Shop, **changes: Any) -> TestClient:
    shop.clock.instant = NOW
    return shop.client_of(sns=verifier(), **changes)


def post(client: TestClient, body: Any, **told: Any) -> Any:
    raw = signed(message(Message=json.dumps(body), **told))
    return client.post("/v1/feedback/ses", content=raw, headers={"Authorization": ""})


def test_a_delivery_becomes_an_event_of_the_right_customer(any_shop: Shop):
    any_shop.message_gone(state="uncertain")
    assert post(client_of(any_shop), ses("Delivery")).status_code == 200
    (row,) = [row for row in any_shop.rows("event") if row.name == "message_delivered"]
    assert row.customer_id == "c1"
    assert row.properties["message_id"] == MESSAGE
    assert row.at == NOW - timedelta(hours=1)
    assert any_shop.state() == ("accepted", "message_delivered")
    (receipt,) = any_shop.rows("receipt")
    assert (receipt.provider_id, receipt.message_id) == (SES_ID, MESSAGE)
    assert any_shop.woken


def test_the_same_feedback_counts_once_in_whatever_envelope(any_shop: Shop):
    any_shop.message_gone()
    client = client_of(any_shop)
    for number in range(3):
        post(client, ses("Delivery"), MessageId=f"{number}" * 8)
    assert len(any_shop.events("message_delivered")) == 1


def test_a_hard_bounce_suppresses_the_address_even_of_an_unknown_message(any_shop: Shop):
    assert post(client_of(any_shop), HARD).status_code == 200
    (row,) = any_shop.rows("suppression")
    assert (row.address_hash, row.reason) == (address_hash("anna@x.example", KEY), "bounced")
    assert any_shop.rows("event") == []


@pytest.mark.parametrize("names", ["attempt", "receipt", "message"])
def test_a_message_is_found_by_whatever_names_it(any_shop: Shop, names: str):
    any_shop.message_gone()
    body = ses("Delivery")
    body["mail"]["tags"] = {}
    with any_shop.database.write() as connection:
        of = {"customer_id": "c1", "message_id": MESSAGE}
        if names == "attempt":
            row = {**of, "attempt_id": ATTEMPT, "number": 1, "begun_at": NOW, "detail": ""}
            connection.execute(TABLES["attempt"].insert(), row)
            body["mail"]["headers"] = [{"name": "X-Lifecycle-Attempt", "value": ATTEMPT}]
        elif names == "receipt":
            connection.execute(TABLES["receipt"].insert(), {**of, "provider_id": SES_ID})
        else:
            body["mail"]["tags"] = {"message_id": [MESSAGE]}
    post(client_of(any_shop), body)
    assert len(any_shop.events("message_delivered")) == 1


@pytest.mark.parametrize(
    ("own", "suppressed", "former"),
    [
        ("anna@x.example", {"anna@x.example"}, None),
        ("new@x.example", {"anna@x.example", "ben@x.example"}, True),
        (None, {"anna@x.example", "ben@x.example"}, None),
    ],
)
def test_of_several_who_may_have_complained_the_letters_own_is_meant(
    any_shop: Shop, own: str | None, suppressed: set[str], former: bool | None
):
    if own is not None:
        any_shop.client.put("/v1/customers/c1", json={"email": own})
        any_shop.message_gone()
    several = [{"emailAddress": one} for one in ("Anna@x.example", "ben@x.example")]
    post(client_of(any_shop), ses("Complaint", complainedRecipients=several, feedbackId="f3"))
    found = {row.address_hash for row in any_shop.rows("suppression")}
    assert found == {address_hash(one, KEY) for one in suppressed}
    events = any_shop.events("message_complained")
    assert [one.get("former_address") for one in events] == ([former] if own else [])


def test_a_click_by_a_machine_is_told_apart(shop: Shop):
    shop.message_gone()
    body = ses("Click", link="https://shop.example/x", userAgent="Mozilla/5.0")
    post(client_of(shop), body)
    (found,) = shop.events("message_clicked")
    assert (found["machine"], found["url"]) == (True, "https://shop.example/x")


@pytest.mark.parametrize(("mode", "kept"), [("individual", 2), ("aggregate", 0), ("off", 0)])
def test_what_ses_follows_is_kept_by_name_only_where_letters_are(shop: Shop, mode: Any, kept: int):
    shop.message_gone(state="uncertain")
    own = catalog()
    said = own.settings.model_copy(update={"tracking": Tracking(mode=mode)})
    client = client_of(shop, catalog=lambda: replace(own, settings=said))
    browser = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
    assert post(client, ses("Open", **browser)).status_code == 200
    assert post(client, ses("Click", link="https://shop.example/a", **browser)).status_code == 200
    assert len(shop.events("message_opened") + shop.events("message_clicked")) == kept
    assert shop.state()[0] == "accepted"


def test_what_no_database_can_store_is_replaced(any_shop: Shop):
    any_shop.message_gone()
    link = "https://shop.example/\0?\ud800"
    answer = post(client_of(any_shop), ses("Click", link=link, userAgent="a\0b"))
    assert answer.status_code == 200
    (found,) = any_shop.events("message_clicked")
    assert found["url"] == "https://shop.example/\ufffd?\ufffd"


def test_a_soft_bounce_suppresses_nobody(shop: Shop):
    shop.message_gone()
    post(client_of(shop), ses("Bounce", bounceType="Transient"))
    assert shop.rows("suppression") == []
    assert shop.events("message_bounced")[0]["kind"] == "soft"


def test_a_forgery_changes_nothing(shop: Shop):
    shop.message_gone()
    raw = signed(message(Message=json.dumps(HARD))).replace(b"Permanent", b"permanent")
    for body in (raw, b"", b"[" * 100_000, b"{}", json.dumps(HARD).encode()):
        answer = client_of(shop).post("/v1/feedback/ses", content=body)
        assert answer.status_code == 403
    assert shop.rows("suppression") == shop.rows("event") == []


def test_a_subscription_is_confirmed_over_the_api_and_never_fetched(shop: Shop):
    confirmed: list[tuple[str, str]] = []
    client = client_of(shop, confirm=lambda *told: confirmed.append(told))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/?Action=ConfirmSubscription"
        told = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": url}
        assert post(client, {}, **told).status_code == 200
        assert [token for _, token in confirmed] == ["t"]
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_subscription_that_cannot_be_confirmed_is_asked_for_again(shop: Shop):
    def unreachable(topic: str, token: str) -> None:
        raise ConnectionError(token)

    told = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://x.example"}
    answer = post(client_of(shop, confirm=unreachable), {}, **told)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the subscription could not be confirmed: ConnectionError"


@pytest.mark.parametrize(
    ("kind", "section", "name", "warned"),
    [
        ("Reject", {"reject": {"reason": "Bad content"}}, "message_rejected", "(Reject)"),
        (
            "Rendering Failure",
            {"failure": {"errorMessage": "Attribute 'v1' is not there", "templateName": "t"}},
            "message_unrendered",
            "(Rendering Failure)",
        ),
    ],
)
def test_what_ses_accepted_and_did_not_send_is_told(
    any_shop: Shop, kind: str, section: dict[str, Any], name: str, warned: str
):
    any_shop.message_gone(state="accepted")
    body = {**ses("Send"), "eventType": kind, **section}
    for _ in range(2):
        assert post(client_of(any_shop), body).status_code == 200
    (row,) = [row for row in any_shop.rows("event") if row.name == name]
    detail = {**section.get("reject", {}), **section.get("failure", {})}
    assert row.properties["message_id"] == MESSAGE
    assert row.properties["detail"] in detail.values()
    with any_shop.database.read() as connection:
        (told,) = deliverability_report(connection, NOW).warnings
    assert told.startswith("1 letters were accepted and not sent") and warned in told


def test_what_is_no_event_is_answered_so_that_it_does_not_come_again(shop: Shop):
    assert post(client_of(shop), {"something": "else"}).status_code == 200


def test_without_a_topic_of_ours_there_is_no_way_in(shop: Shop):
    assert shop.client.post("/v1/feedback/ses", content=b"{}").status_code == 404


def test_the_order_of_feedback_does_not_matter(tmp_path: Path):
    bodies = [ses("Delivery"), HARD, ses("Complaint", feedbackId="f2"), ses("Open")]
    ends = set()
    for number, order in enumerate(permutations(bodies)):
        if number % 5:
            continue
        shop = Shop("sqlite://", tmp_path, create=create)
        shop.message_gone()
        for body in (*order, *order):
            take_in_feedback_with(shop.door, feedback_of(body, NOW))
        rows = shop.rows("event")
        ends.add(frozenset((row.event_id, str(sorted(row.properties.items()))) for row in rows))
        assert len(shop.rows("suppression")) == 1
        shop.close()
    assert len(ends) == 1
    assert len(ends.pop()) == 4


def test_feedback_of_a_queue_counts_once_whether_wrapped_or_bare(any_shop: Shop):
    any_shop.message_gone()
    any_shop.clock.instant = NOW
    bare = json.dumps(ses("Delivery"))
    wrapped = json.dumps({"Type": "Notification", "MessageId": "1", "Message": bare})
    for body in (wrapped, bare, wrapped):
        take_in_body(any_shop.door, body)
    assert len(any_shop.events("message_delivered")) == 1
    assert len(any_shop.rows("proof")) == 1
    with pytest.raises(FeedbackRefused):
        take_in_body(any_shop.door, "no event")


def test_a_queue_is_read_to_the_end_of_the_way(shop: Shop):
    shop.message_gone()
    shop.clock.instant = NOW
    queue = Queue()
    reader = SqsFeedback(queue.url, "eu-central-1")
    try:
        queue.put(json.dumps(HARD), "no event")
        assert reader.receive(lambda body: take_in_body(shop.door, body)) == 1
    finally:
        queue.close()
    assert [row.reason for row in shop.rows("suppression")] == ["bounced"]
    assert [one["Body"] for one in queue.hidden.values()] == ["no event"]
