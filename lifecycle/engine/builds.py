"""Builds: new and changed segments asked of everybody, set-wise, a portion at a time.

A build is as if everybody had been asked at the instant at which it began. What happens meanwhile
is taken in by ticks as ever: they ask a customer as of that instant first (`engine/settling.py`)
and note it, and the build passes over whom they noted. A build that is cut off goes on after the
last portion that was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from lifecycle import log
from lifecycle.core.action import bring_up_to_date
from lifecycle.core.campaign import Flow
from lifecycle.core.dated import skip_existing
from lifecycle.core.entry import enter
from lifecycle.core.membership import turned_event
from lifecycle.core.rule.tree import Needs
from lifecycle.core.words import micros
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import Mover
from lifecycle.engine.ruled import policy_now
from lifecycle.engine.running import look_again
from lifecycle.failpoints import reach
from lifecycle.store import builds, claims, events
from lifecycle.store.apply import Writing
from lifecycle.store.builds import FLOW, KINDS, LEAVE, MOVE, WAITING, Building, Standings
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.facts import Reading, ids_after, load
from lifecycle.store.rule_sql.answers import NEVER
from lifecycle.store.rule_sql.stands import Plainly, Stand, stands
from lifecycle.store.tables import METADATA

PAGE = 500
ROWS_AT_ONCE = 2_000
"""A portion has about so many rows, each portion one short transaction."""
OTHERS_CHANGE = timedelta(seconds=15)
"""Where several processes work, they have the new definitions after so long."""
MEMBERSHIP = METADATA.tables["membership"]
Existing = Iterator[tuple[str, bool, int | None, int | None]]


class Overtaken(Exception):
    """The build in hand is no longer ours: it was begun anew, or another worker has it."""


class Builder:
    """Carries out builds one after the other. One thread may use it.

    `alone`: no other worker lives on this database, as on SQLite.
    """

    def __init__(
        self, database: Database, live: Live, *, alone: bool, kinds: Collection[str] = KINDS
    ) -> None:
        self.database, self.live, self.alone = database, live, alone
        self.kinds = kinds
        self.done: list[Building] = []
        """What has come to its end, with how many joined and left."""
        self.current: Building | None = None
        """The build in hand, as far as it has got."""
        self._running: Iterator[None] | None = None

    def portion(self, now: datetime) -> bool:
        """Do one portion of the build that is next; False where there is nothing to do."""
        if self._running is None:
            build = self._take(now)
            if build is None:
                return False
            self.current = build
            self._running = self._begin(build, now)
        try:
            next(self._running)
        except StopIteration:
            self._running = None
        except Overtaken:
            self._running = None
            log.warned("build_overtaken")
        except BaseException:
            self._running = None
            raise
        return True

    def _begin(self, build: Building, now: datetime) -> Iterator[None]:
        if build.kind in (MOVE, LEAVE):
            return self._move(build, now)
        return self._flow(build, now) if build.kind == FLOW else self._segment(build)

    def run(self, now: datetime, tell: Callable[[Building], None] = lambda _: None) -> None:
        """Do all there is to do; `tell` is told after each portion how far its build has got."""
        while self.portion(now):
            if self.current is not None:
                tell(self.current)

    def close(self) -> None:
        """Leave the build in hand where it is: it goes on from there when it is taken again."""
        if self._running is not None:
            self._running.close()  # type: ignore[attr-defined]
            self._running = None

    def _take(self, now: datetime) -> Building | None:
        with self.database.read() as connection:
            waiting = builds.under_way(connection)
        fingerprint = self.live.catalog.fingerprint
        for build in waiting:
            if build.fingerprint != fingerprint or build.kind not in self.kinds:
                continue
            begun_at = build.begun_at
            if not self.alone and build.state == WAITING:
                if now < build.begun_at + OTHERS_CHANGE:
                    continue
                begun_at = now
            with self.database.write() as connection:
                taken = builds.take(connection, build, begun_at, alone=self.alone)
            if taken is not None:
                log.happened("build_begun", kind=taken.kind, name=taken.name, after=taken.cursor)
                return taken
        return None

    def _segment(self, build: Building) -> Iterator[None]:
        """Ask a segment of everybody after the cursor; nobody is in a segment that is gone."""
        with self._portions(build) as portions:
            for standings, reached in portions:
                with self.database.write() as connection:
                    self._write(connection, build, standings, reached)
                    reach("build_portion_written")
                self.current = replace(build, cursor=reached)
                yield
        reach("build_to_finish")
        self._finish(build)

    def _finish(self, build: Building) -> None:
        with self.database.write() as connection:
            ended = builds.finish(connection, build)
        if ended is None:
            raise Overtaken
        self.done.append(ended)
        log.happened(
            "build_done", kind=build.kind, name=build.name, joined=ended.joined, left=ended.gone
        )

    @contextmanager
    def _portions(self, build: Building) -> Iterator[Iterable[tuple[Standings, str]]]:
        """What is to be written, portion by portion, each with the customer it reaches."""
        with self.database.survey() as reading:
            rule = self.live.catalog.rules.get(build.name)
            asked: Iterable[list[Stand]] = ()
            if rule is not None:
                asked = stands(
                    reading,
                    rule,
                    self.live.catalog.rules,
                    build.begun_at,
                    shop_zone=self.live.catalog.settings.shop.timezone,
                    after=build.cursor,
                    plainly=self._plainly,
                )
            before = builds.rows_of(reading, build.name, build.cursor)
            portions = compared(build.name, before, asked, micros(build.begun_at))
            if self.database.reads_beside:
                yield portions
                return
            together = list(portions)
        yield together

    @property
    def _plainly(self) -> Plainly:
        live = self.live

        def reading(needs: Needs) -> Reading:
            if live.hooks.attributes:
                return live.ingest_reading
            return replace(live.ingest_reading, reaches=needs.reaches, enrollments=needs.running)

        return Plainly(reading, live.compute, frozenset(live.hooks.attributes))

    def _write(
        self, connection: Connection, build: Building, standings: Standings, reached: str
    ) -> None:
        """Write one portion, whom a tick has asked meanwhile left out."""
        ids = [row["id"] for row in (*standings.stand, *standings.forget)]
        claims.have_alone(connection, ids)
        first = min(ids, default=reached)
        kept = standings.without(builds.settled(connection, build.name, first, reached))
        if not builds.advance(connection, build, reached, len(kept.joined), len(kept.left)):
            raise Overtaken
        builds.write(connection, build.name, kept, micros(build.begun_at))
        segment = self.live.catalog.segments.get(build.name)
        if segment is not None and segment.on_change == "enroll":
            events.append(connection, _told(build.name, kept.joined, build.begun_at))

    def _flow(self, build: Building, now: datetime) -> Iterator[None]:
        """Let in whoever was in the segment of a flow when it went live, page by page."""
        flow = self.live.campaign(build.name)
        cursor = build.cursor
        if isinstance(flow, Flow) and (flow.enter.joins or flow.enter.on_date):
            while True:
                with self.database.write() as connection:
                    page = _page_of(connection, flow, build, cursor)
                    if not page:
                        break
                    cursor = page[-1]
                    count = self._enter(connection, flow, page, now)
                    if not builds.advance(connection, build, cursor, count):
                        raise Overtaken
                self.current = replace(build, cursor=cursor)
                yield
        self._finish(build)

    def _move(self, build: Building, now: datetime) -> Iterator[None]:
        """Move those who wait at a changed step, page by page; whoever was moved is done."""
        with self.database.read() as connection:
            mover = Mover(connection, self.live, build)
        moved = left = 0
        while True:
            with self.database.write() as connection:
                done = mover.page(connection, now)
                if done is None:
                    break
                if not builds.advance(connection, build, "", *done):
                    raise Overtaken
            moved, left = moved + done[0], left + done[1]
            self.current = replace(build, joined=build.joined + moved, gone=build.gone + left)
            yield
        self._finish(build)

    def _enter(self, connection: Connection, flow: Flow, page: Sequence[str], now: datetime) -> int:
        live = self.live
        claims.have_alone(connection, page)
        policy = policy_now(connection, live)
        zone = live.catalog.settings.shop.timezone
        facts = load(connection, page, now, live.flow_reading, shop_zone=zone)
        writing = Writing(now)
        for customer_id, known in facts.items():
            live.compute(known)
            if flow.enter.joins is not None:
                event = turned_event(customer_id, flow.enter.joins, True, now)
                actions = enter(flow, known, event, policy, now)
            else:
                actions = skip_existing(flow, known, now)
            bring_up_to_date(known, actions)
            writing.add(known, actions, None)
        writing.write(connection)
        dated = [row for row in writing.dates.values() if row["wake_at"] is not None]
        wakes = {row["customer_id"]: row["wake_at"] for row in dated}
        events.wake(connection, wakes, everything=False)
        look_again(connection, live, writing, now)
        return len(writing.enrollments)


def _told(segment: str, joined: Sequence[str], at: datetime) -> list[NewEvent]:
    """The events that let those who joined by a change of the rule into flows."""
    return [NewEvent(one, turned_event(one, segment, True, at), at) for one in joined]


def _page_of(connection: Connection, flow: Flow, build: Building, cursor: str) -> list[str]:
    """A page of those whom a flow that goes live may concern: its segment's members, or all."""
    if flow.enter.joins is None:
        return ids_after(connection, cursor, PAGE)
    return _members_after(connection, flow.enter.joins, build, cursor)


def _members_after(connection: Connection, segment: str, build: Building, cursor: str) -> list[str]:
    """A page of those who were in a segment when the build began, by id."""
    customer_id = MEMBERSHIP.c.customer_id
    if connection.dialect.name == "postgresql":
        customer_id = customer_id.collate("C")  # type: ignore[assignment]
    query = (
        select(MEMBERSHIP.c.customer_id)
        .where(
            MEMBERSHIP.c.segment == segment,
            MEMBERSHIP.c.member,
            MEMBERSHIP.c.since <= build.begun_at,
            customer_id > cursor,
        )
        .order_by(customer_id)
        .limit(PAGE)
    )
    return list(connection.execute(query).scalars())


def compared(
    segment: str, before: Existing, asked: Iterable[list[Stand]], at: int
) -> Iterator[tuple[Standings, str]]:
    """What changes between how customers stood and how they are to stand, both in order of ids.

    Given in portions, each with the id it reaches; `at` is when it all turns, in microseconds.
    """
    found = Standings()
    old = next(before, None)
    reached = ""
    for part in asked:
        for customer_id, holds, turns in part:
            while old is not None and old[0] < customer_id:
                _gone(found, segment, old)
                reached, old = old[0], next(before, None)
                if len(found) >= ROWS_AT_ONCE:
                    yield found, reached
                    found = Standings()
            reached = customer_id
            wake = None if turns == NEVER else turns
            was = None
            if old is not None and old[0] == customer_id:
                was, old = old, next(before, None)
            if was is None or was[1] != holds or was[3] != wake:
                _changed(found, segment, was, (customer_id, holds, wake), at)
        if len(found) >= ROWS_AT_ONCE:
            yield found, reached
            found = Standings()
    while old is not None:
        _gone(found, segment, old)
        reached, old = old[0], next(before, None)
        if len(found) >= ROWS_AT_ONCE:
            yield found, reached
            found = Standings()
    if found:
        yield found, reached


def _gone(found: Standings, segment: str, old: tuple[str, bool, int | None, int | None]) -> None:
    found.forget.append({"id": old[0], "segment": segment})
    if old[1]:
        found.left.append(old[0])


def _changed(
    found: Standings,
    segment: str,
    was: tuple[str, bool, int | None, int | None] | None,
    now: tuple[str, bool, int | None],
    at: int,
) -> None:
    customer_id, holds, wake = now
    member = was is not None and was[1]
    since = was[2] if was is not None and member and holds else (at if holds else None)
    row = {"id": customer_id, "segment": segment, "member": holds, "since": since, "wake": wake}
    found.stand.append(row)
    if holds and not member:
        found.joined.append(customer_id)
    elif member and not holds:
        found.left.append(customer_id)
