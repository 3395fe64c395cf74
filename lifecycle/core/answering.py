"""How long a letter has to be answered: it counts in a test once that time is over, not before.

A letter that went an hour ago has had no chance yet. Counted, it would thin out the rate of
whichever variant was sent more lately, which are other letters for each variant where their times
or shares differ; and with every letter's answer settled when it begins to count, letters are seen
one after another as sequential statistics want it. An answer after that time does not count.
"""

from __future__ import annotations

from datetime import timedelta

from lifecycle.core.campaign import Campaign
from lifecycle.core.step import Winner

TO_CLICK = timedelta(days=3)
"""Nearly all who ever click in a letter, or open it, have done so by then."""


def time_to_answer(campaign: Campaign, by: str) -> timedelta:
    """How long a letter of a campaign has to meet a measure: a goal has its own time."""
    goal = by in ("goal_rate", "revenue") and campaign.goal
    return goal.within if goal else TO_CLICK


def time_to_count(campaign: Campaign, by: str, winner: Winner | None, occasion: bool) -> timedelta:
    """The same for a test: one that is decided at an instant takes what has come until then."""
    full = time_to_answer(campaign, by)
    waits = winner.waits if winner is not None and occasion else None
    return full if waits is None else min(full, waits)
