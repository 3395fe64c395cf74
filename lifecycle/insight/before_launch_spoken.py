"""What a test can show before it is launched, in sentences for people."""

from __future__ import annotations

import math

from lifecycle.core.words import length_words
from lifecycle.insight.before_launch import ASSUMED, Prospect

_COUNTED = {"click_rate": "clicks", "open_rate": "opens", "goal_rate": "goals"}
_BY = {
    "click_rate": "clicks",
    "open_rate": "opens",
    "goal_rate": "goals",
    "revenue": "what a letter brings",
}


def told(one: Prospect, currency: str) -> tuple[str, ...]:
    """Head, who tests, what would be proven, what it gains; a line each."""
    where = f"{one.campaign}/{one.step}" if one.kind != "broadcast" else one.campaign
    if one.decided:
        return (f"{where}: its test was decided for “{one.decided}”{_since_decided(one)}",)
    head = f"{where}: {one.variants} variants by {_BY[one.by]}, {_taught(one)}"
    if one.readers < one.variants:
        nobody = "no letters in 28 days" if one.kind == "flow" else "nobody to write to yet"
        return (f"{head}", f"  {nobody}: nothing can be said of it")
    return (head, f"  {_asked(one)}", f"  {_proves(one, currency)}", f"  {_gains(one, currency)}")


def _since_decided(one: Prospect) -> str:
    anew = "; give the step another name to test anew"
    if one.decided_is_there:
        return f", which all new readers get, and no other variant{anew}"
    return f", which is gone: variants are given out by their shares, and none is chosen{anew}"


def _taught(one: Prospect) -> str:
    if not one.past_tests:
        return "by usual figures, since the shop has no past test of its own"
    tests = "one past test" if one.past_tests == 1 else f"{one.past_tests:,} past tests"
    return f"by what {tests} of the shop taught"


def _asked(one: Prospect) -> str:
    if one.kind == "flow":
        many = "28 days bring about" if one.counted else "suppose that 28 days bring"
        if one.policy == "bandit":
            return f"{many} {one.readers:,} letters; their shares follow the answers every night"
        each = one.tested // one.variants
        return f"{many} {one.readers:,} letters; the test gives each variant about {each:,}"
    many = f"{one.readers:,} readers" if one.counted else f"of each {ASSUMED:,} readers"
    each = one.tested // one.variants
    if one.tested >= one.readers or one.decides_after is None:
        return f"{many}{':' if one.counted else ''} all try, {each:,} each variant"
    waits = f"; the others get the better one {length_words(one.decides_after)} later"
    return f"{many}{':' if one.counted else ''} {one.tested:,} try, {each:,} each variant{waits}"


def _proves(one: Prospect, currency: str) -> str:
    if one.policy == "bandit":
        return "a bandit proves nothing: it sends more of what seems better"
    size = _amount(one.detectable, one, currency)
    usual = _amount(one.usual, one, currency)
    able = f"proves a difference of {size} in 8 cases of 10, at {one.confidence:g} %"
    if one.detectable <= one.usual:
        return able
    return f"{able}; usual are {usual}, which would take {one.needs:,} letters a variant"


def _gains(one: Prospect, currency: str) -> str:
    if one.kind != "flow" and one.tested >= one.readers:
        best = _worth(one.perfect, one, currency)
        return f"gains nothing here: nobody is left to get the better one ({best} at best)"
    after = f" in each {ASSUMED:,} letters after it" if one.kind == "flow" else ""
    expected, perfect = _worth(one.gains, one, currency), _worth(one.perfect, one, currency)
    return f"expected to gain {expected} over one at random{after}, of {perfect} at best"


def _amount(value: float, one: Prospect, currency: str) -> str:
    """A difference of two rates in points, of two means in money, or as a share of the mean."""
    if math.isinf(value):
        return "any size"
    if one.by != "revenue":
        return f"{100 * value:.2g} points at {100 * one.rate:.2g} %"
    if one.in_money:
        return f"{value:.2f} {currency} a letter at {one.rate:.2f}"
    return f"{100 * value / one.rate:.2g} %"


def _worth(value: float, one: Prospect, currency: str) -> str:
    if one.by != "revenue":
        number = f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
        return f"{number} {_COUNTED[one.by]}"
    if one.in_money:
        return f"{value:,.0f} {currency}"
    letters = ASSUMED if one.kind == "flow" else one.readers
    return f"{100 * value / one.rate / letters:.2g} % of revenue"
