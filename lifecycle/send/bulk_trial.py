"""A letter of everything that could be lost on the way, to prove that bulk loses nothing of it.

The same content goes by slots and alone. It is known beforehand, so that a letter as it arrived
can be held against it part by part and paragraph by paragraph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from hashlib import sha256
from html import escape
from typing import cast

from lifecycle.core.chance import derived_id
from lifecycle.core.message import Letter, Pieces, Shape

CHECKSUM_CHARACTERS = 12
BY_SLOTS, ALONE = "by slots", "alone"
SUBJECT = "“Quotes”, {{braces}} & \\ – Grüße 🎁 שלום"

PARAGRAPHS: tuple[tuple[str, str], ...] = (
    ("quotes", "She said \"hello\", it's 'fine', `so` “they” «say»"),
    ("braces", "{{name}} {{{name}}} {one} }} }}} { {{ {{#if x}}{{/if}} {{!-- no --}} {{> part}}"),
    ("backslashes", '\\ \\\\ \\{{h0}} \\\\{{h1}} \\n \\u0041 \\" C:\\temp\\'),
    ("newlines", "first line\nsecond line\n\nafter an empty line"),
    ("tabs and blanks", "\ta tab\tin between,  two blanks and one at the end "),
    ("accents", "Größe, Zürich, naïve, Łódź, İstanbul, Ελλάδα, Україна – 29,90 €"),
    ("emoji", "🎁 👩‍👩‍👧 🇩🇪 ✊🏽 𝔘𝔫𝔦"),
    ("right to left", "שלום, مرحبا بالعالم, 123"),
    ("east", "東京タワー, 서울, 上海"),
    ("markup", "<b>not bold</b> &amp; <!-- no comment --> <script>x</script>"),
    ("signs", "$1 ${x} %s %(y)s %% @@ [[z]] <%= e %> ~ ^ | `"),
    ("JSON", '{"a": [1, null, true], "b": "\\u0000", "c": ""}'),
    ("nothing", ""),
    ("a long line", "0123456789" * 130),
)
"""Each stands in the letter twice: as text of the template, and as the value of a slot."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A letter as it arrived, held against the one that left."""

    subject: bool
    html: bool
    text: bool
    html_sha256: str
    text_sha256: str
    paragraphs: tuple[str, ...]
    """Names of the paragraphs that did not arrive as they left."""

    @property
    def whole(self) -> bool:
        """Whether all of it arrived as it left."""
        return self.subject and self.html and self.text


def trial_letter(sender: str, to: str, way: str, now: datetime) -> Letter:
    """The letter, in pieces, and named in its subject after the way it is to go."""
    html = [_HEAD]
    text = ["Each paragraph stands here twice.\n\n"]
    values = []
    for number, (name, said) in enumerate(PARAGRAPHS, 1):
        html[-1] += (
            f'<p id="p{number}"><b>{number} {name}</b> {checksum(said)}</p>'
            f'<pre id="a{number}">{escape(said)}</pre><pre id="b{number}">'
        )
        html.append("</pre>\n")
        text[-1] += f"{number} {name} {checksum(said)}\n[a{number}]{said}[/a{number}]\n[b{number}]"
        text.append(f"[/b{number}]\n\n")
        values.append(said)
    html[-1] += "</body></html>\n"
    shape = Shape("bulk-trial", tuple(html), tuple(text))
    pieces = Pieces(shape, tuple(escape(said) for said in values), tuple(values))
    attempt = derived_id("bulk-trial", way, now.isoformat())
    return Letter(
        message_id=attempt,
        attempt_id=attempt,
        campaign="bulk-trial",
        step=way.replace(" ", "_"),
        variant="",
        sender=sender,
        to=to,
        subject=f"{SUBJECT} ({way})",
        html=_woven(shape.html, pieces.html),
        text=_woven(shape.text, pieces.text),
        at=now,
        pieces=pieces,
    )


def checksum(text: str) -> str:
    """The beginning of the SHA-256 of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()[:CHECKSUM_CHARACTERS]


def digest(part: str) -> str:
    """The SHA-256 of a part whose line ends are LF, whatever they were, without those at its end.

    Mail turns every line end into CRLF, and may add one at the end.
    """
    return sha256(_plain(part).encode("utf-8", "replace")).hexdigest()


def compared(whole: bytes, sent: Letter) -> Compared:
    """Hold a saved letter (.eml) against the one that left; of its subject the way is left out."""
    message = BytesParser(policy=policy.default).parsebytes(whole)
    html, text = _body(message, "html"), _body(message, "plain")
    subject = str(message["Subject"] or "")
    wrong = [
        name
        for number, (name, _) in enumerate(PARAGRAPHS, 1)
        if _paragraph(html, number, _IN_HTML) != _paragraph(sent.html, number, _IN_HTML)
        or _paragraph(text, number, _IN_TEXT) != _paragraph(sent.text, number, _IN_TEXT)
    ]
    return Compared(
        subject=subject.startswith(SUBJECT),
        html=digest(html) == digest(sent.html),
        text=digest(text) == digest(sent.text),
        html_sha256=digest(html),
        text_sha256=digest(text),
        paragraphs=tuple(wrong),
    )


_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    "<style>@media (max-width:480px){.x{color:red}}</style></head><body>\n"
    "<h1>Does it arrive as it left?</h1>\n<p>Each paragraph stands here twice: as text of the"
    " template, and as a value. Both must look alike, here and in the other letter.</p>\n"
)
_IN_HTML = '<pre id="{0}{1}">(.*?)</pre>'
_IN_TEXT = r"\[{0}{1}\](.*?)\[/{0}{1}\]"


def _woven(texts: tuple[str, ...], values: tuple[str, ...]) -> str:
    return "".join(text + value for text, value in zip(texts, (*values, ""), strict=True))


def _plain(part: str) -> str:
    return part.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _body(message: EmailMessage, kind: str) -> str:
    part = cast("EmailMessage | None", message.get_body((kind,)))
    if part is None:
        return ""
    content = cast(bytes, part.get_payload(decode=True))
    return content.decode(part.get_content_charset("utf-8"), "replace")


def _paragraph(part: str, number: int, form: str) -> list[str]:
    found = [re.search(form.format(way, number), _plain(part), re.DOTALL) for way in "ab"]
    return [one[1] if one else "" for one in found]
