"""How many events a second the daemon keeps up with, the fifty segments evaluated behind it.

The rate at which events are offered rises step by step until what waits grows without end; then it
is tried once more between the last rate that was kept up with and the first that was not.
"""

from __future__ import annotations

import shutil
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.segments import data, load
from bench.segments.child import cores, staying_on
from bench.segments.data import NAMES, SHARES, Shop
from bench.segments.dice import dice
from bench.segments.engine_room import opened, project
from bench.segments.ingest import OWN
from bench.segments.rules import Measured
from bench.segments.running import Running, Waiting

LAG_SECONDS = 10.0
"""Behind by more than this is not kept up with, however steadily."""
GROWTH = 0.05
"""What waits may grow over a quarter of a step by this share of what that quarter brought."""
LATE_SECONDS = 1.0
"""A load that could not be sent in time says nothing of the daemon."""
LOOK_SECONDS = 0.5
EMPTY_SECONDS = 900.0


@dataclass(frozen=True)
class Sizes:
    """How the rate rises, and for how long each is offered."""

    first: float = 500.0
    """Events a second."""
    factor: float = 1.5
    steps: int = 12
    """At most so many rates."""
    seconds: float = 20.0
    at_once: int = 100
    connections: int = 8


@dataclass(frozen=True)
class Step:
    """One rate: what came of it, and what the daemon's processor did meanwhile.

    `lags` and `waiting` are what was seen every half second: the seconds by which the daemon was
    behind, and events not taken in. `threads` and `parts` are seconds of processor: by thread, and
    by part of a tick.
    """

    rate: float
    offered: load.Offered
    lags: tuple[float, ...]
    waiting: tuple[int, ...]
    threads: dict[str, float]
    parts: dict[str, float]
    kept_up: bool


@dataclass(frozen=True)
class KeptUp:
    """All steps, in the order in which they were tried."""

    steps: tuple[Step, ...]

    @property
    def best(self) -> Step | None:
        """The highest rate that was kept up with."""
        good = [step for step in self.steps if step.kept_up]
        return max(good, key=lambda step: step.rate, default=None)


def measure(
    folder: Path,
    shop: Shop,
    rules: Sequence[Measured],
    sizes: Sizes | None = None,
    written: Path | None = None,
) -> KeptUp:
    """Put the shop into a new project of these segments, build them, and raise the rate.

    `written` is a file that holds the shop already: it is copied.
    """
    sizes = sizes or Sizes()
    project(folder, rules)
    file = folder / "shop.db"
    if written is None:
        data.write(shop, file)
    else:
        shutil.copy(written, file)
    with opened(f"sqlite:///{file}", folder):
        pass  # The segments are built: what comes now is what ticks do.
    core, ours = cores()
    steps: list[Step] = []
    with staying_on(ours), Running(folder, file, core, spent=True) as daemon:
        rate = sizes.first
        while len(steps) < sizes.steps:
            steps.append(_step(daemon, shop, rate, sizes, len(steps)))
            if not steps[-1].kept_up:
                break
            rate *= sizes.factor
        if len(steps) > 1 and not steps[-1].kept_up:
            between = rate / sizes.factor**0.5
            steps.append(_step(daemon, shop, between, sizes, len(steps)))
    return KeptUp(tuple(steps))


def _step(daemon: Running, shop: Shop, rate: float, sizes: Sizes, number: int) -> Step:
    """Offer one rate to a daemon that has nothing to do."""
    count = max(int(rate * sizes.seconds), sizes.at_once)
    events = drawn(shop, count, number)
    made = load.requests(daemon.key, events, sizes.at_once)
    parts = [len(events[at : at + sizes.at_once]) for at in range(0, count, sizes.at_once)]
    daemon.rest(lambda: daemon.waiting().events, EMPTY_SECONDS)
    seen: list[Waiting] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            seen.append(daemon.waiting())

    looking = threading.Thread(target=look)
    before, spent_before = daemon.processor(), daemon.spent()
    looking.start()
    try:
        offered = load.offer(daemon.port, made, parts, rate, sizes.connections)
        seen.append(daemon.waiting())
    finally:
        over.set()
        looking.join()
    threads = _since(before, daemon.processor())
    spent = _since(spent_before, daemon.spent())
    lags, waiting = tuple(one.lag for one in seen), tuple(one.events for one in seen)
    return Step(rate, offered, lags, waiting, threads, spent, kept_up(rate, offered, lags, waiting))


def kept_up(
    rate: float, offered: load.Offered, lags: Sequence[float], waiting: Sequence[int]
) -> bool:
    """Whether nothing was refused, and what waited did not grow on and on."""
    if offered.refused or offered.late > LATE_SECONDS:
        return False
    quarter = max(len(waiting) // 4, 1)
    last = statistics.median(waiting[-quarter:])
    before = statistics.median(waiting[-2 * quarter : -quarter] or waiting[-quarter:])
    brought = rate * offered.seconds / 4
    return last - before <= GROWTH * brought and statistics.median(lags[-quarter:]) <= LAG_SECONDS


def drawn(shop: Shop, count: int, number: int) -> list[str]:
    """Events as they happen: the most active customers most often, names by their shares.

    The engine's own names cannot be sent, so they are left out.
    """
    chance = dice(number)
    who = shop.customer[chance.integers(0, shop.events, count)].tolist()
    names = [place for place, name in enumerate(NAMES) if not name.startswith(OWN)]
    shares = np.array([SHARES[place] for place in names])
    what: Any = chance.choice(names, count, p=shares / shares.sum()).tolist()
    said = f"r{number}-{time.monotonic_ns():x}-"
    return [
        load.event(place, said, one, name, NAMES[name])
        for place, (one, name) in enumerate(zip(who, what, strict=True))
    ]


def _since(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: spent - before.get(name, 0.0) for name, spent in after.items()}
