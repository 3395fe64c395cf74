"""What was known of many people's hours at instants that are past, and is so whenever it is asked.

An occasion asks it again at every hour of its day, and must be told the same each time: so a click
or a visit counts by when it came to be known, however early it says it happened, and an attribute
is what it was then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, or_, select

from lifecycle.core.event import by_machine
from lifecycle.core.hours import Own
from lifecycle.core.kept import CLICK
from lifecycle.core.known_hours import LOOKED_BACK, ORDER, SEEN, Happened, groups_of, own_of
from lifecycle.store import handed, past
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
AT = EVENT.c.at.type

_HAPPENED = Statement(
    select(
        EVENT.c.customer_id, EVENT.c.name, EVENT.c.at, EVENT.c.received_at, EVENT.c.properties
    ).where(
        among(EVENT.c.customer_id, "ids"),
        or_(*(EVENT.c.name == name for name in (CLICK, *SEEN))),
        EVENT.c.at > bindparam("since", type_=AT),
        EVENT.c.at <= bindparam("by", type_=AT),
    )
)
NONE: Mapping[str, Any] = {}


def known_by(
    connection: Connection,
    timezones: Mapping[str, str | None],
    zones: Mapping[str, ZoneInfo],
    by: Mapping[str, datetime],
    kinds: Sequence[str],
    groups: bool,
) -> dict[str, Own]:
    """What was known of customers, each as of an instant of their own, before which it came.

    `timezones` are the zones that they say, `zones` those that they live by. What they had said of
    their zone and of attributes that group is read only with `groups`; else neither is asked.
    """
    ids = list(timezones)
    if not ids:
        return {}
    latest = max(by.values())
    seen: dict[str, list[Happened]] = defaultdict(list)
    clicks: dict[tuple[str, str], datetime] = {}
    bound = {"ids": ids, "since": min(by.values()) - LOOKED_BACK, "by": latest}
    for who, name, at, received_at, properties in _HAPPENED.rows(connection, bound):
        if at > by[who] or received_at >= by[who] or by_machine(name, properties):
            continue
        if name == CLICK:
            letter = who, str(properties.get("message_id"))
            clicks[letter] = min(at, clicks.get(letter, at))
        else:
            seen[who].append(Happened(at, name == ORDER))
    letters = defaultdict(list)
    for row in handed.rows(connection, ids, latest):
        clicked = clicks.get((row.customer_id, row.message_id))
        letters[row.customer_id].append(handed.letter(row, clicked))
    told = {one: (said, NONE) for one, said in timezones.items()}
    if groups:
        told |= past.said_by(connection, by, kinds)
    return {
        who: own_of(
            letters.get(who, ()),
            seen.get(who, ()),
            groups_of(*told[who], kinds),
            zones[who],
            by[who],
        )
        for who in ids
    }
