"""What a transport tells of its account, and what that leaves of the day's quota."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import floor
from typing import Any

from lifecycle.core.stoppage import Stop

RESERVED_SHARE = 0.02
"""The share of the day's quota that is kept for transactional letters."""
SHUTDOWN = "SHUTDOWN"


@dataclass(frozen=True, slots=True)
class Told:
    """What the account allows, counted in recipients; `per_day` None = unlimited.

    `begun` is how many letters had ever begun when it was asked: what began since is not yet in
    `sent_last_day`, and what began while it was asked may be in both, so that we err by too few.
    """

    per_second: float
    per_day: float | None
    sent_last_day: float
    sending_enabled: bool
    production: bool
    enforcement: str
    begun: int = 0
    told_at: str = ""
    """When that was, as RFC 3339."""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Told | None:
        """What was kept; None where nothing was."""
        return cls(**kept) if kept else None

    def kept(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)

    @property
    def most(self) -> int | None:
        """How far the count of letters ever begun may go by the day's quota; None = no end."""
        if self.per_day is None:
            return None
        return self.begun + max(0, floor(self.per_day - self.sent_last_day))

    @property
    def reserve(self) -> int:
        """How much of the day's quota is kept for transactional letters."""
        return 0 if self.per_day is None else floor(self.per_day * RESERVED_SHARE)

    @property
    def stops(self) -> Stop | None:
        """Why nothing may be sent at all; None where sending is on."""
        if self.enforcement == SHUTDOWN:
            return Stop.ACCOUNT_SUSPENDED
        return None if self.sending_enabled else Stop.SENDING_PAUSED
