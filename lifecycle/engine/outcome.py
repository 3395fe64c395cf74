"""Records what came of messages: holds, drops, acceptances, doubts and retries, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.action import Decided, bring_up_to_date
from lifecycle.core.because import Because
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.message import MessageState, Outcome, OutcomeKind, assert_move
from lifecycle.core.walk import letter_settled
from lifecycle.core.words import rfc3339
from lifecycle.engine import verdicts
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.weigh import Due, Prepared, Weighed
from lifecycle.store import breaker, events, outbox
from lifecycle.store.apply import Writing
from lifecycle.store.events import NewEvent, event_row
from lifecycle.store.operations import broken_letter
from lifecycle.store.write import Row, insert_new

RETRY_AFTER = {
    OutcomeKind.NEVER_LEFT: timedelta(seconds=30),
    OutcomeKind.SLOW_DOWN: timedelta(seconds=5),
    OutcomeKind.DAY_QUOTA: timedelta(minutes=15),
    OutcomeKind.ACCOUNT: timedelta(minutes=5),
}
"""How soon a message is tried again that was surely not accepted."""
WHY_REQUEUED = {
    OutcomeKind.NEVER_LEFT: "",
    OutcomeKind.SLOW_DOWN: "",
    OutcomeKind.DAY_QUOTA: "quota",
    OutcomeKind.ACCOUNT: "breaker",
}
HELD_FOR = {OutcomeKind.DAY_QUOTA: "quota", OutcomeKind.ACCOUNT: "breaker"}


def write_refusals(connection: Connection, parts: Parts, weighed: Weighed, now: datetime) -> None:
    """Write the messages that go later or never, each with its reason."""
    writing = Writing(now)
    held: list[Row] = []
    for due, verdict in weighed.held:
        row = due.row
        held.append(
            {
                "of": row.customer_id,
                "id": row.message_id,
                "why": verdict.reason,
                "until": verdict.until,
            }
        )
        detail = f"until {rfc3339(verdict.until)}"
        told = _told(due, now, "held", verdict.reason, detail)
        writing.add(due.facts, [replace(told, because=verdict.because)], None)
    for due, over in weighed.left:
        writing.add(due.facts, over, None)
    dropped: list[Row] = []
    for due, reason, detail in weighed.dropped:
        row = due.row
        dropped.append({"of": row.customer_id, "id": row.message_id, "why": reason})
        _settle(writing, due, now, "dropped", reason, detail)
        if reason == "broken_template":
            broken_letter(connection, row.campaign, now)
            log.warned("letter_broken", campaign=row.campaign, step=row.step, problem=detail)
    outbox.hold(connection, held)
    outbox.drop(connection, dropped)
    writing.write(connection)
    look_again(connection, parts.live, writing, now)


def _told(due: Due, now: datetime, what: str, reason: str, detail: str) -> Decided:
    row = due.row
    of = row.enrollment_id if what == "held" else ""
    return Decided(now, row.campaign, row.entry, what, reason, detail, row.step, row.variant, of)


def _settle(
    writing: Writing,
    due: Due,
    now: datetime,
    what: str,
    reason: str,
    detail: str,
    leaves: tuple[Because, ...] = (),
) -> None:
    """Tell what became of a message, and let its enrollment finish if nothing else is out."""
    told = _told(due, now, what, reason, detail)
    writing.add(due.facts, [replace(told, because=leaves) if leaves else told], None)
    _let_finish(writing, due, now, led=what == "sent")


def _let_finish(writing: Writing, due: Due, now: datetime, *, led: bool) -> None:
    enrollments = due.facts.enrollments
    enrollment = next((one for one in enrollments if one.id == due.row.enrollment_id), None)
    if enrollment is not None:
        after = letter_settled(enrollment, due.row.message_id, now, led)
        bring_up_to_date(due.facts, after)
        writing.add(due.facts, after, None)


def record_outcomes(
    connection: Connection,
    parts: Parts,
    outcomes: Sequence[tuple[Prepared, Outcome]],
    now: datetime,
) -> None:
    """Write what came of attempts, in one transaction."""
    if not outcomes:
        return
    writing = Writing(now)
    lists: dict[OutcomeKind, list[Row]] = {kind: [] for kind in OutcomeKind}
    sent: list[NewEvent] = []
    for one, outcome in outcomes:
        lists[outcome.kind].append(_row_of(one, outcome, now))
        _tell(writing, one, outcome, now)
        if outcome.kind is OutcomeKind.ACCEPTED:
            sent += _sent_events(one, now)
        _log(one, outcome)
    outbox.settle(connection, [_attempt(one, outcome, now) for one, outcome in outcomes])
    outbox.accepted(connection, lists[OutcomeKind.ACCEPTED])
    breaker.count(connection, sum(_is_marketing(*one) for one in outcomes), now)
    outbox.drop(connection, lists[OutcomeKind.REFUSED])
    outbox.uncertain(connection, lists[OutcomeKind.UNCERTAIN])
    for kind in RETRY_AFTER:
        outbox.requeued(connection, lists[kind])
    writing.write(connection)
    look_again(connection, parts.live, writing, now)
    _append(connection, parts, sent)
    if any(one.due.step and one.due.step.winner for one, _ in outcomes):
        verdicts.ask_tonight(connection, parts, now)


def _tell(writing: Writing, one: Prepared, outcome: Outcome, now: datetime) -> None:
    """Tell what an outcome means for the customer and the enrollment."""
    if outcome.kind is OutcomeKind.ACCEPTED:
        assert_move(MessageState.ATTEMPTING, MessageState.ACCEPTED)
        _settle(writing, one.due, now, "sent", "", "", one.withheld)
    elif outcome.kind is OutcomeKind.REFUSED:
        _settle(writing, one.due, now, "dropped", "refused", outcome.detail)
    elif outcome.kind is OutcomeKind.UNCERTAIN:
        _let_finish(writing, one.due, now, led=True)
    elif outcome.kind in HELD_FOR:
        told = _told(one.due, now, "held", HELD_FOR[outcome.kind], outcome.detail)
        writing.add(one.due.facts, [told], None)


def _is_marketing(one: Prepared, outcome: Outcome) -> bool:
    """Whether a letter went that the circuit breaker counts."""
    return outcome.kind is OutcomeKind.ACCEPTED and one.due.row.klass != "transactional"


def _attempt(one: Prepared, outcome: Outcome, now: datetime) -> Row:
    return {
        "of": one.due.row.customer_id,
        "attempt": one.ready.letter.attempt_id,
        "kind": str(outcome.kind),
        "told": outcome.detail,
        "moment": now,
    }


def _row_of(one: Prepared, outcome: Outcome, now: datetime) -> Row:
    row: Row = {"of": one.due.row.customer_id, "id": one.due.row.message_id}
    if outcome.kind is OutcomeKind.ACCEPTED:
        return {**row, "at": now, "provider": outcome.provider_id}
    if outcome.kind is OutcomeKind.UNCERTAIN:
        return {**row, "at": now}
    if outcome.kind is OutcomeKind.REFUSED:
        return {**row, "why": "refused"}
    return {**row, "why": WHY_REQUEUED[outcome.kind], "until": now + RETRY_AFTER[outcome.kind]}


def _sent_events(one: Prepared, now: datetime) -> list[NewEvent]:
    row = one.due.row
    named = {
        "campaign": row.campaign,
        "step": row.step,
        "variant": row.variant,
        "message_id": row.message_id,
    }
    happened = [("message_sent", named)]
    if one.offer is not None:
        happened.append(("incentive_issued", {**named, "kind": one.offer.row["kind"]}))
    return [
        NewEvent(
            row.customer_id,
            Event(now, derived_id(name, row.message_id), name, properties, now),
            now,
        )
        for name, properties in happened
    ]


def _append(connection: Connection, parts: Parts, sent: Sequence[NewEvent]) -> None:
    """Append our own events; those that nothing reads are written as taken in already."""
    heard = [new for new in sent if parts.live.heard(new.event.name)]
    events.append(connection, heard)
    quiet = [new for new in sent if not parts.live.heard(new.event.name)]
    insert_new(connection, "event", [event_row(n.customer_id, n, pending=False) for n in quiet])


def _log(one: Prepared, outcome: Outcome) -> None:
    row = one.due.row
    log.happened(
        f"message_{outcome.kind}",
        customer=row.customer_id,
        campaign=row.campaign,
        step=row.step,
        message=row.message_id,
        attempt=one.ready.letter.attempt_id,
        detail=outcome.detail,
    )
