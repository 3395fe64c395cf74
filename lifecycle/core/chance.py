"""Chance without dice: a keyed hash gives holdout, variant and ids, the same on every machine."""

from __future__ import annotations

from hashlib import blake2b

ID_BYTES = 16


def fraction(seed: str, *parts: str) -> float:
    """A number in [0, 1), even over customers, from the shop's seed and what is decided."""
    digest = blake2b("\x1f".join(parts).encode(), key=_key(seed), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def derived_id(*parts: str) -> str:
    """An id of 32 hexadecimal characters derived from facts; unequal parts give unequal ids."""
    text = "\x1e".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(text.encode(), digest_size=ID_BYTES).hexdigest()


def bucket_of(customer_id: str, buckets: int) -> int:
    """The small bucket of a customer by which workers may narrow a claim."""
    return int.from_bytes(blake2b(customer_id.encode(), digest_size=4).digest(), "big") % buckets


def _key(seed: str) -> bytes:
    return blake2b(seed.encode(), digest_size=32).digest()
