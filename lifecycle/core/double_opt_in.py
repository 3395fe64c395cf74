"""Double opt-in: a yes to some topics counts once the owner of the address has confirmed it.

Sign-up forms are used to flood somebody's mailbox with letters they never asked for: how many
letters may ask for a confirmation is bounded by address, by who asks, and in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from lifecycle.core.typed import Definition, Length

CAMPAIGN = "confirm_consent"
"""The campaign whose letter asks for a confirmation."""
WANTED = "confirmation_wanted"
"""The event that lets a customer into it, with the `topic` and what it is `about`."""
CALLED_OFF = "confirmation_called_off"
"""The event that ends it when the customer says no meanwhile."""
SOURCE = "double opt-in"
DAY, MONTH, HOUR = timedelta(days=1), timedelta(days=30), timedelta(hours=1)
Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _some_time(said: timedelta) -> timedelta:
    if not timedelta(hours=1) <= said <= timedelta(days=90):
        context = {"problem": "a confirmation has an hour to 90 days", "hint": '"14 days"'}
        raise PydanticCustomError("word", "{problem}", context)
    return said


class DoubleOptIn(Definition):
    """How long a confirmation is waited for, and how many letters may ask for one."""

    expires: Annotated[Length, AfterValidator(_some_time)] = timedelta(days=14)
    per_address_a_day: Count = 2
    per_address_a_month: Count = 5
    per_ip_a_day: Count = 10
    per_key_an_hour: Count = 500
    an_hour: Count = 1_000
    """In all: what is over waits, and the operator is warned."""


@dataclass(frozen=True, slots=True)
class Room:
    """One cap with what it has counted: how many letters, and when the oldest of them went."""

    name: str
    limit: int
    within: timedelta
    counted: int
    free_at: datetime | None
    """When the oldest letter that stands in the way leaves the window."""

    @property
    def full(self) -> bool:
        """Whether no letter more may go."""
        return self.counted >= self.limit


def caps_on(rule: DoubleOptIn, caller: str) -> Mapping[str, tuple[int, timedelta]]:
    """The caps that a letter is under, by name: the limit and its window."""
    caps = {
        "address a day": (rule.per_address_a_day, DAY),
        "address a month": (rule.per_address_a_month, MONTH),
        "all an hour": (rule.an_hour, HOUR),
    }
    if caller.startswith("ip:"):
        caps["ip a day"] = (rule.per_ip_a_day, DAY)
    elif caller:
        caps["key an hour"] = (rule.per_key_an_hour, HOUR)
    return caps
