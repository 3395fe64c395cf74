"""Incentives: made for one message, the same on every retry, and known again when redeemed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from sqlalchemy import Connection, bindparam, select, update

from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.settings import Settings
from lifecycle.rewards import points
from lifecycle.rewards.codes import derived_code, read_code
from lifecycle.rewards.own_events import EVENT
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent, wake
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

INCENTIVE = METADATA.tables["incentive"]
PREFIXES = {"percent_off": "PCT", "amount_off": "AMT", "free_shipping": "SHIP"}
"""What the code of a kind begins with that is derived."""
STAND_IN = "CODE"
"""What the code begins with that stands for one of a pool or a hook, where none is asked."""
UTC = ZoneInfo("UTC")
_OWN_FIGURE = {
    "percent_off": "percent",
    "amount_off": "amount",
    "points": "points",
    "free_shipping": "none",
}
"""Of these kinds that figure alone is kept; of others all that the step says."""
ISSUED = "incentive_issued"
REDEEMED = "incentive_redeemed"


@dataclass(frozen=True, slots=True)
class IncentiveRow:
    """An incentive as it is kept; `amount_minor` is in minor units of `currency`."""

    customer_id: str
    incentive_id: str
    message_id: str
    campaign: str
    kind: str
    code: str
    percent: float | None
    amount_minor: int | None
    currency: str | None
    points: int | None
    issued_at: datetime
    expires_at: datetime | None
    redeemed_at: datetime | None = None


def issue(
    offer: IncentiveOffer,
    *,
    message_id: str,
    customer_id: str,
    campaign: str,
    now: datetime,
    key: bytes,
    currency: str,
    zone: ZoneInfo = UTC,
    code: str | None = None,
    fallback_valid_for: timedelta | None = None,
) -> IncentiveRow:
    """The incentive that a message carries, or that a step issues, whose id is then `message_id`.

    Its code derives from the id by a keyed hash. `code` is what a pool or a hook gave; without it
    a derived one stands in its place. `currency` is what amounts are in, `zone` the customer's
    clock; `fallback_valid_for` holds where the offer says no end, and without either the incentive
    does not expire.
    """
    own = _OWN_FIGURE.get(offer.kind)
    amount = offer.amount if own in ("amount", None) else None
    return IncentiveRow(
        customer_id=customer_id,
        incentive_id=derived_id("incentive", message_id),
        message_id=message_id,
        campaign=campaign,
        kind=offer.kind,
        code=_code(offer, message_id, key) if code is None else code,
        percent=offer.percent if own in ("percent", None) else None,
        amount_minor=None if amount is None else minor_units(amount, currency),
        currency=None if amount is None else currency,
        points=offer.points if own in ("points", None) else None,
        issued_at=now,
        expires_at=expiry(offer, now, zone, fallback_valid_for),
    )


def expiry(
    offer: IncentiveOffer, now: datetime, zone: ZoneInfo, fallback: timedelta | None = None
) -> datetime | None:
    """When what is issued at `now` to somebody in `zone` ends; None if it does not."""
    if offer.valid_until is not None:
        return offer.valid_until.at(zone)
    valid_for = offer.valid_for if offer.valid_for is not None else fallback
    return None if valid_for is None else now + valid_for


def _code(offer: IncentiveOffer, message_id: str, key: bytes) -> str:
    if offer.kind == "shared_code":
        return offer.code or ""
    if offer.kind == "points":
        return ""
    prefix = PREFIXES.get(offer.kind, STAND_IN)
    return f"{prefix}-{derived_code(key, 'incentive', message_id)}"


def minor_units(amount: float, currency: str) -> int:
    """An amount in whole minor units: cents of EUR, yen of JPY; half a unit rounds up."""
    exact = Decimal(repr(amount)).scaleb(get_currency_precision(currency))
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def row_of(row: IncentiveRow) -> dict[str, Any]:
    """The incentive as a row of its table."""
    return asdict(row)


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep incentives as they are issued; that one of them was redeemed stays."""
    kept = [{name: value for name, value in row.items() if name != "redeemed_at"} for row in rows]
    upsert(connection, INCENTIVE, kept)


def issued_to(
    connection: Connection, wanted: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], IncentiveRow]:
    """Incentives by customer and message (or issue); `wanted` are these ids by customer."""
    ids = sorted({one for several in wanted.values() for one in several})
    rows = _ISSUED.rows(connection, {"customers": sorted(wanted), "ids": ids})
    return {(row.customer_id, row.message_id): IncentiveRow(**row._asdict()) for row in rows}


def template_view(row: IncentiveRow) -> dict[str, Any]:
    """What a template sees as `incentive`; amounts are in the currency's major unit."""
    amount: float | None = None
    if row.amount_minor is not None and row.currency is not None:
        exact = Decimal(row.amount_minor).scaleb(-get_currency_precision(row.currency))
        amount = float(exact)
    return {
        "kind": row.kind,
        "percent": _whole(row.percent),
        "amount": _whole(amount),
        "currency": row.currency,
        "code": row.code or None,
        "expires": row.expires_at,
        "points": row.points,
    }


def _whole(value: float | None) -> float | int | None:
    """10 and not 10.0, as a reader expects it."""
    return int(value) if value is not None and float(value).is_integer() else value


def on_issued(
    connection: Connection,
    settings: Settings,
    changes: Sequence[tuple[str, Event]],
    now: datetime,
) -> list[NewEvent]:
    """Put the points that a message or a step brought into the ledger; gives events to append."""
    of_message = {
        (of, event["message_id"] or event["issue_id"]): event
        for of, event in changes
        if event.name == ISSUED and event["kind"] == "points"
    }
    if not of_message:
        return []
    bound = {"ids": sorted({of for of, _ in of_message})}
    emitted, entries = [], []
    for row in connection.execute(_POINTS, bound):
        event = of_message.get((row.customer_id, row.message_id))
        if event is None or not row.points:
            continue
        entry_id = derived_id("points", row.incentive_id)
        told, at = f"incentive:{row.incentive_id}", row.issued_at
        entry = points.entry_of(settings, row.customer_id, entry_id, row.points, at, at, told)
        entries.append(entry)
        emitted.append(points.earned_event(entry, row.points, "incentive", now))
    points.write(connection, entries)
    return emitted


def on_redeemed(
    connection: Connection, changes: Sequence[tuple[str, Event]]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Mark incentives as redeemed, and fill `campaign` into the events that redeemed them.

    Gives the filled properties by customer and event id. A code that is nobody's changes nothing;
    a code that many share is looked up among the customer's own.
    """
    filled: dict[tuple[str, str], Mapping[str, Any]] = {}
    for of, event in changes:
        typed = event["code"]
        if event.name != REDEEMED or not isinstance(typed, str) or not typed:
            continue
        codes = [typed.strip(), _own_code(typed)]
        row = _best(of, event, connection.execute(_BY_CODE, {"codes": codes}).all())
        if row is None:
            continue
        connection.execute(
            _MARK, {"of": row.customer_id, "id": row.incentive_id, "moment": event.at}
        )
        if row.customer_id != of:
            # Another has used it: what is open has changed for whom it was made.
            wake(connection, {row.customer_id: event.at})
        if not event["campaign"]:
            told = {**event.properties, "campaign": row.campaign}
            connection.execute(_FILL, {"of": of, "id": event.id, "told": told})
            filled[of, event.id] = told
    return filled


def _own_code(typed: str) -> str:
    prefix, _, signs = typed.strip().upper().partition("-")
    return f"{prefix}-{read_code(signs.replace('-', ''))}"


def _best(of: str, event: Event, rows: Sequence[Any]) -> Any:
    """The customer's own latest incentive of a code; another's only where one code is one row."""
    own = [row for row in rows if row.customer_id == of]
    before = [row for row in own if row.issued_at <= event.at] or own
    if before:
        return max(before, key=lambda row: (row.issued_at, row.incentive_id))
    return rows[0] if len(rows) == 1 and rows[0].kind != "shared_code" else None


_ISSUED = Statement(
    select(INCENTIVE).where(
        among(INCENTIVE.c.customer_id, "customers"), among(INCENTIVE.c.message_id, "ids")
    )
)
_POINTS = select(INCENTIVE).where(
    INCENTIVE.c.customer_id.in_(bindparam("ids", expanding=True)), INCENTIVE.c.kind == "points"
)
_BY_CODE = select(INCENTIVE).where(
    INCENTIVE.c.code.in_(bindparam("codes", expanding=True)), INCENTIVE.c.code != ""
)
_MARK = (
    update(INCENTIVE)
    .where(
        INCENTIVE.c.customer_id == bindparam("of"),
        INCENTIVE.c.incentive_id == bindparam("id"),
        INCENTIVE.c.redeemed_at.is_(None)
        | (INCENTIVE.c.redeemed_at > bindparam("moment", type_=INCENTIVE.c.redeemed_at.type)),
    )
    .values(redeemed_at=bindparam("moment", type_=INCENTIVE.c.redeemed_at.type))
)
_FILL = (
    update(EVENT)
    .where(EVENT.c.customer_id == bindparam("of"), EVENT.c.event_id == bindparam("id"))
    .values(properties=bindparam("told", type_=EVENT.c.properties.type))
)
