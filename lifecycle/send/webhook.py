"""Signatures by Standard Webhooks 1.0: the receiver can tell that a call is ours, and unchanged."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SHORTEST_SECRET = 24
LONGEST_SECRET = 64
"""Bytes, as the standard says."""


class SecretRefused(Exception):
    """A secret that the standard does not allow; the text never holds the secret."""


def derived_secret(key: bytes, name: str) -> str:
    """The secret of the address that the environment variable `name` holds, as `whsec_…`.

    It is the HMAC-SHA256 by the shop's key of "lifecycle webhook", a zero byte and the name: each
    address has its own, and none tells the shop's key.
    """
    text = b"lifecycle webhook\0" + name.encode()
    return PREFIX + b64encode(hmac.digest(key, text, "sha256")).decode()


def secret_bytes(secret: str) -> bytes:
    """The bytes of a secret, with or without its `whsec_`. Raises SecretRefused."""
    try:
        found = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretRefused(f"the secret is not {PREFIX} and base64") from error
    if not SHORTEST_SECRET <= len(found) <= LONGEST_SECRET:
        raise SecretRefused(f"the secret has not {SHORTEST_SECRET} to {LONGEST_SECRET} bytes")
    return found


def signature(secret: bytes, call_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`."""
    assert "." not in call_id
    signed = f"{call_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode()


def headers(
    secrets: Sequence[bytes], call_id: str, now: datetime, body: bytes
) -> tuple[tuple[str, str], ...]:
    """The three headers of one try; several secrets, while one is changed, give as many signatures.

    The id stays the same on each try, the timestamp is the try's own.
    """
    seconds = int(now.timestamp())
    signed = " ".join(signature(secret, call_id, seconds, body) for secret in secrets)
    return (
        ("webhook-id", call_id),
        ("webhook-timestamp", str(seconds)),
        ("webhook-signature", signed),
    )
