"""Records letters that the transport accepted: what was decided, and what goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.action import Action, Decided, Keep, bring_up_to_date
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.message import MessageState, Outcome, assert_move
from lifecycle.core.walk import letter_settled
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again_at
from lifecycle.engine.weigh import Due, Prepared
from lifecycle.store import breaker, events
from lifecycle.store.accepted import Accepted
from lifecycle.store.events import NewEvent

SENT, ISSUED = "message_sent", "incentive_issued"


def record_accepted(
    connection: Connection,
    parts: Parts,
    accepted: Sequence[tuple[Prepared, Outcome]],
    now: datetime,
) -> None:
    """Write what follows from acceptances, in the transaction in hand."""
    if not accepted:
        return
    assert_move(MessageState.ATTEMPTING, MessageState.ACCEPTED)
    gathered = Accepted(now)
    over: list[tuple[str, str]] = []
    marketing = 0
    for one, outcome in accepted:
        row = one.due.row
        gathered.letter(
            row.customer_id,
            row.message_id,
            one.ready.letter.attempt_id,
            outcome.provider_id,
            outcome.detail,
        )
        told = Decided(
            *(now, row.campaign, row.entry, "sent", "", "", row.step, row.variant),
            because=one.withheld,
        )
        gathered.decided(row.customer_id, told)
        marketing += row.klass != "transactional"
        _go_on(gathered, one.due, now, over)
    heard = _happen(gathered, parts.live, accepted, now)
    gathered.write(connection)
    breaker.count(connection, marketing, now)
    look_again_at(connection, parts.live, over, now)
    events.append(connection, heard)
    log.happened_each("message_accepted", [_ids(one, outcome) for one, outcome in accepted])


def _go_on(gathered: Accepted, due: Due, now: datetime, over: list[tuple[str, str]]) -> None:
    """Let the enrollment finish if nothing else of it is out; `over` gathers those that do."""
    row = due.row
    enrollments = due.facts.enrollments
    enrollment = next((one for one in enrollments if one.id == row.enrollment_id), None)
    if enrollment is None:
        return
    after: list[Action] = letter_settled(enrollment, row.message_id, now, sent=True)
    bring_up_to_date(due.facts, after)
    for action in after:
        if isinstance(action, Keep):
            gathered.settled(row.customer_id, action.enrollment)
            if not action.enrollment.running or action.enrollment.entered_at == now:
                over.append((row.customer_id, row.campaign))
        else:
            assert isinstance(action, Decided)
            gathered.decided(row.customer_id, action)


def _happen(
    gathered: Accepted, live: Live, accepted: Sequence[tuple[Prepared, Outcome]], now: datetime
) -> list[NewEvent]:
    """Tell of each letter as an event of our own; gives those that something reads.

    The others are written as taken in already.
    """
    heard_of = {name: live.heard(name) for name in (SENT, ISSUED)}
    heard = []
    for one, _ in accepted:
        row = one.due.row
        named = {
            "campaign": row.campaign,
            "step": row.step,
            "variant": row.variant,
            "message_id": row.message_id,
        }
        happened = [(SENT, named)]
        if one.offer is not None:
            happened.append((ISSUED, {**named, "kind": one.offer.row["kind"]}))
        for name, properties in happened:
            event = Event(now, derived_id(name, row.message_id), name, properties, now)
            new = NewEvent(row.customer_id, event, now)
            if heard_of[name]:
                heard.append(new)
            else:
                gathered.happened(new)
    return heard


def _ids(one: Prepared, outcome: Outcome) -> dict[str, str]:
    row = one.due.row
    return {
        "customer": row.customer_id,
        "campaign": row.campaign,
        "step": row.step,
        "message": row.message_id,
        "attempt": one.ready.letter.attempt_id,
        "detail": outcome.detail,
    }
