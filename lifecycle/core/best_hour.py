"""The hour of a letter that is chosen for the customer: which it may be, which it is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.chance import fraction
from lifecycle.core.hours import Choice, Exposure, Own, Role, decide, list_best, role_of, slot_of
from lifecycle.core.learned_hours import HOURS, Learned
from lifecycle.core.send_time import SEARCH_DAYS, Allowed
from lifecycle.core.timed import DEFAULT, Timed, chosen
from lifecycle.core.words import Span, instant_of

LEAST_ANSWERS = 10
"""With fewer answers in all, nothing is taken to be known: letters keep the shop's hour."""
DAY = timedelta(days=1)
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
PARTS = ("at night", "in the morning", "in the afternoon", "in the evening")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an hour is chosen by, customers apart."""

    learned: Learned | None
    shop_hour: time
    control_percent: float
    seed: str

    @property
    def known(self) -> Learned | None:
        """What is learned, where it is enough to go by."""
        found = self.learned
        return found if found is not None and found.answered >= LEAST_ANSWERS else None

    def drawn(self, letter: Sequence[str]) -> tuple[Role, float]:
        """A letter's role, and the draw by which it believes a curve, by hashes of its name."""
        role = role_of(fraction(self.seed, "hour_control", *letter), self.control_percent)
        return role, fraction(self.seed, "hour_draw", *letter)

    def choose(self, own: Own, slots: Sequence[int], letter: Sequence[str]) -> Timed:
        """The slot of a letter among those allowed, named by campaign, step, customer and entry."""
        role, draw = self.drawn(letter)
        found = decide(self.known, own, slots, self.shop_hour.hour, role, draw)
        return self._timed(found, role)

    def _timed(self, found: Choice, role: Role) -> Timed:
        return chosen(DEFAULT if self.known is None else role, found.slot, found.lean)


def hours_between(shop_hour: time, between: Span | None) -> tuple[time, ...]:
    """The times of day at which a letter may go, of each hour inside the span one."""
    times = (shop_hour if hour == shop_hour.hour else time(hour) for hour in range(HOURS))
    found = tuple(at for at in times if between is None or _inside(at, between))
    return found or (between.start if between else shop_hour,)


def hours_free(shop_hour: time, between: Span | None, quiet: Span | None) -> tuple[time, ...]:
    """The same outside quiet hours; where these leave none, the first of the span."""
    every = hours_between(shop_hour, between)
    found = tuple(at for at in every if quiet is None or not _inside(at, quiet))
    return found or ((between.start,) if between else (shop_hour,))


def moments(
    hours: Sequence[time], free: Allowed, base: datetime, zone: ZoneInfo, inside: timedelta | None
) -> dict[int, datetime]:
    """By slot, in the order in which they come, the moments that a letter may go at.

    With `inside` those within so long from `base`; where none is, and without it, those of a day
    from the first that is allowed: choosing an hour never lets a letter wait for another day on.
    """
    found: dict[int, datetime] = {}
    ends = None if inside is None else base + inside
    day = base.astimezone(zone).date()
    for _ in range(SEARCH_DAYS):
        for moment in _of_day(hours, free, day, base, zone):
            if ends is not None and moment >= ends and found:
                return found
            if not found:
                ends = _a_day_on(moment, zone) if ends is None or moment >= ends else ends
            found.setdefault(slot_of(moment.astimezone(zone)), moment)
        day += DAY
        if found and ends is not None and instant_of(day, time(), zone) >= ends:
            return found
    return found


def _a_day_on(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return instant_of(local.date() + DAY, local.time(), zone)


def _of_day(
    hours: Sequence[time], free: Allowed, day: date, base: datetime, zone: ZoneInfo
) -> list[datetime]:
    if not free.on_day(day):
        return []
    moments = sorted({instant_of(day, at, zone) for at in hours})
    return [
        one
        for one in moments
        if one >= base
        and (free.quiet is None or free.quiet.covering(one, zone) is None)
        # An hour that the clock skips is the next one there is, which may lie behind the span.
        and (free.between is None or free.between.covering(one, zone) is not None)
    ]


def why(asked: Asked, timed: Timed, own: Own, slots: Sequence[int], clock: time) -> str:
    """Why a letter goes at its hour, in words that a marketer reads; `clock` is what it shows."""
    assert timed.slot is not None
    at = f"at {clock:%H:%M}"
    learned, kept = asked.known, timed.slot % HOURS == asked.shop_hour.hour
    if learned is None:
        hour = "the shop's hour" if kept else "the first hour there is"
        return f"{at}: {hour}, as too little is known of hours yet"
    if timed.timing == "shop":
        return f"{at}: control, " + ("the shop's hour" if kept else "the first hour of that day")
    if timed.timing == "list":
        return f"{at}: control, the list's best hour"
    day = timed.slot // HOURS
    of_day = [slot for slot in slots if slot // HOURS == day]
    best = list_best(learned, of_day, asked.shop_hour.hour)
    if timed.slot == best:
        told = f"the list's best hour on {WEEKDAYS[day]}"
    elif _worth_own(asked, own, of_day) == timed.slot:
        told = "this customer's own best hour"
    else:
        told = "one of the hours that may be the best"
    return f"{at}: {told}{_own_words(timed.slot, own.exposures)}"


def _worth_own(asked: Asked, own: Own, slots: Sequence[int]) -> int:
    """The slot for the person, if the list's likeliest curve is believed."""
    learned = asked.known
    assert learned is not None
    return decide(replace(learned, likely=()), own, slots, asked.shop_hour.hour, "chosen", 0.0).slot


def _own_words(slot: int, letters: Sequence[Exposure]) -> str:
    part = slot % HOURS // 6
    there = [one for one in letters if one.slot % HOURS // 6 == part]
    if not there:
        return ""
    met = sum(one.answered for one in there)
    noun = "letter" if len(there) == 1 else "letters"
    verb = "was" if met == 1 else "were"
    return f", and {met} of {len(there)} {noun} of this customer {verb} answered {PARTS[part]}"


def slots_of(day: date, hours: Sequence[time]) -> list[int]:
    """The slots of a day, in the order in which they come."""
    return [day.weekday() * HOURS + at.hour for at in sorted(hours)]


def _inside(at: time, inside: Span) -> bool:
    if inside.start < inside.end:
        return inside.start <= at < inside.end
    return at >= inside.start or at < inside.end
