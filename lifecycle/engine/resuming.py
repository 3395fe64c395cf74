"""Resuming: what a pause held comes spread over time, and of several letters the latest alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from lifecycle.core.action import Decided, bring_up_to_date
from lifecycle.core.campaign import Flow
from lifecycle.core.catching_up import Held, lasts, moment, resumed
from lifecycle.core.deeds import HELD_BY_A_PAUSE
from lifecycle.core.walk import letter_settled
from lifecycle.core.words import FIRST_INSTANT
from lifecycle.engine.live import Live
from lifecycle.engine.running import look_again
from lifecycle.store import claims, outbox
from lifecycle.store.apply import Writing
from lifecycle.store.dialect.lists import among
from lifecycle.store.facts import Reading, chunks, load
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

PAGE = 500
MESSAGE, ENROLLMENT = METADATA.tables["message"], METADATA.tables["enrollment"]
_HELD = (
    # The bound makes it a look into the index of what is due, however much has gone already.
    select(MESSAGE, ENROLLMENT.c.due_at.label("next_step"))
    .join(
        ENROLLMENT,
        (ENROLLMENT.c.customer_id == MESSAGE.c.customer_id)
        & (ENROLLMENT.c.enrollment_id == MESSAGE.c.enrollment_id),
    )
    .where(
        MESSAGE.c.due_at >= bindparam("first", type_=MESSAGE.c.due_at.type),
        MESSAGE.c.campaign == bindparam("of"),
        MESSAGE.c.state == "planned",
        MESSAGE.c.reason == "paused",
    )
    .order_by(MESSAGE.c.customer_id, MESSAGE.c.message_id)
)
_DEEDS = select(ENROLLMENT.c.customer_id, ENROLLMENT.c.enrollment_id).where(
    ENROLLMENT.c.campaign == bindparam("of"),
    ENROLLMENT.c.state == "active",
    ENROLLMENT.c.fell_due_at.is_not(None),
    among(ENROLLMENT.c.step, "steps"),
)
_LETTER_DUE = Statement(
    update(MESSAGE)
    .where(
        MESSAGE.c.customer_id == bindparam("customer"),
        MESSAGE.c.message_id == bindparam("which"),
        MESSAGE.c.state == "planned",
    )
    .values(due_at=bindparam("at", type_=MESSAGE.c.due_at.type))
)
_DEED_DUE = Statement(
    update(ENROLLMENT)
    .where(
        ENROLLMENT.c.customer_id == bindparam("customer"),
        ENROLLMENT.c.enrollment_id == bindparam("which"),
        ENROLLMENT.c.state == "active",
    )
    .values(due_at=bindparam("at", type_=ENROLLMENT.c.due_at.type))
)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What resuming a campaign came to."""

    letters: int = 0
    """Letters that go, the stale ones among them to be dropped."""
    superseded: int = 0
    deeds: int = 0
    """Other deeds that the pause held."""
    minutes: float = 0.0
    """Over how long they come."""


def resume(
    connection: Connection,
    live: Live,
    campaign: str,
    now: datetime,
    per_second: float | None = None,
) -> CaughtUp:
    """Have what a pause held come due, spread by the rule of `core/catching_up.py`.

    `per_second` is the transport's pace. To be called in the transaction that ends the pause.
    """
    seed = live.catalog.settings.shop.seed
    rows = connection.execute(_HELD, {"of": campaign, "first": FIRST_INSTANT}).all()
    done = resumed([_held(row) for row in rows], seed, now, per_second)
    owner = {row.message_id: row.customer_id for row in rows}
    due = [{"customer": owner[one], "which": one, "at": at} for one, at in done.due.items()]
    _LETTER_DUE.each(connection, due)
    gone = set(done.superseded)
    _drop(connection, live, [row for row in rows if row.message_id in gone], now)
    deeds = _deeds(connection, live, campaign)
    over = lasts(len(deeds), per_second)
    _DEED_DUE.each(
        connection,
        [
            {"customer": of, "which": which, "at": moment(seed, which, now, over)}
            for of, which in deeds
        ],
    )
    last = max((at for at in done.due.values()), default=now)
    takes = max(last - now, over).total_seconds() / 60
    return CaughtUp(len(done.due), len(done.superseded), len(deeds), round(takes, 1))


def _held(row: Any) -> Held:
    of, planned, stale = row.enrollment_id, row.planned_at, row.stale_at
    return Held(row.message_id, of, planned, stale, row.next_step)


def would_resume(connection: Connection, live: Live, campaign: str, now: datetime) -> CaughtUp:
    """What resuming would come to; changes nothing."""
    rows = connection.execute(_HELD, {"of": campaign, "first": FIRST_INSTANT}).all()
    done = resumed([_held(row) for row in rows], live.catalog.settings.shop.seed, now)
    deeds = len(_deeds(connection, live, campaign))
    takes = max([lasts(deeds), *(at - now for at in done.due.values())]).total_seconds() / 60
    return CaughtUp(len(done.due), len(done.superseded), deeds, round(takes, 1))


def _deeds(connection: Connection, live: Live, campaign: str) -> list[tuple[str, str]]:
    steps = held_places(flow for flow in live.walked if flow.id == campaign)
    found = connection.execute(_DEEDS, {"of": campaign, "steps": sorted(steps)})
    return [(row.customer_id, row.enrollment_id) for row in found]


def held_places(flows: Iterable[Flow]) -> Collection[str]:
    """The places whose deeds a pause holds."""
    return {
        place.id
        for flow in flows
        for place in flow.way.places.values()
        if place.step.deed in HELD_BY_A_PAUSE
    }


def _drop(connection: Connection, live: Live, rows: Sequence[Any], now: datetime) -> None:
    """Drop letters in whose place a later one of their enrollment goes."""
    zone = live.catalog.settings.shop.timezone
    for page in chunks((row.message_id for row in rows), PAGE):
        wanted = set(page)
        some = [row for row in rows if row.message_id in wanted]
        ids = sorted({row.customer_id for row in some})
        claims.have_alone(connection, ids)
        facts = load(connection, ids, now, Reading(), shop_zone=zone)
        writing = Writing(now)
        for row in some:
            known = facts[row.customer_id]
            what = ("dropped", "superseded", "a later letter goes in its place")
            told = Decided(now, row.campaign, row.entry, *what, row.step, row.variant)
            writing.add(known, [told], None)
            of = next((one for one in known.enrollments if one.id == row.enrollment_id), None)
            if of is not None:
                after = letter_settled(of, row.message_id, now, sent=False)
                bring_up_to_date(known, after)
                writing.add(known, after, None)
        outbox.drop(
            connection,
            [{"of": r.customer_id, "id": r.message_id, "why": "superseded"} for r in some],
        )
        writing.write(connection)
        look_again(connection, live, writing, now)
