"""What a restored database must not forget: suppressions, noes and erasures made after the backup.

The journal keeps them beside the attempts, as keyed hashes.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.words import rfc3339
from lifecycle.store.consents import Word
from lifecycle.store.customers import consent_many
from lifecycle.store.erase import erase, pseudonym_of
from lifecycle.store.events import wake
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

TABLES = METADATA.tables
SUPPRESSION, CONSENT, CUSTOMER = (TABLES[name] for name in ("suppression", "consent", "customer"))
_PURPOSE = b"journal of customers:"
SOURCE = "journal"
"""The source of a consent taken back that a restored database learns from the journal."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that must outlast a restored backup: its words name nobody."""

    kind: str
    """suppressed, withdrawn or erased."""
    words: tuple[str, ...]
    at: datetime


def since(connection: Connection, at: datetime, key: bytes) -> Iterator[Kept]:
    """What was suppressed, withdrawn and erased from an instant on."""
    rows = select(SUPPRESSION).where(SUPPRESSION.c.at >= at).order_by(SUPPRESSION.c.at)
    for row in connection.execute(rows):
        yield Kept("suppressed", (row.address_hash, row.reason), row.at)
    noes = select(CONSENT).where(~CONSENT.c.agreed, CONSENT.c.at >= at).order_by(CONSENT.c.at)
    for row in connection.execute(noes):
        yield Kept("withdrawn", (customer_hash(row.customer_id, key), row.topic), row.at)
    erased = select(CUSTOMER.c.customer_id, CUSTOMER.c.erased_at).where(CUSTOMER.c.erased_at >= at)
    for row in connection.execute(erased):
        yield Kept("erased", (row.customer_id,), row.erased_at)


def customer_hash(customer_id: str, key: bytes) -> str:
    """A customer as the journal knows them."""
    return hmac.new(key, _PURPOSE + customer_id.encode(), "sha256").hexdigest()[:32]


def reapply(
    connection: Connection, kept: Iterable[Kept], key: bytes, now: datetime
) -> dict[str, int]:
    """Do again what the journal tells of; says how much of each kind was new or known."""
    of: dict[str, list[Kept]] = {"suppressed": [], "withdrawn": [], "erased": []}
    for one in kept:
        of[one.kind].append(one)
    _suppress(connection, of["suppressed"], now)
    if of["withdrawn"] or of["erased"]:
        ids = [row.customer_id for row in connection.execute(select(CUSTOMER.c.customer_id))]
        _withdraw(connection, of["withdrawn"], ids, key, now)
        _erase(connection, of["erased"], ids, key)
    return {kind: len({one.words for one in found}) for kind, found in of.items()}


def _suppress(connection: Connection, kept: list[Kept], now: datetime) -> None:
    rows = {one.words[0]: one for one in reversed(kept)}
    insert_new(
        connection,
        SUPPRESSION,
        [
            {"address_hash": hashed, "reason": one.words[1], "at": one.at}
            for hashed, one in rows.items()
        ],
    )
    for hashed in rows:
        known = select(CUSTOMER.c.customer_id).where(CUSTOMER.c.address_hash == hashed)
        wake(connection, {one: now for (one,) in connection.execute(known)})


def _withdraw(
    connection: Connection, kept: list[Kept], ids: list[str], key: bytes, now: datetime
) -> None:
    hashes = {one.words[0] for one in kept}
    who = {hashed: id_ for id_ in ids if (hashed := customer_hash(id_, key)) in hashes}
    words = [
        Word(who[one.words[0]], one.words[1], False, one.at, SOURCE)
        for one in kept
        if one.words[0] in who
    ]
    consent_many(connection, words, now=now)


def _erase(connection: Connection, kept: list[Kept], ids: list[str], key: bytes) -> None:
    """Erase once more whoever bears a pseudonym of the journal: it derives from id and instant."""
    for one in {one.words[0]: one for one in kept}.values():
        pseudonym = one.words[0]
        at = rfc3339(one.at)
        for id_ in ids:
            if pseudonym_of(key, id_, at) == pseudonym:
                erase(connection, id_, one.at, key)
                break
