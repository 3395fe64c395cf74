"""Whether a letter might go at an instant, read plainly from what was told: promise 3, the judge.

It shares no code with the engine's guard, and says why a letter must not have gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.settings import Cap, Settings
from lifecycle.core.step import Step
from lifecycle.core.words import Span
from lifecycle.sim.record import Record
from lifecycle.sources.event_line import EventIn

AROUND = timedelta(hours=26)
"""So near to a change of the clock an edge of quiet hours may be skipped or come twice."""


@dataclass(frozen=True, slots=True)
class Went:
    """A letter that was handed over, as caps and gaps count it."""

    at: datetime
    customer_id: str
    message_id: str
    klass: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Handed:
    """One hand-over with the rows that it was made from."""

    at: datetime
    customer_id: str
    to: str
    message: Any
    enrollment: Any
    campaign: Campaign
    step: Step


@dataclass(frozen=True, slots=True)
class PlainGuard:
    """Judges hand-overs by the settings and by what was told."""

    settings: Settings
    record: Record

    def wrongs(
        self,
        one: Handed,
        before: Sequence[Went],
        silenced: Sequence[tuple[datetime, tuple[str, ...]]],
    ) -> Iterator[str]:
        """Every reason for which this letter must not have been handed over.

        `before` are the customer's letters until then, `silenced` since when steps have kept
        marketing from them, each with the events that end it.
        """
        if one.to in self.record.suppressed:
            yield "the address was suppressed"
        yield from self._exits(one)
        if one.at > one.message.stale_at:
            yield "the letter was stale"
        if self._quiet(one):
            yield "it was in the customer's quiet hours"
        if one.step.transactional:
            return
        if not self.record.agrees(one.customer_id, one.campaign.topic):
            yield f"the customer did not agree to {one.campaign.topic}"
        for since, until in silenced:
            if since < one.at and not self._ended(one, since, until):
                yield "marketing was suppressed by a step"
        if one.campaign.sending.caps:
            yield from self._too_many(one, [went for went in before if went.counts])

    def _exits(self, one: Handed) -> Iterator[str]:
        flow, row = one.campaign, one.enrollment
        if not isinstance(flow, Flow):
            return
        begun = row.event_at if flow.enter.on_date is None else max(row.event_at, row.entered_at)
        for event in self.record.of[one.customer_id].events:
            named = any(_named(said, event.event) for said in flow.exit.when)
            if named and event.at > begun and event.id != row.event_id and about(event, row.key):
                yield f"{event.event} ({event.id}) had ended the enrollment"

    def _ended(self, one: Handed, since: datetime, until: tuple[str, ...]) -> bool:
        """Whether a silence is over; what the engine itself says may have ended it, too."""
        told = self.record.of[one.customer_id].events
        if any(_named(said, event.event) for event in told for said in until if event.at >= since):
            return True
        ours = ("message_sent", "segment_", "points_", "tier_", "incentive_", "referral_")
        return any(said.startswith(ours) or said.endswith("*") for said in until)

    def _quiet(self, one: Handed) -> bool:
        sending = one.campaign.sending
        said = sending.says_quiet_hours
        if one.step.transactional and not said:
            return False
        span = sending.quiet_hours if said else self.settings.sending.quiet_hours
        return span is not None and shows(one.at, span, self.record.zone(one.customer_id))

    def _too_many(self, one: Handed, before: Sequence[Went]) -> Iterator[str]:
        gap = self.settings.sending.minimum_gap
        if gap and any(one.at - went.at < gap for went in before):
            yield "the minimum gap had not passed"
        same = [went for went in before if went.klass == one.campaign.klass]
        zone = self.record.zone(one.customer_id)
        for cap in self.settings.sending.cap:
            if cap.class_ == one.campaign.klass:
                inside = [went for went in same if within(cap, went.at, one.at, zone)]
                if len(inside) >= cap.at_most:
                    yield f"{len(inside)} letters of class {cap.class_} had gone: the cap is full"


def within(cap: Cap, at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a letter that went at `at` is counted by a cap at `now`."""
    if isinstance(cap.per, timedelta):
        return now - at < cap.per
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if cap.per == "calendar day":
        return day == today
    return _monday(day) == _monday(today)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def shows(at: datetime, span: Span, zone: ZoneInfo) -> bool:
    """Whether the wall clock shows a time in a span; False near a change of the clock."""
    around = {(at + shift).astimezone(zone).utcoffset() for shift in (-AROUND, AROUND)}
    if len(around) > 1:
        return False
    clock = at.astimezone(zone).time()
    midnight = time()
    if span.start < span.end:
        return span.start <= clock < span.end
    return clock >= span.start or midnight <= clock < span.end


def about(event: EventIn, key: Mapping[str, Any]) -> bool:
    """Whether an event is about an enrollment: equal on the parts of the key that it carries."""
    for path, value in key.items():
        carried = list(_carried(event.properties, path.split(".")))
        if not carried and path.startswith("item."):
            carried = list(_carried(event.properties, ["items", *path.split(".")[1:]]))
        if carried and _plain(value) not in map(_plain, carried):
            return False
    return True


def _carried(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _carried(one, path)
    elif path:
        if isinstance(value, Mapping):
            yield from _carried(value.get(path[0]), path[1:])
    elif value is not None and value != "":
        yield value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _named(said: str, name: str) -> bool:
    return name.startswith(said[:-1]) if said.endswith("*") else said == name
