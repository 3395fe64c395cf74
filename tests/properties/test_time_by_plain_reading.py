"""Local time by a plain reading: every zone there is, around its real changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Flow
from lifecycle.core.chance import fraction
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.send_time import Allowed
from lifecycle.core.settings import Settings
from lifecycle.core.timing import step_due
from lifecycle.core.words import WEEKDAYS, Moment, Span, instant_of, next_time
from tests.properties.plain_clock import DAY, LAST_YEAR, MINUTE, ZONES, Wall, changes
from tests.properties.shops import EXAMPLES, MICRO

BEFORE = timedelta(days=3)
LOOKED_AT = 11 * 24 * 60
"""Minutes for which the clock is looked at; whatever is allowed is so within these."""
POLICY = Policy(
    Settings.model_validate(
        {
            "shop": {"name": "S", "address": "A", "seed": "s"},
            "senders": {"s": {"from": "s@shop.example"}},
        }
    ),
    {},
)
CHANGING = [name for name in ZONES if changes(name)]
TIMES = [time(minutes // 60, minutes % 60) for minutes in range(0, 24 * 60, 15)]
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
NIGHTLY = st.sampled_from([time(hour, minute) for hour in (23, 0, 1, 2, 3) for minute in (0, 30)])
SPANS = st.tuples(CLOCKS | NIGHTLY, CLOCKS | NIGHTLY).filter(lambda two: two[0] != two[1])


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and an instant, mostly within a day and a half of a change of its clock."""
    name = draw(st.sampled_from(CHANGING) | st.sampled_from(ZONES))
    found = changes(name)
    at_random: int = draw(st.integers(0, 9))
    if found and at_random:
        which: int = draw(st.integers(0, len(found) - 1))
        change = found[which]
    else:
        days = draw(st.integers(0, 365 * 5))
        change = datetime(LAST_YEAR - 4, 1, 1, tzinfo=UTC) + timedelta(days=days)
    beside = st.sampled_from((-MINUTE, -MICRO, timedelta(), MICRO, MINUTE))
    near = st.integers(-36 * 60, 36 * 60)
    apart = draw(st.one_of(beside, near.map(lambda minutes: timedelta(minutes=minutes))))
    return name, change + apart + draw(st.sampled_from((timedelta(), MICRO)))


def looked(
    zone: ZoneInfo, around: datetime, minutes: int = LOOKED_AT, before: timedelta = BEFORE
) -> Wall:
    """The clock on the wall from some days before an instant on."""
    begins = (around - before).replace(second=0, microsecond=0)
    return Wall.of(zone, begins, minutes)


def test_in_every_zone_each_local_time_around_a_change_comes_once() -> None:
    """One change of each zone from 2026 to 2030, by hash, and each quarter of an hour around it."""
    assert len(CHANGING) > 150
    for name in CHANGING:
        zone, found = ZoneInfo(name), changes(name)
        change = found[int(fraction("changes", name) * len(found))]
        wall = looked(zone, change, 5 * 24 * 60)
        today = change.astimezone(zone).date()
        for day in (today - DAY, today):
            for at in TIMES:
                wanted = wall.when(datetime.combine(day, at))
                assert instant_of(day, at, zone) == wanted, (name, day, at)


def test_every_kind_of_change_is_among_them() -> None:
    """Half an hour, an hour at midnight and at three, and where summer is less than winter."""
    kinds = set()
    for name in CHANGING:
        for change in changes(name):
            before = (change - MINUTE).astimezone(ZoneInfo(name))
            shown = change.astimezone(ZoneInfo(name))
            kinds.add((before.time(), shown.time()))
    assert {(time(1, 59), time(3)), (time(2, 59), time(2)), (time(23, 59), time(1))} <= kinds
    assert {(time(1, 59), time(2, 30)), (time(1, 59), time(1, 30))} <= kinds


@settings(max_examples=EXAMPLES, deadline=None)
@given(moment=moments(), at=CLOCKS | NIGHTLY)
def test_the_next_time_of_day_is_the_first_the_clock_comes_to(
    moment: tuple[str, datetime], at: time
) -> None:
    zone, after = ZoneInfo(moment[0]), moment[1]
    wall = looked(zone, after, 6 * 24 * 60)
    assert next_time(after, at, zone) == wall.first(after, lambda _: True, at)


@settings(max_examples=EXAMPLES, deadline=None)
@given(moment=moments(), said=SPANS)
def test_a_span_covers_from_its_start_to_its_end_as_the_clock_comes_to_them(
    moment: tuple[str, datetime], said: tuple[time, time]
) -> None:
    zone, now = ZoneInfo(moment[0]), moment[1]
    wall = looked(zone, now, 6 * 24 * 60)
    on = wall.quiet(*said)
    number = (now - wall.begins) // MINUTE
    ends = next(one for one in range(number, len(on)) if not on[one])
    covering = Span(*said).covering(now, zone)
    assert covering == (wall.instant(ends) if on[number] else None)


@st.composite
def limits(draw: st.DrawFn, around: date) -> Allowed:
    """Times of day, weekdays, days left out and quiet hours, any of them or all."""
    near = st.integers(-1, 4).map(lambda days: around + timedelta(days=days))
    left_out = draw(st.lists(near, max_size=3, unique=True))
    holiday = draw(st.none() | near)
    quiet = draw(st.none() | SPANS)
    return Allowed(
        draw(st.none() | CLOCKS | NIGHTLY),
        tuple(draw(st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True))),
        tuple(left_out),
        None if quiet is None else Span(*quiet),
        None if holiday is None else lambda day: day == holiday,
    )


def plainly(said: Allowed, after: datetime, wall: Wall) -> datetime | None:
    """The first instant at which all hold at once, looked for minute by minute."""
    quiet = wall.quiet(said.quiet.start, said.quiet.end) if said.quiet else None

    def holds(number: int) -> bool:
        day = wall.day(number)
        if said.on and wall.weekday(number) not in said.on:
            return False
        if day in said.not_on or (said.holiday is not None and said.holiday(day)):
            return False
        return quiet is None or not quiet[number]

    return wall.first(after, holds, said.at)


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), moment=moments())
def test_the_first_allowed_instant_is_the_first_minute_at_which_all_hold(
    data: st.DataObject, moment: tuple[str, datetime]
) -> None:
    zone, after = ZoneInfo(moment[0]), moment[1]
    wall = looked(zone, after)
    said = data.draw(limits(after.astimezone(zone).date()))
    found, wanted = said.first(after, zone), plainly(said, after, wall)
    if wanted is None:
        # A clock time in quiet hours may hold on the one day on which a change moves it.
        assert found is None or found > wall.instant(LOOKED_AT - 1)
    else:
        assert found == wanted


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    moment=moments(),
    days=st.sampled_from((-7, -2, -1, 0, 1)),
    clock=st.none() | CLOCKS | NIGHTLY,
    anchor_clock=CLOCKS | NIGHTLY,
    fixed=st.booleans(),
)
def test_days_around_an_anchor_are_days_of_the_wall_clock(
    moment: tuple[str, datetime], days: int, clock: time | None, anchor_clock: time, fixed: bool
) -> None:
    """The T of a date flow: T-7 days 10:00 is ten o'clock, whatever the clock does between."""
    zone, around = ZoneInfo(moment[0]), moment[1].replace(second=0, microsecond=0)
    wall = looked(zone, around, 13 * 24 * 60, timedelta(days=10))
    day = around.astimezone(zone).date()
    shown = datetime.combine(day, anchor_clock)
    anchor = Moment(around) if fixed else Moment(shown)
    if fixed:
        shown = wall.shown[(around - wall.begins) // MINUTE]
    wanted = datetime.combine(shown.date() + timedelta(days=days), clock or shown.time())
    if fixed and clock is None and days == 0:
        return
    said = AnchorTime(timedelta(days=days), clock)
    assert said.at(anchor, zone) == wall.when(wanted), said.words()


@settings(max_examples=EXAMPLES, deadline=None)
@given(moment=moments(), minutes=st.integers(-3000, 3000).filter(lambda n: n % (24 * 60)))
def test_hours_around_an_anchor_are_exact(moment: tuple[str, datetime], minutes: int) -> None:
    zone, around = ZoneInfo(moment[0]), moment[1].replace(second=0, microsecond=0)
    said = AnchorTime(timedelta(minutes=minutes))
    assert said.at(Moment(around), zone) == around + timedelta(minutes=minutes)
    shown = around.astimezone(zone).replace(tzinfo=None, fold=0)
    wall = looked(zone, around, 6 * 24 * 60)
    assert said.at(Moment(shown), zone) == wall.when(shown) + timedelta(minutes=minutes)


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), moment=moments(), wait=st.integers(0, 24 * 60))
def test_a_letter_falls_due_at_the_first_minute_after_its_wait_at_which_all_hold(
    data: st.DataObject, moment: tuple[str, datetime], wait: int
) -> None:
    """What `step_due` gives may still lie in quiet hours alone: they then hold the letter."""
    zone, decided = ZoneInfo(moment[0]), moment[1]
    wall = looked(zone, decided)
    drawn = data.draw(limits(decided.astimezone(zone).date()))
    # Holidays are told by a calendar, which this policy has not.
    said = Allowed(drawn.at, drawn.on, drawn.not_on, drawn.quiet)
    step = {
        "name": "s",
        "template": "x",
        "subject": "x",
        "after": f"{wait} minutes",
        "on": list(said.on),
        "not_on": list(said.not_on),
        **({} if said.at is None else {"at": f"{said.at:%H:%M}"}),
    }
    quiet = f"{said.quiet.start:%H:%M}-{said.quiet.end:%H:%M}" if said.quiet else "off"
    flow = Flow.model_validate(
        {
            "name": "F",
            "kind": "flow",
            "topic": "offers",
            "enter": {"when": "x"},
            "step": [step],
            "sending": {"quiet_hours": quiet},
        }
    )
    enrollment = Enrollment("e", "F", "", "1", {}, 1, decided, "1", "x", decided, {})
    facts = Facts("c", decided, zone)
    base = decided + timedelta(minutes=wait)
    due = step_due(flow, flow.step[0], enrollment, decided, facts, POLICY).at
    wanted = plainly(said, base, wall)
    assert due >= base
    if wanted is None:
        free = said.first(due, zone)
        assert free is None or free >= wall.instant(LOOKED_AT - 1)
    elif due == base != wanted:
        assert said.quiet is not None
        assert said.quiet.covering(base, zone) is not None
        assert said.first(due, zone) == wanted
    else:
        assert due == wanted
