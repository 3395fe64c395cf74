"""Offers: the incentive that one message carries, made after the guard said go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.policy import Policy
from lifecycle.core.step import Variant
from lifecycle.engine.parts import Parts
from lifecycle.rewards import incentives
from lifecycle.store.write import Row


@dataclass(frozen=True, slots=True)
class Offer:
    """An incentive as a row to keep and as a template sees it."""

    row: Row
    view: Mapping[str, Any]


def offer_for(
    parts: Parts, policy: Policy, due: Any, variant: Variant | None, now: datetime
) -> Offer | None:
    """The incentive of a message, None when the step gives none or `given_if` does not hold."""
    said: IncentiveOffer | None = (variant.incentive if variant else None) or due.step.incentive
    if said is None:
        return None
    entry = due.enrollment.entry_event() if due.enrollment else None
    if not policy.holds(said.given_if, due.facts, now, entry):
        return None
    row = incentives.issue(
        said,
        message_id=due.row.message_id,
        customer_id=due.row.customer_id,
        campaign=due.row.campaign,
        now=now,
        key=parts.key,
        currency=policy.settings.shop.currency,
    )
    return Offer(incentives.row_of(row), incentives.template_view(row))
