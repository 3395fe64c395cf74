"""What decisions are made by at this moment: definitions, verdicts, shares, tests, pauses, hours.

Every process reads it anew, so that a verdict or the shares of a bandit hold for all of them.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from lifecycle.core.occasion import ONCE
from lifecycle.core.policy import Experiment, Policy, Undecided
from lifecycle.engine.live import Live
from lifecycle.store import allocation, hours, occasions, operations

DECIDE = "decide "
"""Before campaign, step and occasion: the task that chooses a winner."""


def policy_now(connection: Connection, live: Live) -> Policy:
    """The policy with all that is decided and ordered so far."""
    found = live.policy(operations.verdicts(connection), operations.ordered(connection))
    shares, tests = allocation.in_force(connection), undecided(connection)
    if live.asks_for_best_hour:
        found = replace(found, hours=hours.learned(connection, hours.fit_in_force(connection)))
    return replace(found, shares=shares, undecided=tests) if shares or tests else found


def undecided(connection: Connection) -> dict[Experiment, Undecided]:
    """The tests of broadcasts and series whose winners are chosen later, and when."""
    tasks = operations.tasks_named(connection, DECIDE)
    if not tasks:
        return {}
    tested = {one.key: one.tested for one in occasions.states(connection)}
    found = {}
    for name, due_at in tasks.items():
        campaign, step, occasion = test_of(name)
        own = "" if occasion == ONCE else occasion
        share = tested.get((campaign, occasion, step, 0))
        found[campaign, step, own] = Undecided(due_at, share)
    return found


def decision_task(campaign: str, step: str, occasion: str) -> str:
    """The name of the task that chooses the winner of an occasion."""
    return f"{DECIDE}{campaign}/{step}/{occasion}"


def test_of(task: str) -> tuple[str, str, str]:
    """Campaign, step and occasion of such a task."""
    campaign, step, occasion = task.removeprefix(DECIDE).split("/")
    return campaign, step, occasion
