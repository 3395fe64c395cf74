"""The engine's own way: due messages go through `deliver` as in the daemon, each part timed."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import text

import lifecycle.engine.deliver as delivery
import lifecycle.engine.letters as letter_making
from bench.flows import Spent
from bench.sending.shop import KEY, NOW, WARMING, catalog_of, people_wait
from bench.sending.spending import spending
from lifecycle import log
from lifecycle.cli.collector import collect_seldom
from lifecycle.cli.keeping import journal_of
from lifecycle.cli.place import FOLDER
from lifecycle.cli.wiring import parts_of
from lifecycle.core.message import Letter, Outcome
from lifecycle.core.words import micros
from lifecycle.engine.engine import Engine
from lifecycle.engine.letters import Letters
from lifecycle.hooks import Registry
from lifecycle.render.rendering import RenderingAside
from lifecycle.send import starts
from lifecycle.send.starts import Starts
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
_GONE = text("SELECT count(*) FROM message WHERE state = 'accepted' AND attempted_at = :now")


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

    def __init__(self, root: Path, folder: Path, people: int) -> None:
        """So many people are each owed a letter, and a batch more, by which a round warms up."""
        self.root, self.folder, self.people = root, folder, people
        self.catalog = catalog_of(root)
        folder.mkdir(parents=True, exist_ok=True)
        self.filled = folder / "filled.db"
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
        rendering = RenderingAside(self.root)
        journal = journal_of(self.root, database)
        notes = Starts(self.root / FOLDER / starts.FOLDER)
        own = (rendering, journal, notes)
        parts = parts_of(self.root, self.catalog, Registry(), database, KEY, *own)
        if not hand_over:
            parts = replace(parts, transport=AcceptsAll(), threads=1, turnstile=None, account=None)
        engine = Engine(parts)
        try:
            rendering.start()
            engine.start(WARMING, alone=True)
            collect_seldom()
            yield engine
        finally:
            parts.transport.close()
            if parts.pool is not None:
                parts.pool.shutdown()
            rendering.close()
            journal.close()
            notes.close()
            database.close()

    def letters(self) -> list[Letter]:
        """The letters of the batch that warms up."""
        kept = _Keeps()
        with self.opened(hand_over=False) as engine, _quiet():
            Engine(replace(engine.parts, transport=kept)).tick(WARMING)
        return kept.letters

    def round(self, *, hand_over: bool = True) -> Round:
        """Send everybody's letter."""
        found = Round()
        with self.opened(hand_over=hand_over) as engine, _quiet():
            with _listening() as warming:
                _rest(engine, WARMING)
            with _listening() as wanted, _timed(found.parts):
                spent: list[Spent] = []
                with spending(spent):
                    _rest(engine, NOW)
            found.whole = spent[0]
            found.letters = sum(len(batch) for batch in wanted)
            found.rendering = self._alone(engine, warming, wanted)
            with engine.parts.database.read() as connection:
                gone = connection.execute(_GONE, {"now": micros(NOW)}).scalar()
            assert gone == found.letters > self.people * 0.9, f"{gone} of {found.letters} went"
        return found

    def _alone(
        self, engine: Engine, warming: Sequence[Any], wanted: Sequence[Sequence[Any]]
    ) -> Spent:
        """What rendering the same letters takes, by workers that have not seen them yet."""
        rendering = RenderingAside(self.root)
        rendering.start()
        try:
            letters = Letters(replace(engine.parts, rendering=rendering))
            for batch in warming:
                letters.make_many(batch)
            spent: list[Spent] = []
            with spending(spent):
                for batch in wanted:
                    letters.make_many(batch)
        finally:
            rendering.close()
        return spent[0]


class _Keeps(AcceptsAll):
    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return super().send(letter)


def _rest(engine: Engine, now: datetime) -> None:
    """Tick until nothing is due."""
    while engine.tick(now):
        pass


@contextmanager
def _quiet() -> Iterator[None]:
    """Log as the daemon does, to somewhere nobody reads."""
    with contextlib.closing(io.StringIO()) as nowhere:
        nowhere.write = len  # type: ignore[method-assign]
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
