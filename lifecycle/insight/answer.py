"""The whole answer to `why`: what was decided on a customer, what is to come, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.words import zone_of
from lifecycle.insight.coming import Coming, coming
from lifecycle.insight.segment import facts_of
from lifecycle.insight.why import Told, decisions
from lifecycle.insight.why_not import NotYet, why_not

_INSIDE = ("entered", "held_out", "queued")


@dataclass(frozen=True, slots=True)
class Answer:
    """What `why` knows of a customer, of one campaign or of all."""

    customer: str
    zone: ZoneInfo
    decisions: tuple[Told, ...]
    coming: tuple[Coming, ...]
    not_entered: tuple[NotYet, ...]
    """The campaigns that the customer never entered, each with what it waits for."""

    def told(self) -> dict[str, Any]:
        """The answer as plain data, its sentences on the customer's clock."""
        return {
            "customer": self.customer,
            "timezone": self.zone.key,
            "decisions": [one.told(self.zone) for one in self.decisions],
            "coming": [one.told() for one in self.coming],
            "not_entered": [_plain(one) for one in self.not_entered],
        }


def _plain(one: NotYet) -> dict[str, Any]:
    return {**asdict(one), "because": [leaf.told() for leaf in one.because]}


def answer(
    connection: Connection,
    catalog: Catalog,
    customer_id: str,
    campaign: str | None,
    now: datetime,
) -> Answer | None:
    """Answer why, for one campaign or for all; None when there is no such customer."""
    facts = facts_of(connection, catalog, customer_id, now)
    if facts is None:
        return None
    zone = zone_of(facts.timezone, catalog.settings.shop.timezone)
    told = decisions(connection, customer_id, campaign, catalog)
    ahead = coming(connection, catalog, customer_id, zone, now)
    ahead = [one for one in ahead if campaign in (None, one.campaign)]
    inside = {one.campaign for one in told if one.what in _INSIDE}
    others = tuple(_others(connection, catalog, customer_id, campaign, inside, now))
    return Answer(facts.customer_id, zone, tuple(told), tuple(ahead), others)


def _others(
    connection: Connection,
    catalog: Catalog,
    customer_id: str,
    campaign: str | None,
    inside: set[str],
    now: datetime,
) -> Iterator[NotYet]:
    for name in [campaign] if campaign else sorted(catalog.campaigns):
        if name in inside or name not in catalog.campaigns:
            continue
        found = why_not(connection, catalog, customer_id, catalog.campaigns[name], now)
        if found is not None:
            yield found
