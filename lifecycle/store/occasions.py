"""How far broadcasts and series have got, occasion by occasion, and pages of those to be asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from lifecycle.core.waves import Came
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

STATE = METADATA.tables["broadcast_state"]
CUSTOMER = METADATA.tables["customer"]
MESSAGE, ENROLLMENT = METADATA.tables["message"], METADATA.tables["enrollment"]
WAITING, ASKING, CLOSING = "waiting", "asking", "closing"
DONE, MISSED, STOPPED = "done", "missed", "stopped"
BEGUN = (ASKING, CLOSING, DONE, STOPPED)
"""States of an occasion that has asked somebody, or might have."""
_OPEN = ("planned", "ready", "attempting", "requeued")
_OUT = ("accepted", "uncertain")


@dataclass(frozen=True, slots=True)
class OccasionState:
    """How far one occasion, or one wave of it, has got."""

    campaign: str
    occasion: str
    step: str
    wave: int
    entry: str
    said: str
    state: str = WAITING
    reason: str = ""
    moment: datetime | None = None
    due_at: datetime | None = None
    cursor: str = ""
    enrolled: int = 0
    tested: float | None = None
    hours: str | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it apart."""
        return self.campaign, self.occasion, self.step, self.wave

    @property
    def begun(self) -> bool:
        """Whether it has asked anybody, or might have."""
        return self.state in BEGUN


_NAMES = [one.name for one in fields(OccasionState)]
_ALL = select(*(STATE.c[name] for name in _NAMES)).order_by(
    STATE.c.campaign, STATE.c.occasion, STATE.c.step, STATE.c.wave
)


def states(connection: Connection, campaign: str | None = None) -> list[OccasionState]:
    """How far all occasions have got, or those of one campaign."""
    query = _ALL if campaign is None else _ALL.where(STATE.c.campaign == campaign)
    return [OccasionState(*row) for row in connection.execute(query)]


def due(connection: Connection, now: datetime) -> list[OccasionState]:
    """The occasions that go on at `now`."""
    query = _ALL.where(STATE.c.due_at <= now)
    return [OccasionState(*row) for row in connection.execute(query)]


def held(connection: Connection, key: tuple[str, str, str, int]) -> OccasionState | None:
    """How far an occasion has got, held for writing where the database can."""
    row = connection.execute(_ALL.where(*_is(key)).with_for_update()).first()
    return None if row is None else OccasionState(*row)


def put(connection: Connection, kept: Iterable[OccasionState]) -> None:
    """Write how far occasions have got."""
    upsert(connection, STATE, [asdict(one) for one in kept])


def forget(connection: Connection, gone: Iterable[OccasionState]) -> None:
    """Strike occasions that will not be: they have asked nobody."""
    for one in gone:
        connection.execute(STATE.delete().where(*_is(one.key)))


def go_on(connection: Connection, campaign: str) -> None:
    """Let the occasions of a campaign go on at once, which a pause held."""
    connection.execute(
        update(STATE)
        .where(STATE.c.campaign == campaign, STATE.c.moment.is_not(None))
        .values(due_at=STATE.c.moment)
    )


def in_queue(
    connection: Connection, of: tuple[str, str, str], owed_by: datetime, now: datetime
) -> bool:
    """Whether a letter that was owed by an instant could go now and has not; of campaign, step
    and entry."""
    query = select(MESSAGE.c.message_id).where(
        *_letters_of(of, owed_by), MESSAGE.c.state.in_(_OPEN), MESSAGE.c.due_at <= now
    )
    return connection.execute(query.limit(1)).first() is not None


def gone_by(
    connection: Connection, of: tuple[str, str, str], owed_by: datetime, part: float
) -> datetime | None:
    """When a part of the letters was out that were owed by an instant; None while none is."""
    which = [*_letters_of(of, owed_by), MESSAGE.c.state.in_(_OUT)]
    count = connection.execute(select(func.count()).where(*which)).scalar_one()
    if not count:
        return None
    query = select(MESSAGE.c.attempted_at).where(*which).order_by(MESSAGE.c.attempted_at)
    place = max(0, math.ceil(part * count) - 1)
    found: datetime | None = connection.execute(query.offset(place).limit(1)).scalar()
    return found


def _letters_of(of: tuple[str, str, str], owed_by: datetime) -> list[ColumnElement[bool]]:
    campaign, step, entry = of
    return [
        MESSAGE.c.campaign == campaign,
        MESSAGE.c.step == step,
        MESSAGE.c.entry == entry,
        MESSAGE.c.fell_due_at <= owed_by,
    ]


_SOMEBODY = Statement(
    select(CUSTOMER.c.customer_id).where(among(CUSTOMER.c.timezone, "zones")).limit(1)
)
_LOOK_ANEW = Statement(
    update(STATE)
    .where(
        or_(STATE.c.state == WAITING, STATE.c.state == ASKING),
        STATE.c.due_at > bindparam("now", type_=STATE.c.due_at.type),
        STATE.c.cursor == "",
    )
    .values(due_at=bindparam("now", type_=STATE.c.due_at.type))
)


def somebody_lives_in(connection: Connection, zones: Sequence[str]) -> bool:
    """Whether any customer says one of these zones."""
    return bool(_SOMEBODY.rows(connection, {"zones": zones}))


def lived_in(connection: Connection, zones: Iterable[str | None], now: datetime) -> None:
    """Customers come to live in these zones: where nobody did, occasions are looked at anew."""
    said = {zone for zone in zones if zone}
    if any(not somebody_lives_in(connection, [zone]) for zone in said):
        _LOOK_ANEW.each(connection, [{"now": now}])


def _is(key: tuple[str, str, str, int]) -> list[Any]:
    names = ("campaign", "occasion", "step", "wave")
    return [STATE.c[name] == value for name, value in zip(names, key, strict=True)]


_ANYBODY = (
    select(CUSTOMER.c.customer_id, CUSTOMER.c.timezone)
    .where(CUSTOMER.c.customer_id > bindparam("after"))
    .order_by(CUSTOMER.c.customer_id)
    .limit(bindparam("most"))
)
_SAID = func.coalesce(CUSTOMER.c.timezone, "")
"""Not the bare column: most live by the shop's clock, and their ids are the way to go through."""
_ELSEWHERE = CUSTOMER.c.timezone.is_(None) | ~among(CUSTOMER.c.timezone, "names")
_EVERYBODY = Statement(_ANYBODY)
_IN_ZONE = Statement(_ANYBODY.where(CUSTOMER.c.timezone == bindparam("zone")))
_IN_ZONES = Statement(_ANYBODY.where(among(CUSTOMER.c.timezone, "zones")))
_IN_ZONES_OR_NONE = Statement(_ANYBODY.where(or_(among(_SAID, "zones"), _ELSEWHERE)))


def page(
    connection: Connection,
    zones: Sequence[str] | None,
    names: Sequence[str] | None,
    after: str,
    most: int,
) -> list[tuple[str, str | None]]:
    """A page of customers by id, with their zones: those in `zones`, everybody where it is None.

    With `names` those too who say no zone, or one that is not among them.
    """
    given: dict[str, Any] = {"after": after, "most": most}
    if zones is None:
        found = _EVERYBODY.rows(connection, given)
    elif names is not None:
        found = _IN_ZONES_OR_NONE.rows(connection, {**given, "zones": zones, "names": names})
    elif connection.dialect.name == "postgresql":
        # Its order of texts is its own: what it has sorted is not merged here.
        found = _IN_ZONES.rows(connection, {**given, "zones": zones})
    else:
        every = (
            row for zone in zones for row in _IN_ZONE.rows(connection, {**given, "zone": zone})
        )
        found = sorted(every, key=lambda row: row[0])[:most]
    return [(row[0], row[1]) for row in found]


def enrolled(connection: Connection, campaign: str, entry: str, after: str, most: int) -> list[str]:
    """A page of the customers whose enrollment of a campaign's entry still runs."""
    query = (
        select(ENROLLMENT.c.customer_id)
        .where(
            ENROLLMENT.c.campaign == campaign,
            ENROLLMENT.c.entry == entry,
            ENROLLMENT.c.state == "active",
            ENROLLMENT.c.customer_id > after,
        )
        .order_by(ENROLLMENT.c.customer_id)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def came(connection: Connection, campaign: str, entry: str) -> Came:
    """What has come of the letters of a broadcast's entry so far; bounces are hard ones."""
    hard, complained = MESSAGE.c.bounced_hard_at, MESSAGE.c.complained_at
    query = select(func.count(), func.count(hard), func.count(complained)).where(
        MESSAGE.c.campaign == campaign, MESSAGE.c.entry == entry, MESSAGE.c.state == "accepted"
    )
    return Came(*connection.execute(query).one())
