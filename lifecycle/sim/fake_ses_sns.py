"""Deliveries of events over HTTP as SNS makes them: signed, by a key made for this stand-in."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from lifecycle.clock import Clock
from lifecycle.core.chance import derived_id
from lifecycle.sim.fake_ses_events import TOPIC_ARN, MailEvent, envelope

NAME = "sns.amazonaws.com"
VALID_FOR = timedelta(days=365)
KEY_BITS = 2048
THREADS = 4
TRIES = 4
"""SNS tries once, and three times more."""
REST_SECONDS = 20.0
TIMEOUT_SECONDS = 15.0
_LINES = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


class Signing:
    """A key, and the certificate by which what it signed can be verified."""

    def __init__(self, clock: Clock) -> None:
        now = clock.now()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + VALID_FOR)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        self.path = f"/SimpleNotificationService-{derived_id(self.pem.decode())}.pem"

    def signed(self, told: dict[str, str]) -> bytes:
        """A notification with its signature, as SNS posts it."""
        region = told["TopicArn"].split(":")[3]
        text = "".join(f"{name}\n{told[name]}\n" for name in _LINES)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return json.dumps(
            {
                **told,
                "SignatureVersion": "2",
                "Signature": b64encode(signature).decode(),
                "SigningCertURL": f"https://sns.{region}.amazonaws.com{self.path}",
                "UnsubscribeURL": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe",
            }
        ).encode()


class HttpTarget:
    """Posts signed notifications to one address, in threads of its own, and again if it must."""

    def __init__(self, url: str, signing: Signing, clock: Clock, topic: str = TOPIC_ARN) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("events go to the queue, or to an http address")
        self._parts = parts
        self._signing = signing
        self._clock = clock
        self._topic = topic
        self._pool = ThreadPoolExecutor(THREADS, "sns")
        self._stopping = Event()
        self.delivered = 0
        self.given_up = 0

    def deliver(self, event: MailEvent) -> None:
        """Have an event posted."""
        self._pool.submit(self._post, event)

    def stop(self) -> None:
        """Post no more."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _post(self, event: MailEvent) -> None:
        raw = self._signing.signed(envelope(event, self._clock.now(), self._topic))
        for number in range(TRIES):
            if number and self._stopping.wait(REST_SECONDS):
                return
            if self._answered(raw):
                self.delivered += 1
                return
        self.given_up += 1

    def _answered(self, raw: bytes) -> bool:
        kind = (
            http.client.HTTPSConnection
            if self._parts.scheme == "https"
            else (http.client.HTTPConnection)
        )
        connection = kind(self._parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            path = self._parts.path or "/"
            connection.request(
                "POST",
                f"{path}?{self._parts.query}" if self._parts.query else path,
                raw,
                {
                    "Content-Type": "text/plain; charset=UTF-8",
                    "x-amz-sns-message-type": "Notification",
                    "x-amz-sns-topic-arn": self._topic,
                    "User-Agent": "Amazon Simple Notification Service Agent",
                },
            )
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
