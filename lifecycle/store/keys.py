"""Keys of the HTTP API: shown once when made, kept as a hash, and revocable."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from lifecycle.errors import UsageError
from lifecycle.store.tables import METADATA

API_KEY = METADATA.tables["api_key"]
SCOPES = ("events:write", "customers:write", "customers:read")
PREFIX = "lk_"
ID_BYTES = 6
SECRET_BYTES = 32
MAX_KEY_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Key:
    """A key as far as we know it: never its secret."""

    id: str
    scopes: frozenset[str]
    made_at: datetime
    revoked_at: datetime | None


def create_key(connection: Connection, scopes: Iterable[str], now: datetime) -> str:
    """Make a key of 256 random bits and give it, `lk_<id>_<secret>`; it cannot be read again.

    Raises UsageError for an unknown scope, or none.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise UsageError(
            "the key was not made",
            f"no such scope: {', '.join(unknown)}" if unknown else "a key needs a scope",
            f"scopes are {', '.join(SCOPES)}",
        )
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = {"key_id": key_id, "digest": _digest(secret), "scopes": wanted, "made_at": now}
    connection.execute(insert(API_KEY), row)
    return f"{PREFIX}{key_id}_{secret}"


def open_key(connection: Connection, presented: str) -> Key | None:
    """The key that somebody presents; None when it is not one of ours, or was revoked.

    It is found by its public id; the secret is compared in constant time.
    """
    key_id, split, secret = presented.removeprefix(PREFIX).partition("_")
    if not presented.startswith(PREFIX) or not split or len(presented) > MAX_KEY_CHARACTERS:
        return None
    if not presented.isascii() or not key_id.isalnum():
        return None
    row = connection.execute(select(API_KEY).where(API_KEY.c.key_id == key_id)).first()
    known = row.digest if row is not None else _digest("")
    if not hmac.compare_digest(known, _digest(secret)) or row is None:
        return None
    return None if row.revoked_at is not None else _key(row)


def keys(connection: Connection) -> list[Key]:
    """All keys, the oldest first, revoked ones too."""
    query = select(API_KEY).order_by(API_KEY.c.made_at, API_KEY.c.key_id)
    return [_key(row) for row in connection.execute(query)]


def revoke_key(connection: Connection, key_id: str, now: datetime) -> bool:
    """End a key, by its id; whether there was one to end."""
    ended = connection.execute(
        update(API_KEY)
        .where(API_KEY.c.key_id == key_id, API_KEY.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return bool(ended.rowcount)


def _key(row: Any) -> Key:
    return Key(row.key_id, frozenset(row.scopes), row.made_at, row.revoked_at)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
