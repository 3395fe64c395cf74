"""How many letters of a sending domain that is warmed up went to each mailbox provider on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lifecycle.core.settings import Settings
from lifecycle.core.warm_up import Warming
from lifecycle.core.words import zone_of
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

DAY = METADATA.tables["warm_up_day"]
MESSAGE = METADATA.tables["message"]
REASON = "warmup"


def standing(connection: Connection, settings: Settings, now: datetime) -> Warming | None:
    """Where warming up stands at `now`; None where nothing is warmed up, or it is over."""
    plan = settings.warm_up
    if plan is None:
        return None
    zone = zone_of(settings.shop.timezone)
    day = plan.day(now, zone)
    if day >= plan.days:
        return None
    domain = settings.warming_domain
    gone = gone_on(connection, domain, plan.start + timedelta(days=day))
    return Warming(plan, domain, day, zone, gone)


def gone_on(connection: Connection, domain: str, day: date) -> dict[str, int]:
    """How many letters of a domain went on a day, by provider."""
    query = select(DAY.c.provider, DAY.c.letters).where(
        DAY.c.domain == domain, DAY.c.day == day.isoformat()
    )
    return {row.provider: int(row.letters) for row in connection.execute(query)}


def wake(connection: Connection, now: datetime) -> None:
    """Have the letters looked at again at `now` that wait for warming up."""
    waiting = (MESSAGE.c.state == "planned") & (MESSAGE.c.reason == REASON)
    later = MESSAGE.c.due_at > now
    connection.execute(update(MESSAGE).where(waiting, later).values(due_at=now))


def held_alone(
    connection: Connection, domain: str, day: date, providers: list[str]
) -> dict[str, int]:
    """The same, nobody else counting for these providers until the transaction ends."""
    rows = [
        {"domain": domain, "provider": one, "day": day.isoformat(), "letters": 0}
        for one in sorted(providers)
    ]
    insert_new(connection, DAY, rows)
    query = (
        select(DAY.c.provider, DAY.c.letters)
        .where(DAY.c.domain == domain, DAY.c.day == day.isoformat(), DAY.c.provider.in_(providers))
        .order_by(DAY.c.provider)
        .with_for_update()
    )
    return {row.provider: int(row.letters) for row in connection.execute(query)}


def _counting(kind: str) -> Statement:
    insert = (sqlite.insert if kind == "sqlite" else postgresql.insert)(DAY)
    more = {"letters": DAY.c.letters + insert.excluded.letters}
    keys = ["domain", "provider", "day"]
    return Statement(insert.on_conflict_do_update(index_elements=keys, set_=more))


_COUNT = {kind: _counting(kind) for kind in ("sqlite", "postgresql")}


def count(connection: Connection, domain: str, day: date, letters: Mapping[str, int]) -> None:
    """Count letters that begin on a day, by provider."""
    rows = [
        {"domain": domain, "provider": one, "day": day.isoformat(), "letters": number}
        for one, number in sorted(letters.items())
        if number
    ]
    _COUNT[connection.dialect.name].each(connection, rows)
