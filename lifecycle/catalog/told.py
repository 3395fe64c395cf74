"""Turns what pydantic finds in a definition into short sentences at their places."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.later import LATER_KEYS, LATER_VALUES, not_yet
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean, shortened
from lifecycle.catalog.tables import (
    heading,
    homes_of,
    is_repeated,
    keys_of,
    rule_keys,
    shape_of,
    table_at,
)
from lifecycle.core import words
from lifecycle.core.campaign import Broadcast, Flow, Series
from lifecycle.core.rule.problem import RuleProblem
from lifecycle.core.rule.read import BRANCHES, LEAF_KEYS
from lifecycle.core.typed import Definition

_WRONG_TYPE = {
    "string_type": ("takes text", 'write it in quotes: {key} = "…"'),
    "int_type": ("takes a whole number", "write it without quotes: {key} = 3"),
    "int_from_float": ("takes a whole number", "{key} = 3"),
    "float_type": ("takes a number", "write it without quotes: {key} = 3"),
    "bool_type": ("takes true or false", "write {key} = true, without quotes"),
    "tuple_type": ("takes a list", "write {key} = [ … ]"),
    "date_type": ("takes dates", "write 2026-12-24, without quotes"),
}
_BOUNDS = {
    "greater_than": ("gt", "is more than {}"),
    "greater_than_equal": ("ge", "is {} or more"),
    "less_than": ("lt", "is less than {}"),
    "less_than_equal": ("le", "is {} or less"),
}
_PATTERNS = {
    "from": ("is no mailbox", "write “Shop <news@mail.shop.example>”"),
    "reply_to": ("is no mailbox", "write “help@shop.example”"),
    "listen": ("is no address to listen on", "write “127.0.0.1:8000”"),
    "feedback_topics": (
        "names no topic of Amazon SNS",
        "write “arn:aws:sns:eu-central-1:123456789012:ses-feedback”",
    ),
    "public_url": ("is no web address", "write “https://mail.shop.example”"),
    "to": ("is no mail address", "write to = “crm@shop.example”"),
    "name": ("holds # or /", "write a name without them"),
}
_RULE_WORDS = frozenset(
    (*BRANCHES, *LEAF_KEYS, *(key for every in LEAF_KEYS.values() for key in every))
)
MOST_HOMES = 3
"""Tables that are named as those to which a key may belong; of more none is."""
_SPOKEN = {"then": "step", "otherwise": "step", "split": "share"}
"""Tables of lists that are called otherwise than their key."""
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
_SECRET = ("url",)
_NOT_YET = re.compile(r"(?: is| are) not carried out yet")


def told(
    document: Document, model: type[Definition], kind: str, loc: Place, context: dict[str, Any]
) -> list[Problem]:
    """One finding of pydantic in `model` as problems, none in pydantic's words."""
    if kind == "rule":
        rules: tuple[RuleProblem, ...] = context["rule_problems"]
        return [_rule_problem(document, model, loc, one) for one in rules]
    if kind == "extra_forbidden":
        return [_unknown(document, model, loc)]
    key = str(loc[-1]) if loc else ""
    if _is_later(document, loc):
        shown = _shown(document, loc)
        said = f"`{key} = {shown}`" if isinstance(loc[-1], str) else shown
        return [document.problem(loc, not_yet(said))]
    if kind == "word":
        place = (*loc, *context.get("place", ()))
        key = context.get("key", "")
        hint = context.get("hint", "") or _of_outer_step(document, model, place, key)
        place = (*place, key) if key else place
        problem = document.problem(place, _whole(context["problem"]), hint)
        # the line is not shown where it may hold a secret that should have been named
        return [replace(problem, text="") if key in _SECRET else problem]
    if kind == "missing":
        return [_missing(document, model, loc)]
    name = f"`{key}`" if loc and isinstance(loc[-1], str) else "an entry of this list"
    if kind == "literal_error":
        return [_choice(document, loc, name, context["expected"])]
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return [_no_table(document, model, loc, name)]
    shape = shape_of(loc)
    if kind == "tuple_type" and shape and is_repeated(model, shape) and table_at(model, shape):
        return [_single_bracket(document, loc, name, heading(model, shape))]
    said, hint = _value_words(kind, shape[-1] if shape else key, context)
    value = _value(document, loc)
    if isinstance(value, str) and kind in ("int_type", "float_type") and words.number(value):
        hint = f"write it without quotes: {key} = {value}"
    if kind in ("int_type", "float_type") and not isinstance(value, str):
        hint = "{key} = 3"
    share = _SHARE.fullmatch(value) if isinstance(value, str) and "%" in value else None
    if share is not None and kind in ("int_type", "float_type"):
        hint = f"write it without quotes and sign: {key} = {share[1]}"
    shown = f"{name} {said}"
    if kind in _WRONG_TYPE and not isinstance(_value(document, loc), dict | list):
        shown += f", not {_shown(document, loc)}"
    if loc and isinstance(loc[-1], int):
        hint = hint.partition(":")[0]
    return [document.problem(loc, shown, hint.replace("{key}", shortened(key)))]


def kind_of(document: Document) -> str:
    """Whether a file is settings, a campaign, a segment or cases, by its folder."""
    folder = document.file.rpartition("/")[0]
    return {"campaigns": "campaign", "segments": "segment", "": "settings"}.get(folder, "cases")


def _is_later(document: Document, loc: Place) -> bool:
    table, key = ("", "", *shape_of(loc))[-2:]
    later = LATER_VALUES.get((kind_of(document), table, key))
    return later is not None and _value(document, loc) == later


def _of_outer_step(document: Document, model: type[Definition], place: Place, key: str) -> str:
    """Where a key that goes with `wait_for` belongs: to the step around, if that one waits."""
    shape = shape_of(place)
    if key not in ("up_to", "then", "otherwise"):
        return ""
    for depth in range(len(place) - 2, 0, -1):
        outer = _value(document, place[:depth])
        if isinstance(outer, dict) and "wait_for" in outer and key not in outer:
            return f"does it belong to the step around? Then move it above {heading(model, shape)}"
    return 'say what is waited for: wait_for = "order_placed"'


def _unknown(document: Document, model: type[Definition], loc: Place) -> Problem:
    key, parent = str(loc[-1]), loc[:-1]
    shape = shape_of(parent)
    if shape and key in LATER_KEYS.get((kind_of(document), shape[-1]), ()):
        return document.problem(loc, not_yet(f"`{key}`"))
    for depth in range(len(shape) - 1, -1, -1):
        outer = table_at(model, shape[:depth])
        if outer is not None and key in keys_of(outer):
            here = heading(model, shape)
            if depth:
                hint = f"move it above {here}"
                of = _SPOKEN.get(shape[depth - 1], shape[depth - 1])
                said = f"`{key}` belongs to the {of}, not to {here}"
            else:
                said, hint = f"`{key}` belongs above {here}", f"move it above {here}"
            return document.problem(loc, said, hint)
    table = table_at(model, parent)
    known = list(keys_of(table)) if table is not None else []
    hint = _home(document, model, key) or did_you_mean(key, known)
    if not hint and table is not None and key in (*BRANCHES, *LEAF_KEYS) and rule_keys(table):
        hint = f"a rule stands under [{'.'.join((*shape, rule_keys(table)[0]))}]"
    if not hint and known:
        hint = f"known here: {', '.join(known)}"
    where = f" in {heading(model, shape)}" if shape else " here"
    return document.problem(loc, f"`{key}` is not known{where}", hint)


def _home(document: Document, model: type[Definition], key: str) -> str:
    """Where a key that is unknown here belongs; empty when that is not clear."""
    homes = [home for home in homes_of(model, key) if home]
    # a table inside the outermost one that knows it, such as a variant in a step, is no other home
    if homes and all(home[: len(homes[0])] == homes[0] for home in homes):
        return f"it belongs under {heading(model, homes[0])}"
    if 1 < len(homes) <= MOST_HOMES:
        named = [heading(model, home) for home in homes]
        return f"it belongs under {', '.join(named[:-1])} or {named[-1]}"
    if homes or kind_of(document) != "campaign":
        return ""
    kinds = {"flow": Flow, "broadcast": Broadcast, "series": Series}
    kinds = {kind: one for kind, one in kinds.items() if one is not model}
    knowing = [f'"{kind}"' for kind, one in kinds.items() if key in keys_of(one)]
    return f"it belongs to campaigns of kind = {' or '.join(knowing)}" if knowing else ""


def _missing(document: Document, model: type[Definition], loc: Place) -> Problem:
    key, shape = str(loc[-1]), shape_of(loc)
    outer = table_at(model, shape[:-1])
    field = keys_of(outer).get(key) if outer is not None else None
    if field is not None and (
        table_at(model, shape) is not None or key in rule_keys(outer or model)
    ):
        written = heading(model, shape) if table_at(model, shape) else f"[{'.'.join(shape)}]"
        return document.problem(loc, f"{written} is missing", f"add {written} with its keys")
    where = f" in {heading(model, shape[:-1])}" if len(shape) > 1 else ""
    return document.problem(loc, f"`{key}` is missing{where}", f"write {key} = …")


def _choice(document: Document, loc: Place, name: str, expected: str) -> Problem:
    choices = [one.strip(" '") for one in re.split(r",| or ", expected)]
    choices = ["true" if one == "True" else one for one in choices]
    value = _value(document, loc)
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    if choices == ["true"]:
        hint = f"write {shortened(str(loc[-1]))} = true, or leave it out"
    said = (
        f"{name} is {', '.join(choices[:-1])} or {choices[-1]}"
        if choices[1:]
        else (f"{name} is {choices[0]}")
    )
    return document.problem(loc, f"{said}, not {_shown(document, loc)}", hint)


def _no_table(document: Document, model: type[Definition], loc: Place, name: str) -> Problem:
    shape = shape_of(loc)
    key = shape[-1] if shape else "…"
    found = isinstance(_value(document, loc), list)
    if found:
        hint = f"write [{'.'.join(shape)}] with single brackets, once"
    else:
        hint = f"write {key} = {{ … }}, or {heading(model, shape)} as a heading" if shape else ""
    return document.problem(loc, f"{name} takes keys of its own", hint)


def _single_bracket(document: Document, loc: Place, name: str, here: str) -> Problem:
    """A table that may come several times, and was not said so; `here` is its heading."""
    line, _ = document.position(loc)
    written = document.lines[line - 1].split("#")[0].strip()
    if written.startswith(f"{here.rstrip(']')}."):
        problem = f"{written} stands above the {here} it belongs to"
        return document.problem(loc, problem, f"begin with {here} and its `name`")
    hint = f"write {here} as a heading, with two brackets"
    return document.problem(loc, f"{name} takes a list", hint)


def _value_words(kind: str, key: str, context: dict[str, Any]) -> tuple[str, str]:
    if kind in _WRONG_TYPE:
        return _WRONG_TYPE[kind]
    if kind in _BOUNDS:
        word, said = _BOUNDS[kind]
        return said.format(f"{context[word]:g}"), ""
    if kind in ("string_too_short", "too_short"):
        return "says nothing", "write something, or leave it out"
    if kind == "too_long":
        return f"holds more than {context.get('max_length')} entries", ""
    if kind == "string_pattern_mismatch" and key in _PATTERNS:
        return _PATTERNS[key]
    if kind.startswith("date"):
        return _WRONG_TYPE["date_type"]
    return "cannot be read so", ""


def _rule_problem(
    document: Document, model: type[Definition], loc: Place, found: RuleProblem
) -> Problem:
    place = (*loc, *found.place)
    key = found.place[0] if len(found.place) == 1 else None
    if isinstance(key, str) and key not in _RULE_WORDS:
        # a rule does not know it, but the file does: it stands below a heading that it precedes
        here = f"[{'.'.join(shape_of(loc))}]"
        for depth in range(len(loc) - 1, -1, -1):
            outer = table_at(model, loc[:depth])
            if outer is not None and key in keys_of(outer):
                return document.problem(
                    place, f"`{key}` belongs above {here}", f"move it above {here}"
                )
    return document.problem(place, _whole(found.problem), found.hint)


def _whole(problem: str) -> str:
    return _NOT_YET.sub(
        " belongs to the language, but this version does not carry it out yet", problem
    )


def _value(document: Document, loc: Place) -> Any:
    value: Any = document.data
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _shown(document: Document, loc: Place) -> str:
    value = _value(document, loc)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"“{shortened(value)}”"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else shortened(str(value))
