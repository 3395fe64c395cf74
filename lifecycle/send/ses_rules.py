"""What SES takes of one letter, checked here: botocore checks almost none of it."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from lifecycle.core.message import Letter
from lifecycle.send.attached import BASE64_LINE
from lifecycle.send.envelope import ATTEMPT_HEADER, Envelope, LetterRefused, envelope_of
from lifecycle.send.mime import MESSAGE_BYTES, mime_bytes

HEADERS = 15
"""Extra headers that SES takes beside a content that it puts together itself."""
BASE64_INPUT = 57
"""Bytes that fill one line of base64."""
TAG_CHARACTERS = 256
CONFIGURATION_SET_CHARACTERS = 64
HEADER_ROOM_BYTES = 4096
"""Counted for the headers SES adds, on top of what we give it."""
MIME_PARTS = 500
FILES = MIME_PARTS - 4
"""Beside its two texts and the two parts that hold them."""
STEPS_KEPT = 256
"""Steps and variants whose tags are kept ready."""
UTF8_BYTES = 4
"""What one character takes at most."""
CERTAINLY_BYTES = 20 * 1024 * 1024
"""Texts of so many bytes fit into a message whatever is in them: they need not be measured."""

NO_BODY = "the letter has no body"
NUL = "the letter holds a NUL"
SURROGATE = "the letter holds a lone surrogate"

ATTEMPT_TAG = "attempt_id"
MESSAGE_TAG = "message_id"

_TAG = re.compile(r"[A-Za-z0-9_-]+")
_NOT_TAG = re.compile(r"[^A-Za-z0-9_-]")
_CHARSET = "UTF-8"
_encode = msgspec.json.Encoder().encode


def body_of(letter: Letter, configuration_set: str | None) -> bytes:
    """The request for one letter to its one recipient, as JSON. Raises `LetterRefused`."""
    try:
        return _encode(request_of(letter, configuration_set))
    except UnicodeEncodeError as error:
        raise LetterRefused(SURROGATE) from error


def request_of(letter: Letter, configuration_set: str | None) -> dict[str, Any]:
    """The request for one letter, but for a lone surrogate checked. Raises `LetterRefused`.

    The content is Simple. It is Raw, a whole MIME message, where files go with the letter or its
    headers are beyond what SES takes beside Simple content: too many of them, or not ASCII.
    """
    envelope = envelope_of(letter)
    if not letter.html and not letter.text:
        raise LetterRefused(NO_BODY)
    if "\0" in letter.html or "\0" in letter.text:
        raise LetterRefused(NUL)
    raw = needs_raw(letter)
    request: dict[str, Any] = {
        "FromEmailAddress": envelope.sender.header(fold=" "),
        "Destination": {"ToAddresses": (envelope.to.address,)},
        "Content": {"Raw": _raw(letter)} if raw else {"Simple": _simple(letter, envelope)},
        "EmailTags": tags_of(letter),
    }
    if envelope.reply_to:
        request["ReplyToAddresses"] = (envelope.reply_to.header(fold=" "),)
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def needs_raw(letter: Letter) -> bool:
    """Whether the letter must be handed over as a whole MIME message."""
    if letter.attachments or len(letter.headers) + 1 > HEADERS:
        return True
    return not "".join([value for _, value in letter.headers]).isascii()


def tags_of(letter: Letter) -> list[dict[str, str]]:
    """The letter's tags. Names may be mapped to legal characters; the two ids never are.

    An id that SES would not carry unchanged could not be recognized in feedback: it is refused.
    """
    tags = []
    for name, value in ((ATTEMPT_TAG, letter.attempt_id), (MESSAGE_TAG, letter.message_id)):
        if not _TAG.fullmatch(value) or len(value) > TAG_CHARACTERS:
            raise LetterRefused(f"the {name} has characters that a tag cannot carry")
        tags.append({"Name": name, "Value": value})
    return [*tags, *_tags_of_step(letter.campaign, letter.step, letter.variant)]


@lru_cache(maxsize=STEPS_KEPT)
def _tags_of_step(campaign: str, step: str, variant: str) -> tuple[dict[str, str], ...]:
    """The tags that all letters of a step and variant carry; nobody changes them."""
    named = (("campaign", campaign), ("step", step), ("variant", variant))
    return tuple({"Name": name, "Value": tag_text(value)} for name, value in named if value)


@lru_cache(maxsize=1024)
def tag_text(text: str) -> str:
    """Text as a legal tag value: unchanged where possible, else mapped and told apart by a hash."""
    if _TAG.fullmatch(text) and len(text) <= TAG_CHARACTERS:
        return text
    digest = sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{_NOT_TAG.sub('_', text)[: TAG_CHARACTERS - 9]}-{digest}"


def headers_of(letter: Letter) -> list[dict[str, str]]:
    """The letter's extra headers as SES takes them, ours with the attempt id last."""
    told = [{"Name": name, "Value": value} for name, value in letter.headers]
    told.append({"Name": ATTEMPT_HEADER, "Value": letter.attempt_id})
    return told


def check_configuration_set(name: str) -> None:
    """Raise `ValueError` for a name that SES cannot have given to a configuration set."""
    if not _TAG.fullmatch(name) or len(name) > CONFIGURATION_SET_CHARACTERS:
        raise ValueError("a configuration set is named by 1 to 64 of A-Z a-z 0-9 _ -")


def _raw(letter: Letter) -> dict[str, str]:
    if len(letter.attachments) > FILES:
        raise LetterRefused(f"more than {FILES} files go with the letter")
    return {"Data": b64encode(mime_bytes(letter)).decode("ascii")}


def _simple(letter: Letter, envelope: Envelope) -> dict[str, Any]:
    if UTF8_BYTES * (len(letter.html) + len(letter.text)) > CERTAINLY_BYTES:
        _check_size(letter, envelope)
    body = {
        kind: {"Data": text, "Charset": _CHARSET}
        for kind, text in (("Text", letter.text), ("Html", letter.html))
        if text
    }
    return {
        "Subject": {"Data": letter.subject, "Charset": _CHARSET},
        "Body": body,
        "Headers": headers_of(letter),
    }


def _check_size(letter: Letter, envelope: Envelope) -> None:
    size = HEADER_ROOM_BYTES + UTF8_BYTES * len(envelope.subject)
    size += sum(len(name) + len(value) + 4 for name, value in envelope.headers)
    for text in (letter.html, letter.text):
        size += -(-len(text.encode("utf-8", "replace")) // BASE64_INPUT) * (BASE64_LINE + 2)
    if size > MESSAGE_BYTES:
        raise LetterRefused(f"the letter is larger than {MESSAGE_BYTES} bytes")
