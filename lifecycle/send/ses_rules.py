"""One `SendEmail` request, with every limit of SES checked here: botocore checks almost none."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from lifecycle.core.message import Letter
from lifecycle.send.envelope import Envelope, LetterRefused, envelope_of
from lifecycle.send.mime import BASE64_LINE, MESSAGE_BYTES

HEADERS = 15
BASE64_INPUT = 57
"""Bytes that fill one line of base64."""
TAG_CHARACTERS = 256
CONFIGURATION_SET_CHARACTERS = 64
HEADER_ROOM_BYTES = 4096
"""Counted for the headers SES adds, on top of what we give it."""

ATTEMPT_TAG = "attempt_id"
MESSAGE_TAG = "message_id"

_TAG = re.compile(r"[A-Za-z0-9_-]+")
_NOT_TAG = re.compile(r"[^A-Za-z0-9_-]")
_CHARSET = "UTF-8"


def request_of(letter: Letter, configuration_set: str | None) -> dict[str, Any]:
    """The request for one letter to its one recipient. Raises `LetterRefused`."""
    envelope = envelope_of(letter)
    if len(envelope.headers) > HEADERS:
        raise LetterRefused(f"the letter has more than {HEADERS} headers")
    request: dict[str, Any] = {
        "FromEmailAddress": envelope.sender.header(fold=" "),
        "Destination": {"ToAddresses": [envelope.to.address]},
        "Content": {"Simple": _content(letter, envelope)},
        "EmailTags": tags_of(letter),
    }
    if envelope.reply_to:
        request["ReplyToAddresses"] = [envelope.reply_to.header(fold=" ")]
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def tags_of(letter: Letter) -> list[dict[str, str]]:
    """The letter's tags. Names may be mapped to legal characters; the two ids never are.

    An id that SES would not carry unchanged could not be recognized in feedback: it is refused.
    """
    tags = []
    for name, value in ((ATTEMPT_TAG, letter.attempt_id), (MESSAGE_TAG, letter.message_id)):
        if not _TAG.fullmatch(value) or len(value) > TAG_CHARACTERS:
            raise LetterRefused(f"the {name} has characters that a tag cannot carry")
        tags.append({"Name": name, "Value": value})
    named = (("campaign", letter.campaign), ("step", letter.step), ("variant", letter.variant))
    return tags + [{"Name": name, "Value": tag_text(value)} for name, value in named if value]


def tag_text(text: str) -> str:
    """Text as a legal tag value: unchanged where possible, else mapped and told apart by a hash."""
    if _TAG.fullmatch(text) and len(text) <= TAG_CHARACTERS:
        return text
    digest = sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{_NOT_TAG.sub('_', text)[: TAG_CHARACTERS - 9]}-{digest}"


def check_configuration_set(name: str) -> None:
    """Raise `ValueError` for a name that SES cannot have given to a configuration set."""
    if not _TAG.fullmatch(name) or len(name) > CONFIGURATION_SET_CHARACTERS:
        raise ValueError("a configuration set is named by 1 to 64 of A-Z a-z 0-9 _ -")


def _size_on_the_wire(text: str) -> int:
    """Bytes of a body once in base64, with its line ends."""
    try:
        return -(-len(text.encode()) // BASE64_INPUT) * (BASE64_LINE + 2)
    except UnicodeEncodeError as error:
        raise LetterRefused("the letter holds a lone surrogate") from error


def _content(letter: Letter, envelope: Envelope) -> dict[str, Any]:
    body = {}
    size = HEADER_ROOM_BYTES + len(envelope.subject.encode())
    size += sum(len(name) + len(value) + 4 for name, value in envelope.headers)
    for kind, text in (("Text", letter.text), ("Html", letter.html)):
        if not text:
            continue
        size += _size_on_the_wire(text)
        body[kind] = {"Data": text, "Charset": _CHARSET}
    if not body:
        raise LetterRefused("the letter has no body")
    if size > MESSAGE_BYTES:
        raise LetterRefused(f"the letter is larger than {MESSAGE_BYTES} bytes")
    return {
        "Subject": {"Data": envelope.subject, "Charset": _CHARSET},
        "Body": body,
        "Headers": [{"Name": name, "Value": value} for name, value in envelope.headers],
    }
