"""Writes actions: what was decided for many customers, in one transaction and few statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update

from lifecycle.core.action import (
    Action,
    Award,
    CallOff,
    Consented,
    Decided,
    Emit,
    Errand,
    Happen,
    Harmed,
    Issue,
    Keep,
    KeepDate,
    Mark,
    Plan,
    Proved,
    SetAttributes,
    Silenced,
    SilenceOver,
    Suppress,
    Turn,
    Wake,
    Withdraw,
)
from lifecycle.core.chance import bucket_of, derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.message import MessageState
from lifecycle.store import evidence
from lifecycle.store.called_off import call_off
from lifecycle.store.errands import errand_row
from lifecycle.store.events import NewEvent, append, event_row, wake
from lifecycle.store.prepared import Statement
from lifecycle.store.settling_words import settle
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS
from lifecycle.store.write import Row, insert_new, upsert

MESSAGE = METADATA.tables["message"]
EVENT = METADATA.tables["event"]
MEMBERSHIP = METADATA.tables["membership"]
MARKABLE = frozenset(
    "delivered_at opened_at clicked_at bounced_at bounced_hard_at complained_at"
    " unsubscribed_at".split()
)
_WITHDRAW = delete(EVENT).where(
    EVENT.c.customer_id == bindparam("of"), EVENT.c.event_id == bindparam("id")
)
_FORGET = Statement(
    delete(MEMBERSHIP).where(
        MEMBERSHIP.c.customer_id == bindparam("of"), MEMBERSHIP.c.segment == bindparam("which")
    )
)
SILENCE = METADATA.tables["silence"]
_SILENCE_OVER = Statement(
    delete(SILENCE).where(
        SILENCE.c.customer_id == bindparam("of"), SILENCE.c.silence_id == bindparam("id")
    )
)


@dataclass
class Writing:
    """The rows that a batch of decisions comes to, gathered before they are written at once."""

    now: datetime
    decisions: list[Row] = field(default_factory=list)
    enrollments: dict[str, Row] = field(default_factory=dict)
    messages: list[Row] = field(default_factory=list)
    call_offs: list[Row] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    standings: dict[tuple[str, str], Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    later_events: list[NewEvent] = field(default_factory=list)
    suppressions: list[Row] = field(default_factory=list)
    withdrawn: list[Row] = field(default_factory=list)
    proved: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    marks: dict[str, list[Row]] = field(default_factory=dict)
    happened: list[NewEvent] = field(default_factory=list)
    errands: list[Row] = field(default_factory=list)
    harms: list[Row] = field(default_factory=list)
    silences: list[Row] = field(default_factory=list)
    silences_over: list[Row] = field(default_factory=list)
    dates: dict[tuple[str, str], Row] = field(default_factory=dict)
    deeds: list[tuple[str, SetAttributes | Award | Issue]] = field(default_factory=list)
    """What is left to `engine/deeds.py`: attributes, points and incentives, by customer."""

    def add(self, facts: Facts, actions: Iterable[Action], address_hash: str | None) -> None:
        """Gather what was decided for one customer."""
        self.add_for(facts.customer_id, actions, address_hash)

    def add_for(
        self, customer_id: str, actions: Iterable[Action], address_hash: str | None = None
    ) -> None:
        """Gather what was decided for a customer whose facts are not in hand."""
        for action in actions:
            self._add(customer_id, action, address_hash)

    def _add(self, customer_id: str, action: Action, address_hash: str | None) -> None:
        if isinstance(action, Decided):
            self.decisions.append(decision_row(customer_id, action, self.now))
        elif isinstance(action, Keep):
            self.enrollments[action.enrollment.id] = enrollment_row(customer_id, action.enrollment)
        elif isinstance(action, Plan):
            self.messages.append(message_row(customer_id, action))
        elif isinstance(action, CallOff):
            off = {"of": customer_id, "id": action.message_id, "why": action.reason}
            self.call_offs.append(off)
        elif isinstance(action, Turn):
            what = "joined" if action.joined else "left"
            place = {"customer_id": customer_id, "segment": action.segment}
            self.turns.append({**place, "at": action.at, "what": what})
        elif isinstance(action, Wake):
            self._stand(customer_id, action)
        elif isinstance(action, Emit):
            self._emit(customer_id, action)
        elif isinstance(action, Withdraw):
            self.withdrawn.append({"of": customer_id, "id": action.event_id})
        elif isinstance(action, Proved | Mark | Harmed):
            self._fared(customer_id, action)
        elif isinstance(action, Suppress):
            if address_hash:
                row = {"address_hash": address_hash, "reason": action.reason, "at": action.at}
                self.suppressions.append(row)
        elif isinstance(action, Consented):
            self._consent(customer_id, action)
        elif isinstance(action, Happen):
            self.happened.append(NewEvent(customer_id, action.event, self.now))
        elif isinstance(action, Errand):
            self.errands.append(errand_row(customer_id, action))
        elif isinstance(action, Silenced):
            row = {"customer_id": customer_id, "silence_id": action.id, "since": action.at}
            self.silences.append({**row, "until": list(action.until)})
        elif isinstance(action, SilenceOver):
            self.silences_over.append({"of": customer_id, "id": action.id})
        elif isinstance(action, KeepDate):
            self.dates[customer_id, action.campaign] = {
                "customer_id": customer_id,
                "campaign": action.campaign,
                "said": action.said,
                "asked": action.asked,
                "wake_at": action.wake_at,
            }
        elif isinstance(action, SetAttributes | Award | Issue):
            self.deeds.append((customer_id, action))

    def _fared(self, customer_id: str, action: Proved | Mark | Harmed) -> None:
        """Gather what the world did to a message."""
        place = {"of": customer_id, "id": action.message_id}
        if isinstance(action, Proved):
            attempt = {"attempt": action.attempt_id, "provider": action.provider_id}
            told = {"by": action.by, "told": action.told}
            self.proved.append({**place, **attempt, **told, "moment": action.at})
        elif isinstance(action, Mark):
            assert action.field in MARKABLE
            self.marks.setdefault(action.field, []).append({**place, "moment": action.at})
        else:
            harm = {"customer_id": customer_id, "message_id": action.message_id}
            self.harms.append({**harm, "kind": action.kind, "letter_at": action.letter_at})

    def _stand(self, customer_id: str, action: Wake) -> None:
        """Keep how a customer stands; of several instants in one batch the last one counts."""
        row = {"customer_id": customer_id, "segment": action.segment, "member": action.member}
        row |= {"since": action.since, "wake_at": action.wake_at}
        self.standings[customer_id, action.segment] = row

    def _emit(self, customer_id: str, action: Emit) -> None:
        new = NewEvent(customer_id, action.event, self.now)
        if new.due_at > self.now:
            self.later_events.append(new)
        else:
            self.events.append(event_row(customer_id, new, pending=False))

    def _consent(self, customer_id: str, action: Consented) -> None:
        said = {"customer_id": customer_id, "topic": action.topic, "agreed": action.agreed}
        self.consents.append({**said, "at": action.at})
        parts = (customer_id, action.topic, str(action.agreed), action.at.isoformat())
        record = {"record_id": derived_id("consent", *parts), "source": action.source}
        self.records.append({**said, **record, "at": action.at, "wording": ""})

    def _write_standings(self, connection: Connection) -> None:
        """Write how customers stand; a row that says nothing is none."""
        kept, forgotten = [], []
        for (customer_id, segment), row in self.standings.items():
            if row["member"] or row["wake_at"] is not None:
                kept.append(row)
            else:
                forgotten.append({"of": customer_id, "which": segment})
        _FORGET.each(connection, forgotten)
        upsert(connection, "membership", kept)

    def _call_off(self, connection: Connection) -> None:
        """Drop letters that have not begun, each told with its reason; one under way goes on."""
        if not self.call_offs:
            return
        told = []
        for row, why in call_off(connection, self.call_offs):
            what = (row.campaign, row.entry, "dropped", why, "")
            dropped = Decided(self.now, *what, row.step, row.variant)
            told.append(decision_row(row.customer_id, dropped, self.now))
        insert_new(connection, "decision", told)

    def _prove(self, connection: Connection) -> None:
        """Take evidence in, and write what follows where it moved a message."""
        settled = evidence.prove(connection, self.proved, self.now)
        if settled:
            follows = Writing(self.now)
            for one in settled:
                follows.add_for(one.customer_id, one.actions)
            follows.write(connection)
            wake(connection, dict.fromkeys((one.customer_id for one in settled), self.now))

    def write(self, connection: Connection) -> None:
        """Write everything gathered."""
        insert_new(connection, "decision", self.decisions)
        upsert(connection, "enrollment", list(self.enrollments.values()))
        insert_new(connection, "message", self.messages)
        self._call_off(connection)
        insert_new(connection, "membership_change", self.turns)
        self._write_standings(connection)
        insert_new(connection, "event", self.events)
        if self.withdrawn:
            connection.execute(_WITHDRAW, self.withdrawn)
        self._prove(connection)
        insert_new(connection, "suppression", self.suppressions)
        upsert(connection, "consent", self.consents, newest_by="at")
        said = [(one["customer_id"], one["topic"], one["agreed"]) for one in self.consents]
        settle(connection, said, self.now)  # Unsubscribing ends a flow by itself.
        insert_new(connection, "consent_record", self.records)
        for name, rows in self.marks.items():
            connection.execute(_mark(name), rows)
        insert_new(connection, "letter_harm", self.harms)
        insert_new(connection, "errand", self.errands)
        upsert(connection, "date_kept", list(self.dates.values()))
        insert_new(connection, "silence", self.silences)
        _SILENCE_OVER.each(connection, self.silences_over)
        append(connection, self.happened)


def _mark(name: str) -> Any:
    column = MESSAGE.c[name]
    return (
        update(MESSAGE)
        .where(
            MESSAGE.c.customer_id == bindparam("of"),
            MESSAGE.c.message_id == bindparam("id"),
            (column.is_(None)) | (column > bindparam("moment", type_=column.type)),
        )
        .values({name: bindparam("moment", type_=column.type)})
    )


def decision_row(customer_id: str, decided: Decided, now: datetime) -> Row:
    """The row of a decision."""
    return {
        "customer_id": customer_id,
        "decision_id": decided.id(customer_id),
        "at": decided.at,
        "decided_at": now,
        "campaign": decided.campaign,
        "entry": decided.entry,
        "step": decided.step,
        "variant": decided.variant,
        "what": decided.what,
        "reason": decided.reason,
        "detail": decided.detail,
        "because": [one.told() for one in decided.because] or None,
    }


def enrollment_row(customer_id: str, kept: Enrollment) -> Row:
    """The row of an enrollment; its lease ends with the write."""
    return {
        "customer_id": customer_id,
        "enrollment_id": kept.id,
        "bucket": bucket_of(customer_id, BUCKETS),
        "campaign": kept.campaign,
        "version": kept.version,
        "entry": kept.entry,
        "key": kept.key,
        "visit": kept.visit,
        "entered_at": kept.entered_at,
        "event_id": kept.event_id,
        "event_name": kept.event_name,
        "event_at": kept.event_at,
        "properties": kept.properties,
        "state": str(kept.state),
        "step": kept.step,
        "due_at": kept.due_at,
        "decided_at": kept.decided_at,
        "fell_due_at": kept.fell_due_at,
        "waiting_since": kept.waiting_since,
        "anchor": kept.anchor,
        "ended_at": kept.ended_at,
        "led_to_letter": kept.led_to_letter,
        "open_messages": list(kept.open_messages),
        "decided_steps": list(kept.decided_steps),
        "timed": kept.timed,
        "lease_until": None,
        "attempts": 0,
    }


def message_row(customer_id: str, plan: Plan) -> Row:
    """The row of a message that has just been planned."""
    return {
        "customer_id": customer_id,
        "message_id": plan.message_id,
        "bucket": bucket_of(customer_id, BUCKETS),
        "enrollment_id": plan.enrollment.id,
        "campaign": plan.enrollment.campaign,
        "version": plan.enrollment.version,
        "entry": plan.enrollment.entry,
        "step": plan.step,
        "place": plan.place,
        "variant": plan.variant,
        "klass": plan.klass,
        "counts": plan.counts,
        "transactional": plan.transactional,
        "priority": plan.priority,
        "state": str(MessageState.PLANNED),
        "reason": "",
        "planned_at": plan.at,
        "fell_due_at": plan.fell_due_at,
        "stale_at": plan.stale_at,
        "due_at": plan.at,
        "timing": plan.timed.timing,
        "slot": plan.timed.slot,
        "lean": plan.timed.lean,
    }
