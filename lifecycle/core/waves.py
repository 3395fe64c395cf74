"""Waves: who gets a broadcast in which of them, and the rates at which the later ones stop."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.core.campaign import Broadcast, StopIf
from lifecycle.core.chance import fraction
from lifecycle.core.occasion import Occasion
from lifecycle.core.policy import Policy
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import View

LEAST_INCIDENTS = 2
"""One bounce or one complaint alone stops nothing: of few letters it would be a high rate."""


@dataclass(frozen=True, slots=True)
class Came:
    """What has come of a broadcast so far: letters that were accepted, hard bounces, complaints."""

    accepted: int
    bounced: int
    complained: int


def reached(occasion: Occasion, view: View, policy: Policy) -> bool:
    """Whether a customer's wave has come: this one or one before, if the customer was left out.

    Shares go by a keyed hash of the customer, so that they are the same on every machine; the last
    wave is everybody's.
    """
    campaign = occasion.campaign
    waves = campaign.waves if isinstance(campaign, Broadcast) else None
    if waves is None or occasion.wave >= waves.count - 1:
        return True
    if waves.first:
        return InSegment(waves.first[occasion.wave]).matches(view)
    drawn = wave_share(occasion, view.facts.customer_id, policy)
    return drawn < sum(waves.percent[: occasion.wave + 1])


def wave_share(occasion: Occasion, customer_id: str, policy: Policy) -> float:
    """Where in [0, 100) the hash puts a customer among the shares of the waves."""
    seed = policy.settings.shop.seed
    return 100 * fraction(seed, "wave", occasion.campaign.id, occasion.entry, customer_id)


def tripped(stop_if: StopIf, came: Came) -> str:
    """The rate over which a broadcast stops, in words; empty while there is none."""
    for name, limit, count in (
        ("bounce_rate", stop_if.bounce_rate, came.bounced),
        ("complaint_rate", stop_if.complaint_rate, came.complained),
    ):
        if limit is None or count < LEAST_INCIDENTS or not came.accepted:
            continue
        rate = 100 * count / came.accepted
        if rate > limit:
            return f"{name} {rate:.2f} over {limit:g}: {count} of {came.accepted} letters"
    return ""
