"""Letters show what the engine keeps of the customer, as of the moment at which they go."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from lifecycle.core.message import Letter, Outcome
from lifecycle.hooks import Registry
from lifecycle.sim.world import AcceptsAll, World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from tests.simulation.shop import event, flow, instant, person, settings, shop

POINTS = """
[points]
earn   = [ { when = "order_placed", per_amount = 1, points = 1 } ]
expire = "30 days"
tiers  = [ { name = "silver", from = 100 } ]
"""


class Keeps(AcceptsAll):
    """Accepts every letter and keeps its subject."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def send(self, letter: Letter) -> Outcome:
        """Accept, and keep the subject."""
        self.subjects.append(letter.subject)
        return super().send(letter)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("{{ customer.orders.count }} orders", "2 orders"),
        ("{{ customer.orders.total | money }}", "€119.50"),
        ("{{ customer.orders.total }}", "119.5"),
        ("last {{ customer.orders.last_at | day }}", "last May 3"),
        ("every {{ customer.orders.usual_gap | round | int }} days", "every 2 days"),
        ("{{ points.balance }} points, {{ points.tier }}", "119 points, silver"),
        ("{{ points.expiring }} until {{ points.next_expiry_at | day }}", "50 until May 31"),
        ("{{ customer.points.balance }} points", "119 points"),
        ("{{ customer.incentives.open }} codes", "0 codes"),
        ("{{ customer.engagement.last_click_at | default('never', true) }}", "never"),
        ("{{ customer.first_name }} {{ customer.loyalty.count }}", "Ada 5"),
    ],
)
def test_a_letter_shows_them(subject: str, shown: str) -> None:
    step = f'[[step]]\nname = "hello"\ntemplate = "hello"\nsubject = "{subject}"\n'
    definitions = shop({"thanks": flow('when = "visited"', step)}, said=settings(POINTS))
    keeps = Keeps()
    world = World(definitions, Registry(), transport=keeps)
    now = instant("2026-05-01T00:00:00")
    attributes = {"first_name": "Ada", "loyalty": {"count": 5}}
    people = [read_customer(json.dumps(person(attributes=attributes)), at=now)]
    lines = [
        event("2026-05-01T10:00:00", "order_placed", total="50.00"),
        event("2026-05-03T10:00:00", "order_placed", total=69.5),
        event("2026-05-04T10:00:00", "visited"),
    ]
    happened = [read_event(json.dumps(line), received=None, live=False) for line in lines]
    world.run(people, happened, now + timedelta(days=9))
    assert keeps.subjects == [shown]
