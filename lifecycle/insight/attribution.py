"""Which letters orders are credited to: by the last human click, and by the last letter before.

Each order is credited once in each way, over all campaigns: to the letter of the last click within
`[attribution] click` before it, and to the last letter that went within `[attribution] touch`
before it. A letter that went at the very instant of an order came of it, not before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    false,
    func,
    literal,
    select,
    type_coerce,
)

from lifecycle.core.event import by_machine
from lifecycle.core.kept import CLICK, ORDER
from lifecycle.core.settings import Settings
from lifecycle.core.words import MICROSECOND
from lifecycle.store.refunds import (
    COLUMNS,
    EVENT,
    IN_ORDER,
    Worth,
    not_told_before,
    once_each,
    worths,
)
from lifecycle.store.tables import METADATA

MESSAGE = METADATA.tables["message"]
GONE = ("accepted", "uncertain")
TOTAL = ("total",)
CURRENCY = "currency"
STREAMED = 2_000
CENT = Decimal("0.01")
_BETWEEN = "\x1f"

Letter = tuple[str, str, str]
"""Campaign, step and variant."""


@dataclass(frozen=True, slots=True)
class Money:
    """Orders in one currency, and what refunds left of them."""

    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Credited:
    """Orders credited in one way: their number, and what they brought in the shop's currency.

    What was refunded or cancelled, whenever that was, is subtracted: `refunded` says how much.
    `undone` orders of which nothing is left are not among `orders`. Orders in other currencies are
    told apart.
    """

    orders: int = 0
    revenue: Decimal = Decimal("0.00")
    refunded: Decimal = Decimal("0.00")
    undone: int = 0
    other_currencies: Mapping[str, Money] = field(default_factory=dict)


NOTHING = Credited()


@dataclass(frozen=True, slots=True)
class BothWays:
    """What a letter, or all letters of a campaign, are credited with in each way."""

    click: Credited = NOTHING
    touch: Credited = NOTHING


def attributed(
    connection: Connection, settings: Settings, now: datetime, campaign: str
) -> Mapping[Letter, BothWays]:
    """What each letter of a campaign is credited with as of `now`."""
    since = _first_went(connection, campaign)
    if since is None:
        return {}
    said = settings.attribution
    clicks = _last_clicks(connection, said.click, since, now)
    touch = _last_letter(said.touch, transactional=said.transactional)
    query = _orders(since, now).add_columns(touch.label("touch")).order_by(*IN_ORDER)
    credits: dict[tuple[str, str], tuple[Letter | None, Letter | None]] = {}

    def mine() -> Iterator[Any]:
        for row in once_each(_streamed(connection, query)):
            key = (row.customer_id, row.event_id)
            ways = clicks.get(key), _letter(row.touch)
            if any(letter is not None and letter[0] == campaign for letter in ways):
                credits[key] = ways
                yield row

    fresh = not_told_before(connection, mine(), since, now)
    sums: dict[Letter, tuple[_Sum, _Sum]] = {}
    for row, worth in worths(connection, fresh, TOTAL, now):
        for way, letter in enumerate(credits.pop((row.customer_id, row.event_id))):
            if letter is not None and letter[0] == campaign:
                both = sums.setdefault(letter, (_Sum(), _Sum()))
                both[way].add(row, worth, settings.shop.currency)
    return {letter: BothWays(*map(_told, both)) for letter, both in sorted(sums.items())}


def _first_went(connection: Connection, campaign: str) -> datetime | None:
    first = func.min(MESSAGE.c.attempted_at, type_=MESSAGE.c.attempted_at.type)
    query = select(first).where(MESSAGE.c.campaign == campaign, MESSAGE.c.state.in_(GONE))
    found: datetime | None = connection.execute(query).scalar()
    return found


def _orders(since: datetime, now: datetime) -> Select[Any]:
    return select(*COLUMNS).where(
        EVENT.c.name == ORDER, EVENT.c.at > since, EVENT.c.at <= now, EVENT.c.due_at <= now
    )


def _last_letter(window: timedelta, *, transactional: bool) -> Any:
    """The last letter that went within the window before an order, packed into one text."""
    instant = type_coerce(MESSAGE.c.attempted_at, BigInteger)
    ordered = type_coerce(EVENT.c.at, BigInteger)
    marketing: list[ColumnElement[bool]] = (
        [] if transactional else [MESSAGE.c.transactional.is_(false())]
    )
    packed = MESSAGE.c.campaign + _BETWEEN + MESSAGE.c.step + _BETWEEN + MESSAGE.c.variant
    return (
        select(packed)
        .where(
            MESSAGE.c.customer_id == EVENT.c.customer_id,
            instant < ordered,
            instant > ordered - literal(window // MICROSECOND, BigInteger),
            MESSAGE.c.state.in_(GONE),
            *marketing,
        )
        .order_by(MESSAGE.c.attempted_at.desc(), MESSAGE.c.message_id.desc())
        .limit(1)
        .correlate(EVENT)
        .scalar_subquery()
    )


def _letter(packed: str | None) -> Letter | None:
    if packed is None:
        return None
    campaign, step, variant = packed.split(_BETWEEN)
    return campaign, step, variant


def _last_clicks(
    connection: Connection, window: timedelta, since: datetime, now: datetime
) -> dict[tuple[str, str], Letter]:
    """By order (customer and event), the letter of the last human click within the window."""
    click = EVENT.alias("click")
    clicked, ordered = (type_coerce(one.c.at, BigInteger) for one in (click, EVENT))
    query = select(
        EVENT.c.customer_id, EVENT.c.event_id, click.c.at, click.c.event_id, click.c.properties
    ).where(
        EVENT.c.name == ORDER,
        EVENT.c.at > since,
        EVENT.c.at <= now,
        EVENT.c.due_at <= now,
        click.c.customer_id == EVENT.c.customer_id,
        click.c.name == CLICK,
        clicked <= ordered,
        clicked > ordered - literal(window // MICROSECOND, BigInteger),
        click.c.due_at <= now,
    )
    found: dict[tuple[str, str], tuple[datetime, str, Letter]] = {}
    for customer, order, at, event_id, said in _streamed(connection, query):
        letter = tuple(said.get(name) for name in ("campaign", "step", "variant"))
        if by_machine(CLICK, said) or not isinstance(letter[0], str):
            continue
        own = (at, event_id, (letter[0], str(letter[1] or ""), str(letter[2] or "")))
        known = found.get((customer, order))
        if known is None or known[:2] < own[:2]:
            found[customer, order] = own
    return {key: one[2] for key, one in found.items()}


def _streamed(connection: Connection, query: Any) -> Any:
    return connection.execute(query, execution_options={"yield_per": STREAMED})


def together(parts: Iterable[Credited]) -> Credited:
    """What several are credited with together."""
    listed = list(parts)
    others: dict[str, Money] = {}
    for one in listed:
        for currency, money in one.other_currencies.items():
            before = others.get(currency, Money(0, Decimal("0.00")))
            others[currency] = Money(before.orders + money.orders, before.revenue + money.revenue)
    return Credited(
        sum(one.orders for one in listed),
        sum((one.revenue for one in listed), Decimal("0.00")),
        sum((one.refunded for one in listed), Decimal("0.00")),
        sum(one.undone for one in listed),
        dict(sorted(others.items())),
    )


def currency_of(properties: Mapping[str, Any], shop: str) -> str:
    """The currency of an order; the shop's where it says none."""
    said = properties.get(CURRENCY)
    return said.strip().upper() if isinstance(said, str) and said.strip() else shop


def money(amount: Decimal) -> Decimal:
    """An amount with two digits after its point, and with more where it has more."""
    exponent = amount.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 2
    if places > 2:
        amount = amount.quantize(Decimal(1).scaleb(-6)).normalize()
        exponent = amount.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 2
    return amount.quantize(CENT) if places <= 2 else amount


class _Sum:
    """What orders come to, one after the other."""

    def __init__(self) -> None:
        self.orders = self.undone = 0
        self.revenue = self.refunded = Decimal()
        self.others: dict[str, tuple[int, Decimal]] = {}

    def add(self, order: Any, worth: Worth, shop: str) -> None:
        left = worth.latest
        full = worth.steps[0][1] if worth.steps else left
        undone = full > 0 and left == 0
        currency = currency_of(order.properties, shop)
        if currency != shop:
            orders, revenue = self.others.get(currency, (0, Decimal()))
            self.others[currency] = (orders + (not undone), revenue + left)
            return
        self.orders += not undone
        self.undone += undone
        self.revenue += left
        self.refunded += full - left


def _told(found: _Sum | None) -> Credited:
    if found is None:
        return NOTHING
    others = {
        currency: Money(orders, money(revenue))
        for currency, (orders, revenue) in sorted(found.others.items())
    }
    return Credited(found.orders, money(found.revenue), money(found.refunded), found.undone, others)
