"""Tests of variants that are never decided, or not as one may think."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.recurring import Recurrence
from lifecycle.core.step import Step, Winner

_HINT = 'write decide_after = "4 hours"'


def winner_sense(
    document: Document, place: Place, winner: Winner | None, campaign: Campaign
) -> Iterator[Problem]:
    """What is wrong with how the variants of one letter are decided; `place` is the winner's."""
    if winner is None:
        return
    if winner.by == "open_rate":
        problem = "opens are mostly machines: the winner may be the wrong one"
        yield document.problem((*place, "by"), problem, 'write by = "click_rate"', "warning")
    if winner.by == "goal_rate" and campaign.goal is None:
        problem = "the winner is chosen by the goal, and the campaign has none"
        yield document.problem((*place, "by"), problem, 'add [goal], or write by = "click_rate"')
    if winner.by == "revenue" and (campaign.goal is None or campaign.goal.value is None):
        problem = "the winner is chosen by revenue, and nothing says what a goal is worth"
        hint = 'add [goal] with value = "total", or write by = "click_rate"'
        yield document.problem((*place, "by"), problem, hint)
    if not isinstance(campaign, Flow):
        yield from _of_occasion(document, place, winner, campaign)
        return
    for key in ("test_percent", "decide_after"):
        if getattr(winner, key) is not None:
            problem = f"`{key}` belongs to the winner of a broadcast or a series"
            hint = "here everyone tests until it is proven, or `within` is over"
            yield document.problem((*place, key), problem, hint)
    yield from _of_flow(document, place, winner)


def _of_flow(document: Document, place: Place, winner: Winner) -> Iterator[Problem]:
    """Keys of an evergreen step's winner that do nothing beside others."""
    if winner.policy == "bandit":
        for key in ("confidence", "at_least"):
            if key in winner.model_fields_set:
                problem = f"a bandit proves nothing, and `{key}` asks for a proof"
                hint = f'leave `{key}` out, or policy = "bandit"'
                yield document.problem((*place, key), problem, hint, "warning")
        return
    least, within = winner.at_least.time, winner.within
    if within is not None and least is not None and least >= within:
        problem = "`within` is over before anything may be proven: the leader is kept unproven"
        yield document.problem((*place, "within"), problem, "give it more time", "warning")


def _of_occasion(
    document: Document, place: Place, winner: Winner, campaign: Broadcast | Series
) -> Iterator[Problem]:
    every = campaign.every if isinstance(campaign, Broadcast) else None
    if winner.policy == "bandit":
        problem = "a bandit learns from one reader to the next, and this goes out to all at once"
        hint = "leave `policy` out: a share tests, and all others get the winner"
        yield document.problem((*place, "policy"), problem, hint)
    if winner.at_least.time is not None:
        problem = "a length in `at_least` belongs to the winner of a flow's step"
        hint = "here `decide_after` says when the winner is chosen"
        yield document.problem((*place, "at_least"), problem, hint)
    if winner.waits is None:
        if winner.test_percent is not None:
            problem = "`test_percent` keeps the others waiting, and nothing says until when"
            yield document.problem((*place, "test_percent"), problem, _HINT)
        elif every is not None:
            problem = "each occurrence is a test of its own, and nothing says when it is decided"
            yield document.problem(place, problem, _HINT)
        elif winner.within is None:
            yield document.problem(place, "this winner is never chosen", _HINT, "warning")
    elif every is not None and winner.waits >= shortest(every):
        problem = "this is decided after the next occurrence has begun"
        yield document.problem((*place, "decide_after"), problem, _HINT, "warning")


def timed_bandit(document: Document, place: Place, step: Step) -> Iterator[Problem]:
    """A bandit among variants with times of their own: the wait begins before its shares are."""
    bandit = step.winner is not None and step.winner.policy == "bandit"
    if bandit and any(one.at is not None for one in step.variant):
        problem = (
            "a bandit gives out variants by the night, and a variant's `at` is waited for before"
        )
        hint = "leave `policy` out: a test compares times"
        yield document.problem((*place, "policy"), problem, hint)


def shortest(recurrence: Recurrence) -> timedelta:
    """The least time from one occurrence to the next."""
    if recurrence.day is not None or recurrence.which is not None:
        return timedelta(days=28)
    return timedelta(days=1 if recurrence.weekday is None else 7)
