"""A sample of people, by a hash of the customer: letters and visits, to learn how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from lifecycle.core.chance import fraction
from lifecycle.core.hours import Own
from lifecycle.core.words import zone_of
from lifecycle.store.known_hours import known_by
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

CUSTOMER = METADATA.tables["customer"]
PAGE = 5_000
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SampledOf:
    """Who is sampled, and how: at most so many, by a hash under the shop's seed."""

    seed: str
    most: int
    shop_zone: str
    kinds: Sequence[str]


def sample(connection: Connection, which: SampledOf, by: datetime) -> Iterator[Own]:
    """What is known by an instant of the people sampled, in the order of their ids."""
    every = connection.execute(select(func.count()).select_from(CUSTOMER).where(_THERE)).scalar()
    share = which.most / max(every or 0, 1)
    ids: list[tuple[str, str | None]] = []
    after = ""
    while rows := _PAGE.rows(connection, {"after": after, "most": PAGE}):
        after = rows[-1][0]
        ids += [(who, said) for who, said in rows if _drawn(which, who) < share]
    # By chance a few too many may be drawn: those drawn highest are left out.
    if len(ids) > which.most:
        kept = sorted(ids, key=lambda one: (_drawn(which, one[0]), one[0]))[: which.most]
        ids = sorted(kept)
    for start in range(0, len(ids), AT_ONCE):
        some = dict(ids[start : start + AT_ONCE])
        zones: dict[str, ZoneInfo] = {
            who: zone_of(said, which.shop_zone) for who, said in some.items()
        }
        instants = dict.fromkeys(some, by)
        found = known_by(connection, some, zones, instants, which.kinds, bool(which.kinds))
        yield from (own for own in found.values() if own.exposures or own.visits)


def _drawn(which: SampledOf, customer_id: str) -> float:
    return fraction(which.seed, "hour_sample", customer_id)


_THERE = CUSTOMER.c.erased_at.is_(None)
_PAGE = Statement(
    select(CUSTOMER.c.customer_id, CUSTOMER.c.timezone)
    .where(CUSTOMER.c.customer_id > bindparam("after"), _THERE)
    .order_by(CUSTOMER.c.customer_id)
    .limit(bindparam("most"))
)
