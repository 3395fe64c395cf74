"""What a letter costs on its whole way to the outbox, against rendering it and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.shop import catalog_of, new_shop
from lifecycle.core.event import Event
from lifecycle.engine.advance import advance
from lifecycle.engine.deliver import deliver
from lifecycle.engine.engine import Engine
from lifecycle.engine.ingest import ingest
from lifecycle.engine.letters import Letters
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.letter import Rendered, render
from lifecycle.render.links import Signer
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.rendering import Asked, RenderingHere
from lifecycle.sim.world import AcceptsAll
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.store import customers, events
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.migrate import create

LETTERS = 1_000
KEY = b"the key of measurements: no secret"
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ITEMS = [
    {"sku": "lamp-3", "name": "Desk lamp", "price": 49.5, "quantity": 1, "line_total": 49.5},
    {"sku": "bulb-1", "name": "Bulb", "price": 4.5, "quantity": 2, "line_total": 9.0},
]


def measure(folder: Path, rounds: int) -> list[tuple[float, float]]:
    """For each round: seconds for the whole way, and seconds for rendering the same letters."""
    catalog = catalog_of(new_shop(folder))
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    create(database)
    live = Live(catalog, Registry())
    parts = Parts(database, live, AcceptsAll(), KEY, Signer([KEY]))
    engine = Engine(parts)
    engine.start(BEGIN, alone=True)
    try:
        return [_round(engine, BEGIN + timedelta(days=number)) for number in range(rounds + 1)][1:]
    finally:
        database.close()


def _round(engine: Engine, now: datetime) -> tuple[float, float]:
    """One letter of thanks for each of so many new customers. The first round warms up."""
    parts, policy = engine.parts, engine.policy()
    _order(parts, now)
    while ingest(parts, policy, now) or advance(parts, policy, now):
        pass
    listening = _Listening()
    heard = replace(parts, rendering=listening)
    begun = time.perf_counter()
    delivered = 0
    while done := deliver(heard, Letters(heard), policy, now):
        delivered += done
    whole = time.perf_counter() - begun
    rendered = listening.heard
    assert delivered == len(rendered) == LETTERS, f"{delivered} letters, {len(rendered)} rendered"
    begun = time.perf_counter()
    for one in rendered:
        render(one.template, one.texts, one.context, one.links)
    return whole, time.perf_counter() - begun


class _Listening(RenderingHere):
    """Renders, and notes what was asked for."""

    def __init__(self) -> None:
        self.heard: list[Asked] = []

    def render(self, asked: Sequence[Asked]) -> list[Rendered | BrokenTemplate]:
        self.heard += asked
        return super().render(asked)


def _order(parts: Parts, now: datetime) -> None:
    names = [f"c{now:%Y%m%d}-{number:05d}" for number in range(LETTERS)]
    people = [
        CustomerIn(
            id=name,
            at=now,
            email=f"{name}@buyers.example",
            timezone="Europe/Berlin",
            locale="en",
            attributes={"first_name": "Ada"},
            agreed_to=("offers",),
            gone=frozenset(),
        )
        for name in names
    ]
    orders = []
    for number, name in enumerate(names):
        told = {"order_id": f"o-{name}", "total": 58.5, "currency": "EUR", "items": ITEMS}
        event = Event(now, f"e-{name}", "order_placed", told, now)
        orders.append(NewEvent(name, event, now, number))
    with parts.database.write() as connection:
        customers.say(connection, people, now=now, address_key=KEY)
        events.append(connection, orders)
