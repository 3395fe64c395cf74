"""A campaign as written: a flow or a broadcast, its steps, variants, goal, holdout and sending."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.send_time import Clock, read_clock
from lifecycle.core.typed import (
    Definition,
    EventNames,
    Instant,
    Length,
    Percent,
    Quiet,
    RuleField,
    Text,
    Weekdays,
    refused,
)
from lifecycle.core.words import WordProblem, length, path, shown

MAX_STEPS = 100
MAX_VARIANTS = 20
TOO_LATE = timedelta(days=1)
STALE_AFTER = timedelta(days=7)
Status = Literal["draft", "live", "paused", "archived"]
Klass = Literal["triggered", "campaign", "survey"]


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


def _at(raw: object) -> Clock:
    try:
        return read_clock(raw)
    except WordProblem as found:
        raise refused(found.problem, found.hint) from found


_STRINGS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_AGAIN = r"^(never|always|once per key|after \d+ (second|minute|hour|day|week)s?)$"
_CLOCK = r"^(([01]?\d|2[0-3]):[0-5]\d|best hour( between \S+ and \S+)?)$"
Again = Annotated[
    Any, PlainValidator(_again), WithJsonSchema({"type": "string", "pattern": _AGAIN})
]
Per = Annotated[tuple[tuple[str, ...], ...], PlainValidator(_per), WithJsonSchema(_STRINGS)]
At = Annotated[Clock, PlainValidator(_at), WithJsonSchema({"type": "string", "pattern": _CLOCK})]


class Enter(Definition):
    """Who is let in, when, and how often."""

    when: EventNames | None = None
    joins: str | None = None
    leaves: str | None = None
    per: Per = ()
    repeat: Literal["ignore", "start over", "queue"] = "ignore"
    again: Again = None
    existing: Literal["skip", "enroll"] = "skip"
    only_if: RuleField | None = None
    too_late: Length = TOO_LATE

    @model_validator(mode="after")
    def _one_way_in(self) -> Enter:
        ways = [way for way in (self.when, self.joins, self.leaves) if way]
        if len(ways) != 1:
            hint = 'write when = "order_placed", joins = "segment" or leaves = "segment"'
            raise refused("[enter] says exactly one way in", hint)
        if self.repeat == "queue":
            raise refused('repeat = "queue" is not carried out yet', "", "repeat")
        if self.per and not self.when:
            raise refused(
                "`per` keys entries by the event's properties: it goes with `when`", "", "per"
            )
        if self.existing == "enroll" and not self.joins:
            raise refused('existing = "enroll" goes with `joins`', "", "existing")
        return self

    @property
    def again_said(self) -> str | timedelta:
        """`again` as said, or what holds if unsaid: once per key with `per`, else never."""
        if self.again is None:
            return "once per key" if self.per else "never"
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


class Sending(Definition):
    """How a campaign's letters go out."""

    sender: str | None = None
    quiet_hours: Quiet = None
    stale_after: Length = STALE_AFTER
    class_: Klass | None = Field(default=None, alias="class")
    caps: bool = True
    resend_uncertain: Literal[False] = False
    """A letter whose fate is unknown is never sent again."""

    @property
    def says_quiet_hours(self) -> bool:
        """Whether the campaign overrules the shop's quiet hours."""
        return "quiet_hours" in self.model_fields_set


class Variant(Definition):
    """One of several versions of a step's letter."""

    name: str = Field(min_length=1)
    share: Annotated[float, Field(gt=0)] = 1.0
    subject: Text | None = None
    preheader: Text | None = None
    sender: str | None = None
    template: str | None = None
    incentive: IncentiveOffer | None = None
    at: At | None = None


class Winner(Definition):
    """When a test of variants is decided."""

    by: Literal["click_rate", "goal_rate", "open_rate"]
    confidence: Annotated[float, Field(ge=50, lt=100)] = 95.0
    within: Length | None = None
    at_least: Annotated[int, Field(ge=1)] = 100
    test_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    decide_after: Length | None = None


class Step(Definition):
    """One wait and one letter, known by name."""

    name: str = Field(min_length=1)
    was: str | None = None
    after: Length = timedelta()
    at: At | None = None
    on: Weekdays = ()
    not_on: tuple[date, ...] = Field(default=(), strict=False)
    only_if: RuleField | None = None
    not_after: Instant | None = None
    template: str | None = None
    subject: Text | None = None
    preheader: Text | None = None
    sender: str | None = None
    transactional: bool = False
    incentive: IncentiveOffer | None = None
    variant: tuple[Variant, ...] = Field(default=(), strict=False, max_length=MAX_VARIANTS)
    winner: Winner | None = None

    @model_validator(mode="after")
    def _is_a_letter(self) -> Step:
        if self.template is None and not (
            self.variant and all(one.template for one in self.variant)
        ):
            raise refused("a step writes a letter: it names its `template`")
        if self.subject is None and not (self.variant and all(one.subject for one in self.variant)):
            raise refused("a letter needs a `subject`, of the step or of each variant")
        _tell_apart(self.variant)
        if self.winner is not None and len(self.variant) < 2:
            raise refused("a winner is chosen among two variants or more", "", "winner")
        timed = [one.at is not None for one in self.variant]
        if any(timed) and not all(timed):
            raise refused("either all variants carry `at` or none", "", "variant")
        return self


def _tell_apart(parts: tuple[Variant, ...] | tuple[Step, ...]) -> None:
    seen: set[str] = set()
    for part in parts:
        if part.name in seen:
            raise refused(
                f"the name “{part.name}” is taken twice", "a name is an identity: choose another"
            )
        seen.add(part.name)


class _Campaign(Definition):
    """What flows and broadcasts share."""

    id: str = ""
    """The file's name without ending: the campaign's identity; set by the catalog."""
    version: str = ""
    """Fingerprint of the file; set by the catalog."""
    name: str = Field(min_length=1)
    status: Status = "draft"
    topic: str | None = None
    priority: int = 50
    goal: Goal | None = None
    holdout: Holdout | None = None
    sending: Sending = Sending()


class Flow(_Campaign):
    """A campaign that walks customer by customer through its steps."""

    kind: Literal["flow"]
    enter: Enter
    exit: Exit = Exit()
    step: tuple[Step, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)

    @model_validator(mode="after")
    def _is_whole(self) -> Flow:
        _tell_apart(self.step)
        if self.topic is None and not all(step.transactional for step in self.step):
            raise refused("a flow names its `topic` unless all its letters are transactional")
        return self

    @property
    def klass(self) -> str:
        """The class that caps count its letters in."""
        return self.sending.class_ or "triggered"

    def step_named(self, name: str) -> Step | None:
        """The step of that name, or the one that bears it as its old name."""
        for step in self.step:
            if step.name == name:
                return step
        return next((step for step in self.step if step.was == name), None)

    def step_after(self, name: str | None) -> Step | None:
        """The step that follows the named one; the first for None; None after the last."""
        if name is None:
            return self.step[0] if self.step else None
        found = self.step_named(name)
        place = self.step.index(found) + 1 if found else len(self.step)
        return self.step[place] if place < len(self.step) else None


class Broadcast(_Campaign):
    """A campaign that goes to a segment at once, at one instant or at one local time."""

    kind: Literal["broadcast"]
    at: Instant
    template: str | None = None
    subject: Text | None = None
    preheader: Text | None = None
    audience: RuleField
    variant: tuple[Variant, ...] = Field(default=(), strict=False, max_length=MAX_VARIANTS)
    winner: Winner | None = None
    incentive: IncentiveOffer | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Broadcast:
        self.letter()
        if self.topic is None:
            raise refused("a broadcast names its `topic`")
        return self

    @property
    def klass(self) -> str:
        """The class that caps count its letters in."""
        return self.sending.class_ or "campaign"

    def letter(self) -> Step:
        """The broadcast's one letter as a step; it bears the name `letter`."""
        return Step(
            name="letter",
            template=self.template,
            subject=self.subject,
            preheader=self.preheader,
            variant=self.variant,
            winner=self.winner,
            incentive=self.incentive,
        )


Campaign = Flow | Broadcast
