"""A shape as SES's inline template, so that each letter of it travels as its values alone.

SES puts values in unescaped and unread, and an inline template knows simple substitutions alone
(AWS: "Using templates to send personalized email", "Advanced email personalization"). Only our own
text around the placeholders is read by it. Handlebars takes `{{`, `{{{` and a backslash before
them as its own; whatever in that text could be so taken travels inside a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from lifecycle.core.message import Letter, Pieces, Shape

SHAPES_KEPT = 256
SUBJECT = "s"
WHOLE_HTML, WHOLE_TEXT = "h", "t"

_TAKEN = re.compile(r"[\\{]*\{\{[\\{}]*")
"""What would begin a placeholder, with the backslashes and braces that touch it."""
_AT_END = re.compile(r"[\\{]+\Z")
_AT_START = re.compile(r"\}+")
_UNFIT = re.compile("[\0\ud800-\udfff]")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Part:
    """One part as a template, the names of its slots, and what stands around their values."""

    template: str
    names: tuple[str, ...]
    around: tuple[tuple[str, str], ...]
    """Before and after each value; empty where nothing stands around any of them."""
    fixed: tuple[tuple[str, str], ...]
    """Names and values that are the same in each letter, for they are our own text."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A shape as an inline template: its HTML and text, with a name for each value."""

    html: str
    text: str
    parts: tuple[_Part, _Part]
    names: tuple[str, ...]
    """Of the slots and the subject, where nothing needs to be put around or beside values."""

    def data(self, pieces: Pieces, subject: str) -> bytes:
        """The values of one letter as JSON. Raises UnicodeEncodeError for a lone surrogate."""
        if self.names:
            return _encode(
                dict(zip(self.names, (*pieces.html, *pieces.text, subject), strict=True))
            )
        values = {SUBJECT: subject}
        for part, found in zip(self.parts, (pieces.html, pieces.text), strict=True):
            if part.around:
                found = tuple(
                    before + value + after
                    for (before, after), value in zip(part.around, found, strict=True)
                )
            values.update(zip(part.names, found, strict=True))
            values.update(part.fixed)
        return _encode(values)


def whole_data(html: str, text: str, subject: str) -> bytes:
    """The values of a letter that no shape carries: its HTML and its text, each whole."""
    values = {SUBJECT: subject}
    if html:
        values[WHOLE_HTML] = html
    if text:
        values[WHOLE_TEXT] = text
    return _encode(values)


@lru_cache(maxsize=SHAPES_KEPT)
def template_of(shape: Shape) -> Template | None:
    """The shape as an inline template, made once; None where its own text is not fit to be sent."""
    if any(_UNFIT.search(text) for text in (*shape.html, *shape.text)):
        return None
    html, text = _part(shape.html, WHOLE_HTML), _part(shape.text, WHOLE_TEXT)
    bare = not any(part.around or part.fixed for part in (html, text))
    names = (*html.names, *text.names, SUBJECT) if bare else ()
    return Template(html.template, text.template, (html, text), names)


def fits(letter: Letter) -> bool:
    """Whether a letter can travel as the values of its shape: one for each slot, and no other."""
    pieces = letter.pieces
    if pieces is None:
        return False
    shape = pieces.shape
    return all(
        len(texts) == len(values) + 1 if texts else not (whole or values)
        for whole, texts, values in (
            (letter.html, shape.html, pieces.html),
            (letter.text, shape.text, pieces.text),
        )
    )


def placeholder(name: str) -> str:
    """Where SES puts the value of this name, unescaped."""
    return "{{" + name + "}}"


def _part(texts: tuple[str, ...], letter: str) -> _Part:
    """Texts with a placeholder between each two, and one for whatever SES would take as its own."""
    before, after, kept = [], [], []
    for at, text in enumerate(texts):
        begin, stop = 0, len(text)
        if at > 0:
            start = _AT_START.match(text)
            begin = start.end() if start else 0
            after.append(text[:begin])
        if at < len(texts) - 1:
            end = _AT_END.search(text, begin)
            stop = end.start() if end else len(text)
            before.append(text[stop:])
        kept.append(text[begin:stop])
    names = tuple(f"{letter}{at}" for at in range(len(before)))
    fixed: dict[str, str] = {}
    template = []
    for at, text in enumerate(kept):
        if at:
            template.append(placeholder(names[at - 1]))
        for piece, taken in _split(text):
            template.append(piece)
            if taken:
                name = fixed.setdefault(taken, f"{letter}x{len(fixed)}")
                template.append(placeholder(name))
    around = tuple(zip(before, after, strict=True))
    plain = not any(left or right for left, right in around)
    return _Part(
        "".join(template),
        names,
        () if plain else around,
        tuple((name, taken) for taken, name in fixed.items()),
    )


def _split(text: str) -> Iterator[tuple[str, str]]:
    begin = 0
    for found in _TAKEN.finditer(text):
        yield text[begin : found.start()], found.group()
        begin = found.end()
    yield text[begin:], ""
