"""All that is known of one customer, for the customer to be told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, or_, select

from lifecycle.store.customers import owner_of
from lifecycle.store.tables import METADATA

TABLES = METADATA.tables
LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aliases": ("alias", ("at", "alias_id")),
    "attributes_before": ("attribute_past", ("since", "name")),
    "nightly": ("nightly", ("at",)),
    "consents": ("consent", ("topic",)),
    "consent_records": ("consent_record", ("at", "record_id")),
    "events": ("event", ("at", "event_id")),
    "segments": ("membership", ("segment",)),
    "dates": ("date_kept", ("campaign",)),
    "segment_changes": ("membership_change", ("at", "segment")),
    "enrollments": ("enrollment", ("entered_at", "enrollment_id")),
    "messages": ("message", ("planned_at", "message_id")),
    "letters_of_old": ("letter_of_old", ("message_id",)),
    "letters_that_did_harm": ("letter_harm", ("letter_at", "message_id")),
    "decisions": ("decision", ("at", "decision_id")),
    "points": ("points_entry", ("at", "entry_id")),
    "errands": ("errand", ("made_at", "errand_id")),
    "incentives": ("incentive", ("issued_at", "incentive_id")),
    "confirmations": ("confirmation", ("topic",)),
    "preferences": ("preference", ("at",)),
    "silences": ("silence", ("since", "silence_id")),
    "referral_codes": ("referral_code", ("at", "code")),
}
INNER = frozenset(
    "customer_id bucket lease_until fence attempts quarantined_at arrival pending due_at "
    "attributes_at address_hash wake_at version template_version".split()
)
"""Columns of our own workings, which say nothing of the customer."""


def export(connection: Connection, customer_id: str) -> dict[str, Any] | None:
    """All we know of a customer, by kind, oldest first; None when there is no such customer."""
    owner = owner_of(connection, customer_id)
    customer = TABLES["customer"]
    row = connection.execute(select(customer).where(customer.c.customer_id == owner)).first()
    if row is None:
        return None
    told: dict[str, Any] = {"id": owner, **_shown(row)}
    suppression = TABLES["suppression"]
    reason = connection.execute(
        select(suppression.c.reason).where(suppression.c.address_hash == row.address_hash)
    ).scalar()
    told["suppressed"] = reason
    for name, (table_name, order) in LISTS.items():
        table = TABLES[table_name]
        query = select(table).where(table.c.customer_id == owner)
        if name == "segments":
            query = query.where(table.c.member)
        found = connection.execute(query.order_by(*(table.c[column] for column in order)))
        told[name] = [_shown(one) for one in found]
    referral = TABLES["referral"]
    both = or_(referral.c.customer_id == owner, referral.c.friend_id == owner)
    told["referrals"] = [
        {**_shown(one), "role": "inviter" if one.customer_id == owner else "friend"}
        for one in connection.execute(select(referral).where(both).order_by(referral.c.claimed_at))
    ]
    for one in told["referrals"]:
        # The other side is another person.
        del one["friend_id"]
    return told


def _shown(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in INNER}
