"""Asks the tests of evergreen steps for their winner, nightly; occasions when they are due.

A winner is proven always-validly, by letters that have had their time to be answered, of a whole
week unless `at_least` says otherwise. When `within` is over the leader is kept, proven or not, and
it is said which. Nothing is decided while variants are not given out as their shares say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.experiment import Earned, Measured, closest, leading
from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step, Winner
from lifecycle.core.verdict_words import Telling, kept_words, proven_words
from lifecycle.core.words import length_words, next_time, zone_of
from lifecycle.engine import ratios, rolling
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import DECIDE
from lifecycle.store import operations
from lifecycle.store.earned import fixed_cap
from lifecycle.store.given import versions_of_test
from lifecycle.store.scores import Counted, first_letter_at, last_letter_at, scores

NIGHTLY = "experiments"
ASK_AT = time(3, 0)
STILL_COMING = timedelta(days=30)
"""How long after its last letter an experiment is still asked: clicks and orders come later."""


def experiments(parts: Parts) -> Iterator[tuple[Flow, Step, Winner]]:
    """Every step of a flow that has a winner to be proven; a bandit has none."""
    for flow in parts.live.flows:
        for place in flow.way.places.values():
            winner = place.step.winner
            if winner is not None and winner.policy == "test":
                yield flow, place.step, winner


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where a flow tests variants; occasions set their own."""
    ratios.keep(connection, parts)
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
    to_answer = time_to_answer(campaign, winner.by)
    least = winner.at_least.wait(to_answer)
    still = max(STILL_COMING, winner.within or STILL_COMING, to_answer + timedelta(days=1), least)
    return last is not None and now < last + still


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
            for flow, step, winner in experiments(parts):
                _ask(connection, parts, flow, step, winner, now)
            _tomorrow(connection, parts, now)
        else:
            rolling.decide(connection, parts, name, now)
    return len(due)


def _tomorrow(connection: Connection, parts: Parts, now: datetime) -> None:
    if any(_goes_on(connection, *one, now) for one in experiments(parts)):
        operations.set_task(connection, NIGHTLY, _tonight(parts, now))
    else:
        operations.forget_tasks(connection, [NIGHTLY])


def _ask(
    connection: Connection, parts: Parts, flow: Flow, step: Step, winner: Winner, now: datetime
) -> None:
    """Give a verdict when one is proven, or when the time is over."""
    place = (flow.id, step.name, "")
    first = first_letter_at(connection, flow.id, step)
    if first is None or place in operations.verdicts(connection):
        return
    if not ratios.sound(connection, place, step, now):
        return
    earns = winner.by == "revenue"
    cap = fixed_cap(connection, flow, place, first, now) if earns else None
    to_answer = time_to_answer(flow, winner.by)
    versions = versions_of_test(connection, place, step)
    counted = Counted(winner.by, to_answer, now - to_answer, cap, versions=versions)
    found = scores(connection, flow, step, counted, now)
    result = leading(found, winner.confidence, winner.at_least.letters)
    speaks = not earns or cap is not None
    telling = Telling(winner.confidence, _unit(parts, found))
    if result is not None and result.proven and speaks:
        if now >= first + winner.at_least.wait(to_answer):
            nearest = closest(found, winner.confidence)
            assert nearest is not None
            told = proven_words(nearest, telling)
            _decided(connection, place, result.variant, told, now, proven=True)
            return
    if winner.within is not None and now >= first + winner.within:
        if result is None:
            everything = replace(counted, until=None)
            found = scores(connection, flow, step, everything, now)
        why = f"since {length_words(winner.within)} are over"
        nearest = closest(found, winner.confidence)
        # Of equal ones the first in the file, of which letters could go at all.
        first_of = next((one for one in found if one.sent), found[0])
        leader = nearest.one if nearest is not None else first_of.variant
        told = kept_words(leader, why, nearest, telling)
        _decided(connection, place, leader, told, now, proven=False)


def _unit(parts: Parts, found: list[Measured]) -> str:
    currency = parts.live.catalog.settings.shop.currency
    return currency if any(isinstance(one, Earned) for one in found) else ""


def _decided(
    connection: Connection,
    place: Experiment,
    variant: str,
    told: str,
    now: datetime,
    *,
    proven: bool,
) -> None:
    campaign, step, occasion = place
    operations.give_verdict(connection, place, variant, proven=proven, detail=told, now=now)
    named = {"campaign": campaign, "step": step, "occasion": occasion, "variant": variant}
    log.happened("experiment_decided", **named, proven=proven)
