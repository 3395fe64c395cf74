"""Times that never come or always come too late, and those that are probably not meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.sense_hours import best_hour
from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.send_time import Allowed, Clock
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step
from lifecycle.core.words import Moment, Span, zone_of

SOME_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the search for a possible time begins: any instant would do, since a year is searched."""
SOME_DAY = Moment(SOME_INSTANT.replace(tzinfo=None))
"""An anchor: any would do, since all times that are compared count from it."""
_UTC = zone_of("UTC")


def quiet_of(campaign: Campaign, step: Step, settings: Settings) -> Span | None:
    """The quiet hours that a step keeps, as `Policy.quiet_hours`: letters alone keep some."""
    said = campaign.sending.says_quiet_hours
    if not step.writes or (step.transactional and not said):
        return None
    return settings.quiet(said, campaign.sending.quiet_hours)


def times(
    document: Document, place: Place, step: Step, campaign: Campaign, settings: Settings
) -> Iterator[Problem]:
    """What is wrong with the times of one step, those of its variants included."""
    quiet = quiet_of(campaign, step, settings)
    clocks: dict[Place, Clock | AnchorTime | None] = {(*place, "at"): step.at}
    timed = [(index, one) for index, one in enumerate(step.variant) if one.at is not None]
    clocks |= {(*place, "variant", index, "at"): one.at for index, one in timed}
    for at, clock in clocks.items():
        if isinstance(clock, AnchorTime):
            yield from _around(document, place, at, clock, step, campaign, quiet)
        else:
            yield from _on_the_clock(document, place, at, clock, step, campaign, quiet, settings)


def _on_the_clock(
    document: Document,
    place: Place,
    at: Place,
    clock: Clock | None,
    step: Step,
    campaign: Campaign,
    quiet: Span | None,
    settings: Settings,
) -> Iterator[Problem]:
    zone = zone_of(settings.shop.timezone)
    free = Allowed(None, step.on, step.days_left_out, quiet)
    possible = (replace(free, at=hour).first(SOME_INSTANT, zone) for hour in _hours(clock))
    if not any(one is not None for one in possible):
        where = at if clock is not None else (*place, "on" if step.on else "not_on")
        yield document.problem(where, _never(clock, step, quiet), _way_out(clock, step, quiet))
    elif clock is not None and clock.best:
        yield from best_hour(document, at, step, campaign)


def _around(
    document: Document,
    place: Place,
    at: Place,
    clock: AnchorTime,
    step: Step,
    campaign: Campaign,
    quiet: Span | None,
) -> Iterator[Problem]:
    """A time around the anchor: quiet hours and days push it later, `not_after` may cut it off."""
    anchor = campaign.anchor if isinstance(campaign, Series) else SOME_DAY
    anchor = Moment(anchor.value.replace(tzinfo=None))
    local = clock.moment(anchor).at(_UTC)
    days = Allowed(None, step.on, step.days_left_out, None)
    due = local if isinstance(campaign, Flow) else days.first(local, _UTC) or local
    ends = quiet.covering(due, _UTC) if quiet is not None and clock.clock is not None else None
    last = _last(campaign, step, anchor)
    if last is not None and (ends or due) > last:
        problem = "this never goes: its time comes after `not_after`"
        yield document.problem((*place, "not_after"), problem, "move one of the two")
    elif ends is not None and ends - due >= campaign.sending.stale_after:
        problem = "this never goes: it lies in the quiet hours, and is stale before they end"
        hint = f"choose a time after {ends:%H:%M}, or a longer `stale_after`"
        yield document.problem(at, problem, hint)
    elif ends is not None:
        problem = f"this lies in the quiet hours: the letters will wait until {ends:%H:%M}"
        yield document.problem(at, problem, "", "warning")


def _last(campaign: Campaign, step: Step, anchor: Moment) -> datetime | None:
    """The last moment of a step, where it counts from the anchor as its time does."""
    last = step.not_after
    if isinstance(last, AnchorTime):
        last = last.moment(anchor)
    elif not isinstance(campaign, Series):
        return None
    return None if last is None else Moment(last.value.replace(tzinfo=None)).at(_UTC)


def quiet_moment(document: Document, broadcast: Broadcast, settings: Settings) -> Iterator[Problem]:
    """A warning where a broadcast's own time, or that of each occurrence, lies in quiet hours."""
    if isinstance(broadcast.at, Clock):
        step = broadcast.letter()
        quiet = quiet_of(broadcast, step, settings)
        said = ("at",)
        yield from _on_the_clock(document, (), said, broadcast.at, step, broadcast, quiet, settings)
        return
    key, at = "at", None
    if broadcast.every is not None:
        key, at = "every", datetime.combine(SOME_INSTANT.date(), broadcast.every.at, UTC)
    elif isinstance(broadcast.at, Moment) and broadcast.at.value.tzinfo is None:
        at = broadcast.at.value.replace(tzinfo=UTC)
    quiet = settings.quiet(broadcast.sending.says_quiet_hours, broadcast.sending.quiet_hours)
    ends = quiet.covering(at, _UTC) if quiet is not None and at is not None else None
    if ends is not None and at is not None:
        if ends - at >= broadcast.sending.stale_after:
            problem = "this never goes: it lies in the quiet hours, and is stale before they end"
            hint = f"choose a time after {ends:%H:%M}, or a longer `stale_after`"
            yield document.problem((key,), problem, hint)
            return
        problem = f"this lies in the quiet hours: the letters will wait until {ends:%H:%M}"
        yield document.problem((key,), problem, "", "warning")


def stale_at_night(
    document: Document, campaign: Campaign, letters: list[Step], settings: Settings
) -> Iterator[Problem]:
    """A warning where a letter that falls due at night is stale before the morning."""
    spans = {quiet_of(campaign, step, settings) for step in letters}
    longest = max((_size(one) for one in spans if one is not None), default=timedelta())
    stale_after = campaign.sending.stale_after
    if "stale_after" in campaign.sending.model_fields_set and stale_after < longest:
        problem = "quiet hours last longer than this: what falls due early in them is dropped"
        hint = f'say more than the quiet hours: stale_after = "{longest // _HOUR + 1} hours"'
        yield document.problem(("sending", "stale_after"), problem, hint, "warning")


_HOUR = timedelta(hours=1)


def _size(span: Span) -> timedelta:
    day = SOME_INSTANT.date()
    size = datetime.combine(day, span.end) - datetime.combine(day, span.start)
    return size % timedelta(days=1)


def _hours(clock: Clock | None) -> list[time | None]:
    if clock is None or (clock.fixed is None and clock.between is None):
        return [None]
    if clock.between is None:
        return [clock.fixed]
    start, end = clock.between.start, clock.between.end
    inside = [
        time(hour)
        for hour in range(24)
        if (start <= time(hour) < end if start < end else time(hour) >= start or time(hour) < end)
    ]
    return [*inside, start]


def _never(clock: Clock | None, step: Step, quiet: Span | None) -> str:
    parts = ["time"] if clock is not None else []
    parts += ["weekdays"] if step.on else []
    parts += ["days left out"] if step.days_left_out else []
    parts += ["quiet hours"] if quiet is not None else []
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else "".join(parts)
    return f"this moment never comes: {listed} leave none in a year"


def _way_out(clock: Clock | None, step: Step, quiet: Span | None) -> str:
    free = Allowed(None, step.on, step.days_left_out, None)
    if quiet is None or clock is None or free.first(SOME_INSTANT, _UTC) is None:
        return "leave another day"
    return f"quiet hours are {quiet.start:%H:%M}-{quiet.end:%H:%M}: choose a time outside them"
