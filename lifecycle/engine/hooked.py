"""Asks the shop's incentive hooks for codes: outside of any transaction, bounded, several at once.

What a hook gives is kept the moment it gives it, so that a letter that is held after all, or a
daemon that dies, costs no second code.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.engine.parts import Parts
from lifecycle.hooks import CodeAsked, HookFailed, IncentiveAsked
from lifecycle.store import hook_codes
from lifecycle.store.hook_codes import HookCode

ASKED_AT_ONCE = 8
"""So many codes are asked for at the same time."""
PASS_SECONDS = 10.0
"""After so long no further code is asked for in one pass: the rest waits for the next."""
NOT_THERE = "no hook makes incentives of this kind"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code to ask for, and what it is for; `made_for` is the id of a message or an issue."""

    customer_id: str
    made_for: str
    campaign: str
    step: str
    offer: IncentiveOffer
    expires_at: datetime | None


def known(connection: Connection, asking: Iterable[Wanted]) -> Mapping[str, HookCode]:
    """What hooks gave before, or how they failed, by what the codes are for."""
    return hook_codes.known(connection, ((one.customer_id, one.made_for) for one in asking))


def ask(parts: Parts, asking: Sequence[Wanted], now: datetime) -> dict[str, HookCode]:
    """Ask for codes, at least one; what there is no time for is not in the answer.

    Nothing must hold the database meanwhile.
    """
    if not asking:
        return {}
    with parts.database.read() as connection:
        before = known(connection, asking)
    began, waiting = time.monotonic(), iter(asking)
    found: dict[str, HookCode] = {}
    while some := list(islice(waiting, ASKED_AT_ONCE)):
        answers = [
            _answer(one, before.get(one.made_for), answer, now)
            for one, answer in zip(some, _asked(parts, some), strict=True)
        ]
        with parts.database.write() as connection:
            hook_codes.keep(connection, answers)
        found |= {one.made_for: one for one in answers}
        if time.monotonic() - began > PASS_SECONDS:
            break
    return found


def _asked(parts: Parts, some: Sequence[Wanted]) -> list[str | HookFailed]:
    """What the hooks say, in order."""
    hooks = parts.live.hooks
    questions: dict[int, CodeAsked] = {
        place: (hooks.incentives[one.offer.kind], _question(parts, one))
        for place, one in enumerate(some)
        if one.offer.kind in hooks.incentives
    }
    said = dict(zip(questions, hooks.asking.incentives(list(questions.values())), strict=True))
    return [
        said.get(place, HookFailed(one.offer.kind, "", NOT_THERE)) for place, one in enumerate(some)
    ]


def _answer(
    one: Wanted, before: HookCode | None, answer: str | HookFailed, now: datetime
) -> HookCode:
    offer = one.offer
    tries = before.tries if before is not None else 0
    blank = HookCode(one.customer_id, one.made_for, offer.kind, None, tries + 1, "", now)
    if isinstance(answer, str):
        return replace(blank, code=answer)
    log.warned(
        "incentive_hook_failed",
        hook=offer.kind,
        customer=one.customer_id,
        made_for=one.made_for,
        tries=blank.tries,
        line=answer.line,
    )
    return replace(blank, problem=log.redacted(answer.why))


def _question(parts: Parts, one: Wanted) -> IncentiveAsked:
    offer = one.offer
    amount = offer.amount is not None
    return IncentiveAsked(
        key=one.made_for,
        kind=offer.kind,
        customer_id=one.customer_id,
        campaign=one.campaign,
        expires_at=one.expires_at,
        step=one.step,
        percent=offer.percent,
        amount=offer.amount,
        currency=parts.live.catalog.settings.shop.currency if amount else None,
        points=offer.points,
        code=offer.code,
        valid_for=offer.valid_for,
    )
