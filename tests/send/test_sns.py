"""SNS signatures: real ones by Amazon where they are at hand, our own authority, and forgeries."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lifecycle.send.sns import BODY_BYTES, SnsKind, SnsMessage, SnsRefused, SnsVerifier, region_of

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:sns:eu-central-1:111122223333:feedback"
URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"
SIGNED = Path("/work/shared/data/sns_signed")

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def key_of(owner: str) -> rsa.RSAPrivateKey:
    """A key a name; made once, for making them is slow."""
    return rsa.generate_private_key(
        public_exponent=65537, key_size=1024 if owner == "weak" else 2048
    )


def certificate(
    key: Key,
    issuer: Key,
    *,
    name: str = "sns.amazonaws.com",
    begin: datetime = NOW - timedelta(days=30),
    end: datetime = NOW + timedelta(days=30),
    authority: bool = False,
    issuer_name: str = "Test Authority",
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
    )
    if authority:
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        builder = builder.add_extension(names, critical=False)
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer, hashes.SHA256())


@cache
def root() -> x509.Certificate:
    key = key_of("root")
    return certificate(key, key, name="Test Authority", authority=True)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


@cache
def usual_pem() -> bytes:
    return pem(certificate(key_of("sns"), key_of("root")))


def message(**other: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "11111111-2222-3333-4444-555555555555",
        "TopicArn": ARN,
        "Message": '{"eventType": "Send"}\nwith a second line, and žluť',
        "Timestamp": "2026-07-01T11:59:30.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": URL,
        **other,
    }


def signed(told: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> bytes:
    """Sign as SNS does, written down here a second time on purpose."""
    lines = ["Message", "MessageId"]
    if told["Type"] == "Notification":
        lines += ["Subject"] if "Subject" in told else []
        lines += ["Timestamp", "TopicArn", "Type"]
    else:
        lines += ["SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{told[name]}\n" for name in lines)
    digest = hashes.SHA1() if told["SignatureVersion"] == "1" else hashes.SHA256()
    signature = (key or key_of("sns")).sign(text.encode(), padding.PKCS1v15(), digest)
    return json.dumps({**told, "Signature": b64encode(signature).decode()}).encode()


def verifier(
    served: bytes | None = None, *, topics: frozenset[str] = frozenset({ARN}), **told: Any
) -> SnsVerifier:
    return SnsVerifier(topics, lambda url: served or usual_pem(), **told)


def refused(raw: bytes, **told: Any) -> str:
    with pytest.raises(SnsRefused) as caught:
        verifier(**told).verify(raw, NOW)
    return caught.value.reason


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


def test_a_topic_of_somebody_else_is_refused_however_well_signed() -> None:
    other = "arn:aws:sns:eu-central-1:999999999999:feedback"
    assert "topic" in refused(signed(message(TopicArn=other)))
    assert "topic" in refused(signed(message()), topics=frozenset())


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
    told[member] = {"Timestamp": "2026-07-01T11:59:31.000Z", "Signature": b64encode(b"x" * 256).decode(),
                    "Type": "SubscriptionConfirmation"}.get(member, told[member] + "x")  # fmt: skip
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


@pytest.mark.skipif(not SIGNED.exists(), reason="the messages signed by Amazon are not here")
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
