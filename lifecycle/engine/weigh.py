"""Weighs due messages one by one: may each go now, later or never, and what letter does it make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from lifecycle.core.action import Action, bring_up_to_date
from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts, Sent
from lifecycle.core.guard import Drop, Go, Hold, Owed, guard
from lifecycle.core.migration import let_go
from lifecycle.core.policy import Policy
from lifecycle.core.resting import rested
from lifecycle.core.step import Step, Variant
from lifecycle.core.walk import Walk
from lifecycle.engine.letters import Letters, Ready, Wanted
from lifecycle.engine.offers import (
    Never,
    NotYet,
    Offer,
    ask_hooks,
    issued_before,
    offer_for,
    said_of,
)
from lifecycle.engine.parts import Parts
from lifecycle.render.problems import BrokenTemplate
from lifecycle.store import outbox
from lifecycle.store.claims import Claim
from lifecycle.store.facts import load


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose moment has come, and what it is judged by."""

    row: Any
    fence: int
    facts: Facts
    campaign: Campaign | None
    step: Step | None
    enrollment: Enrollment | None
    issued: Mapping[str, Any] | None = None
    """The latest incentive that a step before issued to the enrollment, as templates see it."""

    def with_facts(self, facts: Facts) -> Due:
        """The same message, judged by fresher facts."""
        found = next((one for one in facts.enrollments if one.id == self.row.enrollment_id), None)
        return replace(self, facts=facts, enrollment=found)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that may go, as a letter, with the incentive made for it."""

    due: Due
    ready: Ready
    offer: Offer | None
    withheld: tuple[Because, ...] = ()
    """The leaves of `given_if` for want of which the letter carries no incentive."""


@dataclass
class Weighed:
    """What a batch of due messages comes to before anything is written."""

    prepared: list[Prepared] = field(default_factory=list)
    held: list[tuple[Due, Hold]] = field(default_factory=list)
    dropped: list[tuple[Due, str, str]] = field(default_factory=list)
    left: list[tuple[Due, list[Action]]] = field(default_factory=list)
    """Messages whose enrollment ends, since `[exit] if` came to hold while they were held."""

    def only(self, ids: frozenset[str]) -> None:
        """Leave out all messages but these."""
        self.prepared = [one for one in self.prepared if one.due.row.message_id in ids]
        self.held = [one for one in self.held if one[0].row.message_id in ids]
        self.dropped = [one for one in self.dropped if one[0].row.message_id in ids]
        self.left = [one for one in self.left if one[0].row.message_id in ids]

    def leave_after(self, broken: Due) -> None:
        """Leave out what was decided of the customer's messages whose turn is after this one.

        They were judged as if it had gone: in the next pass they are judged as it came, so that
        decisions are the same whatever the batch.
        """
        customer_id, last = broken.row.customer_id, outbox.turn(broken.row)

        def stays(due: Due) -> bool:
            return due.row.customer_id != customer_id or outbox.turn(due.row) < last

        self.held = [one for one in self.held if stays(one[0])]
        self.dropped = [one for one in self.dropped if stays(one[0])]
        self.left = [one for one in self.left if stays(one[0])]


def read_due(
    connection: Connection, parts: Parts, claimed: Sequence[Claim], now: datetime
) -> list[Due]:
    """The claimed messages with their facts, in the order in which they are weighed.

    For one customer the higher priority goes first, then what fell due earlier.
    """
    fences = {one.id: one.fence for one in claimed}
    ids = sorted({one.customer_id for one in claimed})
    rows = outbox.due_messages(connection, fences)
    held = any(_was_held(row) for row in rows)
    reading = parts.live.held_reading if held else parts.live.letter_reading
    facts = load(connection, ids, now, reading, shop_zone=parts.shop_zone)
    found = []
    for row in rows:
        known = facts.get(row.customer_id)
        if known is None:
            continue
        parts.live.compute(known)
        campaign = parts.live.campaign(row.campaign, row.version)
        enrollment = next((one for one in known.enrollments if one.id == row.enrollment_id), None)
        step = step_of(campaign, row.place)
        found.append(Due(row, fences[row.message_id], known, campaign, step, enrollment))
    issued = issued_before(connection, found)
    if issued:
        found = [replace(due, issued=issued.get(due.row.message_id)) for due in found]
    found.sort(key=lambda due: outbox.turn(due.row))
    return found


def _was_held(row: Any) -> bool:
    return bool(row.reason)


def _let_go_meanwhile(due: Due, parts: Parts, now: datetime) -> list[Action]:
    """How the enrollment of a message ends that is let go by a change still being carried out."""
    moving = parts.live.versions.moving.get(due.row.campaign)
    if moving is None or due.enrollment is None or not due.enrollment.running:
        return []
    leaves = moving.going(due.enrollment).what == "leaves"
    return let_go(due.enrollment, now) if leaves else []


def left_meanwhile(due: Due, policy: Policy, now: datetime) -> list[Action]:
    """How the enrollment of a held message ends, when `[exit] if` holds by now; else nothing.

    While nothing happens only time can have turned that rule; whatever happens has it asked.
    """
    flow, enrollment = due.campaign, due.enrollment
    if not isinstance(flow, Flow) or not _was_held(due.row) or enrollment is None:
        return []
    walk = Walk(flow, due.facts, policy, now)
    if not enrollment.running or not walk.exit_holds(enrollment):
        return []
    return walk.left_by_rule(enrollment)


def step_of(campaign: Campaign | None, place: str) -> Step | None:
    """The step of a campaign by the id of its place; a broadcast has one."""
    if campaign is None:
        return None
    return campaign.letter() if isinstance(campaign, Broadcast) else campaign.step_named(place)


def judge(due: Due, policy: Policy, now: datetime) -> Go | Hold | Drop:
    """Ask the guard of one message."""
    if due.campaign is None or due.step is None:
        return Drop("stopped")
    row = due.row
    owed = Owed(
        due.campaign,
        due.step,
        due.enrollment,
        row.klass,
        row.counts,
        row.stale_at,
        row.place,
        bool(row.made),
    )
    verdict = guard(owed, due.facts, policy, now)
    return rested(verdict, owed, row.message_id, row.variant, policy, now)


def counts_as_sent(due: Due, now: datetime) -> None:
    """Let the customer's next message see that this one goes."""
    row = due.row
    due.facts.sent.append(
        Sent(now, row.campaign, row.step, row.klass, row.counts, row.enrollment_id)
    )


def weigh(
    dues: Sequence[Due], parts: Parts, letters: Letters, policy: Policy, now: datetime
) -> Weighed:
    """Judge each message; those that may go become letters, all in one call."""
    result = Weighed()
    going = list(_judged(dues, parts, policy, now, result))
    made = letters.make_many([one.wanted for one in going])
    broken: set[str] = set()
    for one, ready in zip(going, made, strict=True):
        if one.due.row.customer_id in broken:
            continue
        if isinstance(ready, BrokenTemplate):
            broken.add(one.due.row.customer_id)
            result.leave_after(one.due)
            result.dropped.append((one.due, "broken_template", str(ready)))
        else:
            result.prepared.append(Prepared(one.due, ready, one.offer, one.withheld))
    return result


class _Going(NamedTuple):
    """A message that may go, before it is rendered."""

    due: Due
    wanted: Wanted
    offer: Offer | None
    withheld: tuple[Because, ...]


def _judged(
    dues: Sequence[Due], parts: Parts, policy: Policy, now: datetime, result: Weighed
) -> Iterator[_Going]:
    """The messages that may go, in their order; what comes of the others is put into `result`."""
    told = parts.live.heard("message_sent") or parts.live.heard("incentive_issued")
    gone: set[str] = set()
    unanswered: set[str] = set()

    def may_go(due: Due) -> bool:
        return isinstance(judge(due, policy, now), Go)

    answers = ask_hooks(parts, policy, dues, lambda due: variant_of(due, policy), may_go, now)
    for read in dues:
        if read.row.customer_id in unanswered:
            continue  # Whose first letter waits for its code; none goes before it.
        if told and read.row.customer_id in gone:
            continue  # What the letter before tells is taken in first, whatever the batch.
        due = read.with_facts(read.facts) if result.left else read
        if over := _let_go_meanwhile(due, parts, now) or left_meanwhile(due, policy, now):
            bring_up_to_date(due.facts, over)
            result.left.append((due, over))
            continue
        verdict = judge(due, policy, now)
        if isinstance(verdict, Drop):
            result.dropped.append((due, verdict.reason, verdict.detail))
            continue
        if isinstance(verdict, Hold):
            result.held.append((due, verdict))
            continue
        variant = variant_of(due, policy)
        offer = offer_for(parts, policy, due, variant, answers, now)
        if isinstance(offer, NotYet):
            unanswered.add(due.row.customer_id)
        elif isinstance(offer, Never):
            result.dropped.append((due, offer.reason, offer.detail))
        elif isinstance(offer, Hold):
            result.held.append((due, offer))
        else:
            yield _going(due, variant, offer, parts, policy, now)
            counts_as_sent(due, now)
            gone.add(due.row.customer_id)


def _going(
    due: Due,
    variant: Variant | None,
    offer: Offer | None,
    parts: Parts,
    policy: Policy,
    now: datetime,
) -> _Going:
    assert due.enrollment is not None
    said = said_of(due, variant)
    withheld: tuple[Because, ...] = ()
    if offer is None and said is not None:
        view = policy.view(due.facts, now, due.enrollment.entry_event())
        withheld = because(said.given_if, view, "given_if")
    wanted = wanted_of(due, parts, policy, offer.view if offer else None, now)
    return _Going(due, wanted, offer, withheld)


def variant_of(due: Due, policy: Policy) -> Variant | None:
    """The variant that a message was owed as, or what stands in its place by now."""
    assert due.campaign is not None and due.step is not None
    if not due.step.variant:
        return None
    variants = {one.name: one for one in due.step.variant}
    variant = variants.get(due.row.variant) if due.row.variant else None
    if due.row.variant and variant is None and due.step.variant:
        variant = policy.variant(due.campaign, due.step, due.facts, due.row.entry)
    return variant


def wanted_of(
    due: Due,
    parts: Parts,
    policy: Policy,
    incentive: Mapping[str, Any] | None,
    now: datetime,
) -> Wanted:
    """What the letter of a message is made of.

    Where the step says no incentive of its own, it shows the latest one that was issued before.
    """
    assert due.campaign is not None and due.step is not None and due.enrollment is not None
    variant = variant_of(due, policy)
    if incentive is None and said_of(due, variant) is None:
        incentive = due.issued
    return Wanted(
        due.row.message_id,
        outbox.attempt_id(due.row.message_id, (due.row.made or 0) + 1),
        due.campaign,
        due.step,
        variant,
        due.enrollment,
        due.facts,
        incentive,
        parts.referral_link(due.facts.customer_id),
        now,
    )
