"""Random histories of a few customers, and what must never have happened in them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.shop import event, flow, instant, person, segment, settings, shop, step

START = instant("2026-03-20T00:00:00")
DAYS = 14
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", None)
CAPS = """
minimum_gap = "3 hours"
hold_if = { customer = "leave_alone", is = true }
[[sending.cap]]
class = "triggered"
at_most = 2
per = "30 hours"
[[sending.cap]]
class = "survey"
at_most = 1
per = "calendar day"
"""
SETTINGS = settings(CAPS, zone="Europe/Berlin", quiet="21:00-08:00")


def busy_shop() -> Any:
    """Flows that get into each other's way: caps, quiet hours, exits by key, a holdout."""
    return shop(
        {
            "cart": flow(
                'when = "cart_updated"\nper = "cart_id"\nrepeat = "start over"\nagain = "always"',
                '[exit]\nwhen = "order_placed"\nif = { did = "cart_emptied", since_entry = true }',
                '[sending]\nstale_after = "2 days"',
                step("reminder", 'after = "1 hour"'),
                step("last_call", 'after = "20 hours"'),
                top="priority = 80",
            ),
            "thanks": flow(
                'when = "order_placed"\nper = "order_id"',
                "[holdout]\npercent = 30",
                step("thanks", 'after = "30 minutes"\nat = "10:00"'),
            ),
            "survey": flow(
                'when = "order_placed"\nagain = "always"',
                '[sending]\nclass = "survey"\nquiet_hours = "off"',
                step("ask", 'after = "2 hours"'),
            ),
            "receipt": flow(
                'when = "order_placed"\nper = "order_id"',
                step("receipt", "transactional = true"),
                topic="",
            ),
            "welcome": flow('joins = "buyers"\nagain = "after 3 days"', step("welcome")),
        },
        {"buyers": segment('{ did = "order_placed", at_least = 2, within = "4 days" }')},
        SETTINGS,
    )


def history(seed: int, people: int = 6) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Customer lines and event lines of one seed."""
    dice = random.Random(seed)
    names = [f"c{n}" for n in range(people)]
    lines = [person(name, timezone=ZONES[n % len(ZONES)]) for n, name in enumerate(names)]
    for _ in range(people * 2):
        at = _some(dice)
        said: dict[str, Any] = {"id": dice.choice(names), "at": at}
        if dice.random() < 0.6:
            said["agreed_to"] = dice.choice([[], ["offers"], ["offers"]])
        else:
            said["attributes"] = {"leave_alone": dice.random() < 0.4}
        lines.append(said)
    events = []
    kinds = ["cart_updated"] * 6 + ["order_placed"] * 5 + ["cart_emptied"]
    kinds += ["message_unsubscribed", "message_complained"]
    for number in range(people * 14):
        name = dice.choice(kinds)
        if name == "message_complained" and dice.random() < 0.5:
            name = "order_placed"
        properties: dict[str, Any] = {}
        if name in ("cart_updated", "order_placed") and dice.random() < 0.8:
            properties["cart_id"] = dice.choice("xyz")
        if name == "order_placed":
            properties["order_id"] = dice.randrange(8)
        if name.startswith("message_"):
            campaign, one = dice.choice([("cart", "reminder"), ("survey", "ask")])
            properties |= {"campaign": campaign, "step": one}
        at = _some(dice)
        line = event(at, name, dice.choice(names), id=f"e{number}", **properties)
        if dice.random() < 0.2:
            late = instant(at) + timedelta(minutes=dice.choice([1, 90, 600, 2000]))
            line["received_at"] = late.isoformat()
        events.append(line)
    return lines, events


def _some(dice: random.Random) -> str:
    minutes = dice.randrange(DAYS * 24 * 4) * 15
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def arrived(line: Mapping[str, Any]) -> datetime:
    """When an event became known."""
    return max(instant(line["at"]), instant(line.get("received_at", line["at"])))


def local(at: datetime, line: Mapping[str, Any]) -> datetime:
    """An instant on a customer's own clock."""
    return at.astimezone(ZoneInfo(line.get("timezone") or "Europe/Berlin"))


def consent_at(customer: str, at: datetime, people: Sequence[Mapping[str, Any]]) -> bool:
    """Whether customer lines say at `at` that offers are agreed to."""
    said = [
        (instant(one["at"]) if "at" in one else instant("2000-01-01"), number, one["agreed_to"])
        for number, one in enumerate(people)
        if one["id"] == customer and "agreed_to" in one
    ]
    known = [one for one in sorted(said) if one[0] <= at]
    return bool(known) and "offers" in known[-1][2]


def alone_at(customer: str, at: datetime, people: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the customer was to be left alone at `at`."""
    said = sorted(
        (instant(one["at"]), number, one["attributes"].get("leave_alone"))
        for number, one in enumerate(people)
        if one["id"] == customer and "attributes" in one
    )
    known = [one for one in said if one[0] <= at]
    return bool(known) and known[-1][2] is True
