"""Keeps the plan of `[warm_up]`: asked before letters, and counted as their attempts commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.because import Because
from lifecycle.core.guard import Hold
from lifecycle.core.mailbox import provider_of
from lifecycle.core.policy import Policy
from lifecycle.core.warm_up import Warming
from lifecycle.core.wishes import TRANSACTIONAL
from lifecycle.engine.parts import Parts
from lifecycle.engine.weigh import Prepared, Weighed
from lifecycle.store import warm_up


def with_warming(parts: Parts, policy: Policy, now: datetime) -> Policy:
    """The policy with where warming up stands: not so in replays, simulations and tests."""
    if not parts.gives_codes or policy.settings.warm_up is None:
        return policy
    with parts.database.read() as connection:
        found = warm_up.standing(connection, policy.settings, now)
    return policy if found is None else replace(policy, warming=found)


def let_go(connection: Connection, parts: Parts, now: datetime) -> None:
    """Have letters looked at again that a plan held which is over, or taken out."""
    settings = parts.live.catalog.settings
    if parts.gives_codes and warm_up.standing(connection, settings, now) is None:
        warm_up.wake(connection, now)


def admitted(
    connection: Connection, policy: Policy, weighed: Weighed, going: Sequence[Prepared]
) -> list[Prepared]:
    """Those of the letters that today's room lets through, counted; the others are held.

    It is asked in the transaction that commits the attempts. Every letter of the domain counts,
    on the day of its first attempt; transactional ones are never held.
    """
    warming = policy.warming
    if warming is None:
        return list(going)
    fresh = [
        one for one in going if not one.due.row.made and warming.concerns(one.ready.letter.sender)
    ]
    if not fresh:
        return list(going)
    providers = {one.due.row.message_id: provider_of(one.ready.letter.to) for one in fresh}
    day = warming.date
    gone = warm_up.held_alone(connection, warming.domain, day, sorted({*providers.values()}))
    limit = warming.plan.limit(warming.day)
    counted: Counter[str] = Counter()
    through = []
    for one in going:
        provider = providers.get(one.due.row.message_id)
        if provider is None:
            through.append(one)
            continue
        full = limit is not None and gone.get(provider, 0) + counted[provider] >= limit
        if full and one.due.row.klass != TRANSACTIONAL:
            why = Because(warming.words(provider), False, "", "warm_up")
            weighed.held.append((one.due, Hold(_later(one, warming), "warmup", (why,))))
            continue
        counted[provider] += 1
        through.append(one)
    warm_up.count(connection, warming.domain, day, counted)
    if held := len(going) - len(through):
        log.happened("warm_up_full", domain=warming.domain, day=warming.day + 1, held=held)
    return through


def _later(one: Prepared, warming: Warming) -> datetime:
    stale_at: datetime = one.due.row.stale_at
    return min(warming.opens_next(), stale_at)
