"""Ticks: a thousand changed customers, nobody but the clock, and DuckDB asking all of everybody."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from bench.segments.data import Shop
from bench.segments.dice import dice
from bench.segments.engine_room import Room
from bench.segments.rules import Measured
from lifecycle.core.words import from_micros

if TYPE_CHECKING:
    from bench.segments.duck import Duck

CHANGED = 1_000
QUIET = timedelta(minutes=10)
"""How far the clock is put on when nobody does anything."""
DAYS_QUIET = 3


@dataclass(frozen=True)
class Ticked:
    """One round: the tick's seconds, its processor's, and how many customers were taken in."""

    wall: float
    processor: float
    customers: int


@dataclass(frozen=True)
class Quiet:
    """The clock alone, over some days: what ticks cost with so many customers due in all."""

    wall: float
    processor: float
    ticks: int
    due: int

    @property
    def micros_each(self) -> float:
        """Microseconds of processor for each customer due, the empty ticks' included."""
        return self.processor * 1e6 / max(self.due, 1)


def changed(shop: Shop, round_number: int, count: int = CHANGED) -> Any:
    """Who does something in a round: drawn as events are, so that the most active come often."""
    chance = dice(round_number)
    found: dict[int, None] = {}
    while len(found) < count:
        drawn = shop.customer[chance.integers(0, shop.events, size=count)]
        found |= dict.fromkeys(drawn.tolist())
    return list(found)[:count]


def tick(room: Room, shop: Shop, round_number: int) -> Ticked:
    """A tick after each of a thousand customers has placed an order: every segment reads that."""
    room.hear(changed(shop, round_number))
    wall, processor, customers = room.tick()
    return Ticked(wall, processor, customers)


def compare(
    rooms: Sequence[tuple[Room, Shop]],
    ducks: Sequence[Duck],
    rules: Sequence[Measured],
    rounds: int,
) -> tuple[list[list[Ticked]], list[list[float]]]:
    """Alternating rounds: a tick in each shop, and the seconds of each DuckDB.

    One round more goes before, whose tick is cold: nothing of the customers is in any memory.
    """
    ticked: list[list[Ticked]] = [[] for _ in rooms]
    asked: list[list[float]] = [[] for _ in ducks]
    for round_number in range(rounds + 1):
        for place, (room, shop) in enumerate(rooms):
            ticked[place].append(tick(room, shop, round_number))
        for place, one in enumerate(ducks):
            asked[place].append(one.seconds(rules))
    return ticked, asked


def quiet(room: Room, days: int = DAYS_QUIET) -> Quiet:
    """Let time pass and nobody do anything: ticks at each wake-up's ten minutes."""
    wall = processor = 0.0
    ticks = due = 0
    until = room.now + timedelta(days=days)
    while room.now < until:
        room.now += QUIET
        seconds, busy, customers = room.tick()
        wall, processor = wall + seconds, processor + busy
        ticks, due = ticks + 1, due + customers
    return Quiet(wall, processor, ticks, due)


def idle(room: Room, times: int = 200) -> float:
    """Microseconds of a tick at which nobody is due."""
    spans = []
    for _ in range(times):
        room.now += timedelta(microseconds=1)
        wall, _, customers = room.tick()
        if not customers:
            spans.append(wall)
    return statistics.median(spans) * 1e6


def sizes(room: Room) -> dict[str, int]:
    """How many customers are in each segment, as the engine keeps it."""
    query = "SELECT segment, count(*) FROM membership WHERE member GROUP BY segment"
    with room.database.read() as connection:
        rows = connection.execute(text(query)).all()
    found = {row.segment: int(row[1]) for row in rows}
    return {name: found.get(name, 0) for name in room.catalog.segments}


def wakes(room: Room) -> tuple[int, str]:
    """How many wake-ups are kept, and when the first of them comes."""
    query = "SELECT count(*), min(wake_at) FROM membership WHERE wake_at IS NOT NULL"
    with room.database.read() as connection:
        count, first = connection.execute(text(query)).one()
    return int(count), from_micros(int(first)).isoformat() if first else ""
