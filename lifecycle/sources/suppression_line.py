"""An address that must not be mailed, as a file or an operator names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.sources.address import normalized
from lifecycle.sources.fields import MAX_NAME_BYTES, Fields, Line

KNOWN = ("email", "reason", "at")
IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class SuppressionIn:
    """An address that must not be mailed since `at`, and why."""

    email: str
    reason: str
    at: datetime


def read_suppression(raw: Line, *, at: datetime, latest: datetime | None = None) -> SuppressionIn:
    """Read one line; only `email` is required, and `at` counts where it says none.

    Raises Refused.
    """
    fields = Fields(raw, KNOWN)
    return SuppressionIn(
        email=normalized(fields.identity("email")),
        reason=fields.text("reason", limit=MAX_NAME_BYTES) or IMPORTED,
        at=fields.past("at", latest) or at,
    )
