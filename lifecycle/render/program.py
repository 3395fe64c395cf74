"""The programs of a template: compiled once per version and way of linking, run for each letter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context

from lifecycle.core.message import Shape
from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.recipe import Recipe, html_recipe, text_recipe
from lifecycle.render.sandbox import LetterEnvironment, bounded_join, new_budget
from lifecycle.render.slots import Piece, Way, asks_for_links, take_apart
from lifecycle.render.source_lines import LineMap, place_of

MAX_PROGRAMS = 512
"""Programs kept in memory, and as many short texts."""
MAX_SAID = 300
_NEEDS_JINJA = re.compile(r"[{\r\n]")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """How letters of one template version, in one way of linking, are put together."""

    shape: Shape
    html: Recipe
    text: Recipe
    clean: bool
    """Whether our own links are written in HTML as they are."""
    where: str
    """The template's file, for problems."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The program of the HTML or of the text part, and the recipe that its values are for."""

    template: Template
    recipe: Recipe
    lines: LineMap
    where: str

    def fill(self, names: dict[str, Any]) -> tuple[str, ...]:
        """The values of the slots for these names. Raises BrokenTemplate, MemoryError."""
        new_budget()
        try:
            told = self.template.root_render_func(_context(self.template, names))
            return self.recipe.fill(told)
        except MemoryError:
            raise  # others may have used it up: whoever runs this knows
        except Exception as error:  # filters, data and Jinja have no closed list
            raise _broken(error, self.template, self.lines, self.where) from error


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What renders the slots of a form."""

    form: Form
    html: Part
    text: Part
    plain: LetterEnvironment
    """The Jinja of subject and preheader."""
    asks_for_links: bool
    """Whether the numbered links are read by more than their places in the letter."""


@lru_cache(maxsize=MAX_PROGRAMS)
def program_of(compiled: CompiledTemplate, way: Way) -> Program:
    """The program of a template that is in order. Raises BrokenTemplate."""
    if not compiled.ok:
        first = next(problem for problem in compiled.problems if problem.severity == "error")
        raise BrokenTemplate(first.problem, file=first.file, line=first.line)
    filters, imports = dict(compiled.filters), dict(compiled.imports)
    where = f"{compiled.name}.mjml"
    rich = environment(filters, imports, autoescape=True)
    bare = environment(filters, imports, autoescape=False)
    template, pieces, links = _compiled(rich, compiled.html, way, compiled.links, where)
    html = Part(template, html_recipe(pieces), compiled.html_lines, where)
    template, pieces, more = _compiled(bare, compiled.text, way, compiled.links, where)
    text = Part(template, text_recipe(pieces), compiled.text_lines, where)
    names = html.recipe.names("h", own=""), text.recipe.names("t", own="" if way.clean else "t")
    shape = Shape(compiled.version, html.recipe.statics, text.recipe.statics, *names)
    form = Form(shape, html.recipe, text.recipe, way.clean, where)
    return Program(form, html, text, plain_environment(compiled.filters), links or more)


def short(plain: LetterEnvironment, source: str, names: dict[str, Any], where: str) -> str:
    """Fill one short text, such as a subject; without escaping.

    Raises BrokenTemplate, MemoryError.
    """
    if not _NEEDS_JINJA.search(source):
        return source
    template = _short(plain, source, where)
    new_budget()
    try:
        return bounded_join(template.root_render_func(_context(template, names)))
    except MemoryError:
        raise
    except Exception as error:
        raise _broken(error, template, (), where) from error


@lru_cache(maxsize=64)
def plain_environment(filters: tuple[tuple[str, Any], ...]) -> LetterEnvironment:
    """The Jinja of short texts."""
    return environment(dict(filters), {}, autoescape=False)


def _compiled(
    env: LetterEnvironment, source: str, way: Way, targets: tuple[str, ...], where: str
) -> tuple[Template, list[Piece], bool]:
    try:
        tree = env.parse(source)
        pieces = take_apart(tree, way, targets, autoescape=bool(env.autoescape))
        links = asks_for_links(tree)
        return Template.from_code(env, env.compile(tree), env.globals), pieces, links
    except (TemplateError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise BrokenTemplate(f"Jinja: {str(error)[:200]}", file=where) from None


@lru_cache(maxsize=MAX_PROGRAMS)
def _short(plain: LetterEnvironment, source: str, where: str) -> Template:
    try:
        return Template.from_code(plain, plain.compile(source), plain.globals)
    except TemplateSyntaxError as error:
        problem = f"Jinja: {error.message}"
        raise BrokenTemplate(problem, file=where, line=error.lineno) from None
    except (TemplateError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise BrokenTemplate(f"Jinja: {str(error)[:200]}", file=where) from None


def _context(template: Template, names: dict[str, Any]) -> Context:
    """A context over `names`, which hold the globals and are not copied."""
    return template.new_context(names, shared=True)


def _broken(error: Exception, template: Template, lines: LineMap, where: str) -> BrokenTemplate:
    if isinstance(error, BrokenTemplate):
        return error
    file, line = _place(error, template, lines, where)
    name, problem = "", _said(error)
    if isinstance(error, UndefinedError):
        name = str(error)
        problem = f"nothing is known under the name {name}"
    return BrokenTemplate(problem, file=file, line=line, name=name)


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
        return str(error)[:MAX_SAID]
    return f"{type(error).__name__}: {str(error)[:200]}"
