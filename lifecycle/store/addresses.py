"""The keyed hash of an address: how suppressions know it without naming anybody."""

from __future__ import annotations

import hmac
import unicodedata

_PURPOSE = b"lifecycle address\0"


def address_hash(address: str, key: bytes) -> str:
    """The HMAC-SHA256 of an address, as 64 hexadecimal characters.

    Spellings that differ only in capitals are one address here: a suppression had better match one
    too many than one too few.
    """
    plain = unicodedata.normalize("NFC", address.strip()).lower()
    return hmac.new(key, _PURPOSE + plain.encode(), "sha256").hexdigest()
