"""A shape as SES's inline template, so that each letter of it travels as its values alone.

SES puts values in unescaped and unread, and an inline template knows simple substitutions alone
(AWS: "Using templates to send personalized email", "Advanced email personalization"). Only our own
text around the placeholders is read by it. Handlebars takes `{{`, `{{{` and a backslash before
them as its own; whatever in that text could be so taken travels inside a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

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
    """One part of a shape, apart: what SES may read, and what must travel inside a value."""

    kept: tuple[str, ...]
    around: tuple[tuple[str, str], ...]
    """Before and after each value."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A shape as an inline template: its HTML and text, with a name for each value."""

    html: str
    text: str
    names: tuple[str, ...]
    """Of the values that travel, the subject last: slots that hold one value share a name."""
    chosen: Callable[[tuple[str, ...]], tuple[str, ...]]
    """Chooses these among the values of all slots and the subject."""
    around: tuple[tuple[str, str], ...]
    """Before and after each of them; empty where nothing stands around any."""
    fixed: tuple[tuple[str, str], ...]
    """Names and values that are the same in each letter, for they are our own text."""

    always: tuple[bool, bool]
    """Whether the HTML, and the text, say something whatever the values are."""

    def parts(self, pieces: Pieces) -> tuple[bool, bool]:
        """Whether a letter has HTML, and whether it has text."""
        html, text = self.always
        return html or any(pieces.html), text or any(pieces.text)

    def data(self, pieces: Pieces, subject: str) -> bytes:
        """The values of one letter as JSON. Raises UnicodeEncodeError for a lone surrogate."""
        found = self.chosen((*pieces.html, *pieces.text, subject))
        if self.around:
            around = zip(self.around, found, strict=True)
            found = tuple([before + value + after for (before, after), value in around])
        values = dict(zip(self.names, found, strict=True))
        if self.fixed:
            values.update(self.fixed)
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
    parts = _part(shape.html), _part(shape.text)
    around = [*parts[0].around, *parts[1].around]
    names: dict[tuple[object, str, str], str] = {}
    chosen = []
    slots = []
    for place, (same, (before, after)) in enumerate(zip(_same(shape), around, strict=True)):
        key = (same, before, after)
        if key not in names:
            names[key] = f"v{len(names)}"
            chosen.append(place)
        slots.append(names[key])
    fixed: dict[str, str] = {}
    html_slots = len(parts[0].around)
    html = _template(parts[0].kept, slots[:html_slots], fixed)
    text = _template(parts[1].kept, slots[html_slots:], fixed)
    kept_around = (*(around[place] for place in chosen), ("", ""))
    return Template(
        html,
        text,
        (*names.values(), SUBJECT),
        _chooser((*chosen, len(around))),
        kept_around if any(before or after for before, after in kept_around) else (),
        tuple((name, taken) for taken, name in fixed.items()),
        (any(shape.html), any(shape.text)),
    )


def fits(letter: Letter) -> bool:
    """Whether a letter can travel as the values of its shape: one for each slot, and no other."""
    pieces = letter.pieces
    if pieces is None:
        return False
    shape = pieces.shape
    if len(pieces.html) != max(len(shape.html) - 1, 0):
        return False
    if len(pieces.text) != max(len(shape.text) - 1, 0):
        return False
    # A part that the shape does not know was given whole, or there is none.
    return bool(shape.html or not letter.html) and bool(shape.text or not letter.text)


def placeholder(name: str) -> str:
    """Where SES puts the value of this name, unescaped."""
    return "{{" + name + "}}"


def _same(shape: Shape) -> list[object]:
    """For each slot, HTML first, what it shares with all slots that hold its value."""
    slots = max(len(shape.html) - 1, 0) + max(len(shape.text) - 1, 0)
    named = (*shape.html_names, *shape.text_names)
    return list(named if len(named) == slots else range(slots))


def _chooser(places: tuple[int, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)


def _part(texts: tuple[str, ...]) -> _Part:
    """Texts without what would touch a placeholder: that goes around the value beside it."""
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
    return _Part(tuple(kept), tuple(zip(before, after, strict=True)))


def _template(kept: tuple[str, ...], slots: Sequence[str], fixed: dict[str, str]) -> str:
    """Texts with a placeholder between each two, and one for whatever SES would take as its own."""
    template = []
    for at, text in enumerate(kept):
        if at:
            template.append(placeholder(slots[at - 1]))
        for piece, taken in _split(text):
            template.append(piece)
            if taken:
                template.append(placeholder(fixed.setdefault(taken, f"x{len(fixed)}")))
    return "".join(template)


def _split(text: str) -> Iterator[tuple[str, str]]:
    begin = 0
    for found in _TAKEN.finditer(text):
        yield text[begin : found.start()], found.group()
        begin = found.end()
    yield text[begin:], ""
