"""The third stage of a tick: guard, render, commit the attempt, hand over, record the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Connection, bindparam, select

from lifecycle import log
from lifecycle.core.guard import Drop, Hold
from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.core.policy import Policy
from lifecycle.engine.late import Late
from lifecycle.engine.letters import Letters
from lifecycle.engine.outcome import write_refusals
from lifecycle.engine.parts import Parts
from lifecycle.engine.pooled import with_pool_codes
from lifecycle.engine.put_aside import hold_put_aside
from lifecycle.engine.recording import Heard, record
from lifecycle.engine.restoring import without_doubtful
from lifecycle.engine.seen import shortened
from lifecycle.engine.warm_up import admitted
from lifecycle.engine.weigh import Due, Prepared, Weighed, counts_as_sent, judge, read_due, weigh
from lifecycle.errors import EnvironmentFailed
from lifecycle.failpoints import reach
from lifecycle.rewards import incentives, referral
from lifecycle.send.handing import Later, Patience, hand_over
from lifecycle.send.journal import Begun
from lifecycle.store import arrived, claims, outbox
from lifecycle.store.claims import Claim
from lifecycle.store.dialect.lists import among
from lifecycle.store.facts import load
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

NOT_NOTED = Outcome(OutcomeKind.NEVER_LEFT, detail="the journal could not be written")
Pulse = tuple[int, int] | None
_INTAKE, _EVENT = METADATA.tables["intake"], METADATA.tables["event"]
_NOW = bindparam("now", type_=_INTAKE.c.due_at.type)
_UNREAD = Statement(
    select(_INTAKE.c.customer_id).where(
        among(_INTAKE.c.customer_id, "ids"),
        _INTAKE.c.due_at <= _NOW,
        _INTAKE.c.quarantined_at.is_(None),
    )
)
_CAME_SINCE = Statement(
    select(_EVENT.c.customer_id).where(
        among(_EVENT.c.customer_id, "ids"),
        _EVENT.c.pending,
        _EVENT.c.due_at > _NOW,
        _EVENT.c.due_at <= bindparam("present", type_=_NOW.type),
    )
)
"""Who has something stored that came after this tick began: another tick takes it in."""
CLOCKS_APART = timedelta(seconds=0.5)
"""So far apart may be the clocks by which events are received and ticks begin."""


def deliver(
    parts: Parts,
    letters: Letters,
    policy: Policy,
    now: datetime,
    batch: int = claims.BATCH,
    marketing: int | None = None,
    since: float | None = None,
    late: Late | None = None,
) -> int:
    """Deliver one batch of due messages; says how many it was the turn of.

    At most `marketing` of them are not transactional; None = any number. `since` is when it was
    `now`, by `monotonic`; None: just now. `late` takes letters whose answer does not come; None:
    all answers are waited for.
    """
    since = monotonic() if since is None else since
    claimed, pulse = _claim(parts, now, batch, marketing)
    if not claimed:
        return 0
    reach("messages_claimed")
    try:
        return _deliver(parts, letters, policy, claimed, now, since, pulse, late)
    except Exception:
        if not parts.outside:
            raise
        log.failed("messages_failed", messages=len(claimed))
        for one in claimed:
            _alone(parts, letters, policy, one, now, since, late)
    return len(claimed)


def _claim(
    parts: Parts, now: datetime, batch: int, marketing: int | None
) -> tuple[list[Claim], Pulse]:
    with parts.database.write() as connection:
        if parts.turnstile is None:
            claimed = claims.claim(connection, "message", now, batch, parts.turns)
        else:
            claimed = claims.claim_in_turn(connection, now, batch, marketing, parts.turns)
        return claimed, parts.database.pulse(connection)


def _alone(
    parts: Parts,
    letters: Letters,
    policy: Policy,
    one: Claim,
    now: datetime,
    since: float,
    late: Late | None,
) -> None:
    try:
        _deliver(parts, letters, policy, [one], now, since, late=late)
    except Exception:
        log.failed("message_failed", customer=one.customer_id, message=one.id)
        with parts.database.write() as connection:
            if claims.quarantine(connection, "message", one, now):
                log.warned("message_quarantined", customer=one.customer_id, message=one.id)


def _deliver(
    parts: Parts,
    letters: Letters,
    policy: Policy,
    claimed: Sequence[Claim],
    now: datetime,
    since: float,
    pulse: Pulse = None,
    late: Late | None = None,
) -> int:
    """Deliver what was claimed; says how many of them it was the turn of.

    `pulse` is the database's at the claim: what nobody has written to since need not be asked
    again.
    """
    weighed = weigh(_read(parts, claimed, now), parts, letters, policy, now)
    reach("letters_rendered")
    begun = _begin(parts, letters, policy, claimed, weighed, now, since, pulse)
    late = late or Late(None)
    answers = _hand_over(parts, begun.going, now, late.patience())
    heard = late.leave(zip(begun.going, answers, strict=True))
    _record(parts, heard, begun.pulse, now)
    late.turn(parts)
    reach("outcomes_committed")
    return begun.turns


def _read(parts: Parts, claimed: Sequence[Claim], now: datetime) -> list[Due]:
    with parts.database.read() as connection:
        return read_due(connection, parts, claimed, now)


@dataclass(frozen=True, slots=True)
class _Begun:
    """What came of a batch once its attempts were committed."""

    going: Sequence[Prepared]
    turns: int
    """How many of the batch it was the turn of; whoever waits for the next pass had none."""
    pulse: Pulse


def _begin(
    parts: Parts,
    letters: Letters,
    policy: Policy,
    claimed: Sequence[Claim],
    weighed: Weighed,
    now: datetime,
    since: float,
    pulse: Pulse,
) -> _Begun:
    """Ask the guard again, write what is held and dropped, and commit the attempts: at once."""
    customers = {one.customer_id for one in claimed}
    ours = frozenset(one.id for one in claimed)
    going: Sequence[Prepared] = weighed.prepared
    waiting = 0
    with parts.database.write() as connection:
        if parts.outside:
            claims.have_alone(connection, customers)
            fences = {one.id: one.fence for one in claimed}
            ours = outbox.still_claimed(connection, customers, fences)
            clock = claims.database_clock(connection)
            ours = outbox.in_turn(connection, customers, ours, now, clock)
            weighed.only(ours)
            hold_put_aside(connection, weighed, now)
            waiting = _wait(connection, weighed, now, since)
            going = weighed.prepared
            if parts.database.written_since(pulse, connection):
                going = _guard_again(connection, parts, weighed, policy, now)
        going = admitted(connection, policy, weighed, going)
        if parts.outside:
            going = without_doubtful(connection, parts, going, now)
        going = with_pool_codes(connection, parts, letters, policy, weighed, going, now)
        write_refusals(connection, parts, weighed, now)
        reach("refusals_written")
        _write_attempts(connection, parts, letters, going, now)
        claims.release(connection, "message", _left_over(claimed, going))
        reach("attempts_written")
        return _Begun(going, len(ours) - waiting, parts.database.pulse(connection))


def _record(parts: Parts, heard: Heard, pulse: Pulse, now: datetime) -> None:
    record(parts, heard, pulse, now)


def _left_over(claimed: Sequence[Claim], going: Sequence[Prepared]) -> list[Claim]:
    begun = {one.due.row.message_id for one in going}
    return [one for one in claimed if one.id not in begun]


def _wait(connection: Connection, weighed: Weighed, now: datetime, since: float) -> int:
    """Leave out the letters of those who have something stored that is not taken in.

    It may be an exit or a complaint. Says how many wait for a later tick, since it came after this
    one began.
    """
    if not weighed.prepared:
        return 0
    arrived.enter(connection)
    ids = sorted({one.due.row.customer_id for one in weighed.prepared})
    present = now + timedelta(seconds=monotonic() - since) + CLOCKS_APART
    bound = {"ids": ids, "now": now}
    unread = {row.customer_id for row in _UNREAD.rows(connection, bound)}
    came = {row.customer_id for row in _CAME_SINCE.rows(connection, bound | {"present": present})}
    later = came - unread
    waiting = sum(one.due.row.customer_id in later for one in weighed.prepared)
    weighed.prepared = [
        one for one in weighed.prepared if one.due.row.customer_id not in unread | later
    ]
    return waiting


def _guard_again(
    connection: Connection, parts: Parts, weighed: Weighed, policy: Policy, now: datetime
) -> list[Prepared]:
    """Ask the guard once more inside the transaction that commits the attempts.

    Whoever was suppressed, took consent back or left since is not written to.
    """
    if not weighed.prepared:
        return []
    ids = sorted({one.due.row.customer_id for one in weighed.prepared})
    reading = parts.live.letter_reading
    fresh = load(connection, ids, now, reading, shop_zone=parts.shop_zone)
    going = []
    for one in weighed.prepared:
        known = fresh.get(one.due.row.customer_id)
        if known is None:
            continue
        due = one.due.with_facts(known)
        verdict = judge(due, policy, now)
        if isinstance(verdict, Drop):
            weighed.dropped.append((due, verdict.reason, verdict.detail))
        elif isinstance(verdict, Hold):
            weighed.held.append((due, verdict))
        else:
            counts_as_sent(due, now)
            going.append(replace(one, due=due))
    return going


def _write_attempts(
    connection: Connection,
    parts: Parts,
    letters: Letters,
    going: Sequence[Prepared],
    now: datetime,
) -> None:
    """Commit the attempts before any socket is touched, with what clicks and views will need.

    Nobody views the letters of a replay in a browser: what they were made from is not kept there.
    """
    letters.keep_templates(connection, (one.ready.template for one in going))
    if parts.live.catalog.settings.referral is not None:
        invited = {one.due.row.customer_id for one in going}
        referral.keep_codes(connection, invited, parts.key, now)
    incentives.write(connection, [one.offer.row for one in going if one.offer])
    outbox.begin(connection, [_attempt_of(one, parts) for one in going], now)


def _attempt_of(one: Prepared, parts: Parts) -> outbox.Beginning:
    due, ready = one.due, one.ready
    assert due.enrollment is not None
    kept = shortened(ready.context, due.enrollment.properties) if parts.outside else None
    return outbox.Beginning(
        due.row.customer_id,
        due.row.message_id,
        due.fence,
        ready.letter.attempt_id,
        (due.row.made or 0) + 1,
        parts.path,
        parts.starts.token if parts.starts is not None else "",
        ready.template.version,
        kept,
        ready.links,
    )


def _noted(parts: Parts, going: Sequence[Prepared], now: datetime) -> bool:
    """Note attempts in the journal; whether they are: without its note no letter leaves."""
    if parts.journal is None or not going:
        return True
    begun = [
        Begun(row.message_id, one.ready.letter.attempt_id, (row.made or 0) + 1, now)
        for one in going
        for row in (one.due.row,)
    ]
    try:
        parts.journal.note(begun)
    except EnvironmentFailed as refused:
        log.warned("journal_refused", letters=len(going), problem=refused.cause)
        return False
    return True


def _hand_over(
    parts: Parts, going: Sequence[Prepared], now: datetime, patience: Patience
) -> list[Outcome | Later]:
    """Note the attempts in the journal, then hand the letters over, each once."""
    reach("attempts_committed")
    if not _noted(parts, going, now):
        return [NOT_NOTED] * len(going)
    reach("attempts_noted")
    letters = [one.ready.letter for one in going]
    gate = parts.gate_for(len(letters))
    answers = hand_over(parts.transport, letters, gate, parts.pool, patience)
    reach("handed_over")
    return answers
