"""What a customer wishes on the preference page: a pause, and how often to be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from lifecycle.core.facts import Sent, Wishes

Often = Literal["all", "weekly", "monthly"]
"""How often one may wish to be written to."""
PAUSE = timedelta(days=30)
AT_MOST: dict[str, tuple[int, timedelta] | None] = {
    "all": None,
    "weekly": (1, timedelta(days=7)),
    "monthly": (1, timedelta(days=30)),
}
"""What is chosen on the page, as at most so many marketing letters in so long."""
TRANSACTIONAL = "transactional"


def often_of(wishes: Wishes | None) -> Often:
    """What was chosen, read from what it came to."""
    if wishes is None or wishes.at_most is None or wishes.per is None:
        return "all"
    return "weekly" if wishes.per <= timedelta(days=7) else "monthly"


def paused(wishes: Wishes | None, now: datetime) -> datetime | None:
    """Until when the customer wants no marketing; None when there is no pause."""
    until = wishes.paused_until if wishes is not None else None
    return until if until is not None and until > now else None


def free_at(wishes: Wishes | None, sent: Sequence[Sent], now: datetime) -> datetime | None:
    """When the customer's own limit leaves room for a marketing letter; None when it does now.

    All marketing counts, whatever its class: a wish weighs more than a campaign's `caps = false`.
    """
    if wishes is None or wishes.at_most is None or wishes.per is None:
        return None
    since = now - wishes.per
    inside = sorted(one.at for one in sent if one.klass != TRANSACTIONAL and since < one.at <= now)
    if len(inside) < wishes.at_most:
        return None
    return inside[-wishes.at_most] + wishes.per
