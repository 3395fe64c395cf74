"""Makes one letter: subject, HTML, text part and links of a compiled template for one customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from markupsafe import escape

from lifecycle.core.message import Pieces
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.dynamic import DynamicLinks
from lifecycle.render.links import LinkSigner
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.program import Form, Program, plain_environment, program_of, short
from lifecycle.render.slots import LINKS, PIXEL, PREFIX, Way

MAX_HTML = 500_000
"""Characters of the HTML of a letter."""
MAX_TEXT_PART = 200_000
MAX_SUBJECT = 500
MAX_PREHEADER = 500
KNOWN_NAMES = frozenset(
    "customer event item items incentive points referral shop campaign step "
    "unsubscribe_url preferences_url view_url confirm_url subject preheader".split()
)
"""What every template may name; what is not given is none, so that `{% if incentive %}` works."""
NO_MEMORY = "it takes more memory than there is"
_NOTHING = dict.fromkeys(KNOWN_NAMES)
_ESCAPED = "&<>\"'"
_BREAKS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+\s*")
"""Signs that end a line or steer a terminal, with the room around them."""


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """What a step says beside its template, as Jinja source in the customer's language."""

    subject: str
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """What is rendered of one letter: the values of those slots that are not links of ours."""

    subject: str
    preheader: str
    html: tuple[str, ...]
    text: tuple[str, ...]
    links: dict[int, str]


@dataclass(frozen=True)
class Rendered:
    """A finished letter. `links` are the targets of its dynamic links by number."""

    subject: str
    pieces: Pieces
    """The HTML and text in pieces: put together they are `html` and `text`, sign by sign."""
    preheader: str = ""
    links: dict[int, str] = field(default_factory=dict)

    @cached_property
    def html(self) -> str:
        """The HTML as a whole, put together when it is asked for."""
        return self.pieces.whole_html()

    @cached_property
    def text(self) -> str:
        """The text part as a whole."""
        return self.pieces.whole_text()


def render(
    compiled: CompiledTemplate,
    texts: LetterTexts,
    context: Mapping[str, Any],
    links: LinkSigner | None = None,
) -> Rendered:
    """Make the letter of one message.

    `context` is plain data under the names of `KNOWN_NAMES`. Without `links` every address stays as
    it is and there is no pixel. Raises BrokenTemplate with file, line and name.
    """
    program = program_of(compiled, way_of(links))
    try:
        filled = fill(program, compiled, texts, context, links)
    except MemoryError:
        raise BrokenTemplate(NO_MEMORY, file=program.form.where) from None
    return put_together(program.form, filled, links)


def way_of(links: LinkSigner | None) -> Way:
    """What is known of a letter's links beforehand."""
    if links is None:
        return Way(linked=False, tracked=False, pixel=False)
    own = links.unsubscribe_url, links.preferences_url, links.view_url
    counted = links.click_prefix or "", links.pixel_url or ""
    every = "".join((*own, *counted))
    # Asked for each letter: so many looks for one sign are far quicker than a pattern.
    clean = not any(sign in every for sign in _ESCAPED)
    return Way(True, links.click_prefix is not None, bool(links.pixel_url), clean)


def fill(
    program: Program,
    compiled: CompiledTemplate,
    texts: LetterTexts,
    context: Mapping[str, Any],
    links: LinkSigner | None = None,
) -> Filled:
    """Render what differs from letter to letter. Raises BrokenTemplate, MemoryError."""
    prefix = links.click_prefix if links else None
    names: dict[str, Any] = {**program.plain.globals, **_NOTHING, **context}
    if links is not None:
        names["unsubscribe_url"] = links.unsubscribe_url
        names["preferences_url"] = links.preferences_url
        names["view_url"] = links.view_url
    if program.asks_for_links:
        names[LINKS] = _numbered(compiled.links, prefix)
    names[PREFIX] = prefix
    names[PIXEL] = links.pixel_url if links else None
    tracked = prefix if links and links.tracks_dynamic else None
    named = links.named if links else None
    dynamic = DynamicLinks(tracked, len(compiled.links) + 1, named)
    names["_dynamic"] = dynamic
    subject = _subject(program, texts.subject, names)
    names["subject"] = subject
    preheader = _preheader(program, texts.preheader, names)
    names["preheader"] = preheader
    html = program.html.fill(names)
    dynamic.new_numbers = False
    text = program.text.fill(names)
    return Filled(subject, preheader, html, text, dynamic.targets)


def put_together(form: Form, filled: Filled, links: LinkSigner | None = None) -> Rendered:
    """The letter as a whole and in pieces. Raises BrokenTemplate for one that is too long."""
    given: dict[str, str] = {}
    if links is not None:
        given = {
            "unsubscribe_url": links.unsubscribe_url,
            "preferences_url": links.preferences_url,
            "view_url": links.view_url,
            PREFIX: links.click_prefix or "",
            PIXEL: links.pixel_url or "",
        }
    escaped = given
    if not form.clean:
        escaped = {name: str(escape(value)) for name, value in given.items()}
    in_html, in_text = form.html.values(filled.html, escaped), form.text.values(filled.text, given)
    _bounded("HTML", form.html.length(in_html), MAX_HTML, form.where)
    _bounded("text part", form.text.length(in_text), MAX_TEXT_PART, form.where)
    pieces = Pieces(form.shape, in_html, in_text)
    return Rendered(filled.subject, pieces, filled.preheader, filled.links)


def render_text(source: str, context: Mapping[str, Any], *, where: str = "") -> str:
    """Fill one short text, such as a notice; without escaping. Raises BrokenTemplate."""
    plain = plain_environment(())
    try:
        return short(plain, source, {**plain.globals, **_NOTHING, **context}, where)
    except MemoryError:
        raise BrokenTemplate(NO_MEMORY, file=where) from None


def _subject(program: Program, source: str, names: dict[str, Any]) -> str:
    """The subject on one line: a product's name may well bring a break along."""
    subject = _BREAKS.sub(" ", short(program.plain, source, names, "subject")).strip()
    if not subject:
        raise BrokenTemplate("The subject is empty", file="subject")
    _bounded("subject", len(subject), MAX_SUBJECT, "subject")
    return subject


def _preheader(program: Program, source: str, names: dict[str, Any]) -> str:
    if not source:
        return ""
    preheader = short(program.plain, source, names, "preheader")
    return " ".join(preheader.split())[:MAX_PREHEADER]


def _numbered(targets: tuple[str, ...], prefix: str | None) -> tuple[str, ...]:
    if prefix is None:
        return targets
    return tuple([f"{prefix}{number}" for number in range(1, len(targets) + 1)])


def _bounded(what: str, length: int, most: int, where: str) -> None:
    if length > most:
        raise BrokenTemplate(f"The {what} is longer than {most} characters", file=where)
