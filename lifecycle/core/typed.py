"""The types that definitions are made of: lengths, times, rules, texts, as pydantic reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from lifecycle.core import words
from lifecycle.core.anchor import AnchorTime, is_anchored, read_anchored
from lifecycle.core.frozen import FrozenDict
from lifecycle.core.rule.length import any_length
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.read_events import event_names
from lifecycle.core.rule.tree import Rule
from lifecycle.core.send_time import read_clock
from lifecycle.core.words import Moment, Span, WordProblem


class Definition(BaseModel):
    """A part of a marketer's file: frozen, without unknown keys, and no text taken for a number."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


def refused(
    problem: str, hint: str = "", key: str = "", place: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """The error of a definition that is wrong as a whole; `key` is the one at fault, if any.

    `place` is the key path from the definition to the table at fault, where it is an inner one.
    """
    context = {"problem": problem, "hint": hint, "key": key, "place": place}
    return PydanticCustomError("word", "{problem}", context)


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


def _path(raw: object) -> tuple[str, ...]:
    return words.path(raw)


def _signed(raw: object) -> timedelta:
    text = raw.strip() if isinstance(raw, str) else raw
    if isinstance(text, str) and text[:1] in ("-", "+"):
        size = words.length(text[1:].strip())
        return -size if text[0] == "-" else size
    return words.length(text)


def _not_after(raw: object) -> Moment | AnchorTime:
    return read_anchored(raw) if is_anchored(raw) else words.moment(raw)


def _not_on(raw: object) -> tuple[date | str, ...]:
    found: list[date | str] = []
    for one in raw if isinstance(raw, list) else [raw]:
        if one == "holidays":
            found.append("holidays")
            continue
        moment = words.moment_in_data(one) if not isinstance(one, int | float) else None
        if moment is None or moment.value.time() != time():
            hint = 'not_on = ["holidays", 2026-12-24]'
            raise WordProblem(f"{words.shown(one)} is no day to leave out", hint)
        found.append(moment.value.date())
    return tuple(found)


_TIME = r"^([01]?\d|2[0-3]):[0-5]\d$"
_SPAN = r"^([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d$"
_DAYS = [*words.WEEKDAYS, *words.WEEKDAY_NAMES]
LENGTH_PATTERN = r"^\d+ (second|minute|hour|day|week)s?$"

Length = Annotated[
    timedelta, _reads(words.length), WithJsonSchema({"type": "string", "pattern": LENGTH_PATTERN})
]
_OWN_LENGTH = r"^(\d+ (second|minute|hour|day|week)s?|\d+(\.\d+)?\s+x\s+\S+)$"
_SIGNED = r"^[+-]?\s*\d+ (second|minute|hour|day|week)s?$"
_CLOCK = (
    r"^(([01]?\d|2[0-3]):[0-5]\d|best hour( between \S+ and \S+)?"
    r"|best day and hour inside \d+ (day|week)s?"
    r"|T(\s*[+-]\s*\d+\s+(second|minute|hour|day|week)s?)?(\s+\d{1,2}:\d{2})?)$"
)

AnyLength = Annotated[
    Any, _reads(any_length), WithJsonSchema({"type": "string", "pattern": _OWN_LENGTH})
]
"""A fixed length, or one of the person."""
SignedLength = Annotated[
    timedelta, _reads(_signed), WithJsonSchema({"type": "string", "pattern": _SIGNED})
]
Path = Annotated[tuple[str, ...], _reads(_path), WithJsonSchema({"type": "string"})]
At = Annotated[Any, _reads(read_clock), WithJsonSchema({"type": "string", "pattern": _CLOCK})]
"""When of the day: a `Clock`, or an `AnchorTime`."""
_LAST = r"^(\d{4}-\d{2}-\d{2}|T(\s|[+-]|$))"
NotAfter = Annotated[Any, _reads(_not_after), WithJsonSchema({"type": "string", "pattern": _LAST})]
"""The last moment: a `Moment`, or an `AnchorTime`."""
_DAY = {"anyOf": [{"const": "holidays"}, {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}]}
NotOn = Annotated[
    tuple[Any, ...],
    _reads(_not_on),
    WithJsonSchema({"anyOf": [_DAY, {"type": "array", "items": _DAY}]}),
]
"""Days left out: dates, and “holidays”."""
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
ControlPercent = Annotated[float, Field(ge=0, le=50)]
HourGroups = Annotated[tuple[str, ...], Field(max_length=5)]
"""Attributes by whose values people may differ in their hours."""


def _some_length(said: timedelta) -> timedelta:
    if not said:
        context = {"problem": "a window has some length", "hint": 'write it as "24 hours"'}
        raise PydanticCustomError("word", "{problem}", context)
    return said


SomeLength = Annotated[Length, AfterValidator(_some_length)]
"""A length that is not none."""


def in_language(
    text: str | Mapping[str, str] | None, locale: str | None, fallback: str
) -> str | None:
    """The text for a locale: that locale, its language, the shop's language, the first there is.

    `de-AT`, `de_AT` and `de-at` are one locale.
    """
    if text is None or isinstance(text, str):
        return text
    known = {_tag(key): one for key, one in reversed(list(text.items()))}
    for said in (locale or "", fallback):
        for key in (_tag(said), _tag(said).split("-")[0]):
            if key in known:
                return known[key]
    return next(iter(text.values()), None)


def _tag(said: str) -> str:
    return said.strip().replace("_", "-").lower()
