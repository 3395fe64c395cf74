"""The circuit breaker: where too many letters bounce or are complained of, marketing waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.settings import Breaker

FEW = 3
"""Fewer bounces, or fewer complaints, than so many are chance, whatever rate they come to."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The marketing letters handed over at one instant, and what came of them since."""

    at: datetime
    letters: int
    bounced: int = 0
    """For good: what bounced softly may still arrive."""
    complained: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """The breaker is open: no marketing letter goes before `until`, if nothing else happens."""

    until: datetime
    letters: int
    bounced: int
    complained: int

    def words(self) -> str:
        """What opened it."""
        harms = f"{self.bounced} bounced, {self.complained} complained of"
        return f"of the latest {self.letters} letters {harms}"


def may_be_over(bounced: int, complained: int) -> bool:
    """Whether so many can open the breaker at all: asked first, since letters are counted last."""
    return max(bounced, complained) >= FEW


def over(rule: Breaker, letters: int, bounced: int, complained: int) -> bool:
    """Whether a rate lies above its limit, told by enough letters and enough harm."""
    if letters < rule.at_least:
        return False
    limits = ((bounced, rule.bounce_rate), (complained, rule.complaint_rate))
    return any(harm >= FEW and harm * 100 > limit * letters for harm, limit in limits)


def opened(rule: Breaker, gone: Sequence[Gone], now: datetime) -> Opened | None:
    """Whether the breaker is open at `now`, and until when; None while it is closed.

    `gone` are the letters before `now`, by instant. A letter leaves the window exactly `within`
    after it went; the breaker closes when those that are left tell no rate above a limit.
    """
    inside = [one for one in gone if now - rule.within < one.at < now]
    letters, bounced, complained = (
        sum(getattr(one, what) for one in inside) for what in ("letters", "bounced", "complained")
    )
    if not over(rule, letters, bounced, complained):
        return None
    left = [letters, bounced, complained]
    for one in inside:
        left = [left[0] - one.letters, left[1] - one.bounced, left[2] - one.complained]
        if not over(rule, *left):
            return Opened(one.at + rule.within, letters, bounced, complained)
    raise AssertionError("without letters no rate is above a limit")
