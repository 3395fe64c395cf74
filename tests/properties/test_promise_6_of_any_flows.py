"""Whatever the flows: batches, order of pick-up and number of processes change no decision.

Compared is what is done at the same instants: those at which something arrives or falls due, with
idle ticks between them or without. A tick that comes late decides by what it knows then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from lifecycle.engine import advance, deliver, ingest
from lifecycle.engine.engine import Engine
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from lifecycle.store.dialect import claiming
from tests.properties.random_flows import BEGINS, ENDS, LETTER_KEYS, Shop, a_shop, shops
from tests.properties.shops import EXAMPLES

SLOWLY = settings(
    max_examples=max(EXAMPLES // 5, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def lived(shop: Shop, **how: Any) -> list[str]:
    """Every decision and every turn, one a line."""
    world = World(shop.catalog, Registry(), **how)
    try:
        world.run(shop.people, shop.events, ENDS)
        return told(world)
    finally:
        world.close()


def told(world: World) -> list[str]:
    return [json.dumps(row) for row in (*world.decisions(), *world.memberships())]


@SLOWLY
@given(shop=shops())
def test_the_size_of_the_batch_changes_nothing(shop: Shop) -> None:
    whole = lived(shop)
    assert lived(shop, batch=1) == whole
    assert lived(shop, batch=3) == whole


STRIDE = timedelta(minutes=97)


@SLOWLY
@given(shop=shops())
def test_ticks_at_which_nothing_is_due_change_nothing(shop: Shop) -> None:
    whole = lived(shop)
    world = World(shop.catalog, Registry())
    try:
        world.engine.start(BEGINS, alone=True)
        idle = BEGINS + STRIDE
        for now, people, events in arrivals(shop, world.engine):
            while idle < now:
                assert world.engine.tick(idle) == 0
                idle += STRIDE
            world.take(people, events, now)
            world.engine.tick(now)
        assert told(world) == whole
    finally:
        world.close()


@contextmanager
def backwards() -> Iterator[None]:
    """Customers are picked up in the opposite order, each one's own work in its own."""
    kept = dict(claiming.ORDER)
    made = (claiming.claiming, claiming.setting_aside)
    for queue, order in kept.items():
        claiming.ORDER[queue] = f"customer_id DESC, {order}"
    for one in made:
        one.cache_clear()
    try:
        yield
    finally:
        claiming.ORDER.update(kept)
        for one in made:
            one.cache_clear()


MOST_TURNS = 6
"""So often at most engines tick at one instant until nothing is left to do."""


def lived_by_two(shop: Shop, patch: pytest.MonkeyPatch, batch: int) -> list[str]:
    """Two engines on one database, as two processes: one is away between each claim and its work.

    What it has claimed lies there meanwhile, and the other one does what is left.
    """
    world = World(shop.catalog, Registry(), outside=True, batch=batch)
    engines = [world.engine, world.new_engine()]
    away = False
    at = BEGINS

    def interrupted(work: Callable[..., Any]) -> Callable[..., Any]:
        def working(*said: Any, **more: Any) -> Any:
            nonlocal away
            if not away:
                away = True
                try:
                    engines[1].tick(at)
                finally:
                    away = False
            return work(*said, **more)

        return working

    for module, name in ((ingest, "_take_in"), (advance, "_walk"), (deliver, "_deliver")):
        patch.setattr(module, name, interrupted(getattr(module, name)))
    try:
        engines[0].start(BEGINS, alone=True)
        for now, people, events in arrivals(shop, engines[0]):
            at = now
            world.take(people, events, now)
            for _ in range(MOST_TURNS):
                for engine in engines:
                    engine.tick(now)
                due = engines[0].next_due()
                if due is None or due > now:
                    break
            else:
                raise AssertionError(f"what is due at {now} stays due")
        return told(world)
    finally:
        world.close()


def arrivals(
    shop: Shop, engine: Engine
) -> Iterator[tuple[datetime, list[CustomerIn], list[tuple[int, EventIn]]]]:
    """Each instant at which something arrives or falls due, with what arrives at it."""
    people = sorted(shop.people, key=lambda line: line.at)
    events = sorted(enumerate(shop.events), key=lambda pair: pair[1].received_at)
    while True:
        instants = [one.at for one in people[:1]] + [one.received_at for _, one in events[:1]]
        due = engine.next_due()
        now = min([*instants, *([max(due, BEGINS)] if due else [])], default=ENDS)
        if now > ENDS or not (instants or due):
            return
        lines = [one for one in people if one.at == now]
        here = [pair for pair in events if pair[1].received_at == now]
        people, events = people[len(lines) :], events[len(here) :]
        yield now, lines, here


@SLOWLY
@given(shop=shops())
def test_two_processes_that_take_turns_anywhere_decide_as_one(shop: Shop) -> None:
    whole = lived(shop)
    for batch in (1, 500):
        with pytest.MonkeyPatch.context() as patch:
            assert lived_by_two(shop, patch, batch) == whole


def test_a_step_sees_what_another_campaigns_step_of_the_same_instant_set_before_it() -> None:
    """Whichever process has claimed which of the two: the campaign's name is the order."""
    waits = {"name": "s", "after": "1 hour"}
    red = {"only_if": {"customer": "colour", "is": "red"}, **LETTER_KEYS}
    shop = a_shop(f=[{**waits, "set": {"colour": "red"}}], g=[{**waits, **red}])
    whole = lived(shop)
    assert sum('"sent"' in row for row in whole) == 1
    for batch in (1, 500):
        with pytest.MonkeyPatch.context() as patch:
            assert lived_by_two(shop, patch, batch) == whole


@SLOWLY
@given(shop=shops())
def test_the_order_in_which_customers_are_picked_up_changes_nothing(shop: Shop) -> None:
    whole = lived(shop)
    with backwards():
        assert lived(shop, batch=500) == whole
        assert lived(shop, batch=1) == whole
