"""The guard: whether a message may go now, goes later, or never, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.campaign import Campaign
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import Facts, Sent
from lifecycle.core.policy import Policy
from lifecycle.core.settings import Cap
from lifecycle.core.step import Step
from lifecycle.core.words import instant_of

ASK_AGAIN = timedelta(hours=1)
"""How soon a message is looked at again that is held by a rule or a pause."""


@dataclass(frozen=True, slots=True)
class Go:
    """The message may go now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The message goes later, not before `until`."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The message never goes."""

    reason: str


Verdict = Go | Hold | Drop


@dataclass(frozen=True, slots=True)
class Owed:
    """What the guard must know of a message besides its customer."""

    campaign: Campaign
    step: Step
    enrollment: Enrollment | None
    klass: str
    counts: bool
    stale_at: datetime


def guard(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """Decide on one message at `now`.

    The order is fixed: erasure, exit and stop; address; suppression; consent; stale; then what
    only holds: pause, the shop's hold_if, quiet hours, the minimum gap, caps. A transactional
    letter is stopped by erasure, exit, address, suppression and staleness alone.
    """
    never = _never(owed, facts, policy)
    if never is not None:
        return never
    if now > owed.stale_at:
        return Drop("stale")
    held = _held(owed, facts, policy, now)
    if held is None:
        return Go()
    if now == owed.stale_at:
        return Drop("stale")
    return Hold(min(max(held.until, now), owed.stale_at), held.reason)


def _never(owed: Owed, facts: Facts, policy: Policy) -> Drop | None:
    if facts.erased:
        return Drop("erased")
    if owed.enrollment is None or not owed.enrollment.running:
        superseded = owed.enrollment and owed.enrollment.state is EnrollmentState.SUPERSEDED
        return Drop("superseded" if superseded else "left")
    if policy.stopped(owed.campaign):
        return Drop("stopped")
    if not facts.email:
        return Drop("no_address")
    if facts.suppressed is not None:
        return Drop("suppressed")
    if not owed.step.transactional:
        topic = owed.campaign.topic
        if topic is None or not facts.consents.get(topic, False):
            return Drop("no_consent")
    return None


def _held(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Hold | None:
    quiet = policy.quiet_hours(owed.campaign, owed.step)
    if owed.step.transactional:
        ends = quiet.covering(now, facts.zone) if quiet else None
        return Hold(ends, "quiet_hours") if ends else None
    if policy.paused(owed.campaign):
        return Hold(now + ASK_AGAIN, "paused")
    sending = policy.settings.sending
    if sending.hold_if is not None:
        view = policy.view(facts, now)
        if sending.hold_if.matches(view):
            turns = sending.hold_if.may_turn_at(view)
            return Hold(min(turns or now + ASK_AGAIN, now + ASK_AGAIN), "guarded")
    ends = quiet.covering(now, facts.zone) if quiet else None
    if ends:
        return Hold(ends, "quiet_hours")
    if not owed.counts:
        return None
    counted = [sent for sent in facts.sent if sent.counts]
    if counted and sending.minimum_gap:
        free = max(sent.at for sent in counted) + sending.minimum_gap
        if free > now:
            return Hold(free, "gap")
    free_at = [caps_free_at(cap, counted, owed.klass, facts.zone, now) for cap in sending.cap]
    latest = max((one for one in free_at if one is not None), default=None)
    return Hold(latest, "capped") if latest is not None else None


def caps_free_at(
    cap: Cap, sent: Sequence[Sent], klass: str, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """When a cap leaves room for one more letter of `klass`; None when it does now.

    A rolling cap counts what went in the last `per`, its far edge excluded; a calendar cap counts
    the customer's own day or week (Monday to Sunday).
    """
    if cap.class_ != klass:
        return None
    if cap.at_most == 0:
        return datetime.max.replace(tzinfo=now.tzinfo)
    times = sorted(one.at for one in sent if one.klass == klass and one.at <= now)
    if isinstance(cap.per, timedelta):
        inside = [at for at in times if at > now - cap.per]
        return inside[-cap.at_most] + cap.per if len(inside) >= cap.at_most else None
    today = now.astimezone(zone).date()
    first = today if cap.per == "calendar day" else today - timedelta(days=today.weekday())
    days = 1 if cap.per == "calendar day" else 7
    begins = instant_of(first, time(), zone)
    if sum(1 for at in times if at >= begins) < cap.at_most:
        return None
    return instant_of(first + timedelta(days=days), time(), zone)
