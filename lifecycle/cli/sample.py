"""A made-up customer, event and incentive, to show a letter before there is anybody to write to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.cli.place import FIXED_KEY
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.kept import CLICK, ORDER
from lifecycle.core.ledger import Code, Ledger, Line
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step, Variant
from lifecycle.core.words import zone_of
from lifecycle.rewards.incentives import issue, template_view

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The moment at which samples are shown: the same each time."""
ITEM = {
    "sku": "A-1",
    "name": "Blue shoes",
    "category": "shoes",
    "brand": "Example",
    "quantity": 1,
    "price": 49.9,
    "line_total": 49.9,
    "image": "https://shop.example/blue-shoes.jpg",
    "url": "https://shop.example/blue-shoes",
}
PROPERTIES: Mapping[str, Any] = {
    **ITEM,
    "cart_id": "sample-cart",
    "order_id": "sample-order",
    "total": 99.8,
    "currency": "EUR",
    "items": [ITEM, {**ITEM, "sku": "B-2", "name": "Red scarf", "category": "scarves"}],
    "segment": "sample",
    "points": 120,
    "tier": "silver",
    "percent": 10,
    "friend_name": "Robin",
    "role": "inviter",
}
DAY = timedelta(days=1)
_ORDERS = [
    Event(AT - days * DAY, f"sample-{days}", ORDER, {"total": total})
    for days, total in ((75, 59.9), (40, 129), (12, 99.8))
]
_NIGHTLY = {
    "rfm": {"recency": 5, "frequency": 4, "monetary": 4, "group": "loyal"},
    "predicted": {"next_order_at": AT + 18 * DAY, "alive": 0.9, "value_365d": 420.5},
}


def sample_facts(settings: Settings, locale: str | None) -> Facts:
    """A customer with a name and an address that reach nobody."""
    return Facts(
        "sample",
        AT,
        zone_of(settings.shop.timezone),
        email="someone@shop.example",
        locale=locale,
        known_since=AT - timedelta(days=100),
        attributes={"first_name": "Alex", "last_name": "Sample", "name": "Alex Sample"},
        consents=dict.fromkeys(settings.topics, True),
        ledger=_ledger(settings),
        events={ORDER: _ORDERS, CLICK: [Event(AT - timedelta(days=2), "sample-click", CLICK)]},
        nightly=_NIGHTLY,
    )


def _ledger(settings: Settings) -> Ledger:
    spent, kept = Line(500, AT - 400 * DAY, AT - 35 * DAY), Line(120, AT - 40 * DAY, AT + 25 * DAY)
    code = Code(AT - 2 * DAY, AT + 5 * DAY)
    return Ledger((spent, kept), (code,), settings.points.ladder)


def sample_enrollment(campaign: Campaign, properties: Mapping[str, Any] = PROPERTIES) -> Enrollment:
    """An enrollment that began with a made-up event of the campaign's kind."""
    name = "sample"
    if isinstance(campaign, Flow) and campaign.enter.when:
        name = campaign.enter.when[0].rstrip("*")
    return Enrollment(
        id="0" * 32,
        campaign=campaign.id,
        version=campaign.version,
        entry="sample",
        key={},
        visit=1,
        entered_at=AT,
        event_id="sample",
        event_name=name,
        event_at=AT,
        properties=dict(properties),
    )


def offer_shown(
    campaign: Campaign, step: Step, variant: Variant | None
) -> tuple[IncentiveOffer | None, str]:
    """The incentive that a letter shows, and the id of the step's place.

    It is its own, or what the nearest step above it issues.
    """
    said = (variant.incentive if variant else None) or step.incentive
    above: IncentiveOffer | None = None
    for place in campaign.way.places.values() if isinstance(campaign, Flow) else ():
        if place.step is step:
            return said or above, place.id
        above = place.step.issue or above
    return said, step.name


def sample_incentive(
    offer: IncentiveOffer | None, campaign: Campaign, settings: Settings, now: datetime
) -> dict[str, Any] | None:
    """What a template sees of an incentive, with a code that opens nothing; None without one."""
    if offer is None:
        return None
    made = issue(
        offer,
        message_id="0" * 32,
        customer_id="sample",
        campaign=campaign.id,
        now=now,
        key=FIXED_KEY,
        currency=settings.shop.currency,
    )
    return template_view(made)


def sample_flow(template: str, settings: Settings) -> tuple[Flow, Step]:
    """A flow of one step around a template that no campaign names."""
    flow = Flow.model_validate(
        {
            "name": "Preview",
            "kind": "flow",
            "topic": next(iter(settings.topics), "preview"),
            "enter": {"when": "sample"},
            "step": [{"name": "preview", "template": template, "subject": f"Preview: {template}"}],
        }
    )
    return flow.model_copy(update={"id": "preview"}), flow.step[0]
