"""Which occasions broadcasts and series have ahead: noted when definitions go live, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import Broadcast, Series
from lifecycle.core.enter import TOO_LATE
from lifecycle.core.made_from import template_name
from lifecycle.core.occasion import (
    Moments,
    Occasion,
    decides_at,
    moments,
    occasion_of,
    occurrence,
    of_step,
    once,
)
from lifecycle.core.policy import Policy
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import decision_task, policy_now
from lifecycle.store import occasions, operations
from lifecycle.store.occasions import MISSED, WAITING, OccasionState

LOOK_BACK = timedelta(days=2)
"""No local day is further behind than this: there the search for the first occurrence begins."""
Key = tuple[str, str, str, int]


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Note what each broadcast and series has ahead; what has not begun moves with its file.

    What is long past when it is noted is never sent. A recurring broadcast comes from now on.
    """
    policy = policy_now(connection, parts.live)
    kept: dict[str, dict[Key, OccasionState]] = {}
    for one in occasions.states(connection):
        kept.setdefault(one.campaign, {})[one.key] = one
    for campaign in parts.live.dated:
        known = kept.pop(campaign.id, {})
        if campaign.status not in ("live", "paused"):
            kept[campaign.id] = known
        elif isinstance(campaign, Broadcast) and campaign.every is not None:
            _recurring(connection, campaign, known, policy, now)
        else:
            _once(connection, campaign, known, policy, now)
        if campaign.status == "live" and campaign.id not in policy.ordered:
            occasions.go_on(connection, campaign.id)
    gone = (one for known in kept.values() for one in known.values() if not one.begun)
    occasions.forget(connection, gone)


def _once(
    connection: Connection,
    campaign: Broadcast | Series,
    known: dict[Key, OccasionState],
    policy: Policy,
    now: datetime,
) -> None:
    wanted = _wanted(campaign)
    begun = [one for one in known.values() if one.begun]
    if isinstance(campaign, Broadcast) and begun:
        wanted = [one for one in wanted if _key(one) in known]
    if begun:
        # Whoever was let in goes on under the date of that time, though the anchor was moved.
        wanted = [replace(one, entry=begun[0].entry) for one in wanted]
    fresh = []
    for one in wanted:
        before = known.pop(_key(one), None) or _renamed(one, known)
        if before is not None and before.begun:
            _decide_later(connection, one, before, policy, now)
            continue
        state = _ahead(connection, one, policy, now, before)
        fresh.append(state)
        _decide_later(connection, one, state, policy, now)
        if state.state == MISSED and (before is None or before.state != MISSED):
            log.warned("broadcast_missed", campaign=campaign.id, step=one.step.name)
    occasions.forget(connection, [one for one in known.values() if not one.begun])
    occasions.put(connection, fresh)


def _wanted(campaign: Broadcast | Series) -> list[Occasion]:
    if isinstance(campaign, Series):
        return [of_step(campaign, step) for step in campaign.step]
    return [once(campaign, wave) for wave in range(waves_of(campaign))]


def _renamed(one: Occasion, known: dict[Key, OccasionState]) -> OccasionState | None:
    """What is known of a step under the name it had before: done is done."""
    if one.step.was is None:
        return None
    before = known.get((one.campaign.id, one.id, one.step.was, one.wave))
    return before if before is not None and before.begun else None


def _ahead(
    connection: Connection,
    one: Occasion,
    policy: Policy,
    now: datetime,
    before: OccasionState | None,
) -> OccasionState:
    """How an occasion stands that has not begun; what was noted in time stays, however late."""
    found = moments(one, policy)
    if before is not None and before.said == one.when.said() and before.state == WAITING:
        if before.moment in found.instants:
            return replace(before, due_at=before.moment, entry=one.entry)
        return _state(one, aim(connection, found, policy, found.instants[0]))
    first = aim(connection, found, policy, now - TOO_LATE)
    if first is None or (first == found.instants[-1] and first < now and len(found.instants) > 1):
        return _state(one, None, MISSED, "late")
    return _state(one, first)


def aim(connection: Connection, found: Moments, policy: Policy, since: datetime) -> datetime | None:
    """The first instant from `since` on that is somebody's, else the last one; None after that.

    Instants of zones in which nobody lives are left out: whoever comes to live in one has it looked
    at anew. The last instant is kept, so that there is something to look at till then.
    """
    if not found.names:
        return found.first_from(since)
    own = policy.settings.shop.timezone
    for one in found.instants:
        zones = found.zones[one]
        if one >= since and (own in zones or occasions.somebody_lives_in(connection, zones)):
            return one
    last = found.instants[-1]
    return last if last >= since else None


def _state(
    one: Occasion, moment: datetime | None, state: str = WAITING, reason: str = ""
) -> OccasionState:
    entry, said = one.entry, one.when.said()
    named = (one.campaign.id, one.id, one.step.name, one.wave, entry, said)
    return OccasionState(*named, state, reason, moment, moment)


def _recurring(
    connection: Connection,
    broadcast: Broadcast,
    known: dict[Key, OccasionState],
    policy: Policy,
    now: datetime,
) -> None:
    waiting = [one for one in known.values() if one.state == WAITING]
    stale = [one for one in waiting if not _still_so(broadcast, one)]
    occasions.forget(connection, stale)
    taken = {one.occasion for one in known.values() if one not in stale}
    if any(one not in stale for one in waiting):
        return
    assert broadcast.every is not None
    day = (now - LOOK_BACK).date()
    while True:
        day = broadcast.every.next_on(day)
        found = moments(occurrence(broadcast, day), policy)
        first = found.first_from(now)
        if first is not None and day.isoformat() not in taken:
            break
        day += timedelta(days=1)
    _put_occurrence(connection, broadcast, day, policy, now)
    put_next(connection, broadcast, day.isoformat(), policy)


def _still_so(broadcast: Broadcast, one: OccasionState) -> bool:
    assert broadcast.every is not None
    day = date.fromisoformat(one.occasion)
    same = broadcast.every.falls_on(day) and one.wave < waves_of(broadcast)
    return same and one.said == occurrence(broadcast, day, one.wave).when.said()


def _put_occurrence(
    connection: Connection, broadcast: Broadcast, day: date, policy: Policy, since: datetime
) -> None:
    """Note an occurrence in all its waves, for those whose moment is not over at `since`."""
    waves = [occurrence(broadcast, day, wave) for wave in range(waves_of(broadcast))]
    states = [
        _state(one, aim(connection, moments(one, policy), policy, since + one.shift))
        for one in waves
    ]
    occasions.put(connection, states)
    _decide_later(connection, waves[0], states[0], policy, since)


def put_next(connection: Connection, broadcast: Broadcast, after: str, policy: Policy) -> None:
    """Note the occurrence that follows the one of a date; what is noted already stays so."""
    assert broadcast.every is not None
    day = broadcast.every.next_on(date.fromisoformat(after) + timedelta(days=1))
    known = occasions.states(connection, broadcast.id)
    if all(one.occasion != day.isoformat() for one in known):
        since = moments(occurrence(broadcast, day), policy).instants[0]
        _put_occurrence(connection, broadcast, day, policy, since)


def waves_of(campaign: Broadcast | Series) -> int:
    """In how many waves it goes out; 1 without."""
    waves = campaign.waves if isinstance(campaign, Broadcast) else None
    return 1 if waves is None else waves.count


def _decide_later(
    connection: Connection, one: Occasion, state: OccasionState, policy: Policy, now: datetime
) -> None:
    """Set the task that chooses the winner; of a test that begins late it is put off at once."""
    if one.wave or state.state == MISSED:
        return
    kept = occasion_of(one.campaign, one.id, state.entry, one.step.name, state.said, 0)
    decides = decides_at(kept or one, policy)
    name = decision_task(one.campaign.id, one.step.name, one.id)
    if decides is not None and decides >= now:
        operations.set_task(connection, name, decides)
    elif decides is not None and state.state == WAITING and one.step.winner is not None:
        wait = one.step.winner.waits
        if wait is not None:
            operations.set_task_once(connection, name, now + wait)


def _key(one: Occasion) -> Key:
    return one.campaign.id, one.id, one.step.name, one.wave


def missing_templates(parts: Parts, occasion: Occasion) -> Sequence[str]:
    """The templates of an occasion that are not there."""
    return list(_missing(parts, occasion))


def _missing(parts: Parts, occasion: Occasion) -> Iterable[str]:
    for variant in occasion.step.variant or (None,):
        name = template_name(occasion.campaign, occasion.step, variant, occasion.entry)
        if name is not None and parts.live.catalog.template(name) is None:
            yield name
