"""Looks a compiled template over: what the law wants, what programs cut, unknown names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from jinja2 import TemplateError, nodes
from jinja2.meta import find_undeclared_variables

from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.problems import TemplateProblem
from lifecycle.render.sandbox import LetterEnvironment
from lifecycle.render.source_lines import place_of

CLIPPED_BYTES = 102 * 1024
"""Gmail cuts a letter that is larger, and the unsubscribe link with it."""
_OWN_NAMES = frozenset({"_links", "_pixel", "_dynamic", "preheader", "subject"})
_UNSUBSCRIBE = re.compile(r"\{\{[-+]?\s*unsubscribe_url\s*[-+]?\}\}")
_UNSUBSCRIBE_LINK = re.compile(
    r"<a\s(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?href\s*=\s*[\"']\s*\{\{[-+]?\s*unsubscribe_url\b", re.I
)
_ADDRESS = re.compile(r"\{\{[-+]?\s*shop\s*(\.\s*address|\[\s*['\"]address['\"]\s*\])")
_SAFE = re.compile(r"\{\{[^{}]*\|\s*safe\b")
_REMOTE_FONT = re.compile(r"<link\s[^>]*fonts\.", re.I)


def lint_template(compiled: CompiledTemplate, *, marketing: bool) -> list[TemplateProblem]:
    """Return the template's problems: those of its compiling and those of its content.

    A marketing letter without a visible unsubscribe link and the postal address is an error.
    """
    found = list(compiled.problems)
    if compiled.ok:
        found += _of_the_law(compiled) if marketing else []
        found += _of_the_craft(compiled)
    return found


def unknown_names(compiled: CompiledTemplate, known: set[str]) -> list[TemplateProblem]:
    """Return an error for each name that the template uses and that is not among `known`."""
    if not compiled.ok:
        return []
    env = environment(dict(compiled.filters), dict(compiled.imports), autoescape=True)
    sources = [(compiled.html, compiled.html_lines), (compiled.text, compiled.text_lines)]
    sources += [(source, ()) for _, source in compiled.imports]
    problems: dict[str, TemplateProblem] = {}
    for source, lines in sources:
        for name, number in names_in(env, source):
            if name in known or name in _OWN_NAMES or name in problems:
                continue
            file, line = place_of(lines, number, _file(compiled))
            hint = "Templates know: " + ", ".join(sorted(known))
            problem = f"Nothing is known under the name {name}"
            problems[name] = TemplateProblem(file, line, 1, "error", problem, hint)
    return list(problems.values())


def names_in(env: LetterEnvironment, source: str) -> Iterator[tuple[str, int]]:
    """Yield each outer name that a Jinja source reads, with the line of its first use.

    Yields nothing for a source that is no Jinja. No filter runs: Jinja would try them on what is
    constant, here, where nothing bounds a shop's own.
    """
    idle = env.overlay()
    idle.filters = dict.fromkeys(env.filters, not_run)
    try:
        tree = idle.parse(source)
        undeclared = find_undeclared_variables(tree)
    except TemplateError:
        return
    first: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in undeclared and node.ctx == "load":
            first.setdefault(node.name, node.lineno)
    for name in sorted(undeclared - set(env.globals)):
        yield name, first.get(name, 1)


def not_run(*_: object, **__: object) -> NoReturn:
    """Stands for a filter: Jinja then leaves what it gives to be found when it is rendered."""
    raise NotImplementedError


def _of_the_law(compiled: CompiledTemplate) -> Iterator[TemplateProblem]:
    file = compiled.files[0] if compiled.files else _file(compiled)
    shown = _UNSUBSCRIBE.search(compiled.shown) and _UNSUBSCRIBE_LINK.search(compiled.html)
    if not shown:
        yield TemplateProblem(
            file, 1, 1, "error", "A marketing letter needs an unsubscribe link that can be seen",
            'Add <a href="{{ unsubscribe_url }}">Unsubscribe</a>, or use the layout, which has it',
        )  # fmt: skip
    if not _ADDRESS.search(compiled.shown):
        yield TemplateProblem(
            file, 1, 1, "error", "A marketing letter needs the shop's postal address",
            "Add {{ shop.address }}, or use the layout, which has it",
        )  # fmt: skip
    if shown and not _UNSUBSCRIBE.search(compiled.text):
        yield TemplateProblem(
            file,
            1,
            1,
            "warning",
            "The text part has no unsubscribe link",
            "Add {{ unsubscribe_url }}",
        )


def _of_the_craft(compiled: CompiledTemplate) -> Iterator[TemplateProblem]:
    file = _file(compiled)
    size = len(compiled.html.encode("utf-8", "replace"))
    if size > CLIPPED_BYTES:
        problem = f"The HTML has {size // 1024} KB; Gmail cuts letters over 102 KB"
        yield TemplateProblem(file, 1, 1, "warning", problem, "Take sections out")
    for found in _SAFE.finditer(compiled.html):
        number = compiled.html.count("\n", 0, found.start()) + 2
        place = place_of(compiled.html_lines, number, file)
        problem = "The filter safe puts data into the letter as HTML, unescaped"
        yield TemplateProblem(
            *place, 1, "warning", problem, "Leave it out unless you wrote the data"
        )
    if _REMOTE_FONT.search(compiled.html):
        problem = "The letter loads a font from another server"
        hint = "Name a font that the reader has, such as Helvetica, Arial, sans-serif, on mj-all"
        yield TemplateProblem(file, 1, 1, "warning", problem, hint)


def _file(compiled: CompiledTemplate) -> str:
    if compiled.name in compiled.files or not compiled.files:
        return compiled.name if compiled.files else f"{compiled.name}.mjml"
    return compiled.files[0]
