"""Simulate: seeded customers live through the real engine, its promises checked at each tick."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import column, text

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.message import Letter
from lifecycle.core.words import micros
from lifecycle.hooks import Registry
from lifecycle.rewards.referral import code_of
from lifecycle.sim.behaviour import Life
from lifecycle.sim.draws import Dice
from lifecycle.sim.faults import Faults
from lifecycle.sim.habits import USUAL, Habits
from lifecycle.sim.invariants import Watch
from lifecycle.sim.lived_with import begins_at, dates_read, own_events, with_campaign
from lifecycle.sim.people import Society
from lifecycle.sim.reactions import Reactions
from lifecycle.sim.record import Record
from lifecycle.sim.virtual_ses import ProcessDied, Try, VirtualSes
from lifecycle.sim.world import REPLAY_KEY, World, quickly
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from lifecycle.store import dues
from lifecycle.store.erase import erase
from lifecycle.store.prepared import Statement

LOOKS = 12
"""So often at most, spread over the days, everything is looked at; and after each erasure."""
UNREAD = ("message_delivered", "message_opened")
"""Feedback that leads to nothing where no rule reads it, but for what faults make of it."""
MOST_DEATHS = 100
"""In one tick; more would be a process that can no longer live."""

_DUE = Statement(
    text(
        "SELECT customer_id FROM intake WHERE due_at <= :now "
        "UNION SELECT customer_id FROM enrollment WHERE due_at <= :now "
        "UNION SELECT customer_id FROM message WHERE due_at <= :now"
    ).columns(column("customer_id"))
)


@dataclass(frozen=True)
class SimulateOptions:
    """What to simulate: so many customers for so many days, by this seed."""

    people: int
    days: int
    seed: str
    faults: bool = False
    begins: datetime | None = None
    campaign: str | None = None
    database_url: str = "sqlite://"
    batch: int = 500
    habits: Habits = USUAL


@dataclass
class Simulated:
    """What came of a simulation; the world is open until `close`."""

    world: World
    watch: Watch
    begins: datetime
    ends: datetime
    habits: Mapping[str, str]
    happened: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        """Let the database go."""
        self.world.close()


def simulate(
    catalog: Catalog,
    hooks: Registry,
    options: SimulateOptions,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Simulated:
    """Run a simulation to its end. Raises PromiseBroken where a promise is found broken."""
    run = Simulation(catalog, hooks, options)
    try:
        run.to_the_end(progress)
    except BaseException:
        run.result.close()
        raise
    return run.result


class Simulation:
    """One run: customers' lives and feedback arrive at a World that may die and start anew."""

    def __init__(self, catalog: Catalog, hooks: Registry, options: SimulateOptions) -> None:
        self.options, self.catalog = options, with_campaign(catalog, options.campaign)
        self.dice = Dice(f"simulate {options.seed}")
        self.faults = Faults(self.dice, quiet=True) if options.faults else None
        self.begins = options.begins or begins_at(catalog, options.campaign)
        self.ends = self.begins + timedelta(days=options.days)
        self.ses = VirtualSes(accepts=self._react)
        if self.faults is not None:
            self.ses.answer = self.faults.answer
            hooks = self.faults.hooks(hooks)
        self.world = World(
            self.catalog,
            hooks,
            self.ses,
            database_url=options.database_url,
            opens=quickly if self.faults is None else self.faults.opens,
            outside=self.faults is not None,
            batch=options.batch,
        )
        if self.faults is not None:
            # A database that is not there yet has nothing to lose.
            self.faults.quiet = False
        settings = self.catalog.settings
        self.record = Record(tuple(settings.topics), settings.shop.timezone)
        self.watch = Watch(self.catalog, self.world.database, self.ses, self.record)
        self._number = count()
        self._waiting: list[tuple[datetime, int, int, Any]] = []
        self._tries: dict[str, Try] = {}
        self._by_address: dict[str, str] = {}
        self._pseudonyms: dict[str, str] = {}
        self._looked_at = self.begins
        live = self.world.engine.parts.live
        self._heard = live.heard
        self.result = Simulated(
            self.world, self.watch, self.begins, self.ends, options.habits.told()
        )
        self.reactions = Reactions(self._lives(), self._heard)

    def _lives(self) -> dict[str, Life]:
        """Everybody, with all that they do of themselves put down to arrive."""
        options, settings = self.options, self.catalog.settings
        society = Society(
            options.habits,
            self.dice,
            self.begins,
            self.ends,
            settings.shop.timezone,
            tuple(settings.topics),
            tuple(sorted(dates_read(self.catalog))),
        )
        own = tuple(own_events(self.catalog, self.world.engine.parts.live.hooks))
        lives = {}
        for person in society.people(options.people):
            life = Life(society, person, lambda inviter: code_of(inviter, REPLAY_KEY), own)
            lives[person.id] = life
            for line in life.lines():
                self._put(line.at, 0, line)
            for event in life.events():
                if self._heard(event.event):
                    self._put(event.received_at, 1, event)
            if person.erased_at is not None and person.erased_at < self.ends:
                self._put(person.erased_at, 2, person.id)
        return lives

    def _put(self, at: datetime, kind: int, what: Any) -> None:
        if at < self.ends:
            heapq.heappush(self._waiting, (at, kind, next(self._number), what))

    def _react(self, letter: Letter) -> None:
        """A letter was accepted: what it leads to is still to arrive."""
        tried = Try(
            letter.at,
            letter.message_id,
            letter.attempt_id,
            letter.campaign,
            letter.step,
            letter.variant,
            letter.to,
            True,
            self.ses.log[-1].answered,
        )
        self._tries[letter.message_id] = tried
        customer = letter.to.partition("@")[0].partition("+")[0]
        for event in self.reactions.to(letter, customer):
            feedback = event.event.startswith("message_")
            if event.event in UNREAD and self.faults is None and not self._heard(event.event):
                continue
            arriving = iter([event])
            if feedback and self.faults is not None:
                arriving = self.faults.feedback(event)
            for one in arriving:
                self._put(one.received_at, 1, one)

    def to_the_end(self, progress: Callable[[int, int], None]) -> None:
        """Run until the last day is over."""
        self._alive(lambda: self._start(self.begins), self.begins)
        days = 0
        while True:
            due = self._due()
            instants = [self._waiting[0][0]] if self._waiting else []
            instants += [max(due, self.begins)] if due is not None else []
            now = min(instants, default=self.ends)
            if now >= self.ends:
                break
            self._at(now)
            if (now - self.begins).days > days:
                days = (now - self.begins).days
                progress(days, self.options.days)
        self._look(self.ends - timedelta(microseconds=1), None)
        if self.faults is not None:
            self.result.faults = self.faults.counts

    def _due(self) -> datetime | None:
        found: list[datetime | None] = []
        self._alive(lambda: found.append(self.world.engine.next_due()), self.begins)
        return found[-1]

    def _start(self, now: datetime) -> None:
        self.world.engine = self.world.new_engine()
        self.world.engine.start(now, alone=True)

    def _alive(self, work: Callable[[], Any], now: datetime) -> None:
        """Do something as a process that may die: then another is started, and it is done again."""
        for _ in range(MOST_DEATHS):
            try:
                work()
            except ProcessDied:
                while True:
                    try:
                        self._start(now)
                        break
                    except ProcessDied:
                        continue
            else:
                return
        raise AssertionError(f"the process died {MOST_DEATHS} times at {now}")

    def _at(self, now: datetime) -> None:
        """Everything that arrives or falls due at one instant, then the look at what came of it."""
        lines: list[CustomerIn] = []
        events: list[tuple[int, EventIn]] = []
        erased: list[str] = []
        while self._waiting and self._waiting[0][0] == now:
            _, kind, number, what = heapq.heappop(self._waiting)
            if kind == 2:
                erased.append(what)
            elif kind == 1:
                arriving = self._arriving(what)
                events += [(number, arriving)] if arriving is not None else []
            elif what.id not in self.record.erased:
                lines.append(what)
        touched: list[str] | None = self._touched(now, lines, events)
        if self.faults is None:
            with self.world.database.whole():
                self.world.take(lines, events, now)
                self._forget(erased, now)
                self.world.engine.tick(now)
        else:
            self._alive(lambda: self.world.take(lines, events, now), now)
            self._alive(lambda: self._forget(erased, now), now)
            self._alive(lambda: self.world.engine.tick(now), now)
        self._tell(lines, events, erased)
        every = max(timedelta(days=1), timedelta(days=self.options.days) / LOOKS)
        if erased or now - self._looked_at >= every:
            self._looked_at, touched = now, None
        self._look(now, touched)

    def _look(self, now: datetime, touched: list[str] | None) -> None:
        if self.faults is not None:
            self.faults.quiet = True
        self.watch.after(now, touched)
        if self.faults is not None:
            self.faults.quiet = False

    def _arriving(self, event: EventIn) -> EventIn | None:
        """An event as it comes in: of somebody erased, feedback alone still does."""
        if event.customer not in self.record.erased:
            return event
        pseudonym = self._pseudonyms.get(event.customer)
        if pseudonym is None or not event.event.startswith("message_"):
            return None
        return replace(event, customer=pseudonym)

    def _tell(
        self, lines: list[CustomerIn], events: list[tuple[int, EventIn]], erased: list[str]
    ) -> None:
        for line in lines:
            self.record.line(line)
        for _, event in events:
            if event.customer in self._pseudonyms.values():
                continue
            meant = self._tries.get(str(event.properties.get("message_id")))
            campaign = self.catalog.campaigns.get(meant.campaign) if meant else None
            self.record.event(event, meant, campaign.topic if campaign else None)
            self.result.happened[event.event] += 1
        for customer in erased:
            self.record.erase(customer)
            self.result.happened["(erased)"] += 1

    def _forget(self, erased: list[str], now: datetime) -> None:
        for customer in erased:
            with self.world.database.write() as connection:
                done = erase(connection, customer, now, REPLAY_KEY)
            self.world.engine.parts.recent.clear()
            if done is not None:
                self._pseudonyms[customer] = done.pseudonym

    def _touched(
        self, now: datetime, lines: list[CustomerIn], events: list[tuple[int, EventIn]]
    ) -> list[str]:
        """Whom this instant can touch; everybody where upkeep is due."""
        found = {one.id for one in lines} | {one.customer for _, one in events}
        with self.world.database.read() as connection:
            upkeep = dues.look(connection).upkeep()
            if upkeep is not None and upkeep <= micros(now):
                return sorted(self.reactions.lives)
            found.update(row.customer_id for row in _DUE.rows(connection, {"now": micros(now)}))
        return sorted(found)
