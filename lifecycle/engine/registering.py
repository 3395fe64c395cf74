"""Writes tests down as they end, and once more when their letters have had their time.

So a shop's own tests teach how large the next ones are made, though their messages are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series, letters_of
from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import undecided
from lifecycle.store import operations, register
from lifecycle.store.by_day import Answers, Asked, answers, measurable
from lifecycle.store.earned import cap_of
from lifecycle.store.register import REGISTER, PastVariant
from lifecycle.store.scores import first_letter_at, last_letter_at

METRICS = ("click_rate", "open_rate", "goal_rate", "revenue")
IF_UNSAID = "click_rate"
"""What a test is judged by that says nothing of it."""
_NOTHING = Answers(0, 0, 0.0, 0.0)


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Have flows written down that are over, and whose tests never came to a verdict."""
    for campaign in parts.live.catalog.campaigns.values():
        if not isinstance(campaign, Flow) or campaign.status != "archived":
            continue
        for _, step in letters_of(campaign):
            place = (campaign.id, step.name, "")
            if len(step.variant) > 1 and not register.is_kept(connection, place):
                operations.set_task_once(connection, register.task_of(place), now)


def note_end(
    connection: Connection, campaign: Campaign, step: Step, occasion: str, now: datetime
) -> None:
    """All letters of a test are out: it is written down when they have had their time."""
    if len(step.variant) > 1:
        name = register.task_of((campaign.id, step.name, occasion))
        operations.set_task_once(connection, name, now + _longest(campaign))


def do_due(connection: Connection, parts: Parts, now: datetime) -> int:
    """Write down the tests that are due; says how many."""
    done = 0
    for name in operations.tasks_due(connection, now):
        if name.startswith(REGISTER):
            # It is due no more once another process has written it down, or is about to.
            if operations.take_task(connection, name, now, now + timedelta(days=1)):
                _do(connection, parts, name, now)
            done += 1
    return done


def _do(connection: Connection, parts: Parts, task: str, now: datetime) -> None:
    place = register.place_of(task)
    campaign = parts.live.campaign(place[0])
    step = _step(campaign, place[1])
    if campaign is None or step is None:
        operations.forget_tasks(connection, [task])
        return
    decided_at = operations.verdict_at(connection, place)
    to_come = undecided(connection).get(place)
    if decided_at is None and to_come is not None:
        operations.set_task(connection, task, max(to_come.decides_at, now) + _longest(campaign))
        return
    if decided_at is None:
        last = last_letter_at(connection, campaign.id, step.name, place[2])
        decided_at = None if last is None else last + timedelta(microseconds=1)
    if decided_at is None:
        operations.forget_tasks(connection, [task])
        return
    register.write(connection, _rows(connection, campaign, step, place, decided_at, now))
    if now < (matured := decided_at + _longest(campaign)):
        operations.set_task(connection, task, matured)
    else:
        operations.forget_tasks(connection, [task])


def _step(campaign: Campaign | None, name: str) -> Step | None:
    found = () if campaign is None else letters_of(campaign)
    return next((step for _, step in found if step.name == name and len(step.variant) > 1), None)


def _longest(campaign: Campaign) -> timedelta:
    """How long until letters have had their time by every metric."""
    return max(time_to_answer(campaign, by) for by in METRICS if measurable(campaign, by))


def _rows(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    place: Experiment,
    decided_at: datetime,
    now: datetime,
) -> Iterator[PastVariant]:
    """What each variant's letters came to that went before the decision, by every metric."""
    winner = step.winner
    decisive = winner.by if winner is not None else IF_UNSAID
    steered = winner is not None and winner.policy == "bandit"
    until = decided_at - timedelta(microseconds=1)
    first = first_letter_at(connection, campaign.id, step, place[2])
    cap = cap_of(connection, campaign, place, first, now)
    for by in METRICS:
        if not measurable(campaign, by):
            continue
        found = answers(connection, Asked(campaign, step, by, until, place[2], cap=cap), now)
        for number, variant in enumerate(step.variant):
            one = found.get(variant.name, _NOTHING)
            yield PastVariant(
                *(*place, by, variant.name, number, by == decisive),
                *(one.letters, one.met, float(one.total), float(one.squares)),
                *(decided_at, now, kind_of(campaign), steered),
            )


def kind_of(campaign: Campaign) -> str:
    """What goes out: a broadcast, a series or a flow."""
    if isinstance(campaign, Broadcast):
        return "broadcast"
    return "series" if isinstance(campaign, Series) else "flow"
