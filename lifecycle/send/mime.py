"""A letter as the bytes of a MIME message: multipart/alternative, joined by hand for speed."""

from __future__ import annotations

import re
from email.utils import format_datetime
from hashlib import blake2s

from lifecycle.core.message import Letter
from lifecycle.send.attached import attached, base64_lines
from lifecycle.send.envelope import Envelope, LetterRefused, envelope_of, header_text, header_value

MESSAGE_BYTES = 40 * 1024 * 1024
"""What SES takes at most, counted after base64; kept for every transport."""
PLAIN_LINE = 998
"""The longest line that may travel as it is, without its CRLF (RFC 5322)."""

_UNSAFE_ID = re.compile(r"[^A-Za-z0-9_.-]")


def mime_bytes(letter: Letter, more: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The whole message, CRLF line ends, every line within RFC 5322. `more` are further headers.

    With attachments it is multipart/mixed: the letter first, then each file in base64. Raises
    `LetterRefused` for a letter that cannot be a valid message.
    """
    envelope = envelope_of(letter)
    inner = _boundary(letter, "inner")
    outer = _boundary(letter, "outer") if letter.attachments else inner
    kind = f'Content-Type: multipart/alternative; boundary="{inner}"'
    parts = _texts(letter, inner, outer)
    if letter.attachments:
        between = f"--{outer}\r\n".encode("ascii")
        parts = [between, kind.encode("ascii"), b"\r\n\r\n", *parts]
        for attachment in letter.attachments:
            parts += [between, attached(attachment)]
        parts.append(f"--{outer}--\r\n".encode("ascii"))
        kind = f'Content-Type: multipart/mixed; boundary="{outer}"'
    head = _head(letter, envelope, more)
    head.append(kind)
    whole = b"".join(("\r\n".join(head).encode("ascii"), b"\r\n\r\n", *parts))
    if len(whole) > MESSAGE_BYTES:
        raise LetterRefused(f"the letter is larger than {MESSAGE_BYTES} bytes")
    return whole


def _boundary(letter: Letter, which: str) -> str:
    return "=_" + blake2s(f"{which}:{letter.attempt_id}".encode(), digest_size=15).hexdigest()


def _texts(letter: Letter, inner: str, outer: str) -> list[bytes]:
    parts = [
        _part(kind, text, inner, outer)
        for kind, text in (("plain", letter.text), ("html", letter.html))
        if text
    ]
    if not parts:
        raise LetterRefused("the letter has no body")
    parts.append(f"--{inner}--\r\n".encode("ascii"))
    return parts


def _head(letter: Letter, envelope: Envelope, more: tuple[tuple[str, str], ...]) -> list[str]:
    message_id = _UNSAFE_ID.sub("_", letter.message_id).strip(".") or "_"
    lines = [f"From: {envelope.sender.header()}", f"To: {envelope.to.header()}"]
    if envelope.reply_to:
        lines.append(f"Reply-To: {envelope.reply_to.header()}")
    lines += [
        f"Subject: {header_text(envelope.subject)}",
        f"Date: {format_datetime(letter.at)}",
        f"Message-ID: <{message_id}@{envelope.sender.domain}>",
        "MIME-Version: 1.0",
    ]
    lines += [f"{name}: {header_value(value)}" for name, value in envelope.headers]
    lines += [f"{name}: {header_text(value)}" for name, value in more]
    return lines


def _part(kind: str, text: str, boundary: str, outer: str) -> bytes:
    canonical = _canonical(text)
    if outer not in text and _may_go_as_it_is(canonical, boundary):
        charset, encoding = "us-ascii", "7bit"
        body = canonical.encode("ascii")
    else:
        charset, encoding = "utf-8", "base64"
        body = _base64(canonical)
    head = (
        f"--{boundary}\r\nContent-Type: text/{kind}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + body + b"\r\n"


def _canonical(text: str) -> str:
    """Text with CRLF at the end of each line, whatever it ended with before."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n")


def _may_go_as_it_is(text: str, boundary: str) -> bool:
    if not text.isascii() or "\0" in text or boundary in text:
        return False
    return max(map(len, text.split("\r\n"))) <= PLAIN_LINE


def _base64(text: str) -> bytes:
    try:
        return base64_lines(text.encode())
    except UnicodeEncodeError as error:
        raise LetterRefused("the letter holds a lone surrogate") from error
