"""Strikes at night the versions of campaigns under which nobody is under way any more."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.words import next_time, zone_of
from lifecycle.engine.parts import Parts
from lifecycle.engine.versions import versions_of
from lifecycle.store import campaign_versions, catalog_versions, operations

NIGHTLY = "versions"
ASK_AT = time(4, 30)


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task while an older version is in use; else there is nothing to strike."""
    if parts.live.versions.flows:
        operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))
    else:
        operations.forget_tasks(connection, [NIGHTLY])


def strike_due(connection: Connection, parts: Parts, now: datetime) -> int:
    """Do the task where it is due; says whether it was."""
    if NIGHTLY not in operations.tasks_due(connection, now):
        return 0
    live = versions_of(parts.live.catalog)
    number = catalog_versions.latest_number(connection)
    struck = campaign_versions.strike(connection, live, number)
    if struck:
        log.happened("versions_struck", versions=struck)
    if campaign_versions.under_way(connection, live):
        operations.set_task(connection, NIGHTLY, _tonight(parts, now))
    else:
        operations.forget_tasks(connection, [NIGHTLY])
    return 1


def _tonight(parts: Parts, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), ASK_AT, zone_of(parts.shop_zone))
