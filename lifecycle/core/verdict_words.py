"""What a test has come to, in one sentence that a marketer can repeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lifecycle.core.experiment import Difference, Earned, Measured, best_first
from lifecycle.core.words import length_words

RATIO_WRONG = (
    "No verdict: variants were not given out as their shares say, so that something keeps readers "
    "of one away; nothing here can be trusted until that is found."
)


@dataclass(frozen=True, slots=True)
class Telling:
    """In which words a test is told of: what its figures are, and on which day it is."""

    confidence: float
    unit: str = ""
    """The currency of what a letter brings; empty where shares are compared."""


def apart(found: Difference, words: Telling) -> str:
    """A difference with its interval: "0.8 points (0.1 to 1.5)", "0.12 EUR a letter (…)"."""
    size = _amount(abs(found.difference), words)
    named = f"{size} {words.unit} a letter" if words.unit else f"{size} points"
    if found.interval is None:
        return named
    low, high = found.interval.low, found.interval.high
    return f"{named} ({_amount(low, words)} to {_amount(high, words)})"


def ahead(found: Difference, words: Telling) -> str:
    """Who is ahead of whom, and by how much."""
    return f"“{found.one}” is ahead of “{found.other}” by {apart(found, words)}"


def proven_words(closest: Difference, words: Telling) -> str:
    """What is said of a lead that is proven; `closest` is the leader's smallest one."""
    return f"{ahead(closest, words)}; that is proven at {words.confidence:g} %."


def kept_words(leader: str, why: str, closest: Difference | None, words: Telling) -> str:
    """What is said of a leader that is kept though nothing is proven."""
    lead = f": {ahead(closest, words)}" if closest is not None else ""
    return f"“{leader}” is kept, {why}, and not proven{lead}."


def not_yet_words(
    found: list[Measured], closest: Difference | None, needs: int | None, to_answer: timedelta
) -> str:
    """Why nobody can tell yet."""
    begins = "Nobody can tell yet: "
    if not any(one.sent for one in found):
        return f"{begins}a letter counts {length_words(to_answer)} after it went, and none does."
    best = best_first(found)
    if closest is None or best[0].rate == best[1].rate:
        return f"{begins}no variant is ahead of the others."
    if closest.interval is None:
        what = "brought something" if isinstance(found[0], Earned) else "were answered"
        return f"{begins}too few letters {what}, and “{best[0].variant}” leads by chance perhaps."
    lead = f"“{closest.one}” is ahead of “{closest.other}”, and chance alone may do so"
    more = f"; a lead of this size needs about {needs:,} letters a variant" if needs else ""
    return f"{begins}{lead}{more}."


def bandit_words(favourite: str, chance: float) -> str:
    """What is said while shares follow the answers: that proves nothing, ever."""
    return (
        f"“{favourite}” is the favourite, the best one with a probability of {chance:.0%}; "
        "shares follow the answers, and nothing is proven by them."
    )


def too_early_words(closest: Difference, decides_from: datetime | date, words: Telling) -> str:
    """What is said of a lead whose time has not come."""
    return f"{ahead(closest, words)}; nothing is decided before {decides_from:%Y-%m-%d}."


def _amount(value: float, words: Telling) -> str:
    told = f"{value:.2f}" if words.unit else f"{value * 100:.1f}"
    return told if float(told) else told.lstrip("-")
