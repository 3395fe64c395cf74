"""Turns what pydantic finds in a definition into short sentences at their places."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.rule.problem import RuleProblem

_WRONG_TYPE = {
    "string_type": ("takes text", 'write it in quotes: "…"'),
    "int_type": ("takes a whole number", "without quotes"),
    "int_from_float": ("takes a whole number", ""),
    "float_type": ("takes a number", "without quotes"),
    "bool_type": ("takes true or false", "without quotes"),
    "model_type": ("takes a table", ""),
    "model_attributes_type": ("takes a table", ""),
    "dict_type": ("takes a table", ""),
    "tuple_type": ("takes a list", "write [ … ]"),
    "date_type": ("takes a date", "write 2026-12-24, without quotes"),
    "date_from_datetime_inexact": ("takes a date", "write 2026-12-24"),
}


def tell(document: Document, error: ValidationError) -> list[Problem]:
    """Each of pydantic's findings as one or more problems, none in pydantic's words."""
    problems: list[Problem] = []
    for found in error.errors(include_url=False, include_input=False):
        problems += told(document, found["type"], found["loc"], found.get("ctx", {}))
    return problems


def told(document: Document, kind: str, loc: Place, context: dict[str, Any]) -> list[Problem]:
    """One finding as problems."""
    key = str(loc[-1]) if loc else ""
    name = f"`{key}`" if loc and isinstance(loc[-1], str) else "this"
    if kind == "word":
        place = (*loc, context["key"]) if context.get("key") else loc
        return [document.problem(place, context["problem"], context.get("hint", ""))]
    if kind == "rule":
        rules: tuple[RuleProblem, ...] = context["rule_problems"]
        return [document.problem((*loc, *one.place), one.problem, one.hint) for one in rules]
    if kind == "missing":
        return [document.problem(loc, f"{name} is missing")]
    if kind == "extra_forbidden":
        return [document.problem(loc, f"{name} is not known here")]
    if kind == "literal_error":
        return [document.problem(loc, f"{name} takes {context['expected']}")]
    said, hint = _WRONG_TYPE.get(kind) or (_bound(kind, context), "")
    return [document.problem(loc, f"{name} {said}", hint)]


def _bound(kind: str, context: dict[str, Any]) -> str:
    bounds = {
        "greater_than": ("gt", "is more than {}"),
        "greater_than_equal": ("ge", "is {} or more"),
        "less_than": ("lt", "is less than {}"),
        "less_than_equal": ("le", "is {} or less"),
    }
    if kind in bounds:
        word, said = bounds[kind]
        return said.format(context[word])
    if kind in ("string_too_short", "too_short"):
        return "says nothing"
    if kind == "too_long":
        return f"holds more than {context.get('max_length')} entries"
    return "cannot be read so"
