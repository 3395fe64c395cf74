"""An occasion: one going-out of a broadcast, of an occurrence of it, or of a step of a series.

It has a moment of its own for each customer: a local time, one instant, a time around an anchor, or
the customer's best hour of a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from lifecycle.core.anchor import AnchorTime
from lifecycle.core.best_hour import hours_free, slots_of, why
from lifecycle.core.campaign import LETTER, Broadcast, Series
from lifecycle.core.hours import Own
from lifecycle.core.learned_hours import HOURS
from lifecycle.core.policy import Policy
from lifecycle.core.send_time import Clock
from lifecycle.core.step import Step
from lifecycle.core.timed import SAID, Timed
from lifecycle.core.words import Moment, instant_of, span, zone_of

ONCE = "once"
"""The occasion of a campaign that goes out once; an occurrence has its date."""
EAST = timedelta(hours=14)
"""How far the earliest zone is ahead of UTC: a local time comes there first."""
_SAID = Timed(SAID)
Time = time | AnchorTime | None
"""The time of day, or around the anchor, that is a customer's own; None: the moment as said."""


@dataclass(frozen=True, slots=True)
class When:
    """A moment; with `around` the anchor that a time goes around; with `best` the day of an hour.

    It can be kept as text, so that a file changed midway moves nobody's moment.
    """

    moment: Moment
    around: AnchorTime | None = None
    best: Clock | None = None

    def at(self, zone: ZoneInfo) -> datetime:
        """The instant of it for somebody in `zone`; of a best hour the beginning of its day."""
        return self.moment.at(zone) if self.around is None else self.around.at(self.moment, zone)

    def day(self, zone: ZoneInfo) -> date:
        """The local day on which it falls."""
        if self.around is None and self.moment.value.tzinfo is None:
            return self.moment.value.date()
        return self.at(zone).astimezone(zone).date()

    def said(self) -> str:
        """It as text; `read_when` reads it."""
        text = self.moment.value.isoformat()
        if self.around is not None:
            clock = f" {self.around.clock:%H:%M}" if self.around.clock else ""
            text += f"|T{int(self.around.offset.total_seconds()):+d}{clock}"
        if self.best is not None:
            inside = self.best.between
            text += "|best" + (f" {inside.start:%H:%M}-{inside.end:%H:%M}" if inside else "")
        return text


def read_when(said: str) -> When:
    """Read what `When.said` wrote."""
    first, *more = said.split("|")
    around = best = None
    for part in more:
        head, _, tail = part.partition(" ")
        if head == "best":
            best = Clock(None, span(tail) if tail else None)
        else:
            clock = time.fromisoformat(tail) if tail else None
            around = AnchorTime(timedelta(seconds=int(head[1:])), clock)
    return When(Moment(datetime.fromisoformat(first)), around, best)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What goes out, to whose entry, when, and in which wave of how many."""

    campaign: Broadcast | Series
    id: str
    entry: str
    """What its enrollments are told apart by: a date."""
    step: Step
    when: When
    wave: int = 0

    @property
    def shift(self) -> timedelta:
        """How long after the first wave this one comes."""
        waves = self.campaign.waves if isinstance(self.campaign, Broadcast) else None
        return timedelta() if waves is None else self.wave * waves.gap


def occurrence(broadcast: Broadcast, day: date, wave: int = 0) -> Occasion:
    """A recurring broadcast's occurrence on a day."""
    assert broadcast.every is not None
    entry, when = day.isoformat(), When(Moment(broadcast.every.local(day)))
    return Occasion(broadcast, entry, entry, broadcast.letter(), when, wave)


def once(broadcast: Broadcast, wave: int = 0) -> Occasion:
    """A broadcast that goes out once."""
    if isinstance(broadcast.at, Clock):
        assert broadcast.on is not None
        when = When(Moment(datetime.combine(broadcast.on, time())), best=broadcast.at)
    else:
        assert isinstance(broadcast.at, Moment)
        when = When(broadcast.at)
    entry = when.moment.value.date().isoformat()
    return Occasion(broadcast, ONCE, entry, broadcast.letter(), when, wave)


def of_step(series: Series, step: Step) -> Occasion:
    """A step of a series."""
    around = step.at if isinstance(step.at, AnchorTime) else None
    entry = series.anchor.value.date().isoformat()
    return Occasion(series, ONCE, entry, step, When(series.anchor, around))


def in_order(series: Series) -> list[Step]:
    """The steps of a series by their moments; at one moment as in the file."""

    def moment(step: Step) -> datetime:
        times = [step.at, *(one.at for one in step.variant)]
        local = [one.moment(series.anchor).value for one in times if isinstance(one, AnchorTime)]
        return min(local, default=series.anchor.value)

    return sorted(series.step, key=moment)


def opens_at(campaign: Broadcast | Series) -> datetime | None:
    """The instant at which its first moment comes for anybody anywhere; None where it recurs."""
    if isinstance(campaign, Series):
        whens = [of_step(campaign, step).when for step in campaign.step]
        return min(_first_anywhere(one) for one in whens)
    return None if campaign.every is not None else _first_anywhere(once(campaign).when)


def _first_anywhere(when: When) -> datetime:
    value = when.moment.value
    if when.around is not None:
        value = when.around.moment(when.moment).value
    return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC) - EAST


def times(occasion: Occasion, policy: Policy) -> tuple[Time, ...]:
    """All times that may be somebody's own: of timed variants each, of a best hour every hour."""
    clocks = [one.at for one in occasion.step.variant if one.at is not None]
    found: dict[Time, None] = {}
    for clock in clocks or [occasion.when.best]:
        if isinstance(clock, Clock) and clock.best:
            found |= dict.fromkeys(_hours(occasion, clock, policy))
        else:
            found[clock.fixed if isinstance(clock, Clock) else clock] = None
    return tuple(found)


def hour_clock(occasion: Occasion, customer_id: str, policy: Policy) -> Clock | AnchorTime | None:
    """What is said of a customer's hour: by the file, or by the variant that the customer sees."""
    step = occasion.step
    if step.variant and step.variant[0].at is not None:
        return policy.variant_by_hash(occasion.campaign, step, customer_id, occasion.entry).at
    return occasion.when.best


def own_time(
    occasion: Occasion, customer_id: str, zone: ZoneInfo, own: Own, policy: Policy
) -> tuple[Time, Timed]:
    """The customer's own time, and how it came to its hour.

    `own` and `policy.hours` are what was known when the customer's local day began: a best hour is
    the same whenever on that day it is asked for.
    """
    clock = hour_clock(occasion, customer_id, policy)
    if not isinstance(clock, Clock):
        return clock, _SAID
    if not clock.best:
        return clock.fixed, _SAID
    asked, hours = policy.best_hours, _hours(occasion, clock, policy)
    slots = slots_of(occasion.when.day(zone), hours)
    timed = asked.choose(own, slots, _letter(occasion, customer_id))
    assert timed.slot is not None
    return _at(hours, timed.slot), timed


def why_then(
    occasion: Occasion, customer_id: str, zone: ZoneInfo, own: Own, timed: Timed, policy: Policy
) -> str:
    """Why a letter goes at the hour that was chosen; empty where none was."""
    clock = hour_clock(occasion, customer_id, policy)
    if timed.slot is None or not isinstance(clock, Clock):
        return ""
    hours = _hours(occasion, clock, policy)
    slots = slots_of(occasion.when.day(zone), hours)
    return why(policy.best_hours, timed, own, slots, _at(hours, timed.slot))


def plain_kind(occasion: Occasion, customer_id: str, policy: Policy) -> tuple[object, ...]:
    """What alone decides the hour of somebody of whom nothing is known, but for zone and groups."""
    clock = hour_clock(occasion, customer_id, policy)
    if not isinstance(clock, Clock) or not clock.best:
        return (clock,)
    asked = policy.best_hours
    if asked.known is None:
        return (clock, None)
    role, draw = asked.drawn(_letter(occasion, customer_id))
    return clock, role, asked.known.believed_at(draw)


def _letter(occasion: Occasion, customer_id: str) -> tuple[str, ...]:
    return occasion.campaign.id, occasion.step.name, customer_id, occasion.entry


def _hours(occasion: Occasion, clock: Clock, policy: Policy) -> tuple[time, ...]:
    quiet = policy.quiet_hours(occasion.campaign, occasion.step)
    return hours_free(policy.settings.sending.best_hour, clock.between, quiet)


def _at(hours: Sequence[time], slot: int) -> time:
    return next(at for at in hours if at.hour == slot % HOURS)


def asks_for_best_hour(campaign: Broadcast | Series) -> bool:
    """Whether the hour of some letter of it is chosen for the customer."""
    if isinstance(campaign, Broadcast):
        clocks = [campaign.at, *(one.at for one in campaign.variant)]
    else:
        clocks = [one.at for step in campaign.step for one in step.variant]
    return any(isinstance(clock, Clock) and clock.best for clock in clocks)


def instant(when: When, at: Time, zone: ZoneInfo) -> datetime:
    """The instant of somebody's own time."""
    if at is None:
        return when.at(zone)
    if isinstance(at, AnchorTime):
        return at.at(when.moment, zone)
    return instant_of(when.day(zone), at, zone)


@dataclass(frozen=True, slots=True)
class Moments:
    """When an occasion comes, zone by zone; without zones at one instant for everybody."""

    instants: tuple[datetime, ...]
    zones: Mapping[datetime, tuple[str, ...]]
    names: tuple[str, ...]

    def first_from(self, at: datetime) -> datetime | None:
        """The first instant at or after `at`."""
        return next((one for one in self.instants if one >= at), None)


def moments(occasion: Occasion, policy: Policy) -> Moments:
    """When an occasion comes for whom."""
    found = times(occasion, policy)
    shop_zone = policy.settings.shop.timezone
    return _moments(occasion.when, found, occasion.shift, shop_zone)


@lru_cache(maxsize=100)
def _moments(when: When, own: tuple[Time, ...], shift: timedelta, shop_zone: str) -> Moments:
    if own == (None,) and when.around is None and when.moment.value.tzinfo is not None:
        at = when.moment.at(zone_of(shop_zone)) + shift
        return Moments((at,), {at: ()}, ())
    names = _zones(shop_zone)
    zones: dict[datetime, dict[str, None]] = {}
    for name in names:
        zone = zone_of(name)
        for one in own:
            zones.setdefault(instant(when, one, zone) + shift, {})[name] = None
    return Moments(tuple(sorted(zones)), {at: tuple(found) for at, found in zones.items()}, names)


@lru_cache(maxsize=8)
def _zones(shop_zone: str) -> tuple[str, ...]:
    return tuple(sorted(available_timezones() | {shop_zone}))


def decides_at(occasion: Occasion, policy: Policy) -> datetime | None:
    """The instant at which the winner of its test is to be chosen; None: never.

    Its clock starts when the last of the test's letters could go.
    """
    winner = occasion.step.winner
    wait = None if winner is None else winner.waits or winner.within
    return None if wait is None else last_of_test(occasion, policy) + wait


def last_of_test(occasion: Occasion, policy: Policy) -> datetime:
    """When the last letter of a test could go, by the shop's own clock: most readers live by it.

    Of a best hour that is the last there may be; what falls in quiet hours goes when they end.
    """
    zone = zone_of(policy.settings.shop.timezone)
    quiet = policy.quiet_hours(occasion.campaign, occasion.step)
    found = [instant(occasion.when, one, zone) for one in times(occasion, policy)]
    return max((quiet.covering(at, zone) if quiet else None) or at for at in found)


def occasion_of(
    campaign: Broadcast | Series, which: str, entry: str, step: str, said: str, wave: int
) -> Occasion | None:
    """The occasion that is kept under these words; None where its step is gone."""
    if isinstance(campaign, Broadcast):
        found = campaign.letter() if step == LETTER else None
    else:
        found = campaign.step_named(step)
    return None if found is None else Occasion(campaign, which, entry, found, read_when(said), wave)
