"""Moving people: where those who wait at a step go when their flow's file changes, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from lifecycle.core import waiting
from lifecycle.core.action import Action, Decided, Keep
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.enter import Destination
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.timing import step_due
from lifecycle.core.walk import Walk, leave, settled
from lifecycle.core.way import Place

What = Literal["moves", "stays", "leaves"]


@dataclass(frozen=True, slots=True)
class Going:
    """What becomes of those who wait at a step; `to` is the place that they move to."""

    what: What
    to: str = ""


STAYS, LEAVES = Going("stays"), Going("leaves")


def going(flow: Flow, step: str) -> Going | None:
    """What a flow's new file says of those who wait at a place of an older one.

    `[migrate]` is asked first, then `was`; at a step that merely is in both files they finish the
    older version. None where the step is gone and nothing is said.
    """
    said = flow.migrate.get(step)
    if isinstance(said, Destination):
        return LEAVES if said.leave else STAYS
    if said is not None:
        to = flow.way.find(said)
        return Going("moves", to.id) if to is not None else None
    if step in flow.way.places:
        return STAYS
    renamed = _renamed(flow, step)
    return Going("moves", renamed) if renamed is not None else None


def _renamed(flow: Flow, step: str) -> str | None:
    """The present id of a place by an old one; a branch without a name goes along with its step."""
    place = flow.way.find(step)
    if place is None:
        of, mark, number = step.rpartition("#")
        outer = flow.way.find(of) if mark else None
        place = flow.way.places.get(f"{outer.id}#{number}") if outer is not None else None
    return place.id if place is not None else None


def moved(
    flow: Flow,
    of: Enrollment,
    to: Place,
    facts: Facts,
    policy: Policy,
    now: datetime,
    spread: datetime,
) -> list[Action]:
    """Move an enrollment into `flow`, the version that is live, where it waits at `to`.

    Its moment is reckoned anew from the instant at which the step before was decided; where that
    is past, it comes at `spread`. No step is done twice: from one that was decided already it goes
    on to the next.
    """
    assert of.running and of.step is not None
    walk = Walk(flow, facts, policy, now)
    behind = tuple(_renamed(flow, step) or step for step in of.decided_steps)
    place: Place | None = to
    while place is not None and place.id in behind:
        place = flow.way.after(place.id)
    told = f"from {of.step} to {place.name if place is not None else 'the end'}"
    decided = Decided(now, flow.id, of.entry, "moved", "", told, of.step)
    there = replace(of, version=flow.version, decided_steps=behind, fell_due_at=None)
    if place is None:
        ended = replace(there, step=None, due_at=None, waiting_since=None)
        return [decided, *settled(ended, now)]
    there = replace(there, step=place.id)
    if of.waiting_since is not None and place.step.wait_for is not None:
        due = _looks(walk, there, place)
    else:
        there = replace(there, waiting_since=None)
        since = of.decided_at or of.entered_at
        found = step_due(flow, place.step, there, since, facts, policy, of.due_at)
        due, there = found.at, replace(there, timed=found.timed)
    if due is not None and due <= now:
        due = spread
    return [decided, Keep(replace(there, due_at=due))]


def _looks(walk: Walk, of: Enrollment, place: Place) -> datetime | None:
    """When a wait that has begun is looked at: at its end, or at once where it asks a rule."""
    if waiting.awaited_names(place) is None:
        return walk.now
    return waiting.deadline(walk, of, place)


def let_go(of: Enrollment, now: datetime) -> list[Action]:
    """End an enrollment whose step, or whose campaign, is taken out."""
    return leave(
        of, EnrollmentState.LEFT, now, "left", of.step or "the campaign is gone", of.step or ""
    )
