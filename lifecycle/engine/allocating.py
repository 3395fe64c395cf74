"""Steers bandits: at 03:00 of the shop the shares of a step's variants follow what they came to.

Only letters count that have had their time to be answered, and orders up to the cap of any test by
revenue: until the shop has had enough orders to know it, shares stay as they are. A bandit proves
nothing: at the end of `within` the favourite is kept, and it is said so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import Flow
from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step, Winner
from lifecycle.core.words import next_time, zone_of
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.failpoints import reach
from lifecycle.store import allocation, operations
from lifecycle.store.allocation import Shares
from lifecycle.store.earned import fixed_cap
from lifecycle.store.scores import first_letter_at, last_letter_at

NIGHTLY = "shares"
ASK_AT = time(3, 0)
MOVES = 0.01
"""Shares that would move by less stay as they are: then fewer periods have to be told apart."""
STILL_LEARNING = timedelta(days=90)
"""How long after its last letter a bandit is still asked: older letters count less and less."""


def bandits(live: Live) -> Iterator[tuple[Flow, Step, Winner]]:
    """Every step of a flow whose shares follow what its variants come to."""
    for flow in live.flows:
        for place in flow.way.places.values():
            winner = place.step.winner
            if winner is not None and winner.policy == "bandit":
                yield flow, place.step, winner


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where a bandit learns; what is none any more is steered no longer."""
    known = {(flow.id, step.name, ""): flow for flow, step, _ in bandits(parts.live)}
    for place in allocation.in_force(connection):
        if place not in known:
            allocation.end(connection, place, now)
    if any(_goes_on(connection, flow, place, now) for place, flow in known.items()):
        ask_tonight(connection, parts, now)


def ask_tonight(connection: Connection, parts: Parts, now: datetime) -> None:
    """See to it that shares are reckoned tonight; a letter of a bandit has just gone."""
    operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))


def do_due(connection: Connection, parts: Parts, now: datetime) -> int:
    """Reckon all shares where that is due; says how much was done.

    The task is taken in the transaction that writes them: one process does it, once a night.
    """
    if not operations.take_task(connection, NIGHTLY, now, _tonight(parts, now)):
        return 0
    given, on = operations.verdicts(connection), False
    for flow, step, winner in bandits(parts.live):
        place = (flow.id, step.name, "")
        if place not in given and _goes_on(connection, flow, place, now):
            on = _steer(connection, flow, step, winner, now) or on
    if not on:
        operations.forget_tasks(connection, [NIGHTLY])
    reach("shares_written")
    return 1


def _goes_on(connection: Connection, flow: Flow, place: Experiment, now: datetime) -> bool:
    last = last_letter_at(connection, flow.id, place[1])
    return last is not None and now < last + STILL_LEARNING


def _tonight(parts: Parts, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), ASK_AT, zone_of(parts.shop_zone))


def _steer(connection: Connection, flow: Flow, step: Step, winner: Winner, now: datetime) -> bool:
    """Let shares follow what is known, or keep the favourite at the end; says if it goes on."""
    from lifecycle.models.learning import learned_from
    from lifecycle.models.registered import prior_of
    from lifecycle.models.thompson import favours, shares

    place, earns = (flow.id, step.name, ""), winner.by == "revenue"
    first = first_letter_at(connection, flow.id, step)
    cap = fixed_cap(connection, flow, place, first, now) if earns else None
    days = learned_from(connection, flow, step, winner.by, cap, now)
    prior = prior_of(connection, winner.by, now)
    if winner.within is not None and first is not None and now >= first + winner.within:
        went = {at for each in days.values() for at, one in enumerate(each) if one.letters}
        _keep_favourite(connection, step, place, favours(days, prior), went, now)
        return False
    found = None if earns and cap is None else shares(days, prior)
    if found is not None:
        named = {one.name: share for one, share in zip(step.variant, found, strict=True)}
        if _moved(allocation.in_force(connection).get(place, ()), named):
            allocation.put_in_force(connection, place, named, now)
            log.happened("shares_changed", campaign=flow.id, step=step.name, shares=named)
    return True


def _moved(before: Shares, after: Mapping[str, float]) -> bool:
    if [name for name, _ in before] != list(after):
        return True
    return any(abs(share - after[name]) >= MOVES for name, share in before)


def _keep_favourite(
    connection: Connection,
    step: Step,
    place: Experiment,
    chances: Sequence[float] | None,
    went: Collection[int],
    now: datetime,
) -> None:
    """Keep the favourite of those variants, by their places, of which letters could go at all."""
    names = [one.name for one in step.variant]
    places = sorted(went) or range(len(names))
    best = max(places, key=chances.__getitem__) if chances else places[0]
    if chances:
        favoured = f"the best one with a probability of {chances[best]:.0%}"
    else:
        favoured = "the first, since nobody has answered any"
    detail = f"“{names[best]}”, {favoured}: kept as the favourite, not proven"
    operations.give_verdict(connection, place, names[best], proven=False, detail=detail, now=now)
    allocation.end(connection, place, now)
    told = {"campaign": place[0], "step": place[1], "occasion": "", "variant": names[best]}
    log.happened("experiment_decided", **told, proven=False)
