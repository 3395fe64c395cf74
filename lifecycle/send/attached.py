"""A file that goes with a letter, as a part of a MIME message."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

from lifecycle.core.message import Attachment
from lifecycle.send.envelope import LetterRefused, refuse_breaks

BASE64_LINE = 76
FILE_NAME_CHARACTERS = 255
KIND_CHARACTERS = 78
PIECE_CHARACTERS = 60
"""Characters of a long name that stand on one line of the header (RFC 2231)."""

_KIND = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_TOKEN = re.compile(r"[A-Za-z0-9_.+-]{1,60}")
_OWN_KINDS = ("multipart/", "message/")
"""Kinds that mail programs read as part of the letter itself."""


def attached(attachment: Attachment) -> bytes:
    """The part without its boundary, in base64. Raises `LetterRefused` for a bad name or kind."""
    kind = attachment.kind
    if not _KIND.fullmatch(kind) or len(kind) > KIND_CHARACTERS:
        raise LetterRefused("the kind of an attachment is not valid")
    if kind.lower().startswith(_OWN_KINDS):
        raise LetterRefused(f"an attachment cannot be of kind {kind}")
    head = (
        f"Content-Type: {kind}\r\n"
        f"Content-Disposition: attachment{_file_name(attachment.name)}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + base64_lines(attachment.content) + b"\r\n"


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters, CRLF between them."""
    encoded = b64encode(content)
    lines = (encoded[at : at + BASE64_LINE] for at in range(0, len(encoded), BASE64_LINE))
    return b"\r\n".join(lines)


def _file_name(name: str) -> str:
    """The parameters that tell the name: plain where it is plain, else by RFC 2231 in UTF-8."""
    refuse_breaks("name of an attachment", name)
    bare = name.strip().strip(".")
    if not bare or "/" in name or "\\" in name or len(name) > FILE_NAME_CHARACTERS:
        raise LetterRefused("the name of an attachment is not valid")
    if _TOKEN.fullmatch(name):
        return f'; filename="{name}"'
    pieces = _pieces(name)
    if len(pieces) == 1:
        return f";\r\n filename*=utf-8''{pieces[0]}"
    first = "utf-8''"
    numbered = (
        f";\r\n filename*{number}*={'' if number else first}{piece}"
        for number, piece in enumerate(pieces)
    )
    return "".join(numbered)


def _pieces(name: str) -> list[str]:
    """The name percent-encoded and cut into lines, none of which splits a character."""
    pieces = [""]
    for character in name:
        encoded = quote(character, safe="")
        if len(pieces[-1]) + len(encoded) > PIECE_CHARACTERS:
            pieces.append("")
        pieces[-1] += encoded
    return pieces
