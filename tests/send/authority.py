"""An authority of our own that signs messages as SNS does, and what is served in its name."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lifecycle.send.sns import SnsRefused, SnsVerifier

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:sns:eu-central-1:111122223333:feedback"
URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"

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


@cache
def lasting_root() -> x509.Certificate:
    """The root for those who look at the clock on the wall."""
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
    key = key_of("root")
    return certificate(key, key, name="Test Authority", authority=True, begin=begin, end=end)


def pem_key(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


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
