"""Forgets at night what `[retention]` says is not kept: events, what attributes were, messages.

With messages go their decisions, and errands that are over. What is deleted depends on the instant
and the facts alone. The proof of consents, suppressions, enrollments and the points ledger are
never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.catalog.retention import messages_kept
from lifecycle.core.words import next_time, zone_of
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.failpoints import reach
from lifecycle.store import errands, operations, retention
from lifecycle.store.retention import ROWS_AT_ONCE, Kind, Place

NIGHTLY = "retention"
ASK_AT = time(4, 0)
BATCHES_AT_ONCE = 20
"""So many batches, and then letters and what came in have their turn."""
REST = timedelta(seconds=1)


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Set the nightly task where settings say how long something is kept; else strike it."""
    said = parts.live.catalog.settings.retention
    if said.events is None and said.messages is None:
        operations.forget_tasks(connection, [NIGHTLY])
    else:
        operations.set_task_once(connection, NIGHTLY, _tonight(parts, now))


def events_kept(live: Live) -> timedelta | None:
    """How long events are kept: as said, but as long as a trigger may read them; None for ever."""
    said = live.catalog.settings.retention.events
    if said is None:
        return None
    back = [one.looks_back for one in live.hooks.triggers.values()]
    return max([said, *back])


class Forgetting:
    """The nightly task of one engine; it knows how far it has got tonight."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._running: Iterator[int] | None = None
        self._total = 0
        self._messages_from: datetime | None = None
        """No message is older than this; None when that is not known."""

    def do_due(self, now: datetime) -> int:
        """Go on where the task is due; says how much that was.

        Live, a portion at a time, with a rest after it; on the virtual clock all at once.
        """
        with self._parts.database.read() as connection:
            if NIGHTLY not in operations.tasks_due(connection, now):
                return 0
        if self._running is None:
            self._running, self._total = self._sweep(now), 0
        batches = done = 0
        while batches < BATCHES_AT_ONCE or not self._parts.outside:
            deleted = next(self._running, None)
            reach("forgotten_committed")
            if deleted is None:
                self._end(now)
                return done + 1
            batches, done = batches + 1, done + deleted
            self._total += deleted
        with self._parts.database.write() as connection:
            operations.set_task(connection, NIGHTLY, now + REST)
        return done + 1

    def _end(self, now: datetime) -> None:
        self._running = None
        with self._parts.database.write() as connection:
            operations.set_task(connection, NIGHTLY, _tonight(self._parts, now))
            reach("forgetting_written")
        if self._total:
            log.happened("old_facts_forgotten", rows=self._total)

    def _sweep(self, now: datetime) -> Iterator[int]:
        """Delete batch by batch, each in a transaction of its own; gives the rows of each."""
        parts = self._parts
        catalog = parts.live.catalog
        kept = events_kept(parts.live)
        if kept is not None:
            kinds = retention.event_kinds_before
            yield from _by_kind(parts, kinds, retention.delete_events, now - kept)
            yield from self._past(now - kept)
        kept = messages_kept(catalog.settings, catalog.campaigns.values())
        if kept is None:
            return
        if self._messages_from is None or self._messages_from < now - kept:
            yield from self._messages(now, now - kept)
        yield from self._errands(now - kept)
        # A replay writes its decisions down at the end: on the virtual clock they stay until then.
        if parts.outside:
            kinds = retention.decision_kinds_before
            yield from _by_kind(parts, kinds, retention.delete_decisions, now - kept)

    def _past(self, before: datetime) -> Iterator[int]:
        """What attributes were is kept as long as events: for rules both are what happened."""
        place: str | None = ""
        while place is not None:
            with self._parts.database.write() as connection:
                deleted, place = retention.delete_past(connection, place, before, ROWS_AT_ONCE)
            yield deleted

    def _errands(self, before: datetime) -> Iterator[int]:
        deleted = ROWS_AT_ONCE
        while deleted == ROWS_AT_ONCE:
            with self._parts.database.write() as connection:
                deleted = errands.delete_ended(connection, before, ROWS_AT_ONCE)
            yield deleted

    def _messages(self, now: datetime, before: datetime) -> Iterator[int]:
        place: Place | None = ("", "")
        while place is not None:
            with self._parts.database.write() as connection:
                deleted, place = retention.delete_messages(connection, place, before, ROWS_AT_ONCE)
            yield deleted
        # A new message is as old as now: until the oldest is due there is nothing to look for.
        with self._parts.database.read() as connection:
            self._messages_from = retention.oldest_message(connection) or now


def _tonight(parts: Parts, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), ASK_AT, zone_of(parts.shop_zone))


def _by_kind(
    parts: Parts,
    kinds_before: Callable[[Connection, datetime], list[Kind]],
    delete: Callable[[Connection, Kind, datetime, int], int],
    before: datetime,
) -> Iterator[int]:
    with parts.database.read() as connection:
        kinds = kinds_before(connection, before)
    for kind in kinds:
        deleted = ROWS_AT_ONCE
        while deleted == ROWS_AT_ONCE:
            with parts.database.write() as connection:
                deleted = delete(connection, kind, before, ROWS_AT_ONCE)
            yield deleted
