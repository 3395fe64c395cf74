"""Habits: how simulated customers behave, each a named distribution that the asker is told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta

from lifecycle.sim.draws import Choice, Draw, Even, Exponential, Share

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHOPS_OWN = "the shop's"
NOWHERE = "Nowhere/Land"
"""A zone that does not exist, as data from outside may hold one."""


@dataclass(frozen=True)
class Habits:
    """The behaviour of all customers; what differs between two of them is drawn."""

    known_at_first: Share
    has_address: Share
    zone: Choice
    locale: Choice
    country: Choice
    agrees_at_first: Share
    comes_by_invitation: Share
    time_between_visits: Choice
    """The mean of each customer's own exponential gap."""
    looks_again: Share
    fills_a_cart: Share
    touches_the_cart_again: Share
    cart_ends: Choice
    orders_soon_after: Exponential
    orders_later_after: Exponential
    order_is_cancelled: Share
    time_to_dispatch: Exponential
    time_to_delivery: Even
    order_is_sent_back: Share
    writes_a_review: Share
    time_to_review: Exponential
    opens_a_ticket: Share
    time_between_shop_events: Exponential
    """Of events that only the shop's own campaigns speak of."""
    time_between_changes: Exponential
    what_changes: Choice
    is_erased: Share
    arrives: Choice
    hours_late: Exponential
    days_late: Exponential
    is_sent_twice: Share
    sent_again_after: Exponential
    address_is_dead: Share
    soft_bounce: Share
    time_to_delivered: Exponential
    machine_opens: Share
    machine_clicks: Share
    opens: Share
    time_to_open: Exponential
    clicks_when_open: Share
    time_to_click: Exponential
    orders_when_clicked: Share
    unsubscribes: Share
    complains: Share

    def told(self) -> dict[str, str]:
        """Each habit's name, and its distribution in words."""
        found = {}
        for one in fields(self):
            draw: Draw = getattr(self, one.name)
            found[one.name.replace("_", " ")] = _words(draw)
        return found


def _words(draw: Draw) -> str:
    if isinstance(draw, Choice) and any(isinstance(one, timedelta) for one in draw.shares):
        named = {f"mean {one.days} days": share for one, share in draw.shares.items()}
        return f"exponential, {Choice(named).words()}"
    return draw.words()


USUAL = Habits(
    known_at_first=Share(60),
    has_address=Share(95),
    zone=Choice(
        {
            SHOPS_OWN: 50,
            "America/New_York": 10,
            "Europe/London": 8,
            "Asia/Kolkata": 6,
            "America/Santiago": 4,
            "Australia/Lord_Howe": 4,
            "Africa/Casablanca": 4,
            "Asia/Beirut": 2,
            "Pacific/Kiritimati": 2,
            "": 8,
            NOWHERE: 2,
        }
    ),
    locale=Choice({"en": 40, "de-DE": 30, "fr": 10, "pt-BR": 5, "": 15}),
    country=Choice({"DE": 45, "AT": 10, "GB": 15, "US": 15, "FR": 15}),
    agrees_at_first=Share(80),
    comes_by_invitation=Share(10),
    time_between_visits=Choice({5 * DAY: 15, 12 * DAY: 30, 30 * DAY: 35, 75 * DAY: 20}),
    looks_again=Share(45),
    fills_a_cart=Share(35),
    touches_the_cart_again=Share(30),
    cart_ends=Choice({"ordered soon": 40, "ordered later": 12, "emptied": 10, "abandoned": 38}),
    orders_soon_after=Exponential(timedelta(minutes=12)),
    orders_later_after=Exponential(30 * HOUR),
    order_is_cancelled=Share(4),
    time_to_dispatch=Exponential(30 * HOUR),
    time_to_delivery=Even(DAY, 5 * DAY),
    order_is_sent_back=Share(5),
    writes_a_review=Share(12),
    time_to_review=Exponential(9 * DAY),
    opens_a_ticket=Share(4),
    time_between_shop_events=Exponential(40 * DAY),
    time_between_changes=Exponential(120 * DAY),
    what_changes=Choice(
        {"birthday": 30, "zone": 20, "locale": 15, "consent": 25, "address": 5, "country": 5}
    ),
    is_erased=Share(4),
    arrives=Choice({"at once": 90, "hours late": 8, "days late": 2}),
    hours_late=Exponential(3 * HOUR),
    days_late=Exponential(2 * DAY),
    is_sent_twice=Share(3),
    sent_again_after=Exponential(2 * HOUR),
    address_is_dead=Share(3),
    soft_bounce=Share(2),
    time_to_delivered=Exponential(timedelta(seconds=20)),
    machine_opens=Share(35),
    machine_clicks=Share(4),
    opens=Share(40),
    time_to_open=Exponential(6 * HOUR),
    clicks_when_open=Share(25),
    time_to_click=Exponential(timedelta(minutes=4)),
    orders_when_clicked=Share(15),
    unsubscribes=Share(1.5),
    complains=Share(0.4),
)
"""How the customers of a simulation behave."""
