"""The promises of the engine, checked on a simulation at rest against SES' own log and the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Broadcast, Campaign, Flow, letters_of
from lifecycle.core.chance import fraction
from lifecycle.core.enrollment import ENROLLMENT_MOVES
from lifecycle.core.message import MESSAGE_MOVES
from lifecycle.core.policy import experiment
from lifecycle.core.step import Step
from lifecycle.core.words import rfc3339
from lifecycle.sim.plain_guard import Handed, PlainGuard, Went
from lifecycle.sim.promise_broken import PromiseBroken
from lifecycle.sim.record import Record
from lifecycle.sim.virtual_ses import Try, VirtualSes
from lifecycle.sim.watched import portions, rows_of
from lifecycle.store.database import Database
from lifecycle.store.rule_sql.members import members
from lifecycle.store.tables import METADATA

TABLES = METADATA.tables
MESSAGE, ENROLLMENT = TABLES["message"], TABLES["enrollment"]
DECISION, EVENT = TABLES["decision"], TABLES["event"]
WAITING = ("planned", "ready", "requeued")
TWICE = 2
"""A letter that goes once more, since its fate stayed unknown, may be taken twice; never more."""


def _reaches(moves: Mapping[Any, frozenset[Any]]) -> dict[str, set[str]]:
    """Every state that may follow another one, over any number of moves."""
    found = {str(one): {str(one), *map(str, to)} for one, to in moves.items()}
    for _ in found:
        for state in found:
            found[state] = set().union(*(found[one] for one in found[state]))
    return found


MESSAGE_REACHES = _reaches(MESSAGE_MOVES)
ENROLLMENT_REACHES = _reaches(ENROLLMENT_MOVES)


@dataclass
class Watch:
    """Looks at the rows after each tick, and raises PromiseBroken."""

    catalog: Catalog
    database: Database
    ses: VirtualSes
    record: Record
    judged: int = 0
    """How many hand-overs were judged."""
    ticks: int = 0
    looks: int = 0
    """How often everything was looked at."""
    put_aside: set[str] = field(default_factory=set)
    resent: list[str] = field(default_factory=list)
    """Transactional letters that went again since their campaign allows it."""
    _connection: Connection | None = None
    _accepted: Counter[str] = field(default_factory=Counter)
    _states: dict[str, str] = field(default_factory=dict)
    _variants: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _went: dict[str, list[Went]] = field(default_factory=lambda: defaultdict(list))

    def after(self, now: datetime, touched: Collection[str] | None) -> None:
        """Check what a tick has left of these customers; None: of everybody, and all there is."""
        self.ticks += 1
        with self.database.read() as connection:
            self._connection = connection
            handed = self._handed(connection, now)
            silenced = self._silenced(connection, {one.customer_id for one in handed})
            for one in handed:
                self._judge(one, silenced.get(one.customer_id, ()))
            for customers in portions(touched):
                messages = rows_of(connection, "message", customers)
                enrollments = rows_of(connection, "enrollment", customers)
                self._messages(messages, now)
                self._enrollments(enrollments, messages, now)
            if touched is None:
                self.looks += 1
                self._segments(connection, now)
                self._events(connection, now)
                self._nobody_is_named(connection, now)

    def _broken(self, promise: int, what: str, at: datetime, customer: str = "") -> PromiseBroken:
        told = list(self.record.story(customer)) if customer else []
        assert self._connection is not None
        query = select(DECISION).where(DECISION.c.customer_id == customer)
        for row in self._connection.execute(query):
            parts = (row.campaign, row.entry, row.what, row.step, row.reason, row.detail)
            told.append((row.at, " ".join(filter(None, parts))))
        story = [f"{rfc3339(when)} {words}" for when, words in sorted(told)]
        return PromiseBroken(promise, what, at, customer, story)

    def _handed(self, connection: Connection, now: datetime) -> list[Handed]:
        """What was handed over since the last look, with its rows."""
        new = self.ses.log[self.judged :]
        self.judged = len(self.ses.log)
        if not new:
            return []
        ids = {one.message_id for one in new}
        rows = {
            row.message_id: row
            for row in connection.execute(select(MESSAGE).where(MESSAGE.c.message_id.in_(ids)))
        }
        owners = {row.enrollment_id for row in rows.values()}
        of = {
            row.enrollment_id: row
            for row in connection.execute(
                select(ENROLLMENT).where(ENROLLMENT.c.enrollment_id.in_(owners))
            )
        }
        found = []
        for one in new:
            row = rows.get(one.message_id)
            if row is None or row.enrollment_id not in of:
                raise self._broken(2, "a letter went that nobody owes", one.at)
            campaign = self.catalog.campaigns[row.campaign]
            step = _step(campaign, row.place)
            handed = Handed(
                one.at, row.customer_id, one.to, row, of[row.enrollment_id], campaign, step
            )
            self._note(one, handed)
            found.append(handed)
        return found

    def _note(self, one: Try, handed: Handed) -> None:
        """Promises 1, 2 and 4, by SES' own log."""
        row = handed.message
        customer = handed.customer_id
        self._accepted[one.message_id] += one.accepted
        if self._accepted[one.message_id] > 1:
            allowed: bool = handed.campaign.sending.resend_uncertain
            if not (handed.step.transactional and allowed):
                raise self._broken(1, "SES took a letter twice", one.at, customer)
            if self._accepted[one.message_id] > TWICE:
                raise self._broken(1, "a letter went more than once more", one.at, customer)
            self.resent.append(one.message_id)
        place = (row.enrollment_id, row.place)
        if self._places.setdefault(place, row.message_id) != row.message_id:
            raise self._broken(2, f"the step {row.step} was sent twice", one.at, customer)
        own = experiment(handed.campaign, row.entry)
        seen = (customer, one.campaign, f"{one.step}/{own}")
        if self._variants.setdefault(seen, one.variant) != one.variant:
            what = f"two variants of {one.campaign}/{one.step} were seen"
            raise self._broken(4, what, one.at, customer)
        if handed.enrollment.state == "held_out" or self._held_out(handed.campaign, customer):
            raise self._broken(4, f"{one.campaign} wrote to its holdout", one.at, customer)

    def _held_out(self, campaign: Campaign, customer: str) -> bool:
        """Whether a customer belongs to a holdout, by its share as the file says it now."""
        seed = self.catalog.settings.shop.seed
        marketing = any(not step.transactional for _, step in letters_of(campaign))
        everywhere = self.catalog.settings.sending.global_holdout_percent if marketing else 0
        share = campaign.holdout.percent if campaign.holdout else 0
        return (
            fraction(seed, "global_holdout", customer) * 100 < everywhere
            or fraction(seed, "holdout", campaign.id, customer) * 100 < share
        )

    def _judge(self, one: Handed, silenced: Sequence[tuple[datetime, tuple[str, ...]]]) -> None:
        """Promise 3, by what was told until this instant."""
        guard = PlainGuard(self.catalog.settings, self.record)
        before = self._went[one.customer_id]
        others = [went for went in before if went.message_id != one.message.message_id]
        for wrong in guard.wrongs(one, others, silenced):
            what = f"{one.campaign.id}/{one.step.name} was handed over though {wrong}"
            raise self._broken(3, what, one.at, one.customer_id)
        if self._accepted[one.message.message_id]:
            counts = one.campaign.sending.caps and not one.step.transactional
            klass = one.campaign.klass
            before.append(Went(one.at, one.customer_id, one.message.message_id, klass, counts))

    def _silenced(
        self, connection: Connection, customers: Collection[str]
    ) -> dict[str, list[tuple[datetime, tuple[str, ...]]]]:
        """Since when steps keep marketing from customers, as told by their decisions."""
        found: dict[str, list[tuple[datetime, tuple[str, ...]]]] = defaultdict(list)
        if not customers:
            return found
        query = select(DECISION).where(
            DECISION.c.customer_id.in_(customers), DECISION.c.what == "suppressed"
        )
        for row in connection.execute(query):
            flow = self.catalog.campaigns.get(row.campaign)
            for place in flow.way.places.values() if isinstance(flow, Flow) else ():
                if place.name == row.step and place.step.suppress is not None:
                    until = tuple(place.step.suppress.until)
                    found[row.customer_id].append((row.at, until))
        return found

    def _messages(self, rows: Sequence[Any], now: datetime) -> None:
        """Promise 2: every message ends, or waits for an instant that is to come."""
        for row in rows:
            customer = row.customer_id
            self._moved(row.message_id, row.state, MESSAGE_REACHES, now, customer)
            went = self._accepted[row.message_id] > 0
            if row.quarantined_at is not None:
                self.put_aside.add(row.message_id)
            elif row.state in WAITING:
                if row.due_at is None or row.due_at <= now:
                    raise self._broken(2, f"a letter of {row.step} is forgotten", now, customer)
            elif row.state not in ("accepted", "dropped", "uncertain"):
                raise self._broken(2, f"a letter stays {row.state}", now, customer)
            if row.state == "dropped" and not row.reason:
                raise self._broken(2, "a letter was dropped for no reason", now, customer)
            if row.state == "uncertain" and row.uncertain_since is None:
                raise self._broken(2, "a doubtful letter is not listed", now, customer)
            if row.resent_at is not None and not self._may_go_again(row):
                raise self._broken(1, "a letter in doubt was put back", now, customer)
            again = row.state in WAITING and row.resent_at is not None
            if went and row.state not in ("accepted", "uncertain") and not again:
                raise self._broken(1, f"a letter that went is {row.state}", now, customer)
            if row.state == "accepted" and not went:
                raise self._broken(2, "a letter counts as sent that SES never had", now, customer)

    def _may_go_again(self, row: Any) -> bool:
        """Whether a letter goes once more should its fate stay unknown: promise 1's exception."""
        campaign = self.catalog.campaigns[row.campaign]
        steps = [step for _, step in letters_of(campaign) if step.name == row.step]
        return campaign.sending.resend_uncertain and all(step.transactional for step in steps)

    def _enrollments(self, rows: Sequence[Any], messages: Sequence[Any], now: datetime) -> None:
        """Promise 2: every enrollment ends, or something goes on with it; letters have an owner."""
        waiting: dict[str, set[str]] = defaultdict(set)
        doubtful: dict[str, set[str]] = defaultdict(set)
        for one in messages:
            if one.state in WAITING:
                waiting[one.enrollment_id].add(one.message_id)
            elif one.state == "uncertain" and self._may_go_again(one):
                doubtful[one.enrollment_id].add(one.message_id)
        running = {(row.customer_id, row.campaign) for row in rows if row.state == "active"}
        for row in rows:
            customer = row.customer_id
            if row.state == "queued" and (customer, row.campaign) not in running:
                what = f"an entry of {row.campaign} is queued behind nothing"
                raise self._broken(2, what, now, customer)
            self._moved(row.enrollment_id, row.state, ENROLLMENT_REACHES, now, customer)
            out = set(row.open_messages or ())
            if row.quarantined_at is not None:
                self.put_aside.add(row.enrollment_id)
                continue
            still = (out if row.state == "active" else set()) - doubtful[row.enrollment_id]
            if waiting[row.enrollment_id] != still:
                what = f"letters and the enrollment in {row.campaign} do not agree on what is out"
                raise self._broken(2, what, now, customer)
            if row.state != "active":
                continue
            stands = row.due_at is None and row.waiting_since is None and not out
            if stands and not self._comes_back_to(row.campaign):
                what = f"an enrollment in {row.campaign} stands still"
                raise self._broken(2, what, now, customer)
            if row.due_at is not None and row.due_at <= now:
                raise self._broken(2, f"a step of {row.campaign} is forgotten", now, customer)

    def _comes_back_to(self, campaign: str) -> bool:
        """Whether a series has a step to come, which brings those back whom it finds then."""
        table = TABLES["broadcast_state"]
        query = select(table.c.step).where(
            table.c.campaign == campaign, table.c.due_at.is_not(None)
        )
        assert self._connection is not None
        return self._connection.execute(query).first() is not None

    def _moved(
        self, of: str, state: str, reaches: Mapping[str, set[str]], now: datetime, customer: str
    ) -> None:
        before = self._states.get(of, state)
        if state not in reaches[before]:
            raise self._broken(2, f"a row went from {before} to {state}", now, customer)
        self._states[of] = state

    def _segments(self, connection: Connection, now: datetime) -> None:
        """Promise 5: who is in a segment is who is when everybody is asked from scratch."""
        settings = self.catalog.settings
        table, intake = TABLES["membership"], TABLES["intake"]
        aside = select(intake.c.customer_id).where(intake.c.quarantined_at.is_not(None))
        not_taken_in = set(connection.scalars(aside))
        self.put_aside |= not_taken_in
        for name, rule in self.catalog.rules.items():
            query = select(table.c.customer_id).where(table.c.segment == name, table.c.member)
            kept = set(connection.scalars(query))
            asked = members(
                connection,
                rule,
                self.catalog.rules,
                now,
                shop_zone=settings.shop.timezone,
                tiers=settings.points.ladder,
            )
            for customer in sorted((kept ^ asked) - not_taken_in):
                word = "kept in" if customer in kept else "missing from"
                raise self._broken(5, f"{word} the segment {name}", now, customer)

    def _events(self, connection: Connection, now: datetime) -> None:
        """Promise 5: what arrived is stored, once."""
        if self.catalog.settings.retention.events is not None:
            return
        rows = connection.execute(select(EVENT.c.customer_id, EVENT.c.event_id))
        stored = Counter((row.customer_id, row.event_id) for row in rows)
        for customer, told in self.record.of.items():
            for event_id in told.ids:
                if stored[customer, event_id] != 1:
                    times = stored[customer, event_id]
                    raise self._broken(5, f"{event_id} is stored {times} times", now, customer)

    def _nobody_is_named(self, connection: Connection, now: datetime) -> None:
        """Promise 7: after an erasure no row names the person."""
        names = {name: of for of, texts in self.record.erased.items() for name in texts}
        if not names:
            return
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)):
                text = " ".join(map(str, row))
                for name, of in names.items():
                    if name in text:
                        raise self._broken(7, f"{table.name} names somebody erased", now, of)


def _step(campaign: Campaign, place: str) -> Step:
    found = campaign.letter() if isinstance(campaign, Broadcast) else campaign.step_named(place)
    assert found is not None
    return found
