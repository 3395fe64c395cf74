"""How a flow is entered and left, as written: ways in, keys, repetition, exits, goal, holdout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from lifecycle.core.typed import (
    Definition,
    EventNames,
    Length,
    Path,
    Percent,
    RuleField,
    refused,
)
from lifecycle.core.words import WordProblem, length, path, shown

TOO_LATE = timedelta(days=1)
MAX_EACH = 100
"""Entries that one event may make."""
_DAY_OF_YEAR = re.compile(r"(\d{2})-(\d{2})")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class DayOfYear:
    """A day of every year, such as 14 May."""

    month: int
    day: int


def _again(raw: object) -> object:
    if raw in ("never", "always", "once per key"):
        return raw
    if isinstance(raw, str) and raw.startswith("after "):
        try:
            return length(raw.removeprefix("after "))
        except WordProblem as found:
            raise refused(found.problem, found.hint) from found
    raise refused(
        f"{shown(raw)} is no way to enter again",
        '"never", "always", "once per key", "after 7 days"',
    )


def _per(raw: object) -> tuple[tuple[str, ...], ...]:
    try:
        return tuple(path(one) for one in (raw if isinstance(raw, list) else [raw]))
    except WordProblem as found:
        raise refused(found.problem, found.hint) from found


def _on_date(raw: object) -> tuple[str, ...] | DayOfYear:
    match = _DAY_OF_YEAR.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        try:
            return path(raw)
        except WordProblem as found:
            raise refused(found.problem, found.hint) from found
    month, day = int(match[1]), int(match[2])
    if not (1 <= month <= 12 and 1 <= day <= _DAYS_IN_MONTH[month - 1]):
        raise refused(f"{shown(raw)} is no day of the year", 'write month and day: "05-14"')
    return DayOfYear(month, day)


_STRINGS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_AGAIN = r"^(never|always|once per key|after \d+ (second|minute|hour|day|week)s?)$"
Again = Annotated[
    Any, PlainValidator(_again), WithJsonSchema({"type": "string", "pattern": _AGAIN})
]
Per = Annotated[tuple[tuple[str, ...], ...], PlainValidator(_per), WithJsonSchema(_STRINGS)]
OnDate = Annotated[Any, PlainValidator(_on_date), WithJsonSchema({"type": "string"})]
"""The path of an attribute that is a date, or a `DayOfYear`."""


class Enter(Definition):
    """Who is let in, when, and how often."""

    when: EventNames | None = None
    joins: str | None = None
    leaves: str | None = None
    on_date: OnDate | None = None
    yearly: bool = False
    per: Per = ()
    each: Path | None = None
    at_most: Annotated[int, Field(ge=1, le=MAX_EACH)] = MAX_EACH
    repeat: Literal["ignore", "start over", "queue"] = "ignore"
    again: Again = None
    existing: Literal["skip", "enroll"] = "skip"
    only_if: RuleField | None = None
    too_late: Length = TOO_LATE

    @model_validator(mode="after")
    def _one_way_in(self) -> Enter:
        ways = [way for way in (self.when, self.joins, self.leaves, self.on_date) if way]
        if len(ways) != 1:
            hint = 'write when = "order_placed", joins = "segment", leaves = … or on_date = …'
            raise refused("[enter] says exactly one way in", hint)
        for key in ("per", "each"):
            if getattr(self, key) and not self.when:
                problem = f"`{key}` reads the event that lets in: it goes with `when`"
                raise refused(problem, "", key)
        if self.at_most != MAX_EACH and self.each is None:
            raise refused("`at_most` goes with `each`", "", "at_most")
        if self.existing == "enroll" and not self.joins:
            raise refused('existing = "enroll" goes with `joins`', "", "existing")
        if self.yearly and self.on_date is None:
            raise refused("`yearly` goes with `on_date`", "", "yearly")
        return self

    @property
    def every_year(self) -> bool:
        """Whether the date comes back every year."""
        return self.yearly or isinstance(self.on_date, DayOfYear)

    @property
    def again_said(self) -> str | timedelta:
        """`again` as said, or what holds if unsaid.

        Once per key with `per`, `each` or a date, which is then the key; else never.
        """
        if self.again is None:
            keyed = bool(self.per) or self.each is not None or self.on_date is not None
            return "once per key" if keyed else "never"
        found: str | timedelta = self.again
        return found


class Exit(Definition):
    """What ends an enrollment early: events matched on the key, and a rule asked again."""

    when: EventNames = ()
    if_: RuleField | None = Field(default=None, alias="if")


class Goal(Definition):
    """The event that counts as success, within a time after the letter."""

    when: EventNames
    within: Length = timedelta(days=5)
    value: str | None = None


class Holdout(Definition):
    """The share who get nothing, by hash."""

    percent: Percent


class Destination(Definition):
    """What becomes of those waiting at a step, other than going to another one.

    `stay`: they finish the version they entered under. `leave`: their enrollment ends.
    """

    stay: Literal[True] | None = None
    leave: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Destination:
        if (self.stay is None) == (self.leave is None):
            raise refused("they either stay or leave", _ONWARD_HINT)
        return self


def _onward(raw: object) -> object:
    if isinstance(raw, str) and raw:
        return raw
    if isinstance(raw, dict) and len(raw) == 1 and raw.keys() <= {"stay", "leave"}:
        if next(iter(raw.values())) is True:
            return Destination(**raw)
    problem = "this does not say what becomes of those who wait there"
    raise refused(problem if isinstance(raw, dict) else f"{shown(raw)} is no step", _ONWARD_HINT)


_ONWARD_HINT = "write the name of a step, { stay = true } or { leave = true }"
Onward = Annotated[
    str | Destination,
    PlainValidator(_onward),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                *(
                    {
                        "type": "object",
                        "properties": {key: {"const": True}},
                        "required": [key],
                        "additionalProperties": False,
                    }
                    for key in ("stay", "leave")
                ),
            ]
        }
    ),
]
"""What becomes of those who wait at a step: the step they go to, or a `Destination`."""
