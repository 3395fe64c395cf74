"""A shop whose flow makes calls and notes, on a database, and what runs them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.engine.errands import Errands
from lifecycle.send.webhook_call import MAY_REACH, Caller
from tests.faults.running import KEY, Post, Running
from tests.receiver import Receiver
from tests.simulation.shop import event, flow, person, shop

AT = "2026-05-04T10:00:00"
CALL = '[[step]]\nname = "tell"\ncall = { url = "env:HOOK" }\n'
OTHER = CALL.replace("tell", "other").replace("HOOK", "ELSEWHERE")
NOTE = """[[step]]
name = "note"
notify = { to = "crm@shop.example", text = "Cart {{ event.cart }} of {{ customer.email }}" }
"""


def entered(*steps: str) -> Catalog:
    """A shop whose one flow does these steps when a cart is updated."""
    return shop({"f": flow('when = "cart_updated"', *steps)})


class Shop:
    """A shop on a database, c1 in its flow, and what runs its errands."""

    def __init__(self, url: str, *steps: str, empty: bool = False, **receivers: Receiver) -> None:
        self.running = Running(url, entered(*steps), Post(), empty=empty)
        self.running.start(AT)
        self.receivers = receivers
        self.errands = self.new_errands()

    def new_errands(self) -> Errands:
        """What runs errands, in a process that has just begun."""
        named = {name: f"http://{one.place}/" for name, one in self.receivers.items()}
        listed = ",".join(one.place for one in self.receivers.values())
        caller = Caller(KEY, {**named, MAY_REACH: listed})
        return Errands(lambda: self.running.engine.parts, caller)

    def entering(self, *customers: str, at: str = AT) -> None:
        """Let customers in, and tick."""
        self.running.say(*(person(one) for one in customers or ("c1",)), at=at)
        self.running.hear(
            *(event(at, "cart_updated", one, cart="k1") for one in customers or ("c1",))
        )
        self.running.run(at)

    def run_all(self) -> list[datetime]:
        """Run errands at each instant at which one falls due, and give the instants."""
        instants: list[datetime] = []
        while (due := self.errands.next_due()) is not None:
            assert due not in instants, "what is due stays due"
            instants.append(due)
            self.errands.run(due)
        return instants

    @property
    def rows(self) -> list[Any]:
        """The errands by step."""
        return self.running.rows("errand", "customer_id", "step")

    @property
    def post(self) -> Post:
        """The transport."""
        assert isinstance(self.running.transport, Post)
        return self.running.transport


def states(one: Shop) -> list[tuple[str, str, int]]:
    """How the errands stand: state, problem, tries."""
    return [(row.state, row.problem, row.tries) for row in one.rows]
