"""What a simulation takes from the definitions: its days, and events nobody else would make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Broadcast, Flow, Series
from lifecycle.core.occasion import opens_at
from lifecycle.core.words import zone_of
from lifecycle.hooks import Registry
from lifecycle.sim.behaviour import SHOP_EVENTS, OwnEvent

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""When a simulation begins that says nothing else: the same on every day it is run."""
BEFORE_THE_DAY = timedelta(days=30)


def begins_at(catalog: Catalog, campaign: str | None) -> datetime:
    """When a simulation begins: a month before the day that the campaign asked about goes by."""
    asked = catalog.campaigns.get(campaign or "")
    if isinstance(asked, Broadcast | Series):
        zone = zone_of(catalog.settings.shop.timezone)
        day = asked.anchor.at(zone) if isinstance(asked, Series) else opens_at(asked)
        if day is not None:
            return (day - BEFORE_THE_DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    return FIRST_DAY


def with_campaign(catalog: Catalog, campaign: str | None) -> Catalog:
    """The definitions, with the campaign asked about as if it were live."""
    if campaign is None:
        return catalog
    asked = catalog.campaigns[campaign].model_copy(update={"status": "live"})
    return replace(catalog, campaigns=MappingProxyType({**catalog.campaigns, campaign: asked}))


def dates_read(catalog: Catalog) -> set[str]:
    """The top-level attributes that flows go around, or that steps wait for."""
    found = set()
    for flow in catalog.campaigns.values():
        if not isinstance(flow, Flow):
            continue
        if isinstance(flow.enter.on_date, tuple):
            found.add(flow.enter.on_date[0])
        for place in flow.way.places.values():
            until = place.step.until
            if until is not None and until.customer is not None:
                found.add(until.customer[0])
    return found - {"birthday"}


def own_events(catalog: Catalog, hooks: Registry) -> Iterator[OwnEvent]:
    """The ways into flows that neither these customers, nor the engine, nor a hook would make."""
    known = {*SHOP_EVENTS, *hooks.triggers}
    ours = ("message_", "segment_", "consent_", "points_", "tier_", "incentive_", "referral_")
    emitted = {
        place.step.emit
        for flow in catalog.campaigns.values()
        if isinstance(flow, Flow)
        for place in flow.way.places.values()
    }
    for _, flow in sorted(catalog.campaigns.items()):
        for name in (flow.enter.when or ()) if isinstance(flow, Flow) else ():
            if name in known or name in emitted or name.startswith(ours) or name.endswith("*"):
                continue
            known.add(name)
            assert isinstance(flow, Flow)
            yield OwnEvent(name, flow.enter.per, flow.enter.each)
