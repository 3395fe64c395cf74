"""Instants and reasons in words, as a marketer reads them: on the customer's own clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.words import length_words

REASONS: Mapping[str, str] = {
    "no_consent": "there is no consent to the campaign's topic",
    "suppressed": "the address is suppressed",
    "capped": "the cap on letters was reached",
    "gap": "the minimum gap after the last letter was not over",
    "quiet_hours": "it was within quiet hours",
    "guarded": "the shop's hold_if held",
    "breaker": "too many letters bounced, or the transport refused the account: sending rested",
    "quota": "the day's quota of the transport was used up",
    "stale": "it had been held for longer than stale_after",
    "left": "the enrollment had ended",
    "paused": "the campaign was paused",
    "holdout": "the customer belongs to the holdout",
    "no_address": "no address is known",
    "broken_template": "the letter could not be rendered",
    "out_of_stock": "the product was out of stock",
    "budget": "the budget was used up",
    "not_applicable": "its condition did not hold",
    "superseded": "a fresh enrollment took its place",
    "refused": "the transport refused the letter",
    "erased": "the customer was erased",
    "again": "`again` or `repeat` forbade it",
    "late": "it came too late",
    "stopped": "the campaign was stopped",
    "quarantined": "it failed again and again and was put aside",
    "warmup": "the sender is being warmed up",
}
"""The closed list of reasons, each as the end of a sentence that begins “since”."""
HOLDS: Mapping[str, str] = {
    "capped": "the cap on letters is reached",
    "gap": "the minimum gap after the last letter is not over",
    "quiet_hours": "quiet hours",
    "guarded": "the shop's hold_if holds",
    "breaker": "sending rests",
    "quota": "the day's quota of the transport is used up",
    "paused": "the campaign is paused, or the customer asked for a pause",
}
"""The reasons of what is held now."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})"
)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """An instant on a customer's own clock: Mon 2 Mar 2026 15:00."""
    local = at.astimezone(zone)
    seconds = f":{local.second:02}" if local.second or local.microsecond else ""
    return f"{day(local)} {local:%H:%M}{seconds}"


def day(local: datetime) -> str:
    """A local day: Mon 2 Mar 2026."""
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def in_words(text: str, zone: ZoneInfo) -> str:
    """A text in which each instant in RFC 3339 is told on the customer's clock."""
    return _INSTANT.sub(lambda found: clock(datetime.fromisoformat(found[0]), zone), text)


def late_by(seconds: float) -> str:
    """A delay in words: in whole minutes from two minutes on, in whole hours from two hours on."""
    for unit in (3600, 60):
        if seconds >= 2 * unit:
            return length_words(timedelta(seconds=seconds // unit * unit))
    return length_words(timedelta(seconds=round(seconds)))
