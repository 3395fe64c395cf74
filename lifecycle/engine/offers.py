"""Offers: the incentive that one message carries, made after the guard said go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.core.campaign import Flow
from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.guard import Hold
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.policy import Policy
from lifecycle.core.step import Variant
from lifecycle.engine import hooked
from lifecycle.engine.hooked import Wanted
from lifecycle.engine.parts import Parts
from lifecycle.rewards import grants, incentives
from lifecycle.store.hook_codes import HookCode
from lifecycle.store.write import Row


@dataclass(frozen=True, slots=True)
class Offer:
    """An incentive as a row to keep and as a template sees it."""

    row: Row
    view: Mapping[str, Any]
    pool: str | None = None
    """Where its code is taken from, once the letter surely goes; one stands in its place so far."""

    def with_code(self, code: str) -> Offer:
        """The same with the code that it was given."""
        return replace(self, row={**self.row, "code": code}, view={**self.view, "code": code})


@dataclass(frozen=True, slots=True)
class Never:
    """The letter never goes, since its incentive cannot be had."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The hook is to be asked first: the letter is looked at again in the next pass."""


def said_of(due: Any, variant: Variant | None) -> IncentiveOffer | None:
    """The incentive that a message's variant says, or its step."""
    found: IncentiveOffer | None = (variant.incentive if variant else None) or due.step.incentive
    return found


def ask_hooks(
    parts: Parts,
    policy: Policy,
    dues: Iterable[Any],
    variant_of: Callable[[Any], Variant | None],
    may_go: Callable[[Any], bool],
    now: datetime,
) -> Mapping[str, HookCode]:
    """Have hooks make the codes of messages that may go; what they gave or not, by message.

    Of each customer one message is asked for: whether the next may go hangs on the first.
    """
    if not parts.gives_codes:
        return {}
    found: dict[str, tuple[Any, Wanted]] = {}
    for due in dues:
        if due.campaign is None or due.step is None or due.enrollment is None:
            continue
        said = said_of(due, variant_of(due))
        if said is not None and said.by_hook and _given(policy, said, due, now):
            found[due.row.message_id] = (due, _wanted(parts, due, said, now))
    if not found:
        return {}
    with parts.database.read() as connection:
        known = dict(hooked.known(connection, (one for _, one in found.values())))
    asking: dict[str, Wanted] = {}
    for message_id, (due, one) in found.items():
        before = known.get(message_id)
        if before is not None and not before.to_ask(now):
            continue
        if due.row.customer_id not in asking and may_go(due):
            asking[due.row.customer_id] = one
            known.pop(message_id, None)
    return known | hooked.ask(parts, list(asking.values()), now)


def _wanted(parts: Parts, due: Any, said: IncentiveOffer, now: datetime) -> Wanted:
    row = due.row
    unsaid = grants.validity(parts.live.catalog.settings, due.enrollment)
    ends = incentives.expiry(said, now, due.facts.zone, unsaid)
    return Wanted(row.customer_id, row.message_id, row.campaign, row.step, said, ends)


def _given(policy: Policy, said: IncentiveOffer, due: Any, now: datetime) -> bool:
    entry = due.enrollment.entry_event() if due.enrollment else None
    return policy.holds(said.given_if, due.facts, now, entry)


def offer_for(
    parts: Parts,
    policy: Policy,
    due: Any,
    variant: Variant | None,
    answers: Mapping[str, HookCode],
    now: datetime,
) -> Offer | Hold | Never | NotYet | None:
    """The incentive of a message, None when the step gives none or `given_if` does not hold.

    `answers` are what hooks gave. In replays and tests neither a hook nor a pool is asked: a
    derived code stands in the place of theirs.
    """
    said = said_of(due, variant)
    if said is None or not _given(policy, said, due, now):
        return None
    code = None
    if said.by_hook and parts.gives_codes:
        answer = answers.get(due.row.message_id)
        if answer is None or answer.to_ask(now):
            return NotYet()
        if answer.given_up:
            return Never("quarantined", f"{answer.kind}: {answer.problem}")
        if answer.code is None:
            return Hold(min(max(answer.again_at, now), due.row.stale_at), "quarantined")
        if not answer.code:
            return Never("out_of_stock", answer.kind)
        code = answer.code
    row = incentives.issue(
        said,
        message_id=due.row.message_id,
        customer_id=due.row.customer_id,
        campaign=due.row.campaign,
        now=now,
        key=parts.key,
        currency=policy.settings.shop.currency,
        zone=due.facts.zone,
        code=code,
        fallback_valid_for=grants.validity(policy.settings, due.enrollment),
    )
    pool = said.pool if said.kind == "pool" and parts.gives_codes else None
    return Offer(incentives.row_of(row), incentives.template_view(row), pool)


def issue_id(enrollment: Enrollment, place: str) -> str:
    """The id of the incentive that a step of its own issues to an enrollment."""
    return derived_id("issue", enrollment.id, place)


def issued_before(connection: Connection, dues: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    """By message, the latest incentive that a step before it issued, as templates see it."""
    asked: dict[str, tuple[str, list[str]]] = {}
    for due in dues:
        if due.enrollment is not None and _may_have_issued(due.campaign, due.enrollment):
            behind = _behind(due.enrollment, due.row.place)
            ids = [issue_id(due.enrollment, one) for one in behind]
            # The latest step first: of two at one instant it is the one to show.
            asked[due.row.message_id] = (due.row.customer_id, ids[::-1])
    if not asked:
        return {}
    wanted: dict[str, list[str]] = {}
    for customer_id, ids in asked.values():
        wanted.setdefault(customer_id, []).extend(ids)
    rows = incentives.issued_to(connection, wanted)
    found: dict[str, Mapping[str, Any]] = {}
    for message_id, (customer_id, ids) in asked.items():
        issued = [rows[customer_id, one] for one in ids if (customer_id, one) in rows]
        if issued:
            found[message_id] = _latest(issued)
    return found


def issued_last(
    connection: Connection, customer_id: str, of: Enrollment, place: str
) -> Mapping[str, Any] | None:
    """The latest incentive issued to an enrollment before a place, as templates see it."""
    ids = [issue_id(of, one) for one in _behind(of, place)][::-1]
    rows = incentives.issued_to(connection, {customer_id: ids})
    issued = [rows[customer_id, one] for one in ids if (customer_id, one) in rows]
    return _latest(issued) if issued else None


def _latest(issued: Sequence[incentives.IncentiveRow]) -> Mapping[str, Any]:
    return incentives.template_view(max(issued, key=lambda row: row.issued_at))


def _behind(of: Enrollment, place: str) -> Sequence[str]:
    """The places that were decided before a letter's own: it may have been held since."""
    decided = of.decided_steps
    return decided[: decided.index(place)] if place in decided else decided


def _may_have_issued(campaign: Any, of: Enrollment) -> bool:
    """Whether a step behind may be one that issues; of an older version it is not known."""
    if not isinstance(campaign, Flow) or not of.decided_steps:
        return False
    if of.version != campaign.version:
        return True
    found = (campaign.way.find(one) for one in of.decided_steps)
    return any(place is not None and place.step.issue is not None for place in found)
