"""Merging: one customer's id, and all that is known under it, becomes part of another."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, and_, delete, exists, select, update

from lifecycle.core.chance import bucket_of
from lifecycle.errors import UsageError
from lifecycle.store.builds import interrupt
from lifecycle.store.customers import combined, owner_of, rows_of
from lifecycle.store.events import wake
from lifecycle.store.past import Past
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS
from lifecycle.store.write import insert_new, upsert

TABLES = METADATA.tables
CUSTOMER, ALIAS, CONSENT = TABLES["customer"], TABLES["alias"], TABLES["consent"]
MOVED = (
    *("event", "consent_record", "membership_change", "enrollment", "message", "attempt"),
    *("decision", "points_entry", "incentive", "referral", "referral_code", "receipt"),
    *("attribute_past", "errand", "silence", "hook_code", "letter_harm"),
    *("confirmation", "preference", "letter_of_old"),
)
"""Tables whose rows go over to the one who stays; memberships are asked afresh."""


def merge(connection: Connection, keep: str, other: str, now: datetime) -> None:
    """Make `other`, a customer or an id not known yet, part of `keep`. Twice does no more.

    Whatever was said later counts, of attributes as of consents. Raises UsageError when `other`
    already belongs to a third customer.
    """
    keep = owner_of(connection, keep)
    belongs = owner_of(connection, other)
    if belongs == keep:
        return
    if belongs != other:
        raise UsageError(
            "the two cannot be merged",
            "the id already belongs to another customer",
            "merge that customer instead",
            state={"belongs_to": belongs},
        )
    connection.execute(update(ALIAS).where(ALIAS.c.customer_id == other).values(customer_id=keep))
    insert_new(connection, ALIAS, [{"alias_id": other, "customer_id": keep, "at": now}])
    rows = {row["customer_id"]: row for row in rows_of(connection, {keep, other})}
    if other in rows:
        gone = rows[other]
        place = {"customer_id": keep, "bucket": bucket_of(keep, BUCKETS)}
        kept, past = rows.get(keep) or {**gone, **place}, Past(now)
        if keep in rows:
            combined(kept, gone, past)
        upsert(connection, CUSTOMER, [kept])
        past.write(connection)
        _move(connection, keep, other)
        connection.execute(delete(CUSTOMER).where(CUSTOMER.c.customer_id == other))
        interrupt(connection, other)
    wake(connection, {keep: now})


def _move(connection: Connection, keep: str, other: str) -> None:
    for name in MOVED:
        _move_rows(connection, TABLES[name], "customer_id", keep, other)
    _move_rows(connection, TABLES["referral"], "friend_id", keep, other)
    latest = CONSENT.alias("latest")
    newer = and_(latest.c.customer_id == other, latest.c.topic == CONSENT.c.topic)
    connection.execute(
        delete(CONSENT).where(
            CONSENT.c.customer_id == keep, exists().where(newer, latest.c.at > CONSENT.c.at)
        )
    )
    _move_rows(connection, CONSENT, "customer_id", keep, other)
    for name in ("membership", "settled", "intake", "nightly", "date_kept"):
        table = TABLES[name]
        connection.execute(delete(table).where(table.c.customer_id == other))


def _move_rows(connection: Connection, table: Table, column: str, keep: str, other: str) -> None:
    """Give rows another owner; those that the owner has already are left out."""
    keys = [key.name for key in table.primary_key if key.name != column]
    if column in table.primary_key:
        same = table.alias("same")
        equal = and_(same.c[column] == keep, *(same.c[key] == table.c[key] for key in keys))
        connection.execute(
            delete(table).where(table.c[column] == other, exists(select(1).where(equal)))
        )
    values: dict[str, object] = {column: keep}
    if "bucket" in table.c:
        values["bucket"] = bucket_of(keep, BUCKETS)
    connection.execute(update(table).where(table.c[column] == other).values(values))
