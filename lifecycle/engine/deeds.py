"""Carries out what steps did beside letters: attributes, points and incentives of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.action import (
    Action,
    Award,
    Decided,
    Issue,
    Keep,
    SetAttributes,
    bring_up_to_date,
)
from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.words import rfc3339
from lifecycle.engine import hooked
from lifecycle.engine.hooked import Wanted
from lifecycle.engine.parts import Parts
from lifecycle.engine.pooled import OUT_OF_STOCK, tell_low
from lifecycle.rewards import grants, incentives, points
from lifecycle.rewards.own_events import own_event
from lifecycle.store import customers, events, pools
from lifecycle.store.apply import Writing
from lifecycle.store.events import NewEvent


@dataclass(frozen=True, slots=True)
class Said:
    """Attributes that a step sets, as a customer line would say them."""

    id: str
    at: datetime
    attributes: Mapping[str, Any]
    email: str | None = None
    timezone: str | None = None
    locale: str | None = None
    agreed_to: tuple[str, ...] | None = None
    gone: frozenset[str] = field(default_factory=frozenset)


def carry_out(
    connection: Connection,
    parts: Parts,
    facts: Mapping[str, Facts],
    writing: Writing,
    now: datetime,
) -> None:
    """Write the deeds gathered in `writing`, and have those customers taken in again."""
    if not writing.deeds:
        return
    said = [
        Said(of, deed.at, {name: _plain(value) for name, value in deed.attributes.items()})
        for of, deed in writing.deeds
        if isinstance(deed, SetAttributes)
    ]
    # In whatever order customers stand in a batch, two writers lock them in one.
    said.sort(key=lambda one: one.id)
    customers.say(connection, said, now=now, address_key=parts.key)
    awards = [(of, deed) for of, deed in writing.deeds if isinstance(deed, Award)]
    made = _award(connection, parts, awards, now)
    issues = [(of, deed) for of, deed in writing.deeds if isinstance(deed, Issue)]
    made += _issue(connection, parts, facts, issues, now)
    events.append(connection, made)
    if parts.live.reads_ledger:
        events.wake(connection, dict.fromkeys(sorted({new.customer_id for new in made}), now))


def _award(
    connection: Connection, parts: Parts, awards: Sequence[tuple[str, Award]], now: datetime
) -> list[NewEvent]:
    settings = parts.live.catalog.settings
    entries = [
        points.entry_of(
            settings, of, derived_id("points", one.id), one.points, one.at, one.at, one.source
        )
        for of, one in awards
    ]
    points.write(connection, entries)
    return [points.earned_event(entry, entry.points, entry.source, now) for entry in entries]


def _issue(
    connection: Connection,
    parts: Parts,
    facts: Mapping[str, Facts],
    issues: Sequence[tuple[str, Issue]],
    now: datetime,
) -> list[NewEvent]:
    codes = _codes(connection, parts, facts, issues) if parts.gives_codes else {}
    settings = parts.live.catalog.settings
    rows, made = [], []
    for of, one in issues:
        campaign = one.enrollment.campaign
        row = incentives.issue(
            one.offer,
            message_id=one.id,
            customer_id=of,
            campaign=campaign,
            now=one.at,
            key=parts.key,
            currency=settings.shop.currency,
            zone=facts[of].zone,
            code=codes.get(one.id),
            fallback_valid_for=grants.validity(settings, one.enrollment),
        )
        rows.append(incentives.row_of(row))
        told = {"campaign": campaign, "step": one.step, "kind": one.offer.kind, "issue_id": one.id}
        made.append(own_event(of, incentives.ISSUED, one.at, told, now, one.id))
    incentives.write(connection, rows)
    return made


def _codes(
    connection: Connection,
    parts: Parts,
    facts: Mapping[str, Facts],
    issues: Sequence[tuple[str, Issue]],
) -> dict[str, str]:
    """The codes that pools and hooks gave to issues; `provided` has seen to it that they did."""
    pooled = {one.id: str(one.offer.pool) for _, one in issues if one.offer.kind == "pool"}
    made = [_wanted(parts, facts[of], one) for of, one in issues if one.offer.by_hook]
    found = pools.given(connection, pooled) if pooled else {}
    known = hooked.known(connection, made) if made else {}
    tell_low(connection, list(pooled.values()))
    assert len(found) == len(pooled) and len(known) == len(made)
    return found | {one: code.code for one, code in known.items() if code.code}


def provided(
    connection: Connection,
    parts: Parts,
    facts: Facts,
    enrollment: Enrollment,
    actions: Sequence[Action],
    now: datetime,
) -> tuple[list[Action], Wanted | None]:
    """See to the code of an incentive that a step issues; gives what is decided with it.

    A pool gives its code at once, and an empty one has the step skipped. A hook is asked when no
    transaction is open: then everything from the issue on is left out, the enrollment stays due,
    and what to ask for is given beside.
    """
    place = next((at for at, one in enumerate(actions) if isinstance(one, Issue)), None)
    issue = actions[place] if place is not None else None
    if place is None or not isinstance(issue, Issue) or not parts.gives_codes:
        return list(actions), None
    if issue.offer.kind == "pool":
        assert issue.offer.pool is not None
        if pools.take(connection, {issue.id: issue.offer.pool}, now):
            return list(actions), None
        log.warned("pool_empty", pool=issue.offer.pool)
        return _skipped(actions, issue, OUT_OF_STOCK, issue.offer.pool), None
    if not issue.offer.by_hook:
        return list(actions), None
    one = _wanted(parts, facts, issue)
    answer = hooked.known(connection, [one]).get(issue.id)
    if answer is not None and answer.code:
        return list(actions), None
    if answer is not None and answer.code is not None:
        return _skipped(actions, issue, OUT_OF_STOCK, answer.kind), None
    if answer is not None and answer.given_up:
        told = f"{answer.kind}: {answer.problem}"
        return _skipped(actions, issue, "quarantined", told), None
    before = list(actions[:place])
    if answer is None or answer.to_ask(now):
        return before, one
    held = [*before, *_held(before, enrollment, issue, answer.again_at)]
    bring_up_to_date(facts, held)
    return held, None


def _wanted(parts: Parts, facts: Facts, issue: Issue) -> Wanted:
    unsaid = grants.validity(parts.live.catalog.settings, issue.enrollment)
    ends = incentives.expiry(issue.offer, issue.at, facts.zone, unsaid)
    of, campaign = facts.customer_id, issue.enrollment.campaign
    return Wanted(of, issue.id, campaign, issue.step, issue.offer, ends)


def _skipped(actions: Iterable[Action], issue: Issue, reason: str, detail: str) -> list[Action]:
    """The same, with the step told as skipped in place of issued."""
    return [
        replace(one, what="skipped", reason=reason, detail=detail)
        if isinstance(one, Decided) and one.what == "issued" and one.step == issue.step
        else one
        for one in actions
        if one is not issue
    ]


def _held(
    before: Sequence[Action], enrollment: Enrollment, issue: Issue, until: datetime
) -> list[Action]:
    kept = [one.enrollment for one in before if isinstance(one, Keep)]
    waits = replace(kept[-1] if kept else enrollment, due_at=until)
    detail = f"until {rfc3339(until)}"
    told = Decided(
        issue.at,
        enrollment.campaign,
        enrollment.entry,
        "held",
        "quarantined",
        detail,
        issue.step,
        of=enrollment.id,
    )
    return [Keep(waits), told]


def _plain(value: Any) -> Any:
    """A value of a file as JSON has it: instants, days and times as text."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
