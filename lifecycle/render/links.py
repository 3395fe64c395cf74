"""Signed links: tokens that carry a message id and never an address, and cannot be forged."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b, blake2s
from typing import Literal, get_args

Purpose = Literal[
    "click", "open", "unsubscribe", "view", "confirm", "counted_click", "counted_open"
]
"""`counted_…` are the links of aggregate tracking: their id is of a variant, of no message."""
Mode = Literal["off", "aggregate", "individual"]

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ID_BYTES = 16
MAC_BYTES = 12
"""96 bits: out of reach of guessing, short in a link."""
MAX_LINK_NUMBER = 99_999
MAX_TOKEN = 64
"""Characters; a longer token is refused unread."""
_IN_ADDRESSES = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a good token says. `id` is 32 hex characters; `number` is 0 for all but clicks."""

    purpose: Purpose
    id: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """The links of one message, ready to be written into its letter.

    `click_prefix` lacks only the link's number; None leaves the links alone. Dynamic links are
    tracked only where the message itself is known, since their targets are stored with it.
    """

    unsubscribe_url: str
    preferences_url: str
    view_url: str
    click_prefix: str | None = None
    pixel_url: str | None = None
    tracks_dynamic: bool = False
    named: Callable[[str], str] | None = None
    """What becomes of an address that stands in the letter itself, for web statistics."""


class Signer:
    """Makes and opens tokens. All `keys` open, the last one signs; at least one, 16 bytes or more.

    One keyed BLAKE2s per purpose and message covers all links of that message. A click link's
    number stands outside it on purpose: its target is looked up in the stored table of that
    message's links, so another number can only lead to another link of the same letter, and signing
    once instead of per link is what keeps a letter cheap.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < ID_BYTES for key in keys):
            raise ValueError(f"a signer needs keys of {ID_BYTES} bytes or more")
        self._keyed = [
            {purpose: _keyed(key, purpose) for purpose in PURPOSES} for key in reversed(keys)
        ]

    def token(self, purpose: Purpose, identity: str) -> str:
        """Return the token of `identity` (32 hex characters) without a link number."""
        return self._token(purpose, _raw(identity))

    def open(self, token: str, *purposes: Purpose) -> Opened | None:
        """Return what a token says if it is ours and for one of `purposes` (all if unsaid)."""
        if len(token) > MAX_TOKEN:
            return None
        body, dot, digits = token.partition(".")
        raw = _decode(body)
        if raw is None:
            return None
        identity, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        for purpose in purposes or PURPOSES:
            number = _number(digits) if dot else 0
            clicks = purpose in ("click", "counted_click")
            if number is None or clicks != bool(dot):
                continue
            for index in range(len(self._keyed)):
                if hmac.compare_digest(mac, self._mac(index, purpose, identity)):
                    return Opened(purpose, identity.hex(), number)
        return None

    def for_message(
        self,
        public_url: str,
        message_id: str,
        *,
        mode: Mode = "individual",
        counted_id: str | None = None,
    ) -> LinkSigner:
        """Make the links of one message under `public_url`.

        `counted_id` (32 hex characters, of a campaign's step and variant) is what links and pixel
        carry in aggregate mode; without it that mode tracks nothing.
        """
        base = public_url.rstrip("/")
        raw = _raw(message_id)
        unsubscribe = f"{base}/u/{self._token('unsubscribe', raw)}"
        prefix = pixel = None
        if mode == "individual":
            prefix = f"{base}/c/{self._token('click', raw)}."
            pixel = f"{base}/o/{self._token('open', raw)}.gif"
        elif mode == "aggregate" and counted_id is not None:
            prefix = f"{base}/c/{self.token('counted_click', counted_id)}."
            pixel = f"{base}/o/{self.token('counted_open', counted_id)}.gif"
        return LinkSigner(
            unsubscribe_url=unsubscribe,
            preferences_url=f"{unsubscribe}#preferences",
            view_url=f"{base}/b/{self._token('view', raw)}",
            click_prefix=prefix,
            pixel_url=pixel,
            tracks_dynamic=mode == "individual",
        )

    def confirm_url(self, public_url: str, message_id: str) -> str:
        """The link of a letter that asks for a confirmation."""
        return f"{public_url.rstrip('/')}/confirm/{self.token('confirm', message_id)}"

    def _token(self, purpose: Purpose, raw: bytes) -> str:
        keyed = self._keyed[0][purpose].copy()
        keyed.update(raw)
        return _encode(raw + keyed.digest())

    def _mac(self, index: int, purpose: Purpose, identity: bytes) -> bytes:
        keyed = self._keyed[index][purpose].copy()
        keyed.update(identity)
        return keyed.digest()


def counted_id(campaign: str, step: str, variant: str) -> str:
    """Return the id that aggregate tracking counts under; it says nothing of any customer."""
    text = "\0".join((campaign, step, variant)).encode()
    return blake2b(text, digest_size=ID_BYTES, person=b"counted").hexdigest()


def _raw(identity: str) -> bytes:
    raw = bytes.fromhex(identity)
    if len(raw) != ID_BYTES:
        raise ValueError("an id is 32 hex characters")
    return raw


def _keyed(key: bytes, purpose: str) -> blake2s:
    return blake2s(
        key=blake2b(key, digest_size=32).digest(), person=_person(purpose), digest_size=MAC_BYTES
    )


def _person(purpose: str) -> bytes:
    return purpose.replace("counted_", "n_")[:8].encode()


def _encode(raw: bytes) -> str:
    text = binascii.b2a_base64(raw, newline=False).translate(_IN_ADDRESSES)
    return text.rstrip(b"=").decode()


def _decode(body: str) -> bytes | None:
    try:
        padding = "=" * (-len(body) % 4)
        raw = base64.b64decode(
            body.encode("ascii") + padding.encode(), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        return None
    # one token, one spelling: the spare bits of the last character must be zero
    return raw if len(raw) == ID_BYTES + MAC_BYTES and _encode(raw) == body else None


def _number(digits: str) -> int | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_LINK_NUMBER))):
        return None
    return int(digits) if digits[0] != "0" else None
