"""Campaigns as they went live: every version under which somebody is still under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select

from lifecycle.core.words import FIRST_INSTANT
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, upsert

CAMPAIGN_VERSION = METADATA.tables["campaign_version"]
_ENROLLMENT, _MESSAGE = METADATA.tables["enrollment"], METADATA.tables["message"]
_EVERY = Statement(
    select(CAMPAIGN_VERSION).order_by(
        CAMPAIGN_VERSION.c.number, CAMPAIGN_VERSION.c.campaign, CAMPAIGN_VERSION.c.version
    )
)
_RUNS = select(
    exists().where(
        _ENROLLMENT.c.campaign == bindparam("of"),
        _ENROLLMENT.c.state == "active",
        _ENROLLMENT.c.version == bindparam("which"),
    )
)
_OUT = (
    # The bound makes it a look into the index of what is due, however much has gone already.
    select(_MESSAGE.c.campaign, _MESSAGE.c.version)
    .where(_MESSAGE.c.due_at >= bindparam("first", type_=_MESSAGE.c.due_at.type))
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a campaign: its file's text, and with which definitions it last was live."""

    campaign: str
    version: str
    number: int
    text: str


def keep(connection: Connection, versions: Sequence[Kept]) -> None:
    """Keep versions that go live; one that was live before is live again."""
    rows: list[Row] = [
        {"campaign": one.campaign, "version": one.version, "number": one.number, "text": one.text}
        for one in versions
    ]
    upsert(connection, CAMPAIGN_VERSION, rows)


def under_way(connection: Connection, live: Mapping[str, str]) -> list[Kept]:
    """The versions, other than those that are live, with running enrollments or letters to go.

    `live` gives the version of each campaign that is live. The last one live comes last.
    """
    others = [one for one in all_kept(connection) if live.get(one.campaign) != one.version]
    if not others:
        return []
    out = {
        (row.campaign, row.version) for row in connection.execute(_OUT, {"first": FIRST_INSTANT})
    }
    return [
        one
        for one in others
        if (one.campaign, one.version) in out
        or connection.execute(_RUNS, {"of": one.campaign, "which": one.version}).scalar()
    ]


def lately(connection: Connection, live: Mapping[str, str], number: int) -> list[Kept]:
    """The versions, other than those that are live, that were so from definitions `number` on."""
    return [
        one
        for one in all_kept(connection)
        if live.get(one.campaign) != one.version and one.number >= number
    ]


def strike(connection: Connection, live: Mapping[str, str], number: int) -> int:
    """Strike versions under which nobody is under way; those from `number` on stay."""
    stays = {(one.campaign, one.version) for one in under_way(connection, live)}
    gone = [
        {"of": one.campaign, "which": one.version}
        for one in all_kept(connection)
        if one.number < number
        and live.get(one.campaign) != one.version
        and (one.campaign, one.version) not in stays
    ]
    if gone:
        which = (CAMPAIGN_VERSION.c.campaign == bindparam("of")) & (
            CAMPAIGN_VERSION.c.version == bindparam("which")
        )
        connection.execute(delete(CAMPAIGN_VERSION).where(which), gone)
    return len(gone)


def all_kept(connection: Connection) -> list[Kept]:
    """Every version that is kept, the last one live last."""
    found: list[Any] = list(_EVERY.rows(connection, {}))
    return [Kept(row.campaign, row.version, row.number, row.text) for row in found]
