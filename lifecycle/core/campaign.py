"""A campaign as written: a flow, a broadcast or a series, and what all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema, model_validator

from lifecycle.core.anchor import AnchorTime, is_anchored, read_anchored
from lifecycle.core.enter import Enter, Exit, Goal, Holdout, Onward
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.one_line import Name
from lifecycle.core.recurring import Recurrence, read_recurrence
from lifecycle.core.send_time import Clock, read_clock
from lifecycle.core.step import (
    MAX_STEPS,
    MAX_VARIANTS,
    Attached,
    Step,
    Variant,
    Winner,
    tell_apart,
)
from lifecycle.core.typed import (
    Definition,
    Instant,
    Length,
    Quiet,
    RuleField,
    Text,
    refused,
)
from lifecycle.core.way import Way, way_of
from lifecycle.core.words import Moment, WordProblem, moment

STALE_AFTER = timedelta(days=7)
_NEAR = 1e-6
"""How far from 100 the shares of waves may be for the sake of binary fractions."""
_TOPIC_HINT = 'write topic = "newsletter", one of [topics] in settings.toml, near the top'
LETTER = "letter"
"""The name of a broadcast's one step."""
Status = Literal["draft", "live", "paused", "archived"]
Klass = Literal["triggered", "campaign", "survey"]


def _at(raw: object) -> Moment | Clock:
    try:
        if isinstance(raw, str) and raw.strip().startswith("best"):
            clock = read_clock(raw)
            assert isinstance(clock, Clock)
            return clock
        return moment(raw)
    except WordProblem as found:
        raise refused(found.problem, found.hint) from found


def _every(raw: object) -> Recurrence:
    try:
        return read_recurrence(raw)
    except WordProblem as found:
        raise refused(found.problem, found.hint) from found


_WHEN = r"^(\d{4}-\d{2}-\d{2}|best hour)"
_OFTEN = r"^\s*(day|week\s+on\s+\S+|month\s+on\s+the\s+\S+(\s+\S+)?)\s+at\s+\S+\s*$"
BroadcastAt = Annotated[
    Any, PlainValidator(_at), WithJsonSchema({"type": "string", "pattern": _WHEN})
]
"""A `Moment`, or a `Clock` that chooses the hour of the day that `on` names."""
Every = Annotated[
    Any, PlainValidator(_every), WithJsonSchema({"type": "string", "pattern": _OFTEN})
]


class Sending(Definition):
    """How a campaign's letters go out."""

    sender: str | None = None
    quiet_hours: Quiet = None
    stale_after: Length = STALE_AFTER
    class_: Klass | None = Field(default=None, alias="class")
    caps: bool = True
    resend_uncertain: bool = False
    """A transactional letter whose fate stays unknown is sent once more; no other one ever is."""

    @property
    def says_quiet_hours(self) -> bool:
        """Whether the campaign overrules the shop's quiet hours."""
        return "quiet_hours" in self.model_fields_set


class _Campaign(Definition):
    """What flows, broadcasts and series share."""

    id: str = ""
    """The file's name without ending: the campaign's identity; set by the catalog."""
    version: str = ""
    """Fingerprint of the file; set by the catalog."""
    name: Name
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
    migrate: dict[str, Onward] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Flow:
        letters = [one.step for one in self.way.places.values() if one.step.writes]
        if self.topic is None and not all(letter.transactional for letter in letters):
            raise refused(
                "a flow names its `topic` unless all its letters are transactional", _TOPIC_HINT
            )
        if self.enter.on_date is None:
            for one in self.way.places.values():
                said = [("at", one.path, one.step.at), ("not_after", one.path, one.step.not_after)]
                for index, variant in enumerate(one.step.variant):
                    said.append(("at", (*one.path, "variant", index), variant.at))
                for key, path, timed in said:
                    if isinstance(timed, AnchorTime):
                        problem = "T stands for the date that a flow goes around: this one has none"
                        hint = "it goes with [enter] on_date, and with series"
                        raise refused(problem, hint, key, path)
        return self

    @property
    def klass(self) -> str:
        """The class that caps count its letters in."""
        return self.sending.class_ or "triggered"

    @cached_property
    def way(self) -> Way:
        """The order in which its steps are walked. Raises PydanticCustomError if names collide."""
        return way_of(self.step)

    def step_named(self, name: str) -> Step | None:
        """The step at a place, or of that name, or the one that bears it as its old name."""
        place = self.way.find(name)
        return place.step if place is not None else None


class StopIf(Definition):
    """Rates, in percent of the letters that went, over which a broadcast stops by itself."""

    bounce_rate: Annotated[float, Field(gt=0, le=100)] | None = None
    complaint_rate: Annotated[float, Field(gt=0, le=100)] | None = None


class Waves(Definition):
    """A broadcast goes to shares of its audience one after the other, or to segments first."""

    percent: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(default=(), strict=False)
    first: tuple[str, ...] = Field(default=(), strict=False)
    gap: Length
    stop_if: StopIf = StopIf()

    @model_validator(mode="after")
    def _one_way(self) -> Waves:
        if bool(self.percent) == bool(self.first):
            raise refused('[waves] says percent = [5, 25, 70] or first = ["segment"]')
        together = sum(self.percent)
        if self.percent and abs(together - 100) > _NEAR:
            problem = f"the waves come to {together:g} % together, not to 100 %"
            raise refused(problem, "write percent = [5, 25, 70]", "percent")
        return self

    @property
    def count(self) -> int:
        """How many waves there are; after `first` one more for everybody else."""
        return len(self.percent) or len(self.first) + 1


class Broadcast(_Campaign):
    """A campaign that goes to a segment at once: once, or again and again."""

    kind: Literal["broadcast"]
    at: BroadcastAt | None = None
    on: date | None = None
    every: Every | None = None
    template: str | None = None
    text: Text | None = None
    subject: Text | None = None
    preheader: Text | None = None
    attach: Attached = ()
    audience: RuleField
    waves: Waves | None = None
    variant: tuple[Variant, ...] = Field(default=(), strict=False, max_length=MAX_VARIANTS)
    winner: Winner | None = None
    incentive: IncentiveOffer | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Broadcast:
        try:
            self.letter()
        except ValidationError as error:
            told = error.errors(include_url=False)[0].get("ctx", {})
            problem = str(told.get("problem", "")).replace("this step", "this broadcast")
            raise refused(problem, told["hint"], told["key"], told["place"]) from error
        if not self.letter().writes:
            raise refused("a broadcast names its `template`", 'write template = "sale/spring"')
        for index, one in enumerate(self.variant):
            if isinstance(one.at, AnchorTime):
                problem = "T stands for the anchor of a series: a broadcast has none"
                raise refused(problem, 'write at = "10:00"', "at", ("variant", index))
        if self.topic is None:
            raise refused("a broadcast names its `topic`", _TOPIC_HINT)
        if self.at is not None and self.every is not None:
            raise refused("`at` sends once and `every` again and again", "keep one", "every")
        if self.at is None and self.every is None:
            hint = 'write at = 2027-04-14T09:00:00, or every = "day at 08:00"'
            raise refused("a broadcast says when it goes", hint)
        if isinstance(self.at, Clock) != (self.on is not None):
            hint = 'write at = "best hour" and on = 2027-04-14'
            if self.on is None:
                raise refused("a best hour says of which day", hint, "at")
            raise refused("`on` names the day of a best hour", hint, "on")
        return self

    @property
    def klass(self) -> str:
        """The class that caps count its letters in."""
        return self.sending.class_ or "campaign"

    def letter(self) -> Step:
        """The broadcast's one letter as a step; it bears the name `letter`."""
        return Step(
            name=LETTER,
            template=self.template,
            text=self.text,
            subject=self.subject,
            preheader=self.preheader,
            attach=self.attach,
            variant=self.variant,
            winner=self.winner,
            incentive=self.incentive,
        )


_ANCHORED_KEYS = ("since", "until", "between", "valid_until", "not_after", "before", "after")
"""Keys of rules and incentives in a series whose times may speak of the anchor."""
_ANY_DAY = moment("2026-01-01")


class Series(_Campaign):
    """A campaign of dated steps around an anchor day, its audience asked anew at each."""

    kind: Literal["series"]
    anchor: Instant
    audience: RuleField
    step: tuple[Step, ...] = Field(strict=False, min_length=1, max_length=MAX_STEPS)

    @model_validator(mode="before")
    @classmethod
    def _around_the_anchor(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        try:
            anchor = moment(data.get("anchor"))
        except WordProblem:
            # the anchor itself is told; what counts from it is no second problem
            anchor = _ANY_DAY
        return {
            key: one if key == "anchor" else _resolved(one, anchor) for key, one in data.items()
        }

    @model_validator(mode="after")
    def _is_whole(self) -> Series:
        tell_apart(self.step, "step")
        if self.topic is None:
            raise refused("a series names its `topic`", _TOPIC_HINT)
        for index, step in enumerate(self.step):
            _check_dated(step, ("step", index))
        return self

    @property
    def klass(self) -> str:
        """The class that caps count its letters in."""
        return self.sending.class_ or "campaign"

    def step_named(self, name: str) -> Step | None:
        """The step of that name, or the one that bears it as its old name."""
        for step in self.step:
            if step.name == name:
                return step
        return next((step for step in self.step if step.was == name), None)


def _check_dated(step: Step, place: tuple[str | int, ...]) -> None:
    if not step.writes:
        problem = f"a step of a series writes a letter, and “{step.name}” writes none"
        raise refused(problem, "what else is to be done stands in a flow", "", place)
    times = [step.at] if not any(one.at for one in step.variant) else []
    times += [one.at for one in step.variant if one.at is not None]
    if not all(isinstance(one, AnchorTime) for one in times):
        problem = f"the step “{step.name}” of a series says its day"
        raise refused(problem, 'write at = "T-7 days 09:00"', "at", place)
    for key in ("after", "until"):
        if key in step.model_fields_set:
            problem = f"`{key}` counts from what went before, and a series goes by its days"
            raise refused(problem, 'write at = "T-7 days 09:00" alone', key, place)


def _resolved(value: Any, anchor: Moment, key: str = "") -> Any:
    """A part of a series in which times around the anchor are instants."""
    if isinstance(value, dict):
        between = value.get("between")
        if isinstance(between, list) and len(between) == 2 and all(map(is_anchored, between)):
            value = {key: one for key, one in value.items() if key != "between"}
            value |= {"since": between[0], "until": between[1]}
        return {name: _resolved(one, anchor, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, anchor, key) for one in value]
    if key in _ANCHORED_KEYS and is_anchored(value):
        try:
            return read_anchored(value).moment(anchor).value
        except (WordProblem, OverflowError):
            return value
    return value


Campaign = Flow | Broadcast | Series


def letters_of(campaign: Campaign) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    """Every letter of a campaign, with the key path of its step in the file."""
    if isinstance(campaign, Broadcast):
        yield (), campaign.letter()
    elif isinstance(campaign, Series):
        for index, step in enumerate(campaign.step):
            yield ("step", index), step
    else:
        for place in campaign.way.places.values():
            if place.step.writes:
                yield place.path, place.step
