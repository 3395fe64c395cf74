"""Whose certificate signs for SNS: from one address, for one name, within its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lifecycle.send.sns import SnsRefused, SnsVerifier, region_of
from tests.send.authority import (
    ARN,
    NOW,
    URL,
    certificate,
    key_of,
    message,
    pem,
    refused,
    root,
    signed,
    usual_pem,
    verifier,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com.cn/SimpleNotificationService-0a1b.pem",
        "https://evil.s3.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://s3.eu-central-1.amazonaws.com/evil/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0a1b.pem",
        "https://user@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com:443/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem?a=b",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem#x",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem\n",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-xyz.pem",
        "https://sns.eu-central-1.amazonaws.com/a/../SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com//SimpleNotificationService-0a1b.pem",
        "https://sns.eu-central-1.amazonaws.com/?Action=GetTopic&x=SimpleNotificationService-a.pem",
        "https://snsxeu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://SNS.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "HTTPS://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "",
        None,
    ],
)
def test_no_other_address_is_ever_asked_for_a_certificate(url: str | None) -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return usual_pem()

    with pytest.raises(SnsRefused):
        SnsVerifier(frozenset({ARN}), fetch).verify(signed(message(SigningCertURL=url)), NOW)
    assert asked == []


def test_the_region_is_that_of_the_messages_own_topic() -> None:
    american = "arn:aws:sns:us-east-1:111122223333:feedback"
    assert "address" in refused(
        signed(message(TopicArn=american)), topics=frozenset({ARN, american})
    )


def test_china_and_government_have_their_own_addresses() -> None:
    chinese = "arn:aws-cn:sns:cn-north-1:111122223333:feedback"
    url = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a1b.pem"
    raw = signed(message(TopicArn=chinese, SigningCertURL=url))
    assert verifier(topics=frozenset({chinese})).verify(raw, NOW).topic_arn == chinese
    assert region_of("arn:aws-us-gov:sns:us-gov-west-1:111122223333:x") == "us-gov-west-1"


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("signed by another key", lambda: pem(certificate(key_of("eve"), key_of("root")))),
        ("for another name", lambda: pem(
            certificate(key_of("sns"), key_of("root"), name="sns.evil.example"))),
        ("not yet valid", lambda: pem(
            certificate(key_of("sns"), key_of("root"), begin=NOW + timedelta(days=1)))),
        ("no longer valid", lambda: pem(
            certificate(key_of("sns"), key_of("root"), end=NOW - timedelta(seconds=1)))),
        ("an authority's own", lambda: pem(root())),
        ("of an elliptic key", lambda: pem(
            certificate(ec.generate_private_key(ec.SECP256R1()), key_of("root")))),
        ("not a certificate", lambda: b"-----BEGIN NOTHING-----"),
        ("too large", lambda: usual_pem() * 100),
    ],
)  # fmt: skip
def test_no_other_certificate_will_do(what: str, make: Callable[[], bytes]) -> None:
    refused(signed(message()), served=make())


def test_a_weak_key_will_not_do() -> None:
    served = pem(certificate(key_of("weak"), key_of("root")))
    assert "key" in refused(signed(message(), key_of("weak")), served=served)


def test_with_roots_the_chain_must_lead_to_one() -> None:
    between = certificate(key_of("between"), key_of("root"), name="Between", authority=True)
    leaf = certificate(key_of("sns"), key_of("between"), issuer_name="Between")
    raw = signed(message())
    verifier(pem(leaf, between), roots=(root(),)).verify(raw, NOW)
    assert "chain" in refused(raw, served=pem(leaf), roots=(root(),))
    own = certificate(key_of("sns"), key_of("sns"), issuer_name="sns.amazonaws.com")
    assert "chain" in refused(raw, served=pem(own), roots=(root(),))


def test_a_certificate_is_fetched_once_and_its_dates_are_checked_each_time() -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return usual_pem()

    judge = SnsVerifier(frozenset({ARN}), fetch)
    judge.verify(signed(message()), NOW)
    judge.verify(signed(message(Message="another")), NOW)
    assert asked == [URL]
    later = NOW + timedelta(days=31)
    raw = signed(message(Timestamp=later.isoformat()))
    with pytest.raises(SnsRefused, match="not valid at this time"):
        judge.verify(raw, later)


def test_a_certificate_that_cannot_be_had_is_a_refusal_and_asked_for_again() -> None:
    answers: list[bytes | Exception] = [OSError("down"), usual_pem()]

    def fetch(_: str) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    judge = SnsVerifier(frozenset({ARN}), fetch)
    with pytest.raises(SnsRefused, match="cannot be had"):
        judge.verify(signed(message()), NOW)
    judge.verify(signed(message()), NOW)
