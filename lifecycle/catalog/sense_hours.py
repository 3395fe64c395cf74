"""Letters whose hour is better not chosen: those that are waited for, run out, or follow a cart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.step import Step

SOON = timedelta(hours=6)
"""A reminder of a cart that goes within so long lives by being soon."""
CARTS = frozenset(("cart_updated", "checkout_started"))
DAY = timedelta(days=1)


def best_hour(document: Document, at: Place, step: Step, campaign: Campaign) -> Iterator[Problem]:
    """Warnings about a step at a best hour, said at `at`."""
    if step.transactional:
        problem = "a transactional letter is waited for, and this one waits for the best hour"
        yield document.problem(at, problem, "leave `at` out: it then goes at once", "warning")
    if step.not_after is not None:
        problem = "the best hour of some lies behind `not_after`: they get nothing"
        hint = 'keep it inside: at = "best hour between 08:00 and 20:00"'
        yield document.problem(at, problem, hint, "warning")
    offers = [one for one in (step.incentive, *(v.incentive for v in step.variant)) if one]
    if any(one.valid_for is not None and one.valid_for <= DAY for one in offers):
        problem = "what this letter offers holds for a day at most, and the best hour may be late"
        yield document.problem(at, problem, "say the hour, or a longer `valid_for`", "warning")
    if isinstance(campaign, Flow) and CARTS & set(campaign.enter.when or ()) and _soon(step):
        problem = "a cart is remembered for hours, and the best hour may be a day away"
        yield document.problem(
            at, problem, "leave `at` out: it then goes after its wait", "warning"
        )
    waves = campaign.waves if isinstance(campaign, Broadcast) else None
    if waves is not None and waves.gap % DAY:
        problem = "later waves miss the best hour: they come so much later on the same clock"
        yield document.problem(at, problem, 'let waves be days apart: gap = "1 day"', "warning")


def _soon(step: Step) -> bool:
    return step.until is None and (
        step.after is None or (isinstance(step.after, timedelta) and step.after < SOON)
    )
