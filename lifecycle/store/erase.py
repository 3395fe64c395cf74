"""Erasure: afterwards no row names the person; ledger and proof of consent stay, pseudonymous."""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.engine import make_url

from lifecycle.core.chance import bucket_of
from lifecycle.core.words import rfc3339
from lifecycle.failpoints import reach
from lifecycle.log import redacted
from lifecycle.store import arrived
from lifecycle.store.builds import interrupt
from lifecycle.store.customers import owner_of
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS

TABLES = METADATA.tables
CUSTOMER = TABLES["customer"]
DELETED = (
    *("alias", "attribute_past", "consent", "membership", "settled", "intake", "nightly"),
    *("date_kept", "errand", "silence", "hook_code", "letter_harm"),
    *("confirmation", "preference", "letter_of_old"),
)
EMPTIED: dict[str, dict[str, Any]] = {
    "event": {"properties": {}, "pending": False},
    "membership_change": {},
    "enrollment": {
        "key": {},
        "properties": {},
        "anchor": None,
        "due_at": None,
        "lease_until": None,
        "open_messages": [],
    },
    "message": {"context": None, "links": None},
    "attempt": {"detail": ""},
    "decision": {"detail": "", "because": None},
    "points_entry": {},
    "incentive": {},
    "consent_record": {},
    "receipt": {},
    "referral": {},
    "referral_code": {},
}
"""What stays, with the columns that are emptied in it."""
HASHED = {
    "event": ("event_id",),
    "enrollment": ("entry", "event_id"),
    "message": ("entry",),
    "decision": ("entry",),
    "incentive": ("code",),
    "referral": ("code",),
    "referral_code": ("code",),
    "points_entry": ("entry_id", "source"),
}
"""Columns whose text comes from outside and may name somebody: they keep only being equal."""
PSEUDONYM = "erased-"
"""What the id begins with that an erased customer's rows have from then on."""
WAITING = ("planned", "ready", "requeued")
CHECKPOINT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure leaves behind: the pseudonym, and the letters that may lie in folders."""

    pseudonym: str
    message_ids: tuple[str, ...]


def erase(connection: Connection, customer_id: str, now: datetime, key: bytes) -> Erased | None:
    """Take everything that names a customer out of the database; None when there is none.

    Running enrollments end, letters not begun are dropped, suppressions stay: they are keyed
    hashes. Call `scrub` after the commit.
    """
    arrived.enter(connection)
    owner = owner_of(connection, customer_id)
    customer = CUSTOMER.c.customer_id == owner
    row = connection.execute(select(CUSTOMER).where(customer).with_for_update()).first()
    if row is None or row.erased_at is not None:
        return None
    pseudonym = pseudonym_of(key, owner, rfc3339(now))
    _end(connection, owner, now)
    message = TABLES["message"]
    ids = connection.execute(select(message.c.message_id).where(message.c.customer_id == owner))
    letters = tuple(ids.scalars())
    for name in DELETED:
        table = TABLES[name]
        connection.execute(delete(table).where(table.c.customer_id == owner))
    records = TABLES["consent_record"]
    for record in connection.execute(select(records).where(records.c.customer_id == owner)).all():
        connection.execute(
            update(records)
            .where(records.c.customer_id == owner, records.c.record_id == record.record_id)
            .values(source=redacted(record.source), wording=redacted(record.wording))
        )
    _cut_from_pools(connection, owner, key)
    for name, emptied in EMPTIED.items():
        _hash_columns(connection, name, owner, key)
        table = TABLES[name]
        values = {**emptied, "customer_id": pseudonym}
        if "bucket" in table.c:
            values["bucket"] = bucket_of(pseudonym, BUCKETS)
        connection.execute(update(table).where(table.c.customer_id == owner).values(values))
    friend = TABLES["referral"].c.friend_id
    connection.execute(
        update(TABLES["referral"]).where(friend == owner).values(friend_id=pseudonym)
    )
    _step_back(connection, owner)
    connection.execute(delete(CUSTOMER).where(customer))
    interrupt(connection, owner)
    nothing = {"email": None, "address_hash": None, "timezone": None, "locale": None}
    kept = {"known_since": row.known_since, "said_at": row.said_at, "erased_at": now}
    place = {"customer_id": pseudonym, "bucket": bucket_of(pseudonym, BUCKETS)}
    empty: dict[str, object] = {"attributes": {}, "attributes_at": {}}
    connection.execute(CUSTOMER.insert(), {**nothing, **kept, **place, **empty})
    reach("erasure_written")
    return Erased(pseudonym, letters)


def pseudonym_of(key: bytes, customer_id: str, at: str) -> str:
    """What a customer is called who was erased at an instant (RFC 3339)."""
    return PSEUDONYM + _hash(key, customer_id, at)


def scrub(database: Database) -> None:
    """Empty SQLite's write-ahead log, so that no erased page is left in it; call after a commit.

    Deleted rows are overwritten in the file itself, which is opened with `secure_delete`. A reader
    who holds an old page delays it to the next checkpoint. PostgreSQL's VACUUM is the operator's.
    """
    reach("erasure_committed")
    path = make_url(database.url).database if database.is_sqlite else None
    if not path or path == ":memory:":
        return
    connection = sqlite3.connect(path, timeout=CHECKPOINT_SECONDS)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        reach("log_emptied")
    finally:
        connection.close()


def _end(connection: Connection, owner: str, now: datetime) -> None:
    enrollment, message = TABLES["enrollment"], TABLES["message"]
    connection.execute(
        update(enrollment)
        .where(enrollment.c.customer_id == owner, enrollment.c.state == "active")
        .values(state="left", step=None, due_at=None, ended_at=now)
    )
    connection.execute(
        update(message)
        .where(message.c.customer_id == owner, message.c.state.in_(WAITING))
        .values(state="dropped", reason="erased", due_at=None, lease_until=None)
    )


def _hash_columns(connection: Connection, name: str, owner: str, key: bytes) -> None:
    """Put a keyed hash in the place of texts from outside."""
    table = TABLES[name]
    for column in HASHED.get(name, ()):
        texts = select(table.c[column]).where(table.c.customer_id == owner).distinct()
        changes = [
            {"old": text, "new": _hash(key, owner, text)}
            for text in connection.execute(texts).scalars().all()
            if text
        ]
        if changes:
            connection.execute(
                update(table)
                .where(table.c.customer_id == owner, table.c[column] == bindparam("old"))
                .values({column: bindparam("new")}),
                changes,
            )


def _cut_from_pools(connection: Connection, owner: str, key: bytes) -> None:
    """Let imported codes stay given, but no longer tell by which of the customer's letters."""
    incentive, pool = TABLES["incentive"], TABLES["pool_code"]
    ids = select(incentive.c.message_id).where(incentive.c.customer_id == owner)
    changes = [
        {"old": one, "new": _hash(key, owner, one)}
        for one in connection.execute(ids.distinct()).scalars().all()
    ]
    if changes:
        connection.execute(
            update(pool)
            .where(pool.c.given_to == bindparam("old"))
            .values(given_to=bindparam("new")),
            changes,
        )


def _step_back(connection: Connection, owner: str) -> None:
    """A broadcast's cursor may hold this very id: put it on the customer before."""
    state = TABLES["broadcast_state"]
    before = connection.execute(
        select(func.max(CUSTOMER.c.customer_id)).where(CUSTOMER.c.customer_id < owner)
    ).scalar()
    connection.execute(update(state).where(state.c.cursor == owner).values(cursor=before or ""))


def _hash(key: bytes, *parts: str) -> str:
    text = b"lifecycle erasure\0" + "\0".join(parts).encode()
    return hmac.new(key, text, "sha256").hexdigest()[:32]
