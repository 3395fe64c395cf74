"""The JSON Schema of rules, made of the tables by which the reader reads them."""

from __future__ import annotations

from typing import Any

from lifecycle.core.rule.calendar import DURING
from lifecycle.core.rule.compare import LENGTH_OPS, LIST_OPS, MOMENT_OPS, NUMBER_OPS, OPS
from lifecycle.core.rule.counts import FIGURES
from lifecycle.core.rule.read import LEAF_KEYS
from lifecycle.core.rule.read_events import COUNT_KEYS, MAX_STEPS, MEASURES
from lifecycle.core.rule.window import ENTRY_KEYS, WINDOW_KEYS

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_NUMBER: Schema = {"type": ["number", "string"]}
LENGTH: Schema = {
    "type": "string",
    "pattern": r"^\s*\d{1,9}\s+(second|minute|hour|day|week)s?\s*$",
    "examples": ["30 minutes", "2 days", "1 week"],
}
_OWN: Schema = {"type": "string", "pattern": r"^\s*\d{1,9}(\.\d{1,6})?\s+x\s+\S+\s*$"}
_ANY_LENGTH: Schema = {"anyOf": [LENGTH, _OWN]}
"""A length as a rule may say it: a fixed one, or one of the person."""
_AGO: Schema = {
    "anyOf": [
        *(
            {"type": "string", "pattern": one["pattern"].removesuffix("$") + r"ago$"}
            for one in (LENGTH, _OWN)
        ),
        {"type": "string", "pattern": r"^T(\s|[+-]|$)"},
    ]
}
"""So long ago; in a series also around its anchor."""
_TRUE: Schema = {"const": True}
_HEADS: dict[str, Schema] = {
    "did": _NAMES,
    "first": _NAMES,
    "last": _NAMES,
    "sequence": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": MAX_STEPS},
    "share": {"$ref": "#/$defs/Measure"},
    "known_for": _ANY_LENGTH,
    "suppressed": _TRUE,
    "everyone": _TRUE,
    "random_percent": {"type": "number", "minimum": 0, "maximum": 100},
    **{figure: {"type": "string", "pattern": r"^[^.]+\..+$"} for figure in FIGURES},
}
"""What the first word of a leaf takes; text where nothing else is said."""
_SAYS = {
    "customer": "An attribute of the customer compares so.",
    "event": "A property of the event that let the customer in compares so.",
    "did": "So many such events happened.",
    "total_of": "The sum of a property over such events compares so.",
    "average_of": "The average of a property over such events compares so.",
    "smallest_of": "The smallest value of a property over such events compares so.",
    "largest_of": "The largest value of a property over such events compares so.",
    "distinct_of": "How many different values a property has over such events compares so.",
    "share": "One count or figure over another compares so.",
    "first": "The first such event of all has that, and lies in the window.",
    "last": "The last such event of all has that, and lies in the window.",
    "sequence": "These events happened one after another.",
    "in_segment": "The customer is in that segment.",
    "in_campaign": "An enrollment of the customer in that campaign is running.",
    "was_sent": "A letter of that campaign, or of campaign/step, was handed over.",
    "agreed_to": "The customer agreed to that topic.",
    "known_for": "The customer has been known for so long.",
    "suppressed": "The customer's address must not be mailed.",
    "random_percent": "The customer belongs to that share of all, by hash.",
    "everyone": "Holds for every customer.",
}


_BESIDE: dict[str, Schema] = {
    "where": {"$ref": "#/$defs/Where"},
    "has": {"allOf": [{"$ref": "#/$defs/Where"}, {"minProperties": 1}]},
    "of": {"$ref": "#/$defs/Measure"},
    "not_followed_by": _NAMES,
    "without": _NAMES,
    "same": _TEXT,
    "seed": _TEXT,
    "inside": _ANY_LENGTH,
    "held_for": _ANY_LENGTH,
}
"""What the keys beside the first word take, operators and windows apart."""


def rule_definitions() -> dict[str, Schema]:
    """The `$defs` that rules need: Rule, Where and one for each leaf."""
    leaf_names = {head: f"Leaf_{head}" for head in LEAF_KEYS}
    parts = {"type": "array", "items": {"$ref": "#/$defs/Rule"}, "minItems": 1}
    branches: Schema = {
        "type": "object",
        "description": "Several rules: all, any or none of them, or the opposite of one.",
        "properties": {"all": parts, "any": parts, "none": parts, "not": {"$ref": "#/$defs/Rule"}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    refs = [{"$ref": "#/$defs/Branches"}]
    refs += [{"$ref": f"#/$defs/{name}"} for name in leaf_names.values()]
    return {
        "Rule": {"description": "A rule: one leaf, or all, any, none, not.", "anyOf": refs},
        "Branches": branches,
        "Where": _where(),
        "Measure": _measure(),
        **{name: _leaf(head) for head, name in leaf_names.items()},
    }


def _leaf(head: str) -> Schema:
    keys = {key: _beside(head, key) for key in LEAF_KEYS[head]}
    properties = {head: _HEADS.get(head, _TEXT)}
    properties |= {key: schema for key, schema in keys.items() if schema is not None}
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": [head, "of"] if head == "share" else [head],
        "additionalProperties": False,
        "description": _SAYS.get(head, ""),
    }
    if any(key in OPS for key in LEAF_KEYS[head]) and head != "did":
        schema["minProperties"] = 3 if head == "share" else 2
    return schema


def _beside(head: str, key: str) -> Schema | None:
    if head == "did" and key in COUNT_KEYS:
        return {"type": "integer", "minimum": 0}
    if key in _BESIDE:
        return _BESIDE[key]
    if key in WINDOW_KEYS:
        return _window(key)
    return _operand(key) if key in OPS else None


def _window(key: str) -> Schema:
    if key == "within":
        return _ANY_LENGTH
    if key == "during":
        return {"enum": list(DURING)}
    if key == "between":
        return {"type": "array", "items": _AGO, "minItems": 2, "maxItems": 2}
    return _TRUE if key in ENTRY_KEYS else {"type": "string"}


def _operand(op: str) -> Schema:
    if op in LIST_OPS:
        return {"type": "array", "items": _SCALAR}
    if op in NUMBER_OPS:
        return _NUMBER
    if op in MOMENT_OPS:
        return {"type": "string"}
    if op in LENGTH_OPS:
        return _ANY_LENGTH
    if op == "is_set":
        return {"type": "boolean"}
    return _TEXT if op == "same_as" else _SCALAR


def _measure() -> Schema:
    """One side of a share: a count or a figure that is compared with nothing."""
    sides: list[Schema] = [
        {
            "type": "object",
            "properties": {head: _HEADS[head], "where": _BESIDE["where"]},
            "required": [head],
            "additionalProperties": False,
        }
        for head in MEASURES
    ]
    return {"description": "A count or a figure of events.", "anyOf": sides}


def _where() -> Schema:
    comparison = {
        "type": "object",
        "properties": {op: _operand(op) for op in OPS},
        "additionalProperties": False,
        "minProperties": 1,
    }
    value = {
        "anyOf": [
            _SCALAR,
            {"type": "array", "items": _SCALAR},
            comparison,
            {"$ref": "#/$defs/Where/$defs/Below"},
        ]
    }
    below = {
        "type": "object",
        "description": "Conditions further down: shipping = { country = … }.",
        "propertyNames": {"not": {"enum": list(OPS)}},
        "additionalProperties": value,
        "minProperties": 1,
    }
    return {
        "type": "object",
        "description": "Conditions on the event's properties; each must hold.",
        "additionalProperties": value,
        "$defs": {"Below": below},
    }
