"""Faults of a simulation: crashes between any two writes, lost answers and feedback, bad hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.hooks import Registry
from lifecycle.sim.draws import Choice, Dice, Exponential, Share
from lifecycle.sim.virtual_ses import Answer, ProcessDied
from lifecycle.sources.event_line import EventIn
from lifecycle.store.database import Database

CRASH = Choice({"": 96, "before": 1, "within": 1.5, "after": 1.5})
"""Around each writing transaction: nothing, or the process dies before, within or after it."""
LOST, TAKEN, DIES_UNTAKEN, DIES = "answer lost", "taken", "dies before", "dies after"
HAND_OVER = Choice(
    {
        TAKEN: 78,
        OutcomeKind.SLOW_DOWN: 6,
        OutcomeKind.DAY_QUOTA: 3,
        OutcomeKind.NEVER_LEFT: 3,
        OutcomeKind.ACCOUNT: 1,
        LOST: 4,
        "answer lost, not taken": 2,
        DIES: 2,
        DIES_UNTAKEN: 1,
    }
)
"""What befalls one try to hand a letter over."""
FEEDBACK = Choice({"": 70, "lost": 12, "late": 10, "twice": 8})
FEEDBACK_LATE = Exponential(timedelta(hours=20))
HOOK_FAILS = Share(10)
REFUSALS = (
    OutcomeKind.SLOW_DOWN,
    OutcomeKind.DAY_QUOTA,
    OutcomeKind.NEVER_LEFT,
    OutcomeKind.ACCOUNT,
)


class HookBroken(RuntimeError):
    """A hook of the simulation that fails."""


@dataclass
class Faults:
    """What goes wrong, decided by the seed; `counts` tells how often what did."""

    dice: Dice
    counts: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    quiet: bool = False
    """Nothing goes wrong meanwhile: while what came of it is read."""

    def opens(self, url: str) -> FaultyDatabase:
        """Open a database in whose writing transactions the process may die."""
        return FaultyDatabase(url, self)

    def around_write(self) -> str:
        """What befalls the next writing transaction."""
        if self.quiet:
            return ""
        self.writes += 1
        found: str = CRASH.drawn(self.dice, "write", self.writes)
        if found:
            self.counts[f"process died {found} a write"] += 1
        return found

    def answer(self, letter: Letter) -> Answer:
        """What befalls one try to hand a letter over."""
        found = HAND_OVER.drawn(self.dice, "answer", letter.attempt_id)
        if found != TAKEN:
            self.counts[f"hand-over: {found}"] += 1
        if found in REFUSALS:
            return Answer(accepted=False, kind=found)
        if found == DIES_UNTAKEN or found == "answer lost, not taken":
            dies = found == DIES_UNTAKEN
            return Answer(accepted=False, kind=OutcomeKind.UNCERTAIN, dies=dies)
        if found in (LOST, DIES):
            return Answer(kind=OutcomeKind.UNCERTAIN, dies=found == DIES)
        return Answer()

    def feedback(self, event: EventIn) -> Iterator[EventIn]:
        """A piece of feedback as it arrives: lost, late, twice, or as it should."""
        found = FEEDBACK.drawn(self.dice, "feedback", event.id)
        if found:
            self.counts[f"feedback {found}"] += 1
        if found == "lost":
            return
        late = event.received_at + FEEDBACK_LATE.drawn(self.dice, "feedback late", event.id)
        yield replace(event, received_at=late) if found == "late" else event
        if found == "twice":
            yield replace(event, received_at=late)

    def hooks(self, hooks: Registry) -> Registry:
        """The same hooks, of which triggers fail now and then: each always for the same event."""
        triggers = {
            name: replace(one, function=self._failing(name, one.function))
            for name, one in hooks.triggers.items()
        }
        return replace(hooks, triggers=MappingProxyType(triggers))

    def _failing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def hook(event: Any, facts: Any) -> Any:
            if HOOK_FAILS.drawn(self.dice, "hook", name, event.id):
                self.counts["hook failed"] += 1
                raise HookBroken(name)
            return function(event, facts)

        return hook


class FaultyDatabase(Database):
    """A database around whose writing transactions the process may die."""

    def __init__(self, url: str, faults: Faults) -> None:
        super().__init__(url, durable=False)
        self._faults = faults

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        """A writing transaction that may be the last. Raises ProcessDied."""
        befalls = self._faults.around_write()
        if befalls == "before":
            raise ProcessDied
        with super().write(aside=aside) as connection:
            yield connection
            if befalls == "within":
                raise ProcessDied
        if befalls == "after":
            raise ProcessDied
