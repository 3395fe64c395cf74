"""SNS messages: real ones by Amazon where they are at hand, our own, and forgeries."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lifecycle.core.settings import SesSettings
from lifecycle.send.sns import BODY_BYTES, SnsKind, SnsMessage, SnsRefused, SnsVerifier
from tests.send.authority import ARN, NOW, message, refused, root, signed, verifier

SIGNED = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "sns_signed"


def test_a_well_signed_notification_is_believed() -> None:
    assert verifier(roots=(root(),)).verify(signed(message(Subject="Hi")), NOW) == SnsMessage(
        kind=SnsKind.NOTIFICATION,
        message_id="11111111-2222-3333-4444-555555555555",
        topic_arn=ARN,
        at=NOW - timedelta(seconds=30),
        message='{"eventType": "Send"}\nwith a second line, and žluť',
        subject="Hi",
    )


def test_a_subscription_gives_its_token() -> None:
    told = message(Type="SubscriptionConfirmation", Token="t0k3n", SubscribeURL="https://x.example")
    assert verifier().verify(signed(told), NOW).token == "t0k3n"
    told["Type"] = "UnsubscribeConfirmation"
    assert verifier().verify(signed(told), NOW).kind is SnsKind.UNSUBSCRIPTION


def test_version_1_is_believed_only_where_it_is_switched_on() -> None:
    raw = signed(message(SignatureVersion="1"))
    assert verifier(accept_version_1=True).verify(raw, NOW).kind is SnsKind.NOTIFICATION
    assert "version" in refused(raw)


@pytest.mark.parametrize("version", ["3", "", 2, None, "02", ["2"]])
def test_no_other_version_is_believed(version: Any) -> None:
    told = json.loads(signed(message()))
    raw = json.dumps({**told, "SignatureVersion": version}).encode()
    with pytest.raises(SnsRefused):
        verifier(accept_version_1=True).verify(raw, NOW)


def test_a_topic_of_somebody_else_is_refused_however_well_signed() -> None:
    other = "arn:aws:sns:eu-central-1:999999999999:feedback"
    assert "topic" in refused(signed(message(TopicArn=other)))
    assert "topic" in refused(signed(message()), topics=frozenset())


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-07-01T10:59:59.999Z", "2026-07-01T12:06:00.000Z", "2026-07-01T11:59:30.000",
        "yesterday", "", "2025-07-01T11:59:30.000Z", "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_a_message_out_of_its_time_is_refused(stamp: str) -> None:
    refused(signed(message(Timestamp=stamp)))


def test_a_message_just_within_the_hour_is_believed() -> None:
    verifier().verify(signed(message(Timestamp="2026-07-01T11:00:00.000Z")), NOW)


@pytest.mark.parametrize(
    "member", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "Signature"]
)
def test_each_signed_member_is_covered(member: str) -> None:
    told = json.loads(signed(message(Subject="Hi")))
    likely = {
        "Timestamp": "2026-07-01T11:59:31.000Z",
        "Signature": b64encode(b"x" * 256).decode(),
        "Type": "SubscriptionConfirmation",
    }
    told[member] = likely.get(member, told[member] + "x")
    refused(json.dumps(told).encode())
    del told[member]
    refused(json.dumps(told).encode())


def test_a_subject_put_in_afterwards_is_noticed() -> None:
    told = json.loads(signed(message()))
    refused(json.dumps({**told, "Subject": "Hi"}).encode())
    refused(json.dumps({**told, "Subject": ""}).encode())


def test_no_flipped_bit_of_a_signature_is_overlooked() -> None:
    told = json.loads(signed(message()))
    good = b64decode(told["Signature"])
    judge = verifier()
    for bit in range(0, len(good) * 8, 61):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        raw = json.dumps({**told, "Signature": b64encode(bytes(flipped)).decode()}).encode()
        with pytest.raises(SnsRefused, match="signature"):
            judge.verify(raw, NOW)


@pytest.mark.parametrize("signature", ["", "x", "!!!!", None, 5, "é"])
def test_what_is_no_signature_is_refused(signature: Any) -> None:
    told = json.loads(signed(message()))
    refused(json.dumps({**told, "Signature": signature}).encode())


@pytest.mark.parametrize(
    ("what", "raw"),
    [
        ("nothing", b""),
        ("raw delivery", b'{"eventType": "Send", "mail": {}}'),
        ("a list", b"[]"),
        ("not UTF-8", b"\xff\xfe"),
        ("a bottomless pit", b"[" * 100_000),
        ("a mountain", b" " * (BODY_BYTES + 1)),
        ("a lone surrogate", json.dumps({**json.loads(json.dumps(message())), "Message": "\ud800",
                                         "Signature": "AAAA"}).encode()),
        ("an unknown type", json.dumps(message(Type="Surprise", Signature="AAAA")).encode()),
        ("a message that is an object", json.dumps(message(Message={}, Signature="A")).encode()),
    ],
)  # fmt: skip
def test_what_is_no_message_of_sns_is_refused(what: str, raw: bytes) -> None:
    refused(raw)


def test_a_member_said_twice_is_refused() -> None:
    raw = signed(message())
    assert "JSON" in refused(b'{"Message": "evil", ' + raw[1:])


@pytest.mark.parametrize("arn", ["", "feedback", "arn:aws:sqs:eu-central-1:111122223333:x",
                                 "arn:aws:sns:eu-central-1.evil.example:111122223333:x",
                                 "arn:aws:sns:eu-central-1:111122223333:x\n"])  # fmt: skip
def test_what_is_no_topic_cannot_be_allowed(arn: str) -> None:
    with pytest.raises(ValueError, match="not the ARN"):
        SnsVerifier(frozenset({arn}), lambda _: b"")
    with pytest.raises(ValidationError):
        SesSettings(feedback_topics=(arn,))


def test_a_topic_that_settings_allow_is_one() -> None:
    SnsVerifier(frozenset(SesSettings(feedback_topics=(ARN,)).feedback_topics), lambda _: b"")


@pytest.mark.skipif(not SIGNED.exists(), reason="LIFECYCLE_SAMPLES names no signed messages")
@pytest.mark.parametrize(
    "name",
    ["awsjava_subscription_confirmation_v1", "awsphp_notification_v1",
     "awsphp_notification_v2_subject"],
)  # fmt: skip
def test_messages_really_signed_by_amazon_are_believed_and_forgeries_not(name: str) -> None:
    raw = (SIGNED / f"{name}.json").read_bytes()
    told = json.loads(raw)
    now = datetime.fromisoformat(told["Timestamp"]) + timedelta(minutes=1)

    def fetch(url: str) -> bytes:
        return (SIGNED / url.rpartition("/")[2]).read_bytes()

    topics = frozenset({told["TopicArn"]})
    judge = SnsVerifier(topics, fetch, accept_version_1=True, check_dates=False)
    assert judge.verify(raw, now).message == told["Message"]
    for member in ("Message", "MessageId"):
        forged = json.dumps({**told, member: told[member] + "x"}).encode()
        with pytest.raises(SnsRefused, match="signature"):
            judge.verify(forged, now)
    with pytest.raises(SnsRefused, match="too old"):
        judge.verify(raw, now + timedelta(hours=1))
