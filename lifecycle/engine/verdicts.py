"""Asks running experiments for their winner: evergreen steps nightly, occasions when due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.experiment import Earned, Measured, leading
from lifecycle.core.occasion import ONCE
from lifecycle.core.step import Step, Winner
from lifecycle.core.words import next_time, zone_of
from lifecycle.engine.occasions import DECIDE
from lifecycle.engine.parts import Parts
from lifecycle.store import operations
from lifecycle.store.scores import first_letter_at, last_letter_at, scores

NIGHTLY = "experiments"
ASK_AT = time(3, 0)
STILL_COMING = timedelta(days=30)
"""How long after its last letter an experiment is still asked: clicks and orders come later."""


def experiments(parts: Parts) -> Iterator[tuple[Flow, Step, Winner]]:
    """Every step of a flow that has a winner rule."""
    for flow in parts.live.flows:
        for place in flow.way.places.values():
            if place.step.winner is not None:
                yield flow, place.step, place.step.winner


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where a flow tests variants; occasions set their own."""
    if any(_goes_on(connection, *one, now) for one in experiments(parts)):
        ask_tonight(connection, parts, now)


def ask_tonight(connection: Connection, parts: Parts, now: datetime) -> None:
    """See to it that experiments are asked tonight; a letter of one has just gone."""
    operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))


def _goes_on(
    connection: Connection, campaign: Campaign, step: Step, winner: Winner, now: datetime
) -> bool:
    """Whether an experiment is undecided and had letters lately: asking again makes sense."""
    if (campaign.id, step.name, "") in operations.verdicts(connection):
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
                _ask(connection, campaign, step, winner, "", now, at_the_end=False)
            _tomorrow(connection, parts, now)
        else:
            _decide(connection, parts, name, now)
            operations.forget_tasks(connection, [name])
    return len(due)


def _decide(connection: Connection, parts: Parts, task: str, now: datetime) -> None:
    """Choose the winner of an occasion, as far as its experiment is still there."""
    name, step_name, occasion = task.removeprefix(DECIDE).split("/")
    campaign = parts.live.campaign(name)
    step: Step | None = None
    if isinstance(campaign, Broadcast):
        step = campaign.letter()
    elif isinstance(campaign, Series):
        step = campaign.step_named(step_name)
    if campaign is not None and step is not None and step.winner is not None:
        own = "" if occasion == ONCE else occasion
        _ask(connection, campaign, step, step.winner, own, now, at_the_end=True)


def _tomorrow(connection: Connection, parts: Parts, now: datetime) -> None:
    if any(_goes_on(connection, *one, now) for one in experiments(parts)):
        operations.set_task(connection, NIGHTLY, _tonight(parts, now))
    else:
        operations.forget_tasks(connection, [NIGHTLY])


def _ask(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    winner: Winner,
    occasion: str,
    now: datetime,
    *,
    at_the_end: bool,
) -> None:
    """Give a verdict when one is proven, or when the time is over and somebody leads."""
    place = (campaign.id, step.name, occasion)
    if place in operations.verdicts(connection):
        return
    found = scores(connection, campaign, step, winner.by, now, occasion)
    result = leading(found, winner.confidence, winner.at_least)
    if winner.within is not None and not at_the_end:
        first = first_letter_at(connection, campaign.id, step.name)
        at_the_end = first is not None and now >= first + winner.within
    if result is None and at_the_end and found:
        result = leading([*_tie_broken(found)], winner.confidence, winner.at_least)
    if result is None or not (result.proven or at_the_end):
        return
    operations.give_verdict(
        connection, place, result.variant, proven=result.proven, detail=result.detail, now=now
    )
    log.happened(
        "experiment_decided",
        campaign=campaign.id,
        step=step.name,
        occasion=occasion,
        variant=result.variant,
        proven=result.proven,
    )


def _tie_broken(found: list[Measured]) -> Iterator[Measured]:
    """At the end of a tie the first variant of the file is kept."""
    for place, one in enumerate(found):
        first = place == 0
        if isinstance(one, Earned):
            yield replace(one, sent=max(one.sent, 1), total=one.total + first)
        else:
            yield replace(one, sent=max(one.sent, 1), met=one.met + first)
