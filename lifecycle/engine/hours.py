"""Learns at night at which hours letters are answered, where a letter asks for a best hour.

At 03:00 of the shop's clock letters are counted whose time to be answered is over, each once: how
far they are counted is moved in the transaction that writes the sums and what was learned of them.
A night in which no letter is to be counted leaves all as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.hours import ANSWERED_WITHIN, Own
from lifecycle.core.learned_hours import WEEK, Learned
from lifecycle.core.timed import MILLIONTHS
from lifecycle.core.words import FIRST_INSTANT, next_time, zone_of
from lifecycle.engine.parts import Parts
from lifecycle.failpoints import reach
from lifecycle.store import hours, operations
from lifecycle.store.hour_counting import Counted, count
from lifecycle.store.hour_sample import SampledOf, sample
from lifecycle.store.hours import HoursState

if TYPE_CHECKING:
    from lifecycle.models.hour_evidence import Count, Sample

NIGHTLY = "hours"
ASK_AT = time(3, 0)
LEASE = timedelta(minutes=15)
"""After so long the night is tried again, by whoever is there: whoever held it has died."""
PEOPLE_EVERY = timedelta(days=7)
"""How people differ changes slowly: it is learned so often."""
NO_VISITS = (0,) * WEEK


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where a letter asks for a best hour; else nothing is learned."""
    if parts.live.asks_for_best_hour:
        hours.begin(connection, FIRST_INSTANT)
        operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))
    else:
        operations.forget_tasks(connection, [NIGHTLY])


def do_due(parts: Parts, now: datetime) -> int:
    """Count and learn where that is due; says how much was done.

    Another process that comes to it meanwhile finds that it is not due, or that letters are
    counted already.
    """
    database = parts.database
    with database.read() as connection:
        if NIGHTLY not in operations.tasks_due(connection, now):
            return 0
    with database.write() as connection:
        if not operations.take_task(connection, NIGHTLY, now, now + LEASE):
            return 0
        hours.begin(connection, FIRST_INSTANT)
    with database.read() as connection:
        before = hours.state(connection)
        assert before is not None
        to = max(before.counted_to, now - ANSWERED_WITHIN)
        kinds = parts.live.catalog.settings.sending.best_hour_groups
        counted = count(connection, before.counted_to, to, parts.shop_zone, kinds)
        people = _people(connection, parts, before, now) if counted.hours else None
    reach("hours_counted")
    with database.write() as connection:
        if hours.held(connection) == before:
            _write(connection, parts, counted, before, to, people, now)
            operations.set_task(connection, NIGHTLY, _tonight(parts, now))
        reach("hours_written")
    return 1


def _people(
    connection: Connection, parts: Parts, before: HoursState, now: datetime
) -> Sequence[Own] | None:
    """Of the people sampled what is known; None where that is not asked tonight."""
    from lifecycle.models.hour_evidence import MOST_PEOPLE

    if before.people_at is not None and now < before.people_at + PEOPLE_EVERY:
        return None
    settings = parts.live.catalog.settings
    kinds = settings.sending.best_hour_groups
    which = SampledOf(settings.shop.seed, MOST_PEOPLE, parts.shop_zone, kinds)
    return list(sample(connection, which, now))


def _write(
    connection: Connection,
    parts: Parts,
    counted: Counted,
    before: HoursState,
    to: datetime,
    people: Sequence[Own] | None,
    now: datetime,
) -> None:
    """Write the sums, learn of all there are, and put in force what was learned."""
    after = replace(before, counted_to=to)
    if not counted.hours:
        hours.move(connection, before, after)
        return
    from lifecycle.models.hour_evidence import KEPT_WEEKS
    from lifecycle.models.send_time import fit

    hours.add(connection, hours.COUNT, counted.count_rows())
    hours.add(connection, hours.TRIAL, counted.trial_rows())
    week = week_of(parts, now)
    hours.forget_before(connection, week - KEPT_WEEKS)
    evidence = counts(connection)
    visits = _visits(people) if people is not None else before.visits or NO_VISITS
    columns = None if people is None else columns_of(people)
    known = hours.learned(connection, before.fit)
    found = fit(evidence, columns, visits, week, known)
    if people is not None:
        after = replace(after, people_at=now, visits=list(visits))
    if found is not None:
        after = replace(after, fit=hours.keep_fit(connection, found, now))
        after = replace(after, since=before.since or now)
    hours.move(connection, before, after)
    if found is not None and found != known:
        told: Learned = found
        log.happened("hours_learned", letters=told.letters, answered=told.answered)


def counts(connection: Connection) -> list[Count]:
    """All sums, in a fixed order, as the fit is given them."""
    from lifecycle.models.hour_evidence import Count

    return [
        Count(week, source, group, slot, letters, expected / MILLIONTHS, answered)
        for source, group, week, slot, letters, expected, answered in hours.all_counts(connection)
    ]


def columns_of(people: Sequence[Own]) -> Sample:
    """The sample in columns, as the fit is given it."""
    import numpy as np

    from lifecycle.models.hour_evidence import MOST_LETTERS, Sample

    sources: dict[str, int] = {}
    person, slot, answered, source, weeks = [], [], [], [], []
    visit_person: list[int] = []
    visit_slot: list[int] = []
    for place, own in enumerate(people):
        for one in own.exposures[-MOST_LETTERS:]:
            person.append(place)
            slot.append(one.slot)
            answered.append(one.answered)
            source.append(sources.setdefault(one.source, len(sources)))
            weeks.append(one.weeks)
        visit_person += [place] * len(own.visits)
        visit_slot += own.visits
    return Sample(
        person=np.array(person, np.int64),
        slot=np.array(slot, np.int64),
        answered=np.array(answered, np.bool_),
        source=np.array(source, np.int64),
        weeks=np.array(weeks, np.float64),
        sources=tuple(sources),
        visit_person=np.array(visit_person, np.int64),
        visit_slot=np.array(visit_slot, np.int64),
        groups=tuple(own.groups for own in people),
    )


def _visits(people: Sequence[Own]) -> list[int]:
    found = list(NO_VISITS)
    for own in people:
        for slot in own.visits:
            found[slot] += 1
    return found


def week_of(parts: Parts, now: datetime) -> int:
    """The week of an instant on the shop's clock, numbered as sums are."""
    local = now.astimezone(zone_of(parts.shop_zone))
    return (local.toordinal() - local.weekday()) // 7


def _tonight(parts: Parts, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), ASK_AT, zone_of(parts.shop_zone))
