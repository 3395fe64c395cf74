"""Actions: what a decision wants written. The engine carries them out, `why` explains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.core.because import Because
from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.facts import DateKept, Facts, Silence
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.timed import AT_ONCE, Timed

REASONS = frozenset(
    "no_consent suppressed capped gap quiet_hours guarded breaker quota stale left paused holdout "
    "no_address broken_template out_of_stock budget not_applicable superseded refused erased "
    "again late stopped quarantined warmup".split()
)
"""The closed list of reasons."""
WHATS = frozenset(
    "entered not_entered held_out sent held dropped skipped left finished emitted awarded issued "
    "called notified suppressed".split()
)
"""What a decision can be, as the replay tells it."""
INNER_WHATS = frozenset(
    "queued timed waited answered ran_out branched set joined moved resent".split()
)
"""What else is kept for `why` alone: turns of the way that are no end in themselves."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with its reason, as `why` and the replay show it."""

    at: datetime
    campaign: str
    entry: str
    what: str
    reason: str = ""
    detail: str = ""
    step: str = ""
    variant: str = ""
    of: str = ""
    """The enrollment whose letter is held: each visit under a key owes another letter."""
    because: tuple[Because, ...] = ()
    """The leaves that decided and what they saw: for `why` alone, no part of the decision's id."""

    def __post_init__(self) -> None:
        assert self.what in WHATS or self.what in INNER_WHATS, self.what
        assert not self.reason or self.reason in REASONS, self.reason

    def id(self, customer_id: str) -> str:
        """The decision's id: deciding the same thing twice writes it once.

        A hold counts once for each message and reason, however often it is prolonged.
        """
        once = self.what == "held"
        moment, detail = ("", "") if once else (self.at.isoformat(), self.detail)
        parts = (self.campaign, self.entry, self.step, self.what, self.reason, self.of)
        return derived_id("decision", customer_id, moment, *parts, detail)


@dataclass(frozen=True, slots=True)
class Keep:
    """An enrollment now stands so."""

    enrollment: Enrollment


@dataclass(frozen=True, slots=True)
class Plan:
    """A step owes a message; it falls due at once."""

    message_id: str
    enrollment: Enrollment
    step: str
    place: str
    """The id of the place in the flow: several branches may write under one step's name."""
    variant: str
    klass: str
    counts: bool
    transactional: bool
    priority: int
    at: datetime
    fell_due_at: datetime
    stale_at: datetime
    timed: Timed = AT_ONCE
    """How it came to its hour."""


@dataclass(frozen=True, slots=True)
class CallOff:
    """A message that has not begun is dropped: its enrollment ended."""

    message_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The customer joined or left a segment at `at`."""

    segment: str
    joined: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Wake:
    """How the customer stands to a segment, and the earliest instant to ask again."""

    segment: str
    member: bool
    since: datetime | None
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class Emit:
    """An event of our own happens to the customer."""

    event: Event


@dataclass(frozen=True, slots=True)
class Withdraw:
    """An event of our own is no longer derived: it is struck from the facts."""

    event_id: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Evidence that a message was accepted."""

    message_id: str
    at: datetime
    by: str
    """What proves it, in the words that `why` tells."""
    attempt_id: str = ""
    """The attempt that is proved; empty where only the message is known."""
    provider_id: str = ""
    """The transport's own id of the message, where it tells one."""
    told: bool = False
    """Whether the transport itself told of it by an event: such are the sample of how soon."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The world did something to a message: `field` is the timestamp's column."""

    message_id: str
    field: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Harmed:
    """A marketing letter bounced for good or was complained of: the circuit breaker counts it."""

    message_id: str
    kind: str
    """bounced or complained."""
    letter_at: datetime
    """When the letter was handed over."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """The customer's address must not be mailed any more."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Consented:
    """The customer said yes or no to a topic."""

    topic: str
    agreed: bool
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Happen:
    """An event of our own happens to the customer, and is taken in as any other."""

    event: Event


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Attributes of the customer become these: whole top-level values."""

    attributes: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Award:
    """Points for the customer; `id` derives from enrollment and place."""

    id: str
    points: int
    source: str
    """How the ledger names it: campaign/step."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """An incentive made by a step of its own; `id` derives from enrollment and place."""

    id: str
    offer: IncentiveOffer
    enrollment: Enrollment
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Errand:
    """A request to make (`call`) or a note to write (`notify`), once and outside the transaction.

    `said` is what the step says: the address and the texts; `id` is the same on every retry.
    """

    id: str
    kind: str
    said: Mapping[str, Any]
    enrollment: Enrollment
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Silenced:
    """No marketing for the customer from `at` on, until one of these events; `id` is its own."""

    id: str
    until: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SilenceOver:
    """What silenced the customer is over: an event it waited for has happened."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KeepDate:
    """A flow around a date has asked up to `asked`, and looks again at `wake_at`."""

    campaign: str
    said: str
    asked: datetime
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class Join:
    """The customer is let into another flow, by `event`, if that flow's own rules allow."""

    campaign: str
    event: Event


Action = (
    Decided
    | Keep
    | Plan
    | CallOff
    | Turn
    | Wake
    | Emit
    | Withdraw
    | Proved
    | Mark
    | Harmed
    | Suppress
    | Consented
    | Happen
    | SetAttributes
    | Award
    | Issue
    | Errand
    | Silenced
    | SilenceOver
    | KeepDate
    | Join
)


def takes_in_first(action: Action) -> bool:
    """Whether an action must be taken in before the customer's next step is decided."""
    return isinstance(action, Happen | SetAttributes | Award | Issue | Join)


def bring_up_to_date(facts: Facts, actions: Iterable[Action]) -> None:
    """Let the facts in hand show what was just decided, before anything is written."""
    for action in actions:
        if isinstance(action, Keep):
            facts.keep(action.enrollment)
        elif isinstance(action, Turn):
            if action.joined:
                facts.segments[action.segment] = action.at
            else:
                facts.segments.pop(action.segment, None)
        elif isinstance(action, Wake):
            if action.wake_at is None:
                facts.wakes.pop(action.segment, None)
            else:
                facts.wakes[action.segment] = action.wake_at
        elif isinstance(action, Suppress):
            facts.suppressed = facts.suppressed or action.reason
        elif isinstance(action, Consented):
            facts.consents[action.topic] = action.agreed
            facts.consents_at[action.topic] = action.at
        elif isinstance(action, SetAttributes):
            facts.attributes.update(action.attributes)
        elif isinstance(action, Silenced):
            facts.silences[action.id] = Silence(action.at, action.until)
        elif isinstance(action, KeepDate):
            facts.dates[action.campaign] = DateKept(action.said, action.asked, action.wake_at)
        elif isinstance(action, SilenceOver):
            facts.silences.pop(action.id, None)


def plain(value: Any) -> str:
    """A key part as text: numbers without a needless point, text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
