"""Chooses the winner of a broadcast's or a series' test, and no sooner than its letters had time.

Test & Roll: the variant with the highest posterior mean goes to the rest. That is the best choice
by what is known, and no proof; how sure it is, is said. Until then all others are kept waiting,
whatever held the test's own letters: a pause, a stop of the daemon, a pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Broadcast, Campaign, Series
from lifecycle.core.experiment import Earned, Measured, leading
from lifecycle.core.occasion import ONCE, Occasion, last_of_test, occasion_of
from lifecycle.core.policy import Experiment, Policy
from lifecycle.core.step import Step, Winner
from lifecycle.engine import ratios
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import policy_now, test_of
from lifecycle.store import occasions, operations
from lifecycle.store.earned import fixed_cap
from lifecycle.store.given import versions_of_test
from lifecycle.store.occasions import ASKING, MISSED, STOPPED, WAITING, OccasionState
from lifecycle.store.scores import Counted, first_letter_at, scores

if TYPE_CHECKING:
    from lifecycle.models.past_tests import Sample

LATE_SHARE = 0.1
"""Letters may be late by this part of the wait: that holds nobody else up."""
GONE_BY = 0.9
"""The clock starts when so many of the test's letters are out: single ones may be held for days."""
LOOK_AGAIN = timedelta(minutes=15)
"""How soon it is looked again whether letters are still in the queue."""
MOST = timedelta(days=3)
"""No longer than this is a winner put off: then it is chosen by what there is."""


def decide(connection: Connection, parts: Parts, task: str, now: datetime) -> None:
    """Choose the winner that a task is there for, or put it off, as far as the test exists."""
    campaign_id, step_name, occasion = test_of(task)
    campaign = parts.live.campaign(campaign_id)
    step = _step(campaign, step_name)
    own = "" if occasion == ONCE else occasion
    place = (campaign_id, step_name, own)
    if campaign is None or step is None or step.winner is None:
        operations.forget_tasks(connection, [task])
        return
    if place in operations.verdicts(connection):
        operations.forget_tasks(connection, [task])
        return
    policy = policy_now(connection, parts.live)
    later = _put_off(connection, policy, campaign, step, occasion, now)
    if later is not None:
        operations.set_task(connection, task, later)
        told = {"campaign": campaign_id, "step": step_name, "occasion": own}
        log.happened("experiment_put_off", **told, until=later)
        return
    operations.forget_tasks(connection, [task])
    _give(connection, campaign, step, step.winner, place, now)


def _step(campaign: Campaign | None, name: str) -> Step | None:
    if isinstance(campaign, Broadcast):
        return campaign.letter()
    return campaign.step_named(name) if isinstance(campaign, Series) else None


def _put_off(
    connection: Connection,
    policy: Policy,
    campaign: Campaign,
    step: Step,
    occasion: str,
    now: datetime,
) -> datetime | None:
    """When to look again, since the test's letters have not had their time; None: it is time."""
    assert isinstance(campaign, Broadcast | Series) and step.winner is not None
    wait, state = step.winner.waits, _state(connection, campaign.id, step.name, occasion)
    if wait is None or state is None or state.state in (MISSED, STOPPED):
        return None
    found = occasion_of(campaign, occasion, state.entry, step.name, state.said, 0)
    if found is None or policy.stopped(campaign):
        return None
    began = last_of_test(found, policy)
    if now >= began + wait + MOST:
        return None
    if policy.paused(campaign):
        return now + wait
    return _late(connection, found, state, began, wait, now)


def _state(connection: Connection, campaign: str, step: str, occasion: str) -> OccasionState | None:
    key = (campaign, occasion, step, 0)
    return next((one for one in occasions.states(connection, campaign) if one.key == key), None)


def _late(
    connection: Connection,
    occasion: Occasion,
    state: OccasionState,
    began: datetime,
    wait: timedelta,
    now: datetime,
) -> datetime | None:
    """When the letters have had their time that were to be out when the clock began."""
    named = (occasion.campaign.id, occasion.step.name, occasion.entry)
    if occasions.in_queue(connection, named, began, now):
        return now + LOOK_AGAIN
    gone = occasions.gone_by(connection, named, began, GONE_BY)
    if gone is None:
        asking = state.state in (WAITING, ASKING)
        behind = asking and state.moment is not None and state.moment <= now
        return now + wait if behind else None
    return gone + wait if gone + wait > now + LATE_SHARE * wait else None


def _give(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    winner: Winner,
    place: Experiment,
    now: datetime,
) -> None:
    """Give the verdict: none where no letter of the test went at all."""
    from lifecycle.models.registered import prior_of
    from lifecycle.models.test_and_roll import choose

    counted = _counted(connection, campaign, step, place, winner, now)
    found = scores(connection, campaign, step, counted, now, place[2])
    # A variant of which no letter could go is none to send to all others.
    went = [one for one in found if one.sent]
    if not went:
        return
    choice = choose([_sample(one) for one in went], prior_of(connection, winner.by, now))
    chosen = went[choice.place] if choice is not None else went[0]
    ahead = leading(found, winner.confidence, winner.at_least.letters)
    proven = ahead is not None and ahead.proven and ahead.variant == chosen.variant
    speaks = winner.by != "revenue" or counted.cap is not None
    proven = proven and speaks and ratios.sound(connection, place, step, now)
    sure = None if choice is None else choice.sure
    detail = _told(chosen, found, sure, proven=proven)
    operations.give_verdict(
        connection, place, chosen.variant, proven=proven, detail=detail, now=now
    )
    told = {"campaign": place[0], "step": place[1], "occasion": place[2]}
    log.happened("experiment_decided", **told, variant=chosen.variant, proven=proven)


def _counted(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    place: Experiment,
    winner: Winner,
    now: datetime,
) -> Counted:
    """All letters of the test, with what has come of them; orders up to the experiment's cap."""
    cap = None
    if winner.by == "revenue":
        first = first_letter_at(connection, place[0], step, place[2])
        cap = fixed_cap(connection, campaign, place, first, now)
    versions = versions_of_test(connection, place, step)
    return Counted(winner.by, time_to_answer(campaign, winner.by), None, cap, versions=versions)


def _sample(one: Measured) -> Sample:
    from lifecycle.models.past_tests import Sample

    if isinstance(one, Earned):
        return Sample(one.sent, one.total, one.squares)
    return Sample(one.sent, float(one.met), float(one.met))


def _told(chosen: Measured, found: Sequence[Measured], sure: float | None, *, proven: bool) -> str:
    """How the choice came about, and how sure it is."""
    if sum(one.sent > 0 for one in found) == 1:
        return f"{chosen.told()}: the only one of which letters went, not proven"
    if sure is None:
        return f"nobody answered any of them: “{chosen.variant}” stands first in the file"
    others = ", ".join(one.told() for one in found if one is not chosen)
    how = "proven" if proven else f"the best of them with a probability of {sure:.0%}, not proven"
    return f"{chosen.told()}; {others}: {how}"
