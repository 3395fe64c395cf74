"""Points and codes are written before rules are asked, so that a rule sees what an event brought.

Asked the other way round, whoever places a first order that earns 150 points would for a moment
have ordered and have no points, and a flow might let them in for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.engine.parts import Parts
from lifecycle.rewards import ledger
from lifecycle.store import events
from lifecycle.store import ledger as lines
from lifecycle.store.events import NewEvent

Happened = tuple[str, Event]


@dataclass(frozen=True, slots=True)
class Rewarded:
    """What was written: the events to append, whose points or codes changed, by which events."""

    made: tuple[NewEvent, ...] = ()
    touched: frozenset[str] = frozenset()
    by: frozenset[tuple[str, str]] = frozenset()


def reward_first(
    connection: Connection,
    parts: Parts,
    facts: Mapping[str, Facts],
    waiting: Mapping[str, Sequence[NewEvent]],
    anchor: datetime,
    now: datetime,
) -> Rewarded:
    """Write what waiting events mean for points and codes, and read these anew into the facts.

    Nothing is done where no rule reads them: then it has time until the rules were asked.
    """
    if not parts.live.reads_ledger:
        return Rewarded()
    happened = [
        (of, new.event)
        for of, arrived in waiting.items()
        for new in arrived
        if new.event.name in parts.live.rewarded and of in facts and not facts[of].erased
    ]
    if not happened:
        return Rewarded()
    settings = parts.live.catalog.settings
    made = ledger.take_in(connection, settings, happened, now, parts.key)
    touched = ledger.touched(happened, made)
    here = {of: facts[of] for of in touched if of in facts}
    lines.read(connection, here, anchor, settings.points.ladder)
    events.wake(connection, {of: now for of in touched if of not in facts})
    return Rewarded(tuple(made), touched, frozenset((of, event.id) for of, event in happened))


def reward_rest(
    connection: Connection,
    parts: Parts,
    happened: Sequence[Happened],
    first: Rewarded,
    now: datetime,
) -> list[NewEvent]:
    """Write the same of events not taken in by `reward_first`; gives all events to append.

    Where rules read points or codes, those whose have changed are asked again.
    """
    rest = [(of, event) for of, event in happened if (of, event.id) not in first.by]
    if not rest:
        return list(first.made)
    made = ledger.take_in(connection, parts.live.catalog.settings, rest, now, parts.key)
    if parts.live.reads_ledger:
        events.wake(connection, dict.fromkeys(ledger.touched(rest, made), now))
    return [*first.made, *made]
