"""Yeses that wait to be confirmed, and the letters that asked for it: double opt-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from lifecycle.core.double_opt_in import MONTH, DoubleOptIn, Room, caps_on
from lifecycle.store import operations
from lifecycle.store.consents import ASKED, Word
from lifecycle.store.customers import owner_of, say_nothing_yet
from lifecycle.store.events import append
from lifecycle.store.settling_words import Said, settle
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new, upsert

WAITING = METADATA.tables["confirmation"]
LETTER = METADATA.tables["confirmation_letter"]
CONSENT = METADATA.tables["consent"]
RECORD = METADATA.tables["consent_record"]
TASK = "confirmations"
AT_ONCE = 500
SOON = timedelta(minutes=15)
"""A letter that has not been asked for so long is kept back by a cap."""


def want(
    connection: Connection, word: Word, rule: DoubleOptIn, caller: str, now: datetime
) -> Literal["agreed", "waiting"]:
    """Take in a yes to a topic that has to be confirmed: it waits, and a letter is asked for.

    Whoever agreed already goes on agreeing. Said again while it waits, another letter is asked
    for; the caps of `rule` are kept where letters are asked for, not here. `caller` tells who
    said it: `ip:` and a hash, or `key:` and a key's id.
    """
    customer_id = owner_of(connection, word.customer_id)
    word = replace(word, customer_id=customer_id)
    if agrees(connection, customer_id, word.topic):
        return "agreed"
    say_nothing_yet(connection, customer_id, now)
    record = replace(word, step=ASKED).record()
    insert_new(connection, RECORD, [record])
    known = row_of(connection, customer_id, word.topic)
    waits = known is not None and known.state == "waiting"
    row = {
        "customer_id": customer_id,
        "topic": word.topic,
        "said_at": known.said_at if known is not None and waits else word.at,
        "source": word.source,
        "wording": word.wording,
        "caller": caller,
        "due_at": now,
        "asked_at": known.asked_at if known is not None and waits else None,
        "expires_at": now + rule.expires,
        "state": "waiting",
        "settled_at": None,
    }
    upsert(connection, WAITING, [row])
    operations.set_task(connection, TASK, now)
    return "waiting"


def call_off(connection: Connection, said: Sequence[Said], now: datetime) -> None:
    """Let words have the last say on what waits, where they change no consent."""
    append(connection, settle(connection, said, now))


def agrees(connection: Connection, customer_id: str, topic: str) -> bool:
    """Whether a customer agrees to a topic now."""
    query = select(CONSENT.c.agreed).where(
        CONSENT.c.customer_id == customer_id, CONSENT.c.topic == topic
    )
    return bool(connection.execute(query).scalar())


def row_of(connection: Connection, customer_id: str, topic: str) -> Any | None:
    """How a yes to a topic stands, waiting or not; None where none ever waited."""
    query = select(WAITING).where(WAITING.c.customer_id == customer_id, WAITING.c.topic == topic)
    return connection.execute(query.with_for_update()).first()


def waiting_topics(connection: Connection, customer_id: str) -> set[str]:
    """The topics to which a yes waits."""
    query = select(WAITING.c.topic).where(
        WAITING.c.customer_id == customer_id, WAITING.c.state == "waiting"
    )
    return set(connection.execute(query).scalars())


def due(connection: Connection, now: datetime) -> Sequence[Any]:
    """The rows for which a letter is to be asked for, the longest waiting first."""
    query = (
        select(WAITING)
        .where(WAITING.c.due_at <= now, WAITING.c.state == "waiting")
        .order_by(WAITING.c.due_at, WAITING.c.customer_id, WAITING.c.topic)
        .limit(AT_ONCE)
    )
    return connection.execute(query).all()


def next_due(connection: Connection) -> datetime | None:
    """When something is to be done for those who wait: a letter, or the end of the waiting."""
    waits = WAITING.c.state == "waiting"
    instants = [
        connection.execute(select(func.min(column)).where(waits)).scalar()
        for column in (WAITING.c.due_at, WAITING.c.expires_at)
    ]
    return min((one for one in instants if one is not None), default=None)


def backlog(connection: Connection, now: datetime) -> tuple[int, int]:
    """How many yeses wait, and for how many of them no letter has gone that was due before."""
    waits = WAITING.c.state == "waiting"
    owed = waits & (WAITING.c.asked_at.is_(None)) & (WAITING.c.said_at < now - SOON)
    counts = [
        connection.execute(select(func.count()).select_from(WAITING).where(where)).scalar()
        for where in (waits, owed)
    ]
    return int(counts[0] or 0), int(counts[1] or 0)


class Recipient(NamedTuple):
    """To whom a letter goes that asks, by keyed hashes: the address, and where it arrives."""

    address_hash: str
    mailbox_hash: str


def put_off(connection: Connection, row: Any, until: datetime) -> None:
    """Ask for a letter later."""
    connection.execute(update(WAITING).where(_same(row)).values(due_at=until))


def asked(connection: Connection, row: Any, to: Recipient, event_id: str, now: datetime) -> None:
    """A letter is asked for: count it."""
    told = {"event_id": event_id, "caller": row.caller, "at": now, **to._asdict()}
    insert_new(connection, LETTER, [told])
    connection.execute(update(WAITING).where(_same(row)).values(due_at=None, asked_at=now))


def expire(connection: Connection, now: datetime) -> int:
    """End what has waited too long, and forget letters that no cap counts; says how many ended."""
    waits = (WAITING.c.state == "waiting") & (WAITING.c.expires_at <= now)
    ended = {"state": "expired", "settled_at": now, "due_at": None}
    connection.execute(delete(LETTER).where(LETTER.c.at < now - MONTH - timedelta(days=1)))
    return int(connection.execute(update(WAITING).where(waits).values(**ended)).rowcount)


def address_asked(connection: Connection, event_id: str) -> str | None:
    """The hash of the address to which the letter of an event was asked for."""
    found: str | None = connection.execute(
        select(LETTER.c.address_hash).where(LETTER.c.event_id == event_id)
    ).scalar()
    return found


def rooms(
    connection: Connection, rule: DoubleOptIn, mailbox_hash: str, caller: str, now: datetime
) -> list[Room]:
    """How much of each cap is used that a letter to a mailbox is under."""
    found = []
    for name, (limit, within) in caps_on(rule, caller).items():
        where: ColumnElement[bool] = LETTER.c.at > now - within
        if name.startswith("address"):
            where &= LETTER.c.mailbox_hash == mailbox_hash
        elif not name.startswith("all"):
            where &= LETTER.c.caller == caller
        counted = connection.execute(select(func.count()).select_from(LETTER).where(where)).scalar()
        frees = None
        if counted and counted >= limit:
            at = select(LETTER.c.at).where(where).order_by(LETTER.c.at.desc()).offset(limit - 1)
            stands = connection.execute(at.limit(1)).scalar()
            frees = stands + within if stands is not None else None
        found.append(Room(name, limit, within, int(counted or 0), frees))
    return found


def _same(row: Any) -> ColumnElement[bool]:
    return and_(WAITING.c.customer_id == row.customer_id, WAITING.c.topic == row.topic)
