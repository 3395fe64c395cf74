"""Asks running experiments for their winner: evergreen steps nightly, broadcasts when due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.experiment import Score, leading
from lifecycle.core.step import Step, Winner
from lifecycle.core.words import Moment, next_time, zone_of
from lifecycle.engine.parts import Parts
from lifecycle.store import operations
from lifecycle.store.scores import first_letter_at, last_letter_at, scores

NIGHTLY = "experiments"
DECIDE = "decide "
"""Before a broadcast's name: the task that chooses its winner."""
ASK_AT = time(3, 0)
STILL_COMING = timedelta(days=30)
"""How long after its last letter an experiment is still asked: clicks and orders come later."""


def experiments(parts: Parts) -> Iterator[tuple[Campaign, Step, Winner]]:
    """Every step that has a winner rule."""
    for flow in parts.live.flows:
        for step in flow.step:
            if step.winner is not None:
                yield flow, step, step.winner
    for broadcast in parts.live.broadcasts:
        if broadcast.winner is not None:
            yield broadcast, broadcast.letter(), broadcast.winner


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where a flow tests variants, and one for each broadcast's decision."""
    for campaign, step, winner in experiments(parts):
        if isinstance(campaign, Flow):
            if _goes_on(connection, campaign, step, winner, now):
                ask_tonight(connection, parts, now)
        elif (wait := winner.decide_after or winner.within) is not None:
            # On the shop's own clock: most readers live by it, and the test letters went then.
            assert isinstance(campaign, Broadcast) and isinstance(campaign.at, Moment)
            decides = campaign.at.at(zone_of(parts.shop_zone)) + wait
            if decides >= now:
                operations.set_task(connection, DECIDE + campaign.id, decides)


def ask_tonight(connection: Connection, parts: Parts, now: datetime) -> None:
    """See to it that experiments are asked tonight; a letter of one has just gone."""
    operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))


def _goes_on(
    connection: Connection, campaign: Campaign, step: Step, winner: Winner, now: datetime
) -> bool:
    """Whether an experiment is undecided and had letters lately: asking again makes sense."""
    if (campaign.id, step.name) in operations.verdicts(connection):
        return False
    last = last_letter_at(connection, campaign.id, step.name)
    return last is not None and now < last + max(STILL_COMING, winner.within or STILL_COMING)


def _tonight(parts: Parts, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), ASK_AT, zone_of(parts.shop_zone))


def decide_due(connection: Connection, parts: Parts, now: datetime) -> int:
    """Decide what is due; says how many tasks that were."""
    due = [
        name
        for name in operations.tasks_due(connection, now)
        if name == NIGHTLY or name.startswith(DECIDE)
    ]
    for name in due:
        if name == NIGHTLY:
            for campaign, step, winner in experiments(parts):
                if isinstance(campaign, Flow):
                    _ask(connection, campaign, step, winner, now, at_the_end=False)
            _tomorrow(connection, parts, now)
        else:
            for campaign, step, winner in experiments(parts):
                if name == DECIDE + campaign.id:
                    _ask(connection, campaign, step, winner, now, at_the_end=True)
            operations.forget_tasks(connection, [name])
    return len(due)


def _tomorrow(connection: Connection, parts: Parts, now: datetime) -> None:
    for campaign, step, winner in experiments(parts):
        if isinstance(campaign, Flow) and _goes_on(connection, campaign, step, winner, now):
            operations.set_task(connection, NIGHTLY, _tonight(parts, now))
            return
    operations.forget_tasks(connection, [NIGHTLY])


def _ask(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    winner: Winner,
    now: datetime,
    *,
    at_the_end: bool,
) -> None:
    """Give a verdict when one is proven, or when the time is over and somebody leads."""
    if (campaign.id, step.name) in operations.verdicts(connection):
        return
    found = scores(connection, campaign, step, winner.by, now)
    result = leading(found, winner.confidence, winner.at_least)
    if winner.within is not None and not at_the_end:
        first = first_letter_at(connection, campaign.id, step.name)
        at_the_end = first is not None and now >= first + winner.within
    if result is None and at_the_end and found:
        result = leading([*_tie_broken(found)], winner.confidence, winner.at_least)
    if result is None or not (result.proven or at_the_end):
        return
    operations.give_verdict(
        connection,
        campaign.id,
        step.name,
        result.variant,
        proven=result.proven,
        detail=result.detail,
        now=now,
    )
    log.happened(
        "experiment_decided",
        campaign=campaign.id,
        step=step.name,
        variant=result.variant,
        proven=result.proven,
    )


def _tie_broken(found: list[Score]) -> Iterator[Score]:
    """At the end of a tie the first variant of the file is kept."""
    for place, one in enumerate(found):
        yield Score(one.variant, max(one.sent, 1), one.met + (place == 0))
