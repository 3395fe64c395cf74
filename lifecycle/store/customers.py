"""Customers: what is said of them is merged by its moment, in whatever order it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, select

from lifecycle.core.chance import bucket_of
from lifecycle.core.words import from_micros, micros
from lifecycle.store import occasions
from lifecycle.store.addresses import address_hash
from lifecycle.store.consents import Word, standing
from lifecycle.store.events import wake
from lifecycle.store.past import OWN, OWN_MOMENT, SAID_BEFORE, Past
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS
from lifecycle.store.write import Row, insert_new, upsert

CUSTOMER = METADATA.tables["customer"]
ALIAS = METADATA.tables["alias"]
AT_ONCE = 500
_AGREED_TO = OWN_MOMENT.format("agreed_to")
CUSTOMERS_SOURCE = "customers"
_ROWS = (
    select(CUSTOMER)
    .where(CUSTOMER.c.customer_id.in_(bindparam("ids", expanding=True)))
    .order_by(CUSTOMER.c.customer_id)
    .with_for_update()
)
_OWNERS = select(ALIAS.c.alias_id, ALIAS.c.customer_id).where(
    ALIAS.c.alias_id.in_(bindparam("ids", expanding=True))
)


class Said(Protocol):
    """What is said of a customer at `at`; None says nothing, unless the name is in `gone`.

    Among attributes None takes away; `agreed_to` means exactly these topics.
    """

    @property
    def id(self) -> str:
        """The customer, or an alias of one."""

    @property
    def at(self) -> datetime:
        """The moment it was said."""

    @property
    def email(self) -> str | None:
        """The address, in its one form."""

    @property
    def timezone(self) -> str | None:
        """An IANA zone."""

    @property
    def locale(self) -> str | None:
        """A language, perhaps with a country."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Attributes by name."""

    @property
    def agreed_to(self) -> tuple[str, ...] | None:
        """All topics agreed to; None says nothing of topics."""

    @property
    def gone(self) -> frozenset[str]:
        """Those of email, timezone and locale that are said to be none."""


def say(
    connection: Connection,
    lines: Sequence[Said],
    *,
    now: datetime,
    address_key: bytes,
    enters: bool = True,
) -> None:
    """Take in what is said of many customers; those not known yet come to exist.

    Each value counts from the moment it was said: a newer one is never overridden by an older one
    come late; of two said at one instant the one come later counts. `agreed_to` is confirmed
    consent. All of them are looked at again at `now`. `enters` False: imported history, whose
    consent events let nobody into a flow.
    """
    waiting = iter(lines)
    while batch := list(islice(waiting, AT_ONCE)):
        _say(connection, batch, now, address_key, enters)


def _say(
    connection: Connection,
    lines: Sequence[Said],
    now: datetime,
    address_key: bytes,
    enters: bool,
) -> None:
    owner = owners(connection, {line.id for line in lines})
    of = [owner.get(line.id, line.id) for line in lines]
    occasions.lived_in(connection, (line.timezone for line in lines), now)
    # The intake rows first, as ingest takes them: two writers never wait for each other.
    wake(connection, dict.fromkeys(of, now))
    blank = [_fresh(one, line.at) for one, line in zip(of, lines, strict=True)]
    insert_new(connection, CUSTOMER, blank)
    rows = {row["customer_id"]: row for row in rows_of(connection, set(of))}
    consents = standing(connection, rows, _exactly(rows))
    past = Past(now)
    for customer_id, line in zip(of, lines, strict=True):
        _merge(rows[customer_id], line, past, address_key)
        if line.agreed_to is not None:
            consents.say_exactly(
                customer_id, line.agreed_to, line.at, CUSTOMERS_SOURCE, now, enters=enters
            )
    for customer_id, at in consents.exactly.items():
        rows[customer_id]["attributes_at"][_AGREED_TO] = micros(at)
    upsert(connection, CUSTOMER, list(rows.values()))
    past.write(connection)
    consents.write(connection, now)


def consent(connection: Connection, word: Word, *, now: datetime, enters: bool = True) -> None:
    """Take in one yes or no to a topic; the latest counts. The customer comes to exist."""
    consent_many(connection, [word], now=now, enters=enters)


def consent_many(
    connection: Connection, words: Sequence[Word], *, now: datetime, enters: bool = True
) -> None:
    """Take in words of many customers, in order."""
    owner = owners(connection, {word.customer_id for word in words})
    ids = {owner.get(word.customer_id, word.customer_id) for word in words}
    for batch in _chunks(sorted(ids)):
        wake(connection, dict.fromkeys(batch, now))
        insert_new(connection, CUSTOMER, [_fresh(one, now) for one in batch])
        rows = {row["customer_id"]: row for row in rows_of(connection, set(batch))}
        consents = standing(connection, batch, _exactly(rows))
        for word in words:
            customer_id = owner.get(word.customer_id, word.customer_id)
            if customer_id in rows:
                own = replace(word, customer_id=customer_id)
                consents.say(own, now, enters=enters)
        consents.write(connection, now)


def say_nothing_yet(connection: Connection, customer_id: str, now: datetime) -> None:
    """Let a customer exist of whom nothing more is known yet."""
    insert_new(connection, CUSTOMER, [_fresh(customer_id, now)])


def suppress(
    connection: Connection,
    addresses: Iterable[tuple[str, str, datetime]],
    *,
    now: datetime,
    address_key: bytes,
) -> None:
    """Suppress addresses, each with a reason and since when; the first reason given stays.

    Customers known by them are looked at again at `now`.
    """
    rows: dict[str, Row] = {}
    for address, reason, at in addresses:
        hashed = address_hash(address, address_key)
        rows.setdefault(hashed, {"address_hash": hashed, "reason": reason, "at": at})
    for batch in _chunks(sorted(rows)):
        known = select(CUSTOMER.c.customer_id).where(CUSTOMER.c.address_hash.in_(batch))
        wake(connection, {one: now for (one,) in connection.execute(known)})
    insert_new(connection, "suppression", list(rows.values()))


def owners(connection: Connection, ids: set[str]) -> dict[str, str]:
    """Whom those of `ids` belong to that are another customer's aliases."""
    found: dict[str, str] = {}
    for batch in _chunks(sorted(ids)):
        for row in connection.execute(_OWNERS, {"ids": batch}):
            found[row.alias_id] = row.customer_id
    return found


def owner_of(connection: Connection, customer_id: str) -> str:
    """The customer that an id belongs to: itself, unless it is an alias."""
    return owners(connection, {customer_id}).get(customer_id, customer_id)


def combined(keep: Row, other: Row, past: Past) -> None:
    """Bring into the row `keep` whatever was said later of `other`, the rest into its past."""
    for name, at in other["attributes_at"].items():
        if name.startswith(SAID_BEFORE):
            continue
        if name != _AGREED_TO:
            past.joined(keep, other, name)
        if name in keep["attributes_at"] and keep["attributes_at"][name] >= at:
            continue
        keep["attributes_at"][name] = at
        own = name.removeprefix("\0")
        if name == own:
            keep["attributes"].pop(name, None)
            if name in other["attributes"]:
                keep["attributes"][name] = other["attributes"][name]
        elif own in OWN:
            keep[own] = other[own]
            if own == "email":
                keep["address_hash"] = other["address_hash"]
    keep["known_since"] = min(keep["known_since"], other["known_since"])
    keep["said_at"] = max(keep["said_at"], other["said_at"])


def rows_of(connection: Connection, ids: set[str]) -> list[Row]:
    """The rows of customers, held for writing where the database can."""
    return [dict(row._mapping) for row in connection.execute(_ROWS, {"ids": sorted(ids)})]


def _merge(row: Row, line: Said, past: Past, address_key: bytes) -> None:
    for name, value in line.attributes.items():
        if not past.newest(row, name, line.at, value):
            continue
        if value is None:
            row["attributes"].pop(name, None)
        else:
            row["attributes"][name] = value
    for name in OWN:
        value = getattr(line, name)
        if value is None and name not in line.gone:
            continue
        if not past.newest(row, OWN_MOMENT.format(name), line.at, value):
            continue
        row[name] = value
        if name == "email":
            row["address_hash"] = address_hash(value, address_key) if value else None
    row["known_since"] = min(row["known_since"], line.at)
    row["said_at"] = max(row["said_at"], line.at)


def _exactly(rows: Mapping[str, Row]) -> dict[str, datetime]:
    return {
        customer_id: from_micros(row["attributes_at"][_AGREED_TO])
        for customer_id, row in rows.items()
        if _AGREED_TO in row["attributes_at"]
    }


def _fresh(customer_id: str, at: datetime) -> Row:
    return {
        "customer_id": customer_id,
        "bucket": bucket_of(customer_id, BUCKETS),
        "known_since": at,
        "attributes": {},
        "attributes_at": {},
        "said_at": at,
    }


def _chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    return (list(ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))
