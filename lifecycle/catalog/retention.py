"""How long messages are really kept: as said, but never shorter than something still counts them.

Nothing here shortens what settings.toml says; it tells what `check` warns of and upkeep keeps to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from lifecycle.core.campaign import Campaign, letters_of
from lifecycle.core.settings import Settings
from lifecycle.core.step import Winner

LINKS_HOLD = timedelta(days=60)
"""An unsubscribe link finds its customer by the message: laws want it to hold for 30 to 60 days."""
CALENDAR_WEEK = timedelta(days=8)
"""A week by the customer's calendar, wherever the customer lives."""


def messages_kept(settings: Settings, campaigns: Iterable[Campaign]) -> timedelta | None:
    """How long messages are kept; None for ever."""
    said = settings.retention.messages
    if said is None:
        return None
    spans = [said, LINKS_HOLD, settings.sending.minimum_gap]
    spans += [
        one.per if isinstance(one.per, timedelta) else CALENDAR_WEEK for one in settings.sending.cap
    ]
    for campaign in campaigns:
        for winner in _winners(campaign):
            spans += [one for one in (winner.within, winner.waits) if one is not None]
    return max(spans)


def _winners(campaign: Campaign) -> list[Winner]:
    return [step.winner for _, step in letters_of(campaign) if step.winner is not None]
