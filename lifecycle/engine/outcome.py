"""Records what came of messages: holds, drops, acceptances, doubts and retries, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.action import Decided, bring_up_to_date
from lifecycle.core.because import Because
from lifecycle.core.chance import fraction
from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.core.resting import TAKES_LETTERS
from lifecycle.core.walk import letter_settled
from lifecycle.core.words import rfc3339
from lifecycle.engine import allocating, verdicts
from lifecycle.engine.accepted import record_accepted
from lifecycle.engine.evidence import doubtful, may_be_resent, settle_by_evidence
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.weigh import Due, Prepared, Weighed
from lifecycle.engine.window import look_after
from lifecycle.send.handing import NOT_BEGUN
from lifecycle.store import outbox
from lifecycle.store.apply import Writing
from lifecycle.store.operations import broken_letter, letters_made
from lifecycle.store.write import Row

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
    made = {one.due.row.campaign for one in weighed.prepared}
    if made and parts.outside:
        # One customer's odd data is no fault of the template: the others' letters show that.
        letters_made(connection, made)
    dropped: list[Row] = []
    for due, reason, detail in weighed.dropped:
        row = due.row
        dropped.append({"of": row.customer_id, "id": row.message_id, "why": reason})
        if row.resent_at is not None:
            # It may have gone the first time: whether it did stays unknown, and is listed.
            _let_finish(writing, due, now, led=True)
            continue
        _settle(writing, due, now, "dropped", reason, detail)
        if reason == "broken_template":
            if row.campaign not in made:
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
) -> None:
    """Tell why a message goes no more, and let its enrollment finish if nothing else is out."""
    writing.add(due.facts, [_told(due, now, what, reason, detail)], None)
    _let_finish(writing, due, now, led=False)


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
    accepted = [pair for pair in outcomes if pair[1].kind is OutcomeKind.ACCEPTED]
    record_accepted(connection, parts, accepted, now)
    if len(accepted) < len(outcomes):
        others = [pair for pair in outcomes if pair[1].kind is not OutcomeKind.ACCEPTED]
        _record_others(connection, parts, others, now)
    policies = {
        one.due.step.winner.policy for one, _ in outcomes if one.due.step and one.due.step.winner
    }
    if "test" in policies:
        verdicts.ask_tonight(connection, parts, now)
    if "bandit" in policies:
        allocating.ask_tonight(connection, parts, now)


def _record_others(
    connection: Connection,
    parts: Parts,
    outcomes: Sequence[tuple[Prepared, Outcome]],
    now: datetime,
) -> None:
    """Write what came of attempts that were not accepted, as far as we know."""
    writing = Writing(now)
    lists: dict[OutcomeKind, list[Row]] = {kind: [] for kind in OutcomeKind}
    for one, outcome in outcomes:
        lists[outcome.kind].append(_row_of(one, outcome, now))
        _tell(writing, parts.live, one, outcome, now)
        if outcome is not NOT_BEGUN:
            _log(one, outcome)
    if waiting := sum(outcome is NOT_BEGUN for _, outcome in outcomes):
        log.happened("letters_not_begun", letters=waiting)
    outbox.settle(connection, [_attempt(one, outcome, now) for one, outcome in outcomes])
    outbox.drop(connection, lists[OutcomeKind.REFUSED])
    outbox.uncertain(connection, lists[OutcomeKind.UNCERTAIN])
    for kind in RETRY_AFTER:
        outbox.requeued(connection, lists[kind])
    writing.write(connection)
    look_again(connection, parts.live, writing, now)
    settle_by_evidence(connection, doubtful(outcomes), now)
    look_after(connection, parts, lists[OutcomeKind.UNCERTAIN], now)


def _tell(writing: Writing, live: Live, one: Prepared, outcome: Outcome, now: datetime) -> None:
    """Tell what an outcome means for the customer and the enrollment."""
    if outcome.kind is OutcomeKind.REFUSED and one.due.row.resent_at is not None:
        _let_finish(writing, one.due, now, led=True)
    elif outcome.kind is OutcomeKind.REFUSED:
        _settle(writing, one.due, now, "dropped", "refused", outcome.detail)
    elif outcome.kind is OutcomeKind.UNCERTAIN:
        if not may_be_resent(live, one.due.row):
            _let_finish(writing, one.due, now, led=True)
    elif reason := _held_for(outcome):
        told = _told(one.due, now, "held", reason, outcome.detail)
        saw = f"{outcome.stops.manner.says}: {outcome.detail}" if outcome.stops else outcome.detail
        why = Because(TAKES_LETTERS, False, saw, "transport")
        writing.add(one.due.facts, [replace(told, because=(why,))], None)


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
    if outcome.kind is OutcomeKind.UNCERTAIN:
        return {**row, "at": now}
    if outcome.kind is OutcomeKind.REFUSED:
        return {**row, "why": "refused"}
    return {**row, "why": _held_for(outcome), "until": _again_at(one, outcome, now)}


def _held_for(outcome: Outcome) -> str:
    """The reason why a message is put back: what stops the transport, else what it answered."""
    return outcome.stops.reason if outcome.stops else WHY_REQUEUED[outcome.kind]


def _again_at(one: Prepared, outcome: Outcome, now: datetime) -> datetime:
    """When a message is due again that was put back: at once if its turn did not come.

    What was too fast comes back spread, each letter at a moment of its own.
    """
    if outcome is NOT_BEGUN:
        return now
    stopped = outcome.kind is OutcomeKind.NEVER_LEFT and _held_for(outcome)
    rest = RETRY_AFTER[OutcomeKind.ACCOUNT if stopped else outcome.kind]
    if outcome.kind is OutcomeKind.SLOW_DOWN:
        rest *= 0.5 + fraction("slow_down", one.ready.letter.attempt_id)
    return now + rest


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
