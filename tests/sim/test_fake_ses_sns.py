"""Events of the stand-in that are posted: signed as SNS signs, and believed only from here."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.clock import SystemClock
from lifecycle.send.feedback import FeedbackKind, feedback_of
from lifecycle.send.sns import SnsRefused, SnsVerifier
from lifecycle.send.sns_network import certificates, fetch_certificate
from lifecycle.sim.fake_ses_events import TOPIC_ARN
from lifecycle.sim.fake_ses_shelf import Shelf
from tests.receiver import Receiver
from tests.sim.fake_ses_clients import Start, until


def test_posted_events_hold_before_our_verifier(
    start: Start, receiver: Callable[..., Receiver]
) -> None:
    posted = receiver()
    stand_in = start(events=f"http://{posted.place}/v1/feedback/ses")
    identity = stand_in.send()
    until(lambda: len(posted.heard) == 2)
    verifier = SnsVerifier(frozenset({TOPIC_ARN}), certificates(stand_in.endpoint))
    now = SystemClock().now()
    found = [feedback_of(verifier.verify(one.body, now).message, now) for one in posted.heard]
    assert {one.kind for one in found} == {FeedbackKind.SENT, FeedbackKind.DELIVERED}
    assert {one.ses_message_id for one in found} == {identity}
    changed = json.loads(posted.heard[0].body)
    changed["Message"] = changed["Message"].replace("Send", "Bounce").replace("Delivery", "Bounce")
    with pytest.raises(SnsRefused, match="signature"):
        verifier.verify(json.dumps(changed).encode(), now)


@pytest.mark.parametrize(
    "endpoint",
    [None, "https://email.eu-central-1.amazonaws.com", "http://10.0.0.1:8005", "https://127.0.0.1"],
)
def test_certificates_come_from_amazon_unless_the_stand_in_is_this_machine_s(
    endpoint: str | None,
) -> None:
    assert certificates(endpoint) is fetch_certificate


def test_accepted_letters_can_be_looked_at_as_files(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    stand_in = start(outbox=folder)
    identity = stand_in.send(simple={"Subject": {"Data": "H\u00e9 \u2615"}})
    assert (folder / f"{identity}.html").read_text() == "<p>Hello</p>"
    eml = (folder / f"{identity}.eml").read_bytes()
    assert b"Subject: =?utf-8?" in eml
    assert b"To: ann@customer.example" in eml


def test_the_page_of_letters_runs_nothing_that_a_letter_says(start: Start) -> None:
    stand_in = start()
    stand_in.send(simple={"Subject": {"Data": "<script>alert(1)</script>"}})
    shelf = Shelf()
    (one,) = stand_in.fake.letters()
    shelf.keep(one.letter, one.identity, datetime(2026, 1, 1, tzinfo=UTC))
    assert "<script>alert" not in shelf.page()
