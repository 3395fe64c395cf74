"""Tiers: reached once, when the points a customer has earned in all come to a tier's `from`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.settings import Settings
from lifecycle.rewards.own_events import known_events, own_event
from lifecycle.rewards.points import Changes, Entry, entries_of
from lifecycle.store.events import NewEvent
from lifecycle.store.ledger import REVERSED

EARNED = "points_earned"
REACHED = "tier_reached"


def lifetime(entries: Iterable[Entry], at: datetime) -> int:
    """All points that had become available by `at`, less what was taken back; spending is none."""
    return sum(
        entry.points
        for entry in entries
        if entry.available_at <= at and (entry.points > 0 or entry.source.startswith(REVERSED))
    )


def on_events(
    connection: Connection, settings: Settings, changes: Changes, now: datetime
) -> list[NewEvent]:
    """The tiers that customers reach as `points_earned` is taken in."""
    earned = [(of, event) for of, event in changes if event.name == EARNED]
    if not earned or not settings.points.tiers:
        return []
    ledger: dict[str, list[Entry]] = defaultdict(list)
    for (of, _), entries in entries_of(connection, (of for of, _ in earned)).items():
        ledger[of] += entries
    reached = {
        (of, event["tier"])
        for of, events in known_events(connection, ledger, (REACHED,), now).items()
        for event in events
    }
    emitted = []
    for of, event in sorted(earned, key=lambda one: one[1]):
        total = lifetime(ledger[of], event.at)
        for tier in settings.points.tiers:
            if 0 < tier.from_ <= total and (of, tier.name) not in reached:
                reached.add((of, tier.name))
                told = {"tier": tier.name, "points": total}
                new = own_event(
                    of, REACHED, event.at, told, now, of, tier.name, enters=event.enters
                )
                emitted.append(new)
    return emitted
