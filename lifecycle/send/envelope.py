"""From, to, subject and headers of a letter, checked and made safe for the wire."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import idna

from lifecycle.core.message import Letter

LOCAL_PART_CHARACTERS = 64
ADDRESS_CHARACTERS = 254
HEADER_NAME_CHARACTERS = 126
HEADER_VALUE_CHARACTERS = 995
HEADER_CHARACTERS = 996
"""Name and value together."""
MAILBOX_CHARACTERS = 900
"""A mailbox with its name, as header text: it must fit into one line beside the header's name."""
HOSTS_KEPT = 1024
"""Domains of readers that are not looked at again: most letters go to a few."""
PLAIN_TEXT_CHARACTERS = 200
"""Plain header text up to here stays one line; longer text is folded as encoded words."""
ENCODED_WORD_BYTES = 45
"""Bytes of text in one encoded word, which may be 75 characters long in all (RFC 2047)."""

ATTEMPT_HEADER = "X-Lifecycle-Attempt"
"""Carries the attempt id; feedback that has lost its tags is still recognized by it."""

OWN_HEADERS = frozenset(
    {"from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id"}
    | {"mime-version", "return-path", "received", "dkim-signature"}
)
OWN_HEADER_BEGINNINGS = ("content-", "resent-", "x-ses-", "x-lifecycle-")
"""Extra headers of these names are refused: they are ours or the transport's to set."""

_BREAKS = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_PLAIN = re.compile(r"[ -~]*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_NAMED = re.compile(r"\s*(?P<name>.*?)\s*<\s*(?P<address>[^<>\s]+)\s*>\s*", re.DOTALL)


class LetterRefused(Exception):
    """A letter that must not be handed over as it is; `reason` carries no address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address fit for the wire (punycode domain), and the name shown before it, if any."""

    name: str
    address: str

    def header(self, fold: str = "\r\n ") -> str:
        """The mailbox as header text; `fold` separates the encoded words of a long name."""
        return _named(self, fold) if self.name else self.address

    def _header(self, fold: str) -> str:
        if _ATOMS.fullmatch(self.name) and len(self.name) <= PLAIN_TEXT_CHARACTERS:
            shown = self.name if "=?" not in self.name else encoded_words(self.name, fold)
        elif _PLAIN.fullmatch(self.name) and len(self.name) <= PLAIN_TEXT_CHARACTERS:
            shown = '"' + self.name.replace("\\", "\\\\").replace('"', '\\"') + '"'
            shown = shown if "=?" not in self.name else encoded_words(self.name, fold)
        else:
            shown = encoded_words(self.name, fold)
        return f"{shown} <{self.address}>"

    @property
    def domain(self) -> str:
        """What follows the at sign."""
        return self.address.rpartition("@")[2]


class Envelope(NamedTuple):
    """The checked outside of a letter."""

    sender: Mailbox
    to: Mailbox
    reply_to: Mailbox | None
    subject: str
    headers: tuple[tuple[str, str], ...]
    """Extra headers in the letter's order, and ours with the attempt id last; values as text."""


def envelope_of(letter: Letter) -> Envelope:
    """Check the outside of a letter. Raises `LetterRefused` before anything has been written."""
    refuse_breaks("subject", letter.subject)
    refuse_breaks("attempt id", letter.attempt_id)
    if not letter.attempt_id or not _PLAIN.fullmatch(letter.attempt_id):
        raise LetterRefused("the attempt id is empty or not plain ASCII")
    if letter.at.tzinfo is None:
        raise LetterRefused("the letter's instant has no time zone")
    refuse_breaks("recipient", letter.to)
    if "<" in letter.to:
        raise LetterRefused("the recipient is not a bare address")
    to = Mailbox("", wire_address(letter.to.strip()))
    return Envelope(
        sender=mailbox(letter.sender),
        to=to,
        reply_to=mailbox(letter.reply_to) if letter.reply_to else None,
        subject=letter.subject,
        headers=(*_extra_headers(letter.headers), (ATTEMPT_HEADER, letter.attempt_id)),
    )


@lru_cache(maxsize=256)
def _named(mailbox: Mailbox, fold: str) -> str:
    """The header text of a mailbox with a name: a shop has few, and every letter bears one."""
    return mailbox._header(fold)


@lru_cache(maxsize=256)
def mailbox(text: str) -> Mailbox:
    """Read "Name <address>" or a bare address. Raises `LetterRefused` for anything else.

    A comma never makes a second mailbox: it is part of the name, or the text is refused.
    """
    refuse_breaks("mailbox", text)
    named = _NAMED.fullmatch(text)
    if not named:
        return Mailbox("", wire_address(text.strip()))
    name = named["name"]
    if len(name) >= 2 and name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    read = Mailbox(name.strip(), wire_address(named["address"]))
    if len(read.header(fold=" ")) > MAILBOX_CHARACTERS:
        raise LetterRefused(f"a mailbox is longer than {MAILBOX_CHARACTERS} characters")
    return read


def wire_address(address: str) -> str:
    """An address with its domain in punycode. Raises `LetterRefused` if mail cannot go there.

    SES takes no local part beyond 7-bit ASCII, so none is taken for any transport.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise LetterRefused("an address lacks its local part or domain")
    if not local.isascii():
        raise LetterRefused("the local part of an address is not ASCII")
    if len(local) > LOCAL_PART_CHARACTERS or not _LOCAL_PART.fullmatch(local):
        raise LetterRefused("the local part of an address is not valid")
    host = domain
    if not domain.isascii():
        try:
            host = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise LetterRefused("the domain of an address has no ASCII form") from error
    whole = f"{local}@{host}"
    if len(whole) > ADDRESS_CHARACTERS or not _is_host(host):
        raise LetterRefused("the domain of an address is not valid")
    return whole


@lru_cache(maxsize=HOSTS_KEPT)
def _is_host(host: str) -> bool:
    return _HOST.fullmatch(host) is not None


def header_value(value: str, fold: str = "\r\n ") -> str:
    """The value of an extra header: as it is in ASCII, for a link must not be cut, else encoded."""
    return value if value.isascii() else encoded_words(value, fold)


def header_text(text: str, fold: str = "\r\n ") -> str:
    """Unstructured header text (a subject): as it is when plain and short, else encoded words."""
    plain = len(text) <= PLAIN_TEXT_CHARACTERS and _PLAIN.fullmatch(text)
    if plain and "=?" not in text and text == text.strip():
        return text
    return encoded_words(text, fold)


def encoded_words(text: str, fold: str) -> str:
    """Text as RFC 2047 encoded words in UTF-8, none of which splits a character."""
    return fold.join(f"=?utf-8?b?{b64encode(piece).decode('ascii')}?=" for piece in _pieces(text))


def refuse_breaks(what: str, text: str) -> None:
    """Raise `LetterRefused` for line breaks, NUL, other controls and lone surrogates."""
    if not text.isprintable() and _BREAKS.search(text):
        raise LetterRefused(f"the {what} holds a line break or control character")


def _pieces(text: str) -> Iterator[bytes]:
    piece = b""
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > ENCODED_WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _extra_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    seen: set[str] = set()
    for name, value in headers:
        lower = _checked_name(name)
        refuse_breaks(f"header {name}", value)
        if not value or value.isspace():
            raise LetterRefused(f"the header {name} is empty")
        if len(value) > HEADER_VALUE_CHARACTERS or len(name) + len(value) > HEADER_CHARACTERS:
            raise LetterRefused(f"the header {name} is longer than {HEADER_CHARACTERS} characters")
        if lower in seen:
            raise LetterRefused(f"the header {name} appears twice")
        seen.add(lower)
    return headers


@lru_cache(maxsize=256)
def _checked_name(name: str) -> str:
    """The name of an extra header in lower case, once it may be one."""
    refuse_breaks("name of a header", name)
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(name) or len(name) > HEADER_NAME_CHARACTERS:
        raise LetterRefused("the name of a header is not valid")
    if lower in OWN_HEADERS or lower.startswith(OWN_HEADER_BEGINNINGS):
        raise LetterRefused(f"the header {name} is not the letter's to set")
    return lower
