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


def numbered(connection: Connection, number: int) -> Version | None:
    """The version of a number."""
    return _version(connection.execute(select(VERSION).where(VERSION.c.number == number)).first())


def applied_at(connection: Connection, number: int) -> datetime | None:
    """When the version of a number went live; None where there is none."""
    query = select(VERSION.c.applied_at).where(VERSION.c.number == number)
    found: datetime | None = connection.execute(query).scalar()
    return found


def every(connection: Connection, limit: int) -> list[Version]:
    """The last versions, the one that is live first."""
    query = select(VERSION).order_by(VERSION.c.number.desc()).limit(limit)
    return [Version(*_plain(row)) for row in connection.execute(query)]


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
    return Version(*_plain(row))


def _plain(row: Any) -> tuple[int, str, datetime, str, Mapping[str, str]]:
    return row.number, row.fingerprint, row.applied_at, row.applied_by, row.files
