"""How letters fare with each mailbox provider, and with which domains they fare badly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from lifecycle.core.mailbox import PROVIDERS, provider_of
from lifecycle.insight.interval import Share, share
from lifecycle.store.dialect.domains import domain_in
from lifecycle.store.tables import METADATA

MESSAGE, CUSTOMER = METADATA.tables["message"], METADATA.tables["customer"]
FEW = 100
"""Of fewer letters to a domain a rate says little."""
MOST_DOMAINS = 10
_COUNTS = ("sent", "delivered", "bounced", "bounced_hard", "complained")


@dataclass(frozen=True, slots=True)
class FaresWith:
    """The letters to one provider or domain in the last 30 days."""

    name: str
    sent: int
    delivered: int
    bounced: Share
    bounced_hard: Share
    """For good; SES holds these alone against its limit."""
    complained: Share


@dataclass(frozen=True, slots=True)
class ByProvider:
    """By provider, and the domains with the highest bounce rates that had letters enough."""

    providers: tuple[FaresWith, ...]
    domains: tuple[FaresWith, ...]


def by_provider(connection: Connection, since: datetime) -> ByProvider:
    """How letters fared since an instant. Those of erased customers are in no provider's."""
    domain = domain_in(connection.dialect.name, CUSTOMER.c.email).label("domain")
    query = (
        select(
            domain,
            func.count(),
            func.count(MESSAGE.c.delivered_at),
            func.count(MESSAGE.c.bounced_at),
            func.count(MESSAGE.c.bounced_hard_at),
            func.count(MESSAGE.c.complained_at),
        )
        .join(CUSTOMER, CUSTOMER.c.customer_id == MESSAGE.c.customer_id)
        .where(
            MESSAGE.c.state.in_(("accepted", "uncertain")),
            MESSAGE.c.attempted_at > since,
            CUSTOMER.c.email.is_not(None),
        )
        .group_by(domain)
        .order_by(domain)
    )
    domains, providers = [], {name: Counter[str]() for name in PROVIDERS}
    for name, *counts in connection.execute(query):
        counted = Counter(dict(zip(_COUNTS, map(int, counts), strict=True)))
        providers[provider_of(f"x@{name}")] += counted
        if counted["sent"] >= FEW and (counted["bounced"] or counted["complained"]):
            domains.append(_fares(name, counted))
    domains.sort(key=lambda one: (-(one.bounced.rate or 0), -(one.complained.rate or 0), one.name))
    return ByProvider(
        tuple(_fares(name, counts) for name, counts in providers.items() if counts["sent"]),
        tuple(domains[:MOST_DOMAINS]),
    )


def _fares(name: str, counts: Counter[str]) -> FaresWith:
    sent = counts["sent"]
    harms = (share(counts[one], sent) for one in _COUNTS[2:])
    return FaresWith(name, sent, counts["delivered"], *harms)
