"""Referrals: a friend claims a code, qualifies, and after the hold both sides get their reward.

A referral is `claimed → qualified → granted`, or ends as `refused` or `reversed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from lifecycle.core.event import Event
from lifecycle.core.settings import Referral, Settings
from lifecycle.core.undoing import UNDOING, undone
from lifecycle.rewards import grants
from lifecycle.rewards.codes import read_code
from lifecycle.rewards.own_events import known_events, own_event
from lifecycle.rewards.referral import keep_codes
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

REFERRAL = METADATA.tables["referral"]
CODE = METADATA.tables["referral_code"]
CUSTOMER = METADATA.tables["customer"]
CLAIMED = "referral_claimed"
BOUGHT = "order_placed"
DUE_AT_ONCE = 500
"""Referrals that one call of `due` settles."""
MOVES: dict[str, frozenset[str]] = {
    "claimed": frozenset({"qualified", "refused"}),
    "qualified": frozenset({"qualified", "granted", "refused", "reversed"}),
    "granted": frozenset({"reversed"}),
    "refused": frozenset(),
    "reversed": frozenset(),
}
"""The one table of the referral's state machine, asserted at every write."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a referral stands; `customer_id` is who invited."""

    customer_id: str
    friend_id: str
    code: str
    state: str
    claimed_at: datetime
    qualified_at: datetime | None = None
    due_at: datetime | None = None
    reason: str = ""


def on_events(
    connection: Connection,
    settings: Settings,
    changes: Sequence[tuple[str, Event]],
    now: datetime,
    key: bytes,
) -> list[NewEvent]:
    """Take claims, qualifying events, cancellations and refunds in; gives the events to append."""
    said = settings.referral
    if said is None:
        return []
    emitted: list[NewEvent] = []
    buyers = {of for of, event in changes if event.name in (said.qualifies, BOUGHT)}
    keep_codes(connection, buyers, key, now)
    claims = [(of, event) for of, event in changes if event.name == CLAIMED]
    for of, event in sorted(claims, key=lambda one: (one[1], one[0])):
        emitted += _claim(connection, settings, said, of, event, now)
    others = {of for of, event in changes if event.name in UNDOING} | buyers
    for standing in _of_friends(connection, others | {of for of, _ in claims}):
        emitted += _settle(connection, settings, said, standing, now)
    return emitted


def _claim(
    connection: Connection,
    settings: Settings,
    said: Referral,
    friend_id: str,
    event: Event,
    now: datetime,
) -> list[NewEvent]:
    code = read_code(event["code"])
    owner = connection.execute(_OWNER, {"code": code}).scalar()
    if owner is None:
        told = {"role": "friend", "code": code, "reason": "unknown_code"}
        new = own_event(
            friend_id,
            "referral_refused",
            event.at,
            told,
            now,
            friend_id,
            event.id,
            enters=event.enters,
        )
        return [new]
    if connection.execute(_ONE, {"of": owner, "friend": friend_id}).first() is not None:
        return []
    standing = Standing(owner, friend_id, code, "claimed", event.at)
    reason = _objection(connection, said, standing, now)
    if reason:
        standing = replace(standing, state="refused", reason=reason)
    insert_new(connection, "referral", [_row(standing)])
    return grants.told(settings, standing, "refused", event.at, now) if reason else []


def _objection(connection: Connection, said: Referral, claim: Standing, now: datetime) -> str:
    """Why a claim is refused; empty when nothing speaks against it."""
    if claim.customer_id == claim.friend_id or _same_address(connection, claim):
        return "self_referral"
    if any(one.state != "refused" for one in _of_friends(connection, [claim.friend_id])):
        return "claimed_before"
    bought = known_events(connection, [claim.friend_id], {said.qualifies, BOUGHT}, now)
    if any(event.at < claim.claimed_at for event in bought[claim.friend_id]):
        return "known_buyer"
    return "at_most" if _rewarded(connection, claim) >= said.at_most else ""


def _settle(
    connection: Connection, settings: Settings, said: Referral, standing: Standing, now: datetime
) -> list[NewEvent]:
    """Bring a referral up to date with all that is known of the friend."""
    names = {said.qualifies, BOUGHT, *UNDOING}
    events = known_events(connection, [standing.friend_id], names, now)[standing.friend_id]
    first = _qualifying(said, standing, events)
    if standing.state == "granted":
        ended = undone(first, _undoing(events)) if first else None
        if ended is None:
            return []
        return _move(connection, settings, standing, "reversed", ended.at, now, "order_undone")
    if standing.state not in ("claimed", "qualified"):
        return []
    if any(one.at < standing.claimed_at for one in events if one.name not in UNDOING):
        at = standing.claimed_at
        return _move(connection, settings, standing, "refused", at, now, "known_buyer")
    if first is None or standing.qualified_at == first.at:
        return []
    others = _rewarded(connection, standing) - (standing.state == "qualified")
    if others >= said.at_most:
        return _move(connection, settings, standing, "refused", first.at, now, "at_most")
    dated = replace(standing, qualified_at=first.at, due_at=first.at + said.hold)
    return _move(connection, settings, dated, "qualified", first.at, now, "")


def _qualifying(said: Referral, standing: Standing, events: Iterable[Event]) -> Event | None:
    """The first event by which the friend qualifies."""
    return next(
        (
            event
            for event in sorted(events)
            if event.name == said.qualifies and event.at >= standing.claimed_at
        ),
        None,
    )


def _undoing(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.name in UNDOING]


def due(
    connection: Connection, settings: Settings, now: datetime, limit: int = DUE_AT_ONCE
) -> list[NewEvent]:
    """Grant the referrals whose hold is over, or say why not; gives the events to append."""
    said = settings.referral
    if said is None:
        return []
    emitted: list[NewEvent] = []
    rows = connection.execute(_DUE, {"now": now, "most": limit}).all()
    for row in rows:
        standing = Standing(**row._mapping)
        assert standing.due_at is not None
        friend = standing.friend_id
        names = {said.qualifies, *UNDOING}
        events = known_events(connection, [friend], names, now)[friend]
        first = _qualifying(said, standing, events)
        state, reason = "granted", ""
        if first is None or undone(first, _undoing(events)) is not None:
            state, reason = "reversed", "order_undone"
        elif _same_address(connection, standing):
            state, reason = "refused", "self_referral"
        elif _rewarded(connection, standing, "granted") >= said.at_most:
            state, reason = "refused", "at_most"
        emitted += _move(connection, settings, standing, state, standing.due_at, now, reason)
    return emitted


def next_due(connection: Connection) -> datetime | None:
    """The instant at which the next hold is over; None when nothing is held."""
    found: datetime | None = connection.execute(_NEXT).scalar()
    return found


def _move(
    connection: Connection,
    settings: Settings,
    standing: Standing,
    state: str,
    at: datetime,
    now: datetime,
    reason: str,
) -> list[NewEvent]:
    assert state in MOVES[standing.state], f"a referral cannot go from {standing.state} to {state}"
    due_at = standing.due_at if state == "qualified" else None
    moved = replace(standing, state=state, reason=reason, due_at=due_at)
    connection.execute(_UPDATE, {f"its_{name}": value for name, value in _row(moved).items()})
    emitted = grants.told(settings, moved, state, at, now)
    if state == "granted":
        emitted += grants.give_points(connection, settings, moved, at, now)
    if standing.state == "granted":
        grants.take_points_back(connection, moved, at)
    return emitted


def _row(standing: Standing) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in Standing.__slots__}


def _of_friends(connection: Connection, friends: Iterable[str]) -> list[Standing]:
    found = _FRIENDS.rows(connection, {"ids": sorted(set(friends))})
    return [Standing(**row._asdict()) for row in found]


def _same_address(connection: Connection, standing: Standing) -> bool:
    ids = {"ids": [standing.customer_id, standing.friend_id]}
    rows = connection.execute(_HASHES, ids)
    hashes: dict[str, str | None] = {row.customer_id: row.address_hash for row in rows}
    own = hashes.get(standing.customer_id)
    return own is not None and own == hashes.get(standing.friend_id)


def _rewarded(connection: Connection, standing: Standing, *states: str) -> int:
    """How many friends of the inviter have qualified or been granted."""
    bound = {"of": standing.customer_id, "states": list(states or ("qualified", "granted"))}
    return int(connection.execute(_COUNT, bound).scalar() or 0)


_OWNER = (
    select(CODE.c.customer_id)
    .join(CUSTOMER, CUSTOMER.c.customer_id == CODE.c.customer_id, isouter=True)
    .where(CODE.c.code == bindparam("code"), CUSTOMER.c.erased_at.is_(None))
)
_ONE = select(REFERRAL.c.state).where(
    REFERRAL.c.customer_id == bindparam("of"), REFERRAL.c.friend_id == bindparam("friend")
)
_FRIENDS = Statement(
    select(REFERRAL)
    .where(among(REFERRAL.c.friend_id, "ids"))
    .order_by(REFERRAL.c.friend_id, REFERRAL.c.customer_id)
)
_HASHES = select(CUSTOMER.c.customer_id, CUSTOMER.c.address_hash).where(
    CUSTOMER.c.customer_id.in_(bindparam("ids", expanding=True))
)
_COUNT = select(func.count()).where(
    REFERRAL.c.customer_id == bindparam("of"),
    REFERRAL.c.state.in_(bindparam("states", expanding=True)),
)
_DUE = (
    select(REFERRAL)
    .where(
        REFERRAL.c.due_at <= bindparam("now", type_=REFERRAL.c.due_at.type),
        REFERRAL.c.state == "qualified",
    )
    .order_by(REFERRAL.c.due_at, REFERRAL.c.customer_id, REFERRAL.c.friend_id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(REFERRAL.c.due_at, type_=REFERRAL.c.due_at.type)).where(
    REFERRAL.c.due_at.is_not(None)
)
_UPDATE = (
    update(REFERRAL)
    .where(
        REFERRAL.c.customer_id == bindparam("its_customer_id"),
        REFERRAL.c.friend_id == bindparam("its_friend_id"),
    )
    .values(
        {
            name: bindparam(f"its_{name}", type_=REFERRAL.c[name].type)
            for name in ("state", "qualified_at", "due_at", "reason")
        }
    )
)
