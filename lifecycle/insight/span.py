"""How long after entering a goal or an order still counts for a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Campaign, Flow, letters_of
from lifecycle.core.enter import Goal
from lifecycle.core.kept import ORDER
from lifecycle.core.step import Step, StepBody

NO_WAIT = timedelta()


def goal_of(campaign: Campaign) -> Goal:
    """The campaign's goal; where it says none, an order."""
    return campaign.goal or Goal.model_validate({"when": ORDER, "value": "total"})


def counts_for(campaign: Campaign) -> timedelta:
    """From entering until the last letter by the file's waits, and the goal's time after it.

    Whoever is held out gets no letter: the time runs from entering on both sides, long enough for
    what the last letter leads to. Waits of the person and times of day are left out.
    """
    return until_last_letter(campaign) + goal_of(campaign).within


def until_last_letter(campaign: Campaign) -> timedelta:
    """How long after entering the last letter goes, by the waits that the file says."""
    dated = [step.at.offset for _, step in letters_of(campaign) if isinstance(step.at, AnchorTime)]
    if dated:
        return max(dated) - min(dated)
    if isinstance(campaign, Flow):
        return _last(campaign.step)[0] or NO_WAIT
    return NO_WAIT


def _last(steps: Sequence[Step]) -> tuple[timedelta | None, timedelta]:
    """When the last letter of some steps goes, if there is one, and when they are over."""
    last, over = None, NO_WAIT
    for step in steps:
        over += _length(step.after)
        inside, ends = _inside(step)
        if inside is not None:
            last = over + inside
        over += ends
    return last, over


def _inside(body: StepBody) -> tuple[timedelta | None, timedelta]:
    """The same of one step's deed, and of the longest of the ways that stand in it."""
    waits = _length(body.up_to)
    ways = [_way(body.then, waits), _way(body.otherwise, waits)]
    for one in (*body.branch, *body.split):
        inner, ends = _way(one.step, NO_WAIT)
        own, own_ends = _inside(one)
        begins = _length(one.after)
        found = [at for at in (inner, own) if at is not None]
        ways.append((begins + max(found) if found else None, begins + max(ends, own_ends)))
    letters = [at for at, _ in ways if at is not None] + ([NO_WAIT] if body.writes else [])
    return (max(letters) if letters else None), max([waits, *_ends(ways)])


def _way(steps: Sequence[Step], begins: timedelta) -> tuple[timedelta | None, timedelta]:
    last, over = _last(steps)
    return (None if last is None else begins + last), begins + over


def _ends(ways: Iterable[tuple[timedelta | None, timedelta]]) -> list[timedelta]:
    return [ends for _, ends in ways]


def _length(said: object) -> timedelta:
    return said if isinstance(said, timedelta) else NO_WAIT
