"""What both sides of a referral are told, and the points among their rewards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.settings import ReferralReward, Settings
from lifecycle.rewards import points
from lifecycle.rewards.own_events import own_event
from lifecycle.store.events import NewEvent

GRANTED = "referral_granted"
ROLES = ("inviter", "friend")


class Pair(Protocol):
    """The two sides of a referral, and what both are told of it."""

    @property
    def customer_id(self) -> str:
        """Who invited."""
        ...

    @property
    def friend_id(self) -> str:
        """Who came."""
        ...

    @property
    def code(self) -> str:
        """The code that was claimed."""
        ...

    @property
    def reason(self) -> str:
        """Why it was refused or reversed; empty otherwise."""
        ...


def told(settings: Settings, pair: Pair, state: str, at: datetime, now: datetime) -> list[NewEvent]:
    """The event `referral_<state>` on both sides, with `role`, `code` and the side's reward.

    Somebody who claims the own code has one side alone.
    """
    name = f"referral_{state}"
    sides = _sides(pair)
    if pair.customer_id == pair.friend_id:
        sides = sides[1:]
    emitted = []
    referral_id = derived_id("referral", pair.customer_id, pair.friend_id)
    for customer_id, role in sides:
        named = {"role": role, "code": pair.code, "referral_id": referral_id}
        properties = {**named, **_reward(settings, role)}
        if pair.reason:
            properties["reason"] = pair.reason
        facts = (pair.customer_id, pair.friend_id, role)
        emitted.append(own_event(customer_id, name, at, properties, now, *facts))
    return emitted


def give_points(
    connection: Connection, settings: Settings, pair: Pair, at: datetime, now: datetime
) -> list[NewEvent]:
    """Put rewards that are points into the ledger; gives the events to append.

    The other kinds come with the letter: as the incentive of the step that tells of the grant.
    """
    entries = []
    for customer_id, role in _sides(pair):
        reward = _said(settings, role)
        if reward.kind == "points" and reward.points:
            entry_id, source = _entry_id(pair, role), _source(pair)
            entry = points.entry_of(settings, customer_id, entry_id, reward.points, at, at, source)
            ends = None if reward.valid_for is None else at + reward.valid_for
            entries.append(entry if ends is None else replace(entry, expires_at=ends))
    points.write(connection, entries)
    return [points.earned_event(entry, entry.points, "referral", now) for entry in entries]


def validity(settings: Settings, of: Enrollment | None) -> timedelta | None:
    """How long a code holds that a flow gives for a referral; None where nothing says so.

    That is one entered by `referral_granted`; what its step says of the end goes before.
    """
    if of is None or of.event_name != GRANTED or settings.referral is None:
        return None
    role = of.properties.get("role")
    return _said(settings, role).valid_for if role in ROLES else None


def take_points_back(connection: Connection, pair: Pair, at: datetime) -> None:
    """Take back the points that a granted referral brought."""
    customers = [customer_id for customer_id, _ in _sides(pair)]
    ledger = points.entries_of(connection, customers)
    back = [
        points.reversal(entry, "referral", at, entry.points)
        for customer_id in customers
        for entry in ledger.get((customer_id, _source(pair)), ())
    ]
    points.write(connection, back)


def _sides(pair: Pair) -> list[tuple[str, str]]:
    return list(zip((pair.customer_id, pair.friend_id), ROLES, strict=True))


def _said(settings: Settings, role: str) -> ReferralReward:
    assert settings.referral is not None
    return settings.referral.gives if role == "inviter" else settings.referral.gets


def _reward(settings: Settings, role: str) -> dict[str, Any]:
    reward = _said(settings, role)
    found = {
        "kind": reward.kind,
        "percent": reward.percent,
        "amount": reward.amount,
        "points": reward.points,
        "currency": settings.shop.currency if reward.kind == "amount_off" else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _source(pair: Pair) -> str:
    return f"referral:{derived_id('referral', pair.customer_id, pair.friend_id)}"


def _entry_id(pair: Pair, role: str) -> str:
    return derived_id("points", "referral", pair.customer_id, pair.friend_id, role)
