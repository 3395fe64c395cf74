"""Codes that people type: derived from a fact by a keyed hash, the same on every retry."""

from __future__ import annotations

import hmac
from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, which are read for other signs."""
CODE_SIGNS = 12
"""60 bits: nobody guesses one without the key."""
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})


def derived_code(key: bytes, purpose: str, fact: str) -> str:
    """The code of CODE_SIGNS signs that stands for a fact; only the key's owner can make it."""
    text = f"{purpose}\x1e{fact}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(hmac.digest(key, text, sha256)[:10], "big")
    signs = []
    for _ in range(CODE_SIGNS):
        number, rest = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[rest])
    return "".join(signs)


def read_code(typed: object) -> str:
    """A derived code as people type it, brought to its one spelling; empty when it is none."""
    if not isinstance(typed, str):
        return ""
    return "".join(typed.split()).upper().translate(_READ_AS)
