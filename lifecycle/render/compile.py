"""Compiles a template once per version: files in, HTML and text with Jinja out."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError

from lifecycle.render.assemble import Assembler
from lifecycle.render.dynamic import dynamic_link
from lifecycle.render.filters import own_filters
from lifecycle.render.folder import TemplateFolder
from lifecycle.render.layout import layout_of
from lifecycle.render.markdown import document
from lifecycle.render.markup import images_without_words, to_html
from lifecycle.render.numbering import Numbering
from lifecycle.render.problems import SourceRefused, TemplateProblem
from lifecycle.render.sandbox import LetterEnvironment
from lifecycle.render.shield import WORD, Shielded, shield
from lifecycle.render.source_lines import LineMap, line_of, place_of, unshielded
from lifecycle.render.text_part import text_of
from lifecycle.render.tokens import Ledger

COMPILER = "1"
"""Part of every version: raised when the same files compile to something else."""
MAX_CACHED = 256
"""Compiled templates kept in memory."""
_PREHEADER = (
    '<div style="display:none;max-height:0;overflow:hidden;opacity:0;">{{ preheader }}</div>'
)
_PIXEL = (
    "{% if _pixel %}"
    '<img src="{{ _pixel }}" width="1" height="1" alt="" style="display:block;border:0;">'
    "{% endif %}"
)


Filters = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTemplate:
    """One template in one language, ready to render, or the problems that keep it from it.

    `links` are the targets of the static links: link number n is `links[n - 1]`. Dynamic links get
    the numbers after them in each letter. `version` names the content of all files that were read;
    it is empty where they could not be compiled aside.
    """

    name: str
    version: str
    html: str
    text: str
    links: tuple[str, ...]
    problems: tuple[TemplateProblem, ...]
    files: tuple[str, ...]
    shown: str = ""
    """What a reader of the HTML sees, as text; the text part unless that has its own file."""
    imports: tuple[tuple[str, str], ...] = ()
    html_lines: LineMap = ()
    text_lines: LineMap = ()
    filters: tuple[tuple[str, Callable[..., Any]], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether letters can be made of it."""
        return not any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Source:
    """What to compile: the file `root/name.mjml`, or the `markdown` that a step holds itself.

    Of the language variants it is the best for `locale`, then for `language`.
    """

    name: str
    root: Path
    locale: str | None = None
    language: str | None = None
    markdown: str | None = None


Afresh = Callable[[Source, Filters], tuple[TemplateFolder, CompiledTemplate]]
"""Compiles without looking at what is known: the files that were read, and what came of them."""


def afresh(source: Source, filters: Filters) -> tuple[TemplateFolder, CompiledTemplate]:
    """Compile in this process: bounded in depth and in the size of files, not in time."""
    folder = TemplateFolder(source.root, source.locale, source.language)
    if source.markdown is not None:
        layout, classes = layout_of(folder)
        locale = source.locale or source.language
        folder.settle_on(source.name, document(source.markdown, layout, classes, locale))
    return folder, _compiled(source.name, folder, tuple(sorted(filters.items())))


_cache: OrderedDict[tuple[object, ...], tuple[TemplateFolder, CompiledTemplate]] = OrderedDict()
_cache_lock = Lock()


def compile_template(
    name: str,
    root: Path,
    *,
    locale: str | None = None,
    language: str | None = None,
    filters: Filters | None = None,
    by: Afresh = afresh,
) -> CompiledTemplate:
    """Compile `root/name.mjml`, or its best language variant for `locale`, then `language`.

    `filters` are the hooks' own, by name. Never raises for what the files hold; whatever is wrong
    is among `problems`. A second call costs only the reading of the files while none changed.
    `by` says how what is not known yet is compiled; what has no version is not kept.
    """
    extra = tuple(sorted((filters or {}).items()))
    key = (name, str(root), locale, language, tuple((k, id(v)) for k, v in extra))
    with _cache_lock:
        known = _cache.get(key)
    if known is not None and _unchanged(known[0], root, locale, language):
        return known[1]
    folder, compiled = by(Source(name, root, locale, language), dict(extra))
    if not compiled.version:
        return compiled
    with _cache_lock:
        _cache[key] = (folder, compiled)
        _cache.move_to_end(key)
        while len(_cache) > MAX_CACHED:
            _cache.popitem(last=False)
    return compiled


def compile_text(
    name: str,
    markdown: str,
    root: Path,
    *,
    locale: str | None = None,
    language: str | None = None,
    filters: Filters | None = None,
    by: Afresh = afresh,
) -> CompiledTemplate:
    """Compile a Markdown text that a step holds itself, in the shop's layout if there is one.

    `name` says where the text stands, for the problems. Not cached: the caller keeps it.
    """
    return by(Source(name, root, locale, language, markdown), filters or {})[1]


def environment(
    filters: Filters, imports: Mapping[str, str], *, autoescape: bool
) -> LetterEnvironment:
    """Make the Jinja of a letter's HTML (escaping) or of its subject and text part (not)."""
    named = {**own_filters(), "_link": dynamic_link, **filters}
    return LetterEnvironment(autoescape=autoescape, filters=named, imports=imports)


def _unchanged(
    folder: TemplateFolder, root: Path, locale: str | None, language: str | None
) -> bool:
    again = TemplateFolder(root, locale, language)
    try:
        if any((again.root / path).exists() for path in folder.missing):
            return False
        return all(
            again.read(path, (path, 1, 1)) == text for path, text in folder.read_files.items()
        )
    except SourceRefused:
        return False


def _compiled(
    name: str, folder: TemplateFolder, filters: tuple[tuple[str, Callable[..., Any]], ...]
) -> CompiledTemplate:
    problems: list[TemplateProblem] = []
    try:
        return _assembled(name, folder, filters, problems)
    except SourceRefused as refused:
        problems.append(refused.problem)
    except RecursionError:
        problems.append(TemplateProblem(f"{name}.mjml", 1, 1, "error", "It is nested too deep"))
    return CompiledTemplate(
        name, folder.version(COMPILER), "", "", (), tuple(problems), tuple(folder.read_files)
    )


def _assembled(
    name: str,
    folder: TemplateFolder,
    filters: tuple[tuple[str, Callable[..., Any]], ...],
    problems: list[TemplateProblem],
) -> CompiledTemplate:
    path = _path_of(name, folder)
    assembler = Assembler(folder)
    shielded = shield(assembler.assemble(path), assembler.ledger)
    html, found = to_html(shielded, path)
    problems += found
    numbering = Numbering(assembler.ledger, path)
    html = _with_extras(html, assembler.ledger, path)
    html = numbering.number(html)
    problems += numbering.problems
    if html:
        problems += _lost(html, shielded, path)
        problems += images_without_words(shielded)
    shown = text_of(html) if html else ""
    text = _text(name, folder, assembler, shown)
    written, html_lines = unshielded(html, assembler.ledger)
    text_written, text_lines = unshielded(text, assembler.ledger)
    imports = {key: assembler.ledger.restore(value) for key, value in assembler.imports.items()}
    if html:
        maps = (html_lines, text_lines)
        problems += _jinja_problems((written, text_written), maps, imports, dict(filters), path)
    return CompiledTemplate(
        name=name,
        version=folder.version(COMPILER),
        html=written,
        text=text_written,
        links=tuple(numbering.targets),
        problems=tuple(dict.fromkeys(problems)),
        files=tuple(folder.read_files),
        shown=unshielded(shown, assembler.ledger)[0],
        imports=tuple(imports.items()),
        html_lines=html_lines,
        text_lines=text_lines,
        filters=filters,
    )


def _path_of(name: str, folder: TemplateFolder) -> str:
    if name in folder.read_files:
        return name
    origin = (f"{name}.mjml", 1, 1)
    try:
        path = folder.find(name)
    except ValueError:
        problem = "A template is named by its path inside the templates folder, without .."
        raise SourceRefused(TemplateProblem(*origin, "error", problem)) from None
    if path is None:
        problem = f"There is no template {name} in the templates folder"
        raise SourceRefused(TemplateProblem(*origin, "error", problem, f"Make {name}.mjml"))
    folder.settle(path)
    return path


def _text(name: str, folder: TemplateFolder, assembler: Assembler, shown: str) -> str:
    given = name.endswith(".mjml") or name in folder.read_files
    own = None if given else folder.find(name, extension=".txt")
    if own is None:
        return shown
    marked = assembler.assemble(own)
    return re.sub("\ue000(\\d+)\ue001", r"jzq\1qzj", re.sub("\ue002\\d+\ue003", "", marked))


def _with_extras(html: str, ledger: Ledger, path: str) -> str:
    """Add the preheader where the template forgot it, and the place of the open pixel."""
    if not html:
        return html
    if not any("preheader" in token.text for token in ledger.tokens):
        html = re.sub(
            r"(<body\b[^>]*>)",
            lambda found: found[1] + _tokens(_PREHEADER, ledger, path),
            html,
            count=1,
        )
    pixel = _tokens(_PIXEL, ledger, path)
    at = html.rfind("</body>")
    return html[:at] + pixel + html[at:] if at >= 0 else html + pixel


def _tokens(source: str, ledger: Ledger, path: str) -> str:
    def word(found: re.Match[str]) -> str:
        ledger.token(found[0], path, 1, 1)
        number = len(ledger.tokens) - 1
        return f"<!--jzq{number}qzj-->" if found[0].startswith("{%") else f"jzq{number}qzj"

    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", word, source)


def _lost(html: str, shielded: Shielded, path: str) -> list[TemplateProblem]:
    """Name each Jinja part that went into MJML and did not come out."""
    kept = {int(number) for number in WORD.findall(html)}
    put_in = {int(number) for number in WORD.findall(shielded.text)}
    return [
        TemplateProblem(
            *shielded.ledger.tokens[number].origin,
            "error",
            f"{shielded.ledger.tokens[number].text[:60]} is lost here: "
            "MJML leaves nothing of this place in the letter",
            "Move it into mj-text, around a whole element, or before <mjml>",
        )
        for number in sorted(put_in - kept)
    ]


def _jinja_problems(
    sources: tuple[str, str],
    maps: tuple[LineMap, LineMap],
    imports: Mapping[str, str],
    filters: Filters,
    path: str,
) -> list[TemplateProblem]:
    problems: list[TemplateProblem] = []
    env = environment(filters, imports, autoescape=True)
    for source, lines in [*zip(sources, maps, strict=True), *((s, ()) for s in imports.values())]:
        try:
            env.from_string(source)
        except TemplateSyntaxError as error:
            file, line = place_of(lines, line_of(error, source), path)
            problem = f"Jinja: {error.message}"
            problems.append(TemplateProblem(file, line, 1, "error", problem))
        except (TemplateError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
            problem = f"Jinja cannot compile this: {str(error)[:200] or type(error).__name__}"
            problems.append(TemplateProblem(path, 1, 1, "error", problem))
    return problems[:1]
