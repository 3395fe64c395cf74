"""Messages of Amazon SNS by HTTPS: nothing is believed before its signature has been verified."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import verification

BODY_BYTES = 600 * 1024
"""SNS carries 256 KB; as JSON in JSON that may double."""
CERTIFICATE_BYTES = 64 * 1024
CERTIFICATES_KEPT = 16
KEY_BITS = 2048
OLDEST = timedelta(hours=1)
"""SNS tries for an hour at the very most; what is older is a replay."""
FURTHEST_AHEAD = timedelta(minutes=5)
"""How much our clock may be behind Amazon's."""
CERTIFICATE_NAME = "sns.amazonaws.com"

_TOPIC = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):sns:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d{1,2})"
    r":\d{12}:[A-Za-z0-9_-]{1,256}"
)


class SnsKind(StrEnum):
    """The three types of message that SNS sends."""

    NOTIFICATION = "Notification"
    SUBSCRIPTION = "SubscriptionConfirmation"
    UNSUBSCRIPTION = "UnsubscribeConfirmation"


_NOTIFICATION_LINES = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION_LINES = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp"),
    *("Token", "TopicArn", "Type"),
)
_DIGESTS: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}


class SnsRefused(Exception):
    """A message that must not be believed; `reason` tells nothing of its content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A verified message. `token` confirms a subscription; SubscribeURL is never to be fetched."""

    kind: SnsKind
    message_id: str
    topic_arn: str
    at: datetime
    message: str
    subject: str | None = None
    token: str | None = None


class SnsVerifier:
    """Verifies messages of the topics it knows, and of no other.

    `fetch_certificate` gets addresses of Amazon's certificates alone and must not follow
    redirects; what it gives is kept by address. `roots` has each certificate's chain built up
    to one of them, too; without, the TLS connection it came by vouches for it.
    `check_dates=False` is for messages kept from the past, whose certificates have expired.
    Raises `ValueError` for a topic that is not the ARN of one.
    """

    def __init__(
        self,
        topic_arns: frozenset[str],
        fetch_certificate: Callable[[str], bytes],
        accept_version_1: bool = False,
        *,
        roots: tuple[x509.Certificate, ...] = (),
        check_dates: bool = True,
    ) -> None:
        self._certificate_urls = {arn: _certificate_url(arn) for arn in topic_arns}
        self._fetch = fetch_certificate
        self._versions = frozenset({"1", "2"} if accept_version_1 else {"2"})
        self._roots = roots
        self._check_dates = check_dates
        self._kept: dict[str, tuple[x509.Certificate, ...]] = {}
        self._lock = Lock()

    def verify(self, raw: bytes, now: datetime) -> SnsMessage:
        """Verify the body of a request exactly as it came. Raises `SnsRefused`."""
        told = _parsed(raw)
        message = _message(told)
        version = _said(told, "SignatureVersion")
        if version not in self._versions:
            raise SnsRefused("this signature version is not accepted")
        allowed = self._certificate_urls.get(message.topic_arn)
        if allowed is None:
            raise SnsRefused("the topic is not one of ours")
        url = told.get("SigningCertURL")
        if not isinstance(url, str) or not allowed.fullmatch(url):
            raise SnsRefused("the certificate's address is not Amazon's for the topic's region")
        if not now - OLDEST <= message.at <= now + FURTHEST_AHEAD:
            raise SnsRefused("the message is too old, or from the future")
        key = self._key(url, now)
        try:
            signature = b64decode(_said(told, "Signature"), validate=True)
            key.verify(signature, _signed_text(told), padding.PKCS1v15(), _DIGESTS[version])
        except (InvalidSignature, ValueError) as error:
            raise SnsRefused("the signature does not fit") from error
        return message

    def _key(self, url: str, now: datetime) -> RSAPublicKey:
        certificate, *between = self._certificates(url)
        if self._check_dates and not (
            certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        ):
            raise SnsRefused("the certificate is not valid at this time")
        if self._roots:
            self._check_chain(certificate, between, now)
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS:
            raise SnsRefused("the certificate's key is not fit to sign")
        return key

    def _check_chain(
        self, certificate: x509.Certificate, between: list[x509.Certificate], now: datetime
    ) -> None:
        at = now if self._check_dates else certificate.not_valid_after_utc
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(list(self._roots)))
            .time(at.replace(tzinfo=None))
            .build_server_verifier(x509.DNSName(CERTIFICATE_NAME))
        )
        try:
            verifier.verify(certificate, between)
        except verification.VerificationError as error:
            raise SnsRefused("the certificate's chain does not hold") from error

    def _certificates(self, url: str) -> tuple[x509.Certificate, ...]:
        with self._lock:
            kept = self._kept.get(url)
        if kept:
            return kept
        try:
            pem = self._fetch(url)
            if len(pem) > CERTIFICATE_BYTES:
                raise ValueError("too large")
            certificates = tuple(x509.load_pem_x509_certificates(pem))
        except Exception as error:
            raise SnsRefused("the certificate cannot be had") from error
        if not _is_of_sns(certificates[0]):
            raise SnsRefused("the certificate is not that of SNS")
        with self._lock:
            if len(self._kept) >= CERTIFICATES_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[url] = certificates
        return certificates


def region_of(topic_arn: str) -> str:
    """The region of a topic. Raises `ValueError` for anything but the ARN of one."""
    return _topic(topic_arn)["region"]


def _topic(topic_arn: str) -> re.Match[str]:
    topic = _TOPIC.fullmatch(topic_arn)
    if not topic:
        raise ValueError("not the ARN of an SNS topic")
    return topic


def _certificate_url(topic_arn: str) -> re.Pattern[str]:
    """The one shape of address from which a topic's certificate may come.

    Matched as a whole, so that neither port nor user, query, fragment nor another host fits.
    """
    topic = _topic(topic_arn)
    ending = "com.cn" if topic["partition"] == "aws-cn" else "com"
    host = re.escape(f"sns.{topic['region']}.amazonaws.{ending}")
    return re.compile(rf"https://{host}/SimpleNotificationService-[0-9a-fA-F]{{1,64}}\.pem")


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > BODY_BYTES:
        raise SnsRefused("the message is too large")
    try:
        told = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise SnsRefused("the message is not JSON") from error
    if not isinstance(told, dict):
        raise SnsRefused("the message is not an object")
    if "Type" not in told or "Signature" not in told:
        raise SnsRefused("unsigned: raw message delivery is not accepted")
    return told


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _message(told: dict[str, Any]) -> SnsMessage:
    try:
        kind = SnsKind(_said(told, "Type"))
    except ValueError as error:
        raise SnsRefused("the message is of an unknown type") from error
    subject = _said(told, "Subject") if told.get("Subject") is not None else None
    return SnsMessage(
        kind=kind,
        message_id=_said(told, "MessageId"),
        topic_arn=_said(told, "TopicArn"),
        at=_instant(_said(told, "Timestamp")),
        message=_said(told, "Message"),
        subject=subject,
        token=None if kind is SnsKind.NOTIFICATION else _said(told, "Token"),
    )


def _signed_text(told: dict[str, Any]) -> bytes:
    """Name and value of the signed members, a line each, in Amazon's order."""
    notified = told["Type"] == SnsKind.NOTIFICATION
    names = _NOTIFICATION_LINES if notified else _CONFIRMATION_LINES
    lines = []
    for name in names:
        if name == "Subject" and told.get(name) is None:
            continue
        lines += [name, _said(told, name)]
    return ("\n".join(lines) + "\n").encode()


def _said(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise SnsRefused(f"{name} is missing or not a text")
    return value


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError("no time zone")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SnsRefused("the timestamp is not an instant") from error


def _is_of_sns(certificate: x509.Certificate) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return CERTIFICATE_NAME in names.value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        return False
