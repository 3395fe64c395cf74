"""A step as written: one wait and at most one deed; its variants, branches and shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from lifecycle.core.attaching import MAX_ATTACHED
from lifecycle.core.deed import DEEDS, Awaited, Call, Notify, Silence, Until
from lifecycle.core.incentive import MOST_POINTS, IncentiveOffer
from lifecycle.core.least import AtLeast, Least
from lifecycle.core.one_line import Name, StepName
from lifecycle.core.typed import (
    AnyLength,
    At,
    Definition,
    Length,
    NotAfter,
    NotOn,
    Percent,
    RuleField,
    Text,
    Weekdays,
    refused,
)
from lifecycle.core.words import WordProblem, path, shown

MAX_VARIANTS = 20
MAX_STEPS = 100
MAX_DEPTH = 3
"""How deep steps may stand in branches of branches."""
HOLIDAYS = "holidays"
_LETTER_KEYS = ("template", "text")
_OF_LETTERS = (
    *("subject", "preheader", "sender", "incentive", "variant", "winner", "transactional"),
    "attach",
)
_TEMPLATE_HINT = 'write template = "welcome/hello", the file below templates/ without its ending'


def _test_percent(raw: object) -> float | str:
    if raw == "auto":
        return "auto"
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise refused(f"a share of the readers is a number, not {shown(raw)}", _TEST_HINT)
    if not 0 < raw <= 100:
        raise refused(f"{raw:g} % of the readers cannot take part in a test", _TEST_HINT)
    return float(raw)


_TEST_HINT = 'write test_percent = 20, or "auto"'
TestPercent = Annotated[
    float | Literal["auto"],
    PlainValidator(_test_percent),
    WithJsonSchema(
        {"anyOf": [{"const": "auto"}, {"type": "number", "exclusiveMinimum": 0, "maximum": 100}]}
    ),
]
"""The share of the readers who try the variants, in percent; `auto` chooses it by their number."""


Yes = Annotated[
    Literal[True], BeforeValidator(lambda raw: raw if isinstance(raw, bool) else str(raw))
]
"""true and nothing else; a number is none, though it equals one."""


Attached = Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_ATTACHED)]
"""Files below templates/ that go with a letter."""


class Variant(Definition):
    """One of several versions of a step's letter."""

    name: Name
    share: Annotated[float, Field(gt=0)] = 1.0
    subject: Text | None = None
    preheader: Text | None = None
    sender: str | None = None
    template: str | None = None
    text: Text | None = None
    incentive: IncentiveOffer | None = None
    at: At | None = None


WAITS: Mapping[str, timedelta] = {
    "click_rate": timedelta(hours=4),
    "open_rate": timedelta(hours=4),
    "goal_rate": timedelta(hours=24),
    "revenue": timedelta(hours=24),
}
"""Of half a million tests the early leader in clicks was the final one in 90 % after 3 hours, and
in 99 % after a day; in orders it takes half a day to be right in 80 % (Mailchimp's figures)."""


class Winner(Definition):
    """When a test of variants is decided."""

    by: Literal["click_rate", "goal_rate", "open_rate", "revenue"]
    confidence: Annotated[float, Field(ge=50, lt=100)] = 95.0
    within: Length | None = None
    at_least: AtLeast = Least()
    test_percent: TestPercent | None = None
    decide_after: Length | None = None
    policy: Literal["test", "bandit"] = "test"

    @property
    def waits(self) -> timedelta | None:
        """How long after a test's letters its winner is chosen; None where nothing says so.

        Where the size of the test is left to us, so is the wait.
        """
        unsaid = WAITS[self.by] if self.test_percent == "auto" else None
        return self.decide_after or unsaid


class StepBody(Definition):
    """What a step waits for and what it does; also a branch that holds its deed itself."""

    after: AnyLength = timedelta()
    at: At | None = None
    on: Weekdays = ()
    not_on: NotOn = ()
    until: Until | None = None
    not_after: NotAfter | None = None
    only_if: RuleField | None = None
    template: str | None = None
    text: Text | None = None
    subject: Text | None = None
    preheader: Text | None = None
    sender: str | None = None
    transactional: bool = False
    attach: Attached = ()
    incentive: IncentiveOffer | None = None
    variant: tuple[Variant, ...] = Field(default=(), strict=False, max_length=MAX_VARIANTS)
    winner: Winner | None = None
    wait_for: Awaited | None = None
    up_to: AnyLength | None = None
    then: tuple[Step, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)
    otherwise: tuple[Step, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)
    branch: tuple[Branch, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)
    split: tuple[Split, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)
    emit: str | None = Field(default=None, min_length=1)
    set_: dict[str, Any] | None = Field(default=None, alias="set")
    award: Annotated[int, Field(gt=0, le=MOST_POINTS)] | None = None
    issue: IncentiveOffer | None = None
    call: Call | None = None
    notify: Notify | None = None
    suppress: Silence | None = None
    join: str | None = None
    leave: Yes | None = None

    @property
    def deed(self) -> str:
        """What the step does, by its key; `letter` for a letter, empty for a wait alone."""
        return next(iter(self.deeds()), "")

    @property
    def writes(self) -> bool:
        """Whether the step writes a letter: asked for each letter, so nothing else is looked at."""
        if self.template is not None or self.text is not None:
            return True
        return any(one.template or one.text for one in self.variant)

    @property
    def not_on_holidays(self) -> bool:
        """Whether the step keeps away from public holidays."""
        return HOLIDAYS in self.not_on

    @property
    def days_left_out(self) -> tuple[date, ...]:
        """The dates on which the step does nothing, holidays apart."""
        return tuple(one for one in self.not_on if isinstance(one, date))

    def deeds(self) -> list[str]:
        """All deeds that are said; more than one is refused."""
        said = [key for key in DEEDS if getattr(self, "set_" if key == "set" else key)]
        variants = any(one.template or one.text for one in self.variant)
        letter = variants or self.template is not None or self.text is not None
        return (["letter"] if letter else []) + said

    @property
    def _letter_key(self) -> str:
        return next((key for key in _LETTER_KEYS if getattr(self, key)), "variant")

    @model_validator(mode="after")
    def _is_one_deed(self) -> StepBody:
        deeds = self.deeds()
        if len(deeds) > 1:
            said = [f"`{self._letter_key if one == 'letter' else one}`" for one in deeds]
            problem = f"a step does one thing, and this one says {' and '.join(said)}"
            raise refused(problem, "make a step of each")
        if deeds == ["letter"]:
            _check_letter(self)
        else:
            _check_no_letter(self, deeds)
        if self.until is not None and self.after:
            raise refused("`until` and `after` both say how long to wait", "keep one", "until")
        if self.wait_for is None:
            for key in ("up_to", "then", "otherwise"):
                if key in self.model_fields_set:
                    raise refused(f"`{key}` goes with `wait_for`", "", key)
        elif self.up_to is None and self.otherwise:
            raise refused(
                "`otherwise` is for when the time is over, and the wait has no `up_to`",
                'say for how long: up_to = "2 days"',
                "otherwise",
            )
        together = sum(one.percent for one in self.split)
        if together > 100:
            problem = f"the shares of a split come to {together:g} %, to more than there are"
            raise refused(problem, "what is left over goes on: leave out the last", "split")
        _check_branches(self.branch)
        _check_set(self.set_ or {})
        return self


def _check_letter(body: StepBody) -> None:
    variants = body.variant
    own = body.template is not None or body.text is not None
    if body.template is not None and body.text is not None:
        raise refused("a letter is made from a `template` or from `text`, not both", "", "text")
    if not own and not all(one.template or one.text for one in variants):
        raise refused("a letter names its `template`, or each variant does", _TEMPLATE_HINT)
    if not body.subject and not (variants and all(one.subject for one in variants)):
        hint = 'write subject = "…", or one in each variant'
        raise refused("a letter needs a `subject`", hint)
    for index, one in enumerate(variants):
        if one.template is not None and one.text is not None:
            problem = f"the variant “{one.name}” has a `template` and a `text`"
            raise refused(problem, "keep one", "text", ("variant", index))
    tell_apart(variants, "variant")
    if body.winner is not None and len(variants) < 2:
        raise refused("a winner is chosen among two variants or more", "", "winner")
    timed = [one.at is not None for one in variants]
    if any(timed) and not all(timed):
        hint = "give each variant its time, so that the times are compared"
        raise refused("either all variants carry `at` or none", hint, "variant")


def _check_no_letter(body: StepBody, deeds: list[str]) -> None:
    for key in _OF_LETTERS:
        if key in body.model_fields_set:
            if not deeds:
                raise refused("a letter names its `template` or its `text`", _TEMPLATE_HINT)
            problem = f"`{key}` belongs to a letter, and this step says `{deeds[0]}`"
            raise refused(problem, "make a step of each", key)


def _check_branches(branches: tuple[Branch, ...]) -> None:
    for place, one in enumerate(branches):
        if one.else_ and place < len(branches) - 1:
            hint = "move it below the other branches"
            problem = "`else = true` catches everybody: it stands last"
            raise refused(problem, hint, "else", ("branch", place))


def _check_set(said: dict[str, Any]) -> None:
    for key in said:
        try:
            path(key)
        except WordProblem as found:
            raise refused(found.problem, found.hint, key, ("set",)) from found


class Step(StepBody):
    """One wait and at most one deed, known by name."""

    name: StepName
    was: str | None = None


class _Way(StepBody):
    """One way out of a step: a deed itself, or steps; with a name of its own if it says one."""

    name: StepName | None = None
    was: str | None = None
    step: tuple[Step, ...] = Field(default=(), strict=False, max_length=MAX_STEPS)

    @model_validator(mode="after")
    def _deed_or_steps(self) -> _Way:
        said = self.model_fields_set & StepBody.model_fields.keys()
        if self.step and self.deeds():
            hint = "make the deed the first of its steps"
            raise refused("a branch holds one deed itself, or steps, not both", hint)
        if said and not self.deeds():
            key = str(StepBody.model_fields[min(said)].alias or min(said))
            if self.step:
                hint = f"move `{key}` into the first of its steps"
                raise refused(f"`{key}` stands in a branch that holds steps", hint, key)
            hint = "add what it does, or make a step of it inside the branch"
            raise refused(f"`{key}` stands in a branch that does nothing", hint, key)
        return self


class Branch(_Way):
    """The way of those for whom `if` holds, or of all others."""

    if_: RuleField | None = Field(default=None, alias="if")
    else_: Yes | None = Field(default=None, alias="else")

    @model_validator(mode="after")
    def _one_question(self) -> Branch:
        if (self.if_ is None) == (self.else_ is None):
            both = self.if_ is not None
            problem = "`if` and `else` stand in one branch" if both else "a branch says for whom"
            raise refused(problem, "write `if = { … }`, or `else = true` in the last one")
        return self


class Split(_Way):
    """The way of a share of customers, by hash; what is left over goes on."""

    percent: Percent


def tell_apart(parts: Sequence[Variant | Step], table: str) -> None:
    """Refuse a name that is taken twice in the list of tables that stands under `table`."""
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.name in seen:
            problem = f"the name “{part.name}” is taken twice"
            hint = "a name is an identity: choose another"
            raise refused(problem, hint, "name", (table, index))
        seen.add(part.name)


def inner(body: StepBody) -> Iterator[tuple[tuple[str | int, ...], tuple[Step, ...], StepBody]]:
    """The lists of steps that stand in a step: key path, the steps, and what holds them."""
    if body.then:
        yield ("then",), body.then, body
    if body.otherwise:
        yield ("otherwise",), body.otherwise, body
    for key in ("branch", "split"):
        for index, one in enumerate(getattr(body, key)):
            if one.step:
                yield (key, index, "step"), one.step, one


StepBody.model_rebuild()
Step.model_rebuild()
Branch.model_rebuild()
Split.model_rebuild()
