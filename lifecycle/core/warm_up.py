"""Warming up a sending domain: how many letters of it may go to each mailbox provider on a day.

A mailbox provider trusts a domain that it has never had mail from as far as it has seen it behave:
the plan begins small, grows day by day, and lets those go first who read what they get.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from lifecycle.core.mailbox import domain_of, provider_of
from lifecycle.core.typed import Definition
from lifecycle.core.words import instant_of


class WarmUp(Definition):
    """The plan: on its first day `first_day` letters to each provider, each day so much more.

    With the figures unsaid: 100 on the first day, 1,700 a day after a week, 29,000 after two,
    490,000 after three; after `days` there is no limit any more.
    """

    start: date
    domain: str | None = None
    """The sending domain; that of the first sender if unsaid."""
    first_day: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    grows_percent: Annotated[float, Field(gt=0, le=400)] = 50.0
    """By so much the number grows each day."""
    days: Annotated[int, Field(ge=1, le=365)] = 28
    engaged: str | None = None
    """A segment: whoever is in it goes first."""
    engaged_days: Annotated[int, Field(ge=0, le=365)] = 14
    """On so many days from the start nobody else is written to."""

    def limit(self, day: int) -> int | None:
        """How many letters may go to one provider on a day of the plan, the first being 0.

        None once the plan is over; nothing before it begins.
        """
        if day < 0:
            return 0
        if day >= self.days:
            return None
        return int(self.first_day * (1 + self.grows_percent / 100) ** day)

    def day(self, now: datetime, zone: ZoneInfo) -> int:
        """Which day of the plan it is on the shop's clock; less than 0 before it begins."""
        return (now.astimezone(zone).date() - self.start).days

    def opens(self, day: int, zone: ZoneInfo) -> datetime:
        """When a day of the plan begins."""
        return instant_of(self.start + timedelta(days=day), time(), zone)


@dataclass(frozen=True, slots=True)
class Warming:
    """Where the plan stands at an instant: its day, and what went on it by provider."""

    plan: WarmUp
    domain: str
    day: int
    zone: ZoneInfo
    gone: Mapping[str, int] = field(default_factory=dict)

    @property
    def date(self) -> date:
        """The day on the shop's calendar."""
        return self.plan.start + timedelta(days=self.day)

    def concerns(self, sender: str) -> bool:
        """Whether a letter of this sender counts."""
        return domain_of(sender) == self.domain

    def room(self, provider: str) -> int | None:
        """How many letters may still go to a provider today; None without a limit."""
        limit = self.plan.limit(self.day)
        return None if limit is None else max(0, limit - self.gone.get(provider, 0))

    def held(self, address: str, engaged: bool) -> tuple[datetime, str] | None:
        """Until when a marketing letter to an address waits, and why; None when it may go."""
        plan = self.plan
        if plan.engaged is not None and not engaged and self.day < plan.engaged_days:
            first = f"those in {plan.engaged} go first, for {plan.engaged_days} days"
            # Asked again each day, so that a changed plan is soon kept.
            return self.opens_next(), first
        provider = provider_of(address)
        if self.room(provider) != 0:
            return None
        return self.opens_next(), self.words(provider)

    def opens_next(self) -> datetime:
        """When there is room again: the next day of the plan, or its first."""
        return self.plan.opens(max(self.day + 1, 0), self.zone)

    def words(self, provider: str) -> str:
        """What limits letters to a provider today."""
        limit = self.plan.limit(self.day)
        if self.day < 0:
            return f"{self.domain} is warmed up from {self.plan.start} on"
        return (
            f"day {self.day + 1} of {self.plan.days} of warming up {self.domain}: "
            f"at most {limit} letters to {provider}"
        )
