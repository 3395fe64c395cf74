"""What stands in the way of codes: pools that run low or were never filled, hooks that fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Campaign, Flow, letters_of
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.store import hook_codes, pools
from lifecycle.store.pools import Stock

LATELY = timedelta(days=7)
"""Failures of hooks from before are history."""


def pools_named(catalog: Catalog) -> frozenset[str]:
    """The pools that campaigns take codes from."""
    offers = (offer for one in catalog.campaigns.values() for offer in _offers(one))
    return frozenset(offer.pool for offer in offers if offer.pool is not None)


def code_warnings(connection: Connection, named: frozenset[str] | None, now: datetime) -> list[str]:
    """A sentence for each pool that is low, and each kind whose hook fails.

    Of the pools those that are `named` are told; where None can be named, all that were filled.
    """
    stocks = {stock.pool: stock for stock in pools.stocks(connection, named)}
    stocks |= {name: Stock(name, 0, 0) for name in named or () if name not in stocks}
    told = [_told(stock) for _, stock in sorted(stocks.items()) if stock.low]
    failing = hook_codes.failing(connection, now - LATELY)
    told += [f"the hook “{one.kind}” fails for {one.count}: {one.problem}" for one in failing]
    return told


def _told(stock: Stock) -> str:
    more = f"lifecycle import codes FILE --pool {stock.pool}"
    if not stock.codes:
        return f"the pool “{stock.pool}” has no codes: {more}"
    return f"the pool “{stock.pool}” has {stock.free} of {stock.codes} codes left: {more}"


def _offers(campaign: Campaign) -> Iterator[IncentiveOffer]:
    for _, step in letters_of(campaign):
        for offer in (step.incentive, *(one.incentive for one in step.variant)):
            if offer is not None:
                yield offer
    if isinstance(campaign, Flow):
        for place in campaign.way.places.values():
            if place.step.issue is not None:
                yield place.step.issue
