"""The guard: whether a message may go now, goes later, or never, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Campaign
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import Facts, Sent
from lifecycle.core.policy import Policy
from lifecycle.core.settings import Cap
from lifecycle.core.silence import silenced
from lifecycle.core.step import Step
from lifecycle.core.timing import TOO_LATE, last_moment
from lifecycle.core.wishes import free_at, paused
from lifecycle.core.words import instant_of, length_words, rfc3339

OWN_PAUSE = "the customer asked for a pause"
OWN_CHOICE = "the customer's own choice"
BY_A_STEP = "a step stopped marketing"
_GO_ON = (EnrollmentState.ACTIVE, EnrollmentState.FINISHED)
"""A finished enrollment owes no letter, but for one that is tried again: surely it never went."""
ASK_AGAIN = timedelta(hours=1)
"""How soon a message is looked at again that a pause holds."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""Not before something happens, which has the letters that hold_if holds looked at again."""
MOST_TOLD = 5
"""So many of the letters that a cap counts are named."""


@dataclass(frozen=True, slots=True)
class Go:
    """The message may go now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The message goes later, not before `until`."""

    until: datetime
    reason: str
    because: tuple[Because, ...] = ()
    """What decided: the leaves of hold_if, or the letters that a cap or the gap counted."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The message never goes; `detail` says more where the reason has several meanings."""

    reason: str
    detail: str = ""


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
    place: str = ""
    """The id of the place in the flow that owes it."""
    begun: bool = False
    """Whether it was tried before: warming up has counted it then."""


def guard(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """Decide on one message at `now`.

    The order is fixed: erasure, exit and stop; address; suppression; a silence that a step asked
    for; an address that marketing keeps away from; consent; stale; then what only holds: pause,
    the customer's own pause, breaker, hold_if, quiet hours, how often the customer wishes to be
    written to, the minimum gap, caps, warming up. A transactional letter is stopped by erasure,
    exit, address, suppression and staleness alone.
    """
    never = _never(owed, facts, policy)
    if never is not None:
        return never
    if now > owed.stale_at:
        return _stale(owed, facts, now)
    held = _held(owed, facts, policy, now)
    if held is None:
        return Go()
    if now == owed.stale_at:
        return _stale(owed, facts, now)
    return replace(held, until=min(max(held.until, now), owed.stale_at))


def _stale(owed: Owed, facts: Facts, now: datetime) -> Drop:
    """It was held too long: until its step's `not_after` has passed, or for `stale_after`."""
    assert owed.enrollment is not None
    ends = last_moment(owed.campaign, owed.step, owed.enrollment, facts.zone)
    return Drop("late", TOO_LATE) if ends is not None and now >= ends else Drop("stale")


def _never(owed: Owed, facts: Facts, policy: Policy) -> Drop | None:
    if facts.erased:
        return Drop("erased")
    if owed.enrollment is None or owed.enrollment.state not in _GO_ON:
        superseded = owed.enrollment and owed.enrollment.state is EnrollmentState.SUPERSEDED
        return Drop("superseded" if superseded else "left")
    if policy.stopped(owed.campaign):
        return Drop("stopped")
    if not facts.email:
        return Drop("no_address")
    if facts.suppressed is not None:
        return Drop("suppressed")
    if not owed.step.transactional:
        if silenced(facts, owed.enrollment, owed.place):
            return Drop("suppressed", BY_A_STEP)
        if why_not := policy.keeps_away_from(facts.email):
            return Drop("suppressed", why_not)
        topic = owed.campaign.topic
        if topic is None or not facts.consents.get(topic, False):
            return Drop("no_consent")
    return None


def _held(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Hold | None:
    quiet = policy.quiet_hours(owed.campaign, owed.step)
    if owed.step.transactional:
        ends = quiet.covering(now, facts.zone) if quiet else None
        return Hold(ends, "quiet_hours") if ends else None
    return (
        _by_the_shop(owed, facts, policy, now)
        or (
            Hold(ends, "quiet_hours")
            if quiet and (ends := quiet.covering(now, facts.zone))
            else None
        )
        or _by_wish(facts, now)
        or (_by_caps(owed, facts, policy, now) if owed.counts else None)
        or _by_warming_up(owed, facts, policy)
    )


def _by_the_shop(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Hold | None:
    """What holds all marketing, or all of a campaign or a customer, whatever the hour."""
    if policy.paused(owed.campaign):
        return Hold(now + ASK_AGAIN, "paused")
    if until := paused(facts.wishes, now):
        return Hold(until, "paused", (Because(OWN_PAUSE, True, rfc3339(until), "preferences"),))
    if policy.breaker is not None:
        rates = Because("the rates of [sending.breaker]", False, policy.breaker.words(), "breaker")
        return Hold(policy.breaker.until, "breaker", (rates,))
    hold_if = policy.settings.sending.hold_if
    if hold_if is not None:
        view = policy.view(facts, now)
        if hold_if.matches(view):
            turns = hold_if.may_turn_at(view)
            return Hold(turns or NEVER, "guarded", because(hold_if, view, "hold_if"))
    return None


def _by_wish(facts: Facts, now: datetime) -> Hold | None:
    """The customer wishes to be written to less often."""
    wishes = facts.wishes
    free = free_at(wishes, facts.sent, now)
    if free is None or wishes is None or wishes.per is None:
        return None
    letters = "one letter" if wishes.at_most == 1 else f"{wishes.at_most} letters"
    asks = f"at most {letters} in {length_words(wishes.per)}"
    return Hold(free, "capped", (Because(asks, False, OWN_CHOICE, "preferences"),))


def _by_warming_up(owed: Owed, facts: Facts, policy: Policy) -> Hold | None:
    """A sending domain is warmed up, and it is not this customer's turn."""
    warming, address = policy.warming, facts.email
    if warming is None or address is None or owed.begun:
        return None
    if not warming.concerns(sender_of(owed, policy)):
        return None
    engaged = warming.plan.engaged is None or warming.plan.engaged in facts.segments
    held = warming.held(address, engaged)
    if held is None:
        return None
    until, why = held
    return Hold(until, "warmup", (Because(why, False, "", "warm_up"),))


def sender_of(owed: Owed, policy: Policy) -> str:
    """The mailbox that writes a letter, variants with a sender of their own apart."""
    senders = policy.settings.senders
    first = senders[policy.settings.first_sender]
    said = owed.step.sender or owed.campaign.sending.sender
    return senders.get(said or "", first).from_


def _by_caps(owed: Owed, facts: Facts, policy: Policy, now: datetime) -> Hold | None:
    """The minimum gap between two letters, and the caps."""
    sending = policy.settings.sending
    counted = [sent for sent in facts.sent if sent.counts]
    if counted and sending.minimum_gap:
        last = max(counted, key=lambda sent: sent.at)
        free = last.at + sending.minimum_gap
        if free > now:
            gap = f"{length_words(sending.minimum_gap)} between two letters"
            return Hold(free, "gap", (Because(gap, False, _told([last]), "minimum_gap"),))
    found = [
        (frees, cap)
        for cap in sending.cap
        if (frees := caps_free_at(cap, counted, owed.klass, facts.zone, now)) is not None
    ]
    if not found:
        return None
    latest = max(frees for frees, _ in found)
    caps = tuple(_full(cap, counted, facts.zone, now) for _, cap in found)
    return Hold(latest, "capped", caps)


def _full(cap: Cap, counted: Sequence[Sent], zone: ZoneInfo, now: datetime) -> Because:
    """Which cap is full, and the letters that it counts."""
    per = length_words(cap.per) if isinstance(cap.per, timedelta) else f"a {cap.per}"
    asks = f"at most {cap.at_most} letters of the class {cap.class_} in {per}"
    inside = counted_by(cap, counted, cap.class_, zone, now)
    return Because(asks, False, f"{len(inside)}: {_told(inside)}" if inside else "none", "cap")


def _told(letters: Sequence[Sent]) -> str:
    """Letters in words, the latest first."""
    latest = sorted(letters, key=lambda one: one.at, reverse=True)
    told = [f"{one.campaign}/{one.step} at {rfc3339(one.at)}" for one in latest[:MOST_TOLD]]
    more = len(latest) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


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
        return NEVER
    if len(sent) < cap.at_most:
        return None
    inside = sorted(one.at for one in counted_by(cap, sent, klass, zone, now))
    if len(inside) < cap.at_most:
        return None
    if isinstance(cap.per, timedelta):
        return inside[-cap.at_most] + cap.per
    days = 1 if cap.per == "calendar day" else 7
    return instant_of(_first_day(cap, zone, now) + timedelta(days=days), time(), zone)


def counted_by(
    cap: Cap, sent: Sequence[Sent], klass: str, zone: ZoneInfo, now: datetime
) -> list[Sent]:
    """The letters of a class that a cap counts now."""
    mine = [one for one in sent if one.klass == klass and one.at <= now]
    if isinstance(cap.per, timedelta):
        return [one for one in mine if one.at > now - cap.per]
    begins = instant_of(_first_day(cap, zone, now), time(), zone)
    return [one for one in mine if one.at >= begins]


def _first_day(cap: Cap, zone: ZoneInfo, now: datetime) -> date:
    """The day on which the customer's own day or week begins that a calendar cap counts."""
    today = now.astimezone(zone).date()
    return today if cap.per == "calendar day" else today - timedelta(days=today.weekday())
