"""The sentence of an experiment's report, and what to be wary of in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.campaign import Campaign, letters_of
from lifecycle.core.experiment import Difference, Measured
from lifecycle.core.step import Winner
from lifecycle.core.verdict_words import (
    RATIO_WRONG,
    Telling,
    bandit_words,
    not_yet_words,
    proven_words,
    too_early_words,
)
from lifecycle.store.scores import Counted

OPENS = (
    "Opens are mostly machines': those of people are counted alone as well as they can be told "
    "apart, and still the wrong variant may win; clicks are a better measure."
)
NO_CAP = (
    "The shop has had too few orders to say which are unusually large: nothing is proven by "
    "revenue until there are more."
)
NO_CAP_YET = (
    "The shop has had too few orders to say which are unusually large: the shares stay as they are "
    "until there are more."
)


def nothing_words(campaign: Campaign) -> str:
    """What there is to say where there is no test to report."""
    if any(step.variant for _, step in letters_of(campaign)):
        return f"No occurrence of “{campaign.id}” has begun, so that nothing is tested yet."
    return f"No step of “{campaign.id}” has variants, so that nothing is tested."


def sentence(
    found: Sequence[Measured],
    words: Telling,
    *,
    verdict: Any,
    lead: Difference | None,
    wrong: bool,
    needs: int | None,
    figures_prove: bool,
    from_: datetime | None,
    to_answer: timedelta,
    bandit: float | None,
) -> str:
    """What there is to say of a test, in one sentence.

    `lead` is the leader's over the next best, `from_` when it may be decided if that is still to
    come, and `bandit` the probability that the leader is the best, where shares follow it.
    """
    if verdict is not None:
        why = verdict.detail.rstrip(".")
        return f"Decided on {verdict.at:%Y-%m-%d} for “{verdict.variant}”: {why}."
    if wrong:
        return RATIO_WRONG
    if bandit is not None and lead is not None:
        return bandit_words(lead.one, bandit)
    if lead is None or not figures_prove:
        return not_yet_words(list(found), lead, needs, to_answer)
    if from_ is not None:
        return too_early_words(lead, from_, words)
    return proven_words(lead, words)


def warnings(
    winner: Winner, counted: Counted, first_at: datetime | None, mixed: Sequence[str] = ()
) -> tuple[str, ...]:
    """What to be wary of: opens, revenue of a shop with few orders, and `mixed` currencies."""
    found = []
    if winner.by == "open_rate":
        found.append(OPENS)
    if winner.by == "revenue" and counted.cap is None and first_at is not None:
        found.append(NO_CAP_YET if winner.policy == "bandit" else NO_CAP)
    if winner.by == "revenue" and mixed:
        found.append(f"What a letter brings adds up amounts as they are, {', '.join(mixed)} too.")
    return tuple(found)
