"""Makes one letter: subject, HTML, text part and links of a compiled template for one customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError

from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.dynamic import DynamicLinks
from lifecycle.render.links import LinkSigner
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.sandbox import LetterEnvironment, new_budget
from lifecycle.render.source_lines import LineMap, place_of
from lifecycle.render.text_part import tidy

MAX_HTML = 500_000
"""Characters of the HTML of a letter."""
MAX_TEXT_PART = 200_000
MAX_SUBJECT = 500
MAX_PREHEADER = 500
KNOWN_NAMES = frozenset(
    "customer event item items incentive points referral shop campaign step "
    "unsubscribe_url preferences_url view_url subject preheader".split()
)
"""What every template may name; what is not given is none, so that `{% if incentive %}` works."""
MAX_PROGRAMS = 512
"""Compiled Jinja programs kept in memory, and as many subjects."""
_NOTHING = dict.fromkeys(KNOWN_NAMES)
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """What a step says beside its template, as Jinja source in the customer's language."""

    subject: str
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished letter. `links` are the targets of its dynamic links by number."""

    subject: str
    html: str
    text: str
    preheader: str = ""
    links: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Program:
    html: Template
    text: Template
    plain: LetterEnvironment


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
    if not compiled.ok:
        first = next(problem for problem in compiled.problems if problem.severity == "error")
        raise BrokenTemplate(first.problem, file=first.file, line=first.line)
    program = _program(compiled)
    prefix = links.click_prefix if links else None
    names: dict[str, Any] = {**_NOTHING, **context}
    if links is not None:
        names["unsubscribe_url"] = links.unsubscribe_url
        names["preferences_url"] = links.preferences_url
        names["view_url"] = links.view_url
    names["_links"] = compiled.links if prefix is None else _static(prefix, len(compiled.links))
    names["_pixel"] = links.pixel_url if links else None
    tracked = prefix if links and links.tracks_dynamic else None
    dynamic = DynamicLinks(tracked, len(compiled.links) + 1)
    names["_dynamic"] = dynamic
    subject = _subject(program, texts.subject, names)
    names["subject"] = subject
    preheader = _preheader(program, texts.preheader, names)
    names["preheader"] = preheader
    html = _run(program.html, names, compiled.html_lines, f"{compiled.name}.mjml")
    dynamic.new_numbers = False
    text = tidy(_run(program.text, names, compiled.text_lines, f"{compiled.name}.mjml"))
    _bounded("HTML", html, MAX_HTML, compiled.name)
    _bounded("text part", text, MAX_TEXT_PART, compiled.name)
    return Rendered(subject, html, text, preheader, dynamic.targets)


def render_text(source: str, context: Mapping[str, Any], *, where: str = "") -> str:
    """Fill one short text, such as a notice; without escaping. Raises BrokenTemplate."""
    return _run(_short(_plain(()), source, where), {**_NOTHING, **context}, (), where)


def _subject(program: _Program, source: str, names: Mapping[str, Any]) -> str:
    subject = _run(_short(program.plain, source, "subject"), names, (), "subject").strip()
    if not subject:
        raise BrokenTemplate("The subject is empty", file="subject")
    if _BREAKS.search(subject):
        raise BrokenTemplate("The subject holds a line break or a control sign", file="subject")
    _bounded("subject", subject, MAX_SUBJECT, "subject")
    return subject


def _preheader(program: _Program, source: str, names: Mapping[str, Any]) -> str:
    if not source:
        return ""
    preheader = _run(_short(program.plain, source, "preheader"), names, (), "preheader")
    return " ".join(preheader.split())[:MAX_PREHEADER]


def _run(template: Template, names: Mapping[str, Any], lines: LineMap, where: str) -> str:
    names = {**names, "_budget": new_budget()}
    try:
        context = template.new_context(names)
        written = template.environment.concat(template.root_render_func(context))
        return str(written)
    except BrokenTemplate:
        raise
    except Exception as error:  # filters, data and Jinja have no closed list of what they raise
        file, line = _place(error, template, lines, where)
        name, problem = "", _said(error)
        if isinstance(error, UndefinedError):
            name = str(error)
            problem = f"nothing is known under the name {name}"
        raise BrokenTemplate(problem, file=file, line=line, name=name) from error


def _place(error: Exception, template: Template, lines: LineMap, where: str) -> tuple[str, int]:
    number = 0
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__jinja_template__") is template or (
            step.tb_frame.f_code.co_filename == template.filename
            and step.tb_frame.f_globals.get("environment") is template.environment
        ):
            number = template.get_corresponding_lineno(step.tb_lineno)
        step = step.tb_next
    return place_of(lines, number, where) if lines else (where, number or 1)


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "a macro calls itself too deep"
    if isinstance(error, (TemplateError, SecurityError)):
        return str(error)[:300]
    return f"{type(error).__name__}: {str(error)[:200]}"


def _bounded(what: str, text: str, most: int, where: str) -> None:
    if len(text) > most:
        raise BrokenTemplate(f"The {what} is longer than {most} characters", file=where)


@lru_cache(maxsize=MAX_PROGRAMS)
def _program(compiled: CompiledTemplate) -> _Program:
    filters, imports = dict(compiled.filters), dict(compiled.imports)
    html = environment(filters, imports, autoescape=True).from_string(compiled.html)
    plain = environment(filters, imports, autoescape=False)
    return _Program(html, plain.from_string(compiled.text), _plain(compiled.filters))


@lru_cache(maxsize=64)
def _plain(filters: tuple[tuple[str, Any], ...]) -> LetterEnvironment:
    return environment(dict(filters), {}, autoescape=False)


@lru_cache(maxsize=MAX_PROGRAMS)
def _short(plain: LetterEnvironment, source: str, where: str) -> Template:
    try:
        return plain.from_string(source)
    except TemplateSyntaxError as error:
        problem = f"Jinja: {error.message}"
        raise BrokenTemplate(problem, file=where, line=error.lineno) from None
    except (TemplateError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise BrokenTemplate(f"Jinja: {str(error)[:200]}", file=where) from None


def _static(prefix: str, count: int) -> tuple[str, ...]:
    return tuple([f"{prefix}{number}" for number in range(1, count + 1)])
