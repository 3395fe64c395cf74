"""What simulated customers do of themselves: visits, carts, orders, changes, and how it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log1p
from typing import Any

from lifecycle.sim.draws import Dice
from lifecycle.sim.habits import Habits
from lifecycle.sim.people import Person, Society, born
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn

SHOP_EVENTS = frozenset(
    "customer_created newsletter_joined site_visited product_viewed product_searched cart_updated "
    "cart_emptied checkout_started order_placed order_fulfilled order_delivered order_cancelled "
    "order_refunded review_submitted ticket_opened ticket_closed referral_claimed".split()
)
"""The events that these customers make of themselves."""
PRODUCTS = (
    ("shoe-1", "Trail shoe", "shoes", "Moor", 89.0),
    ("shoe-2", "Town shoe", "shoes", "Kiez", 129.5),
    ("hat-1", "Felt hat", "hats", "Moor", 39.9),
    ("bag-1", "Day bag", "bags", "Kiez", 59.0),
    ("sock-1", "Wool socks", "socks", "Moor", 12.5),
)
CURRENCY = "EUR"
MINUTE = timedelta(minutes=1)
Code = Callable[[str], str]
"""The code by which a customer invites others."""


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """An event that only the shop's campaigns speak of, with the properties that they key by."""

    name: str
    keys: tuple[tuple[str, ...], ...] = ()
    each: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """One customer's own doings, to the end of the simulation."""

    society: Society
    person: Person
    code: Code
    own: Sequence[OwnEvent] = ()

    @property
    def habits(self) -> Habits:
        """How customers behave."""
        return self.society.habits

    @property
    def dice(self) -> Dice:
        """What decides."""
        return self.society.dice

    def lines(self) -> Iterator[CustomerIn]:
        """What the shop says of the customer, from the first line on."""
        person = self.person
        yield self._line(person.known_at, self._first(), agreed_to=person.agreed_to, whole=True)
        at, number = person.known_at, 0
        while True:
            number += 1
            at += self.habits.time_between_changes.drawn(self.dice, "change", person.id, number)
            if at >= self._ends:
                return
            line = self._change(at, number)
            if line is not None:
                yield line

    def events(self) -> Iterator[EventIn]:
        """What the customer does, each event as often as it arrives."""
        for at, name, properties in self._happens():
            if at < self._ends:
                yield from self._arriving(at, name, properties)

    @property
    def _ends(self) -> datetime:
        return min(self.society.ends, self.person.erased_at or self.society.ends)

    def _first(self) -> dict[str, Any]:
        person = self.person
        language = (person.locale or "en")[:2]
        said = {"country": person.country, "language": language, "first_name": "Sam"}
        return {**said, "birthday": person.born.isoformat(), **person.dates}

    def _change(self, at: datetime, number: int) -> CustomerIn | None:
        person, dice, habits = self.person, self.dice, self.habits
        what = habits.what_changes.drawn(dice, "what", person.id, number)
        if what == "birthday":
            return self._line(at, {"birthday": born(dice, person.id, number).isoformat()})
        if what == "country":
            return self._line(at, {"country": habits.country.drawn(dice, "to", person.id, number)})
        if what == "zone":
            zone = habits.zone.drawn(dice, "to", person.id, number)
            known = zone if "/" in zone else self.society.zone
            return self._line(at, {}, timezone=known)
        if what == "locale":
            return self._line(at, {}, locale=habits.locale.drawn(dice, "to", person.id, number))
        if what == "consent":
            agreed = [
                topic
                for topic in self.society.topics
                if habits.agrees_at_first.drawn(dice, "agrees", person.id, topic, number)
            ]
            return self._line(at, {}, agreed_to=tuple(agreed))
        if person.email is None:
            return None
        return self._line(at, {}, email=f"{person.id}+{number}@mail.example")

    def _line(
        self,
        at: datetime,
        attributes: Mapping[str, Any],
        *,
        agreed_to: tuple[str, ...] | None = None,
        email: str | None = None,
        timezone: str | None = None,
        locale: str | None = None,
        whole: bool = False,
    ) -> CustomerIn:
        person = self.person
        return CustomerIn(
            id=person.id,
            at=at,
            email=person.email if whole else email,
            timezone=person.timezone if whole else timezone,
            locale=(person.locale if whole else locale) or None,
            attributes=attributes,
            agreed_to=agreed_to,
            gone=frozenset(),
        )

    def _happens(self) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        person, dice = self.person, self.dice
        at = person.known_at + timedelta(seconds=1)
        yield at, "customer_created", {}
        if person.agreed_to:
            yield at + MINUTE, "newsletter_joined", {}
        if person.invited_by is not None:
            yield at + 2 * MINUTE, "referral_claimed", {"code": self.code(person.invited_by)}
        visit = 0
        while at < self._ends:
            visit += 1
            gap = -log1p(-dice.fraction("visit", person.id, visit)) * person.visit_gap
            at += max(gap, MINUTE)
            yield from self._visit(at, visit)
        for one in self.own:
            yield from self._shops_own(one)

    def _visit(self, at: datetime, visit: int) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        person, dice, habits = self.person, self.dice, self.habits
        at = at.replace(microsecond=dice.number(1_000_000, "moment", person.id, visit))
        yield at, "site_visited", {}
        looked = 0
        while looked < 6:
            looked += 1
            at += MINUTE
            yield at, "product_viewed", _seen(dice, person.id, visit, looked)
            if not habits.looks_again.drawn(dice, "looks", person.id, visit, looked):
                break
        if habits.opens_a_ticket.drawn(dice, "ticket", person.id, visit):
            ticket = {"ticket_id": f"t-{person.id}-{visit}"}
            yield at + MINUTE, "ticket_opened", ticket
            yield (
                at + timedelta(hours=dice.number(90, "closed", person.id, visit)),
                ("ticket_closed"),
                ticket,
            )
        if habits.fills_a_cart.drawn(dice, "cart", person.id, visit):
            yield from self._cart(at + MINUTE, visit)

    def _cart(self, at: datetime, visit: int) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        person, dice, habits = self.person, self.dice, self.habits
        cart = filled(dice, f"cart-{person.id}-{visit}", 1)
        yield at, "cart_updated", cart
        if habits.touches_the_cart_again.drawn(dice, "again", person.id, visit):
            at += timedelta(minutes=1 + dice.number(180, "again at", person.id, visit))
            cart = filled(dice, f"cart-{person.id}-{visit}", 2)
            yield at, "cart_updated", cart
        ends = habits.cart_ends.drawn(dice, "ends", person.id, visit)
        if ends == "emptied":
            yield at + 5 * MINUTE, "cart_emptied", {"cart_id": cart["cart_id"]}
        elif ends.startswith("ordered"):
            soon = ends == "ordered soon"
            length = habits.orders_soon_after if soon else habits.orders_later_after
            at += length.drawn(dice, "order", person.id, visit)
            yield at, "checkout_started", cart
            yield from self.order(at + MINUTE, cart)

    def order(
        self, at: datetime, cart: Mapping[str, Any]
    ) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """An order, and what follows from it."""
        dice, habits = self.dice, self.habits
        order_id = f"order-{cart['cart_id']}"
        order = {**cart, "order_id": order_id}
        yield at, "order_placed", order
        if habits.order_is_cancelled.drawn(dice, "cancelled", order_id):
            length = habits.orders_soon_after.drawn(dice, "cancelled", order_id)
            yield at + length, "order_cancelled", order
            return
        at += habits.time_to_dispatch.drawn(dice, "dispatch", order_id)
        yield at, "order_fulfilled", order
        at += habits.time_to_delivery.drawn(dice, "delivery", order_id)
        yield at, "order_delivered", order
        later = at + habits.time_to_review.drawn(dice, "review", order_id)
        if habits.writes_a_review.drawn(dice, "reviews", order_id):
            review = {"order_id": order_id, "stars": 1 + dice.number(5, "stars", order_id)}
            yield later, "review_submitted", review
        elif habits.order_is_sent_back.drawn(dice, "back", order_id):
            yield later, "order_refunded", order

    def _shops_own(self, one: OwnEvent) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        person, at, number = self.person, self.person.known_at, 0
        while at < self._ends:
            number += 1
            gap = self.habits.time_between_shop_events
            at += gap.drawn(self.dice, "own", one.name, person.id, number)
            yield at, one.name, own_properties(one, self.dice, f"{person.id}-{number}")

    def _arriving(
        self, at: datetime, name: str, properties: Mapping[str, Any]
    ) -> Iterator[EventIn]:
        """An event when it arrives, perhaps late; perhaps once more later."""
        person, dice, habits = self.person, self.dice, self.habits
        own = (name, person.id, at)
        event_id = f"{name}-{dice.number(16**12, 'event', *own):012x}"
        received = at
        how = habits.arrives.drawn(dice, "arrives", *own)
        if how == "hours late":
            received += habits.hours_late.drawn(dice, "late", *own)
        elif how == "days late":
            received += habits.days_late.drawn(dice, "late", *own)
        yield EventIn(event_id, at, name, person.id, properties, received)
        if habits.is_sent_twice.drawn(dice, "twice", *own):
            received += habits.sent_again_after.drawn(dice, "again", *own)
            yield EventIn(event_id, at, name, person.id, properties, received)


def _seen(dice: Dice, *parts: object) -> dict[str, Any]:
    sku, name, category, brand, price = PRODUCTS[dice.number(len(PRODUCTS), "seen", *parts)]
    address = f"https://shop.example/{sku}"
    told = {"sku": sku, "name": name, "category": category, "brand": brand, "price": price}
    return {**told, "url": address}


def filled(dice: Dice, cart_id: str, items: int) -> dict[str, Any]:
    """A cart with so many different products, as shops send it."""
    lines = []
    for number in range(items):
        item = _seen(dice, cart_id, number)
        quantity = 1 + dice.number(2, "quantity", cart_id, number)
        line_total = round(quantity * item["price"], 2)
        image = f"{item['url']}.jpg"
        lines.append({**item, "quantity": quantity, "line_total": line_total, "image": image})
    total = round(sum(one["line_total"] for one in lines), 2)
    return {"cart_id": cart_id, "total": total, "currency": CURRENCY, "items": lines}


def own_properties(one: OwnEvent, dice: Dice, key: str) -> dict[str, Any]:
    """The properties of an event of the shop's own: a cart's, and all that it is keyed by."""
    said: dict[str, Any] = filled(dice, f"{one.name}-{key}", 2)
    if one.each is not None:
        _put(said, one.each, said["items"])
    for path in one.keys:
        if path[0] != "item":
            _put(said, path, f"{path[-1]}-{key}")
    return said


def _put(table: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        inner = table.get(part)
        if not isinstance(inner, dict):
            inner = table[part] = {}
        table = inner
    table[path[-1]] = value
