"""Fills in the text of a note to somebody of the shop, in the sandbox of letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2.exceptions import TemplateError, UndefinedError

from lifecycle.render.compile import environment
from lifecycle.render.letter import KNOWN_NAMES
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.sandbox import new_budget

PROBLEM_CHARACTERS = 200


def fill(
    source: str,
    context: Mapping[str, Any],
    filters: tuple[tuple[str, Callable[..., Any]], ...] = (),
    *,
    where: str,
) -> str:
    """Fill in one short text with hook filters, without escaping. Raises BrokenTemplate."""
    plain = environment(dict(filters), {}, autoescape=False)
    names = {**dict.fromkeys(KNOWN_NAMES), **context}
    new_budget()
    try:
        template = plain.from_string(source)
        written = plain.concat(template.root_render_func(template.new_context(names)))
    except BrokenTemplate:
        raise
    except UndefinedError as error:
        problem = f"nothing is known under the name {error}"
        raise BrokenTemplate(problem, file=where, name=str(error)) from error
    except TemplateError as error:
        raise BrokenTemplate(str(error)[:PROBLEM_CHARACTERS], file=where) from error
    except Exception as error:  # filters and data have no closed list of what they raise
        raise BrokenTemplate(type(error).__name__, file=where) from error
    return str(written)
