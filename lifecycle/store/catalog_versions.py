"""Definitions as they went live: every version's files, by whom and when, the latest on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from lifecycle.store.tables import METADATA

VERSION = METADATA.tables["catalog_version"]
REPLAY = "lifecycle replay"
"""By whom definitions went live in a database that a replay left: as of its last instant."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the definitions: the texts of its files by relative path."""

    number: int
    fingerprint: str
    applied_at: datetime
    applied_by: str
    files: Mapping[str, str]


def latest(connection: Connection) -> Version | None:
    """The version that is live; None when nothing ever was."""
    query = select(VERSION).order_by(VERSION.c.number.desc()).limit(1)
    return _version(connection.execute(query).first())


def latest_number(connection: Connection) -> int:
    """The number of the version that is live, 0 when nothing ever was."""
    return connection.execute(select(func.max(VERSION.c.number))).scalar() or 0


def before(connection: Connection, live: Version) -> Version | None:
    """The last version before the live one that differs from it."""
    query = (
        select(VERSION)
        .where(VERSION.c.number < live.number, VERSION.c.fingerprint != live.fingerprint)
        .order_by(VERSION.c.number.desc())
        .limit(1)
    )
    return _version(connection.execute(query).first())


def put(
    connection: Connection, fingerprint: str, files: Mapping[str, str], who: str, now: datetime
) -> int:
    """Write a new version and give its number."""
    number = latest_number(connection) + 1
    row = {"number": number, "fingerprint": fingerprint, "files": dict(files)}
    connection.execute(insert(VERSION), {**row, "applied_at": now, "applied_by": who})
    return number


def _version(row: Any) -> Version | None:
    if row is None:
        return None
    return Version(row.number, row.fingerprint, row.applied_at, row.applied_by, row.files)
