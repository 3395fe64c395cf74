"""Who a rule holds for, asked of the whole database at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from lifecycle.core.ledger import Tiers
from lifecycle.core.rule.tree import Rule
from lifecycle.store.rule_sql.stands import Plainly, as_they_are, reading_of, stands


def members(
    connection: Connection,
    rule: Rule,
    segments: Mapping[str, Rule],
    now: datetime,
    *,
    shop_zone: str,
    tiers: Tiers = (),
) -> set[str]:
    """The customers for whom the rule holds at `now`, asked from scratch.

    `segments` are the rules that `in_segment` names; `tiers` the shop's, for rules that ask for
    the customer's. What is known at `now` counts: see `stands`.
    """
    plainly = Plainly(partial(reading_of, tiers=tiers), as_they_are)
    found: set[str] = set()
    for part in stands(connection, rule, segments, now, shop_zone=shop_zone, plainly=plainly):
        found.update(customer_id for customer_id, holds, _ in part if holds)
    return found
