"""The types that definitions are made of: lengths, times, rules, texts, as pydantic reads them."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lifecycle.core import words
from lifecycle.core.frozen import FrozenDict
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.read_events import event_names
from lifecycle.core.rule.tree import Rule
from lifecycle.core.words import Moment, Span, WordProblem


class Definition(BaseModel):
    """A part of a marketer's file: frozen, without unknown keys, and no text taken for a number."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


def refused(problem: str, hint: str = "", key: str = "") -> PydanticCustomError:
    """The error of a definition that is wrong as a whole; `key` is the one at fault, if any."""
    return PydanticCustomError("word", "{problem}", {"problem": problem, "hint": hint, "key": key})


def _told(problem: WordProblem) -> PydanticCustomError:
    return refused(problem.problem, problem.hint)


def _reads(read: Any) -> PlainValidator:
    """A validator that reads a word, and tells its problem and hint in the error's context."""

    def validate(raw: object) -> object:
        try:
            return read(raw)
        except WordProblem as found:
            raise _told(found) from found

    return PlainValidator(validate)


def _rule(raw: object) -> Rule:
    try:
        return read_rule(raw)
    except RuleRefused as found:
        context = {"rule_problems": found.problems}
        raise PydanticCustomError("rule", "the rule cannot be read", context) from found


def _names(raw: object) -> tuple[str, ...]:
    return event_names(raw)


def _quiet(raw: object) -> Span | None:
    return None if raw == "off" else words.span(raw)


def _text(raw: object) -> object:
    texts = raw.values() if isinstance(raw, dict) and raw else [raw]
    if not all(isinstance(one, str) for one in texts):
        raise WordProblem("a text is said in quotes", 'or by language: { en = "…", de = "…" }')
    return FrozenDict(raw) if isinstance(raw, dict) else raw


_TIME = r"^([01]?\d|2[0-3]):[0-5]\d$"
_SPAN = r"^([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d$"
_DAYS = [*words.WEEKDAYS, *words.WEEKDAY_NAMES]
_LENGTH = r"^\d+ (second|minute|hour|day|week)s?$"

Length = Annotated[
    timedelta, _reads(words.length), WithJsonSchema({"type": "string", "pattern": _LENGTH})
]
TimeOfDay = Annotated[
    time, _reads(words.time_of_day), WithJsonSchema({"type": "string", "pattern": _TIME})
]
Quiet = Annotated[
    Span | None,
    _reads(_quiet),
    WithJsonSchema({"anyOf": [{"const": "off"}, {"type": "string", "pattern": _SPAN}]}),
]
Instant = Annotated[Moment, _reads(words.moment), WithJsonSchema({"type": "string"})]
RuleField = Annotated[Any, PlainValidator(_rule), WithJsonSchema({"$comment": "rule"})]
"""A rule; the schema writer puts a reference to the rule's own schema where the comment says so."""
EventNames = Annotated[
    tuple[str, ...],
    _reads(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Weekdays = Annotated[
    tuple[str, ...],
    _reads(
        lambda raw: tuple(words.weekday(one) for one in (raw if isinstance(raw, list) else [raw]))
    ),
    WithJsonSchema(
        {"anyOf": [{"enum": _DAYS}, {"type": "array", "items": {"enum": _DAYS}, "minItems": 1}]}
    ),
]
Text = Annotated[
    str | dict[str, str],
    _reads(_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]
"""A text, or the same in several languages."""
Percent = Annotated[float, Field(ge=0, le=100)]


def in_language(text: str | dict[str, str] | None, locale: str | None, fallback: str) -> str | None:
    """The text for a locale: that locale, its language, the shop's language, the first there is."""
    if text is None or isinstance(text, str):
        return text
    language = locale.replace("_", "-").split("-")[0] if locale else ""
    for key in (locale or "", language, fallback):
        if key in text:
            return text[key]
    return next(iter(text.values()), None)
