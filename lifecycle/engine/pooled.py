"""Gives letters that surely go their codes of a pool, in the transaction of their attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.policy import Policy
from lifecycle.engine.letters import Letters, Ready
from lifecycle.engine.offers import Offer
from lifecycle.engine.parts import Parts
from lifecycle.engine.weigh import Prepared, Weighed, wanted_of
from lifecycle.render.problems import BrokenTemplate
from lifecycle.store import pools

OUT_OF_STOCK = "out_of_stock"


def with_pool_codes(
    connection: Connection,
    parts: Parts,
    letters: Letters,
    policy: Policy,
    weighed: Weighed,
    going: Sequence[Prepared],
    now: datetime,
) -> list[Prepared]:
    """The letters that go, each with its own code in it; those of an empty pool are dropped.

    A code is given only where an attempt is committed with it: whatever keeps a letter from going
    leaves the code free, and a later try of the same letter has the same code.
    """
    wanted = {
        one.due.row.message_id: one.offer.pool
        for one in going
        if one.offer is not None and one.offer.pool is not None
    }
    if not wanted:
        return list(going)
    had = pools.given(connection, wanted)
    codes = pools.take(connection, wanted, now)
    tell_low(connection, [pool for one, pool in wanted.items() if one in codes and one not in had])
    filled = _filled(going, codes)
    again = [
        wanted_of(one.due, parts, policy, filled[one.due.row.message_id].view, now)
        for one in going
        if one.due.row.message_id in filled
    ]
    made = dict(zip(filled, letters.make_many(again), strict=True))
    found, without = [], set()
    for one in going:
        message_id, customer_id = one.due.row.message_id, one.due.row.customer_id
        ready = made.get(message_id)
        if customer_id in without:
            # Judged as if the one before had gone; asked again in the next pass.
            _give_back(connection, one, ready)
        elif message_id not in wanted:
            found.append(one)
        elif isinstance(ready, Ready):
            found.append(replace(one, ready=ready, offer=filled[message_id]))
        else:
            without.add(customer_id)
            weighed.leave_after(one.due)
            weighed.dropped.append((one.due, *_why_not(ready, wanted[message_id])))
            _give_back(connection, one, ready)
    return found


def _why_not(ready: BrokenTemplate | None, pool: str) -> tuple[str, str]:
    """Why a letter does not go: without a code, or since it cannot be made."""
    if ready is not None:
        return "broken_template", str(ready)
    log.warned("pool_empty", pool=pool)
    return OUT_OF_STOCK, pool


def _give_back(connection: Connection, one: Prepared, ready: Ready | BrokenTemplate | None) -> None:
    """Give the code back of a letter that does not go now, unless one was sent with it before."""
    if ready is not None and not one.due.row.made:
        pools.give_back(connection, [one.due.row.message_id])


def _filled(going: Sequence[Prepared], codes: Mapping[str, str]) -> dict[str, Offer]:
    """The offers of letters for which there is a code, with it, by message and in their order."""
    found = {}
    for one in going:
        message_id = one.due.row.message_id
        if one.offer is not None and message_id in codes:
            found[message_id] = one.offer.with_code(codes[message_id])
    return found


def tell_low(connection: Connection, given: Sequence[str]) -> None:
    """Warn where a pool has become low by what was just given; `given` names one for each code."""
    for stock in pools.stocks(connection, given) if given else ():
        before = replace(stock, free=stock.free + given.count(stock.pool))
        if stock.low and not before.low:
            log.warned("pool_low", pool=stock.pool, free=stock.free, codes=stock.codes)
