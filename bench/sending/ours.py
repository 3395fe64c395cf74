"""The engine's own way: due messages go through `deliver` as in the daemon, each part timed."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any

import lifecycle.engine.deliver as delivery
import lifecycle.engine.letters as letter_making
from bench.flows import Spent, spending
from bench.sending.shop import KEY, NOW, catalog_of, people_wait
from lifecycle import log
from lifecycle.cli.collector import collect_seldom
from lifecycle.cli.wiring import parts_of
from lifecycle.core.message import Letter, Outcome
from lifecycle.core.policy import Policy
from lifecycle.engine.engine import Engine
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.sim.world import AcceptsAll
from lifecycle.store.database import Database

PARTS = {
    "claim": "_claim",
    "facts": "_read",
    "policy": "weigh",
    "begin": "_begin",
    "hand over": "_hand_over",
    "record": "_record",
}
"""The functions of `engine/deliver.py` that are timed, by what they are called in the results."""
MAKE_MANY = "make_many"


@dataclass
class Round:
    """What one round of sending came to."""

    letters: int = 0
    whole: Spent = field(default_factory=lambda: Spent(0.0, 0.0))
    rendering: Spent = field(default_factory=lambda: Spent(0.0, 0.0))
    """The same letters rendered once more, with nothing around it."""
    parts: dict[str, float] = field(default_factory=dict)
    """Seconds by the clock of each part."""


class Sending:
    """A daemon's engine on one project, its database made once and copied for each round."""

    def __init__(self, root: Path, folder: Path, people: int, filled: Path | None = None) -> None:
        """`filled`: a database that `people_wait` has filled; it is made where there is none."""
        self.root, self.folder = root, folder
        self.catalog = catalog_of(root)
        folder.mkdir(parents=True, exist_ok=True)
        self.filled = filled or folder / "filled.db"
        if not self.filled.is_file():
            database = Database(f"sqlite:///{self.filled}", durable=False)
            people_wait(database, self.catalog, people)
            database.close()

    @contextmanager
    def opened(self, *, hand_over: bool) -> Iterator[Engine]:
        """An engine on a fresh copy of the database; without `hand_over` nothing is sent."""
        file = self.folder / "round.db"
        for old in self.folder.glob("round.db*"):
            old.unlink()
        shutil.copyfile(self.filled, file)
        database = Database(f"sqlite:///{file}")
        parts = parts_of(self.root, self.catalog, Registry(), database, KEY)
        if not hand_over:
            parts = replace(parts, transport=AcceptsAll(), threads=1)
        elif parts.rate is not None:
            parts.rate()  # Opens the client, as the daemon's start does.
        engine = Engine(parts)
        try:
            engine.start(NOW, alone=True)
            collect_seldom()
            yield engine
        finally:
            _closed(parts)
            database.close()

    def letters(self) -> list[Letter]:
        """The letters of one batch."""
        kept = _Keeps()
        with self.opened(hand_over=False) as engine, _quiet():
            parts = replace(engine.parts, transport=kept)
            delivery.deliver(parts, engine.letters, engine.policy(), NOW)
        return kept.letters

    def round(self, letters: int, *, hand_over: bool = True) -> Round:
        """Send so many letters, or as many as there are."""
        found = Round()
        with self.opened(hand_over=hand_over) as engine, _quiet():
            parts, policy = engine.parts, engine.policy()
            delivery.deliver(parts, engine.letters, policy, NOW)  # warms up
            with _listening() as wanted, _timed(found.parts):
                spent: list[Spent] = []
                with spending(spent):
                    sent_of(parts, engine, policy, letters)
            found.whole = spent[0]
            found.letters = sum(len(batch) for batch in wanted)
            spent.clear()
            with spending(spent):
                for batch in wanted:
                    engine.letters.make_many(batch)
            found.rendering = spent[0]
        return found


class _Keeps(AcceptsAll):
    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return super().send(letter)


def sent_of(parts: Parts, engine: Engine, policy: Policy, letters: int) -> int:
    """Deliver batches until so many messages had their turn; says how many had."""
    total = 0
    while total < letters and (done := delivery.deliver(parts, engine.letters, policy, NOW)):
        total += done
    return total


def _closed(parts: Parts) -> None:
    parts.transport.close()
    if parts.journal is not None:
        parts.journal.close()
    if parts.pool is not None:
        parts.pool.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Log as the daemon does, to somewhere nobody reads."""
    with contextlib.closing(io.StringIO()) as nowhere:
        nowhere.write = len  # type: ignore[method-assign, assignment]
        log.start(nowhere)
        yield
        log.start()


@contextmanager
def _listening() -> Iterator[list[list[Any]]]:
    """Keep what letters are made of."""
    heard: list[list[Any]] = []
    made: Any = letter_making.Letters
    make_many = made.make_many

    def listening(letters: Any, wanted: Any) -> Any:
        heard.append(list(wanted))
        return make_many(letters, wanted)

    made.make_many = listening
    try:
        yield heard
    finally:
        made.make_many = make_many


@contextmanager
def _timed(into: dict[str, float]) -> Iterator[None]:
    """Add up what each part takes; rendering is taken out of the part around it."""
    made: Any = letter_making.Letters
    owners: list[tuple[str, Any, str]] = [("render", made, MAKE_MANY)]
    owners += [(part, delivery, name) for part, name in PARTS.items()]
    before = [(owner, name, getattr(owner, name)) for _, owner, name in owners]
    for (part, owner, name), (_, _, function) in zip(owners, before, strict=True):
        setattr(owner, name, _adding(function, into, part))
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)
    into["policy"] = into.get("policy", 0.0) - into.get("render", 0.0)


def _adding(function: Callable[..., Any], into: dict[str, float], part: str) -> Callable[..., Any]:
    @wraps(function)
    def adding(*said: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*said, **named)
        finally:
            into[part] = into.get(part, 0.0) + time.perf_counter() - begun

    return adding
