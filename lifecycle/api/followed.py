"""How a hit on a letter that went is kept now: by the shop's word of today and the customer's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.tracking import TRACKING, Mode, mode_for
from lifecycle.store.confirmations import agrees


def mode_now(connection: Connection, catalog: Catalog, row: Any) -> Mode:
    """How an open or a click of a message is kept that names it.

    A letter outlives the agreement under which it went: once that is taken back, its opens and
    clicks are counted without a name.
    """
    settings, campaign = catalog.settings, catalog.campaigns.get(row.campaign)
    about = campaign.topic if campaign is not None and not row.transactional else None
    consents: dict[str, bool] = {}
    if mode_for(settings, about, {}) != mode_for(settings, about, {TRACKING: True}):
        consents = {TRACKING: agrees(connection, row.customer_id, TRACKING)}
    return mode_for(settings, about, consents)
