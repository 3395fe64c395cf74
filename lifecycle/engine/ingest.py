"""The first stage of a tick: takes in new events and asks the segments whose instant has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from lifecycle import log
from lifecycle.core.policy import Policy
from lifecycle.core.words import from_micros
from lifecycle.engine.feedback import KnownMessage, known_messages
from lifecycle.engine.intake import CustomerIntake, Taken
from lifecycle.engine.parts import Parts
from lifecycle.engine.rewarding import Rewarded, reward_first, reward_rest
from lifecycle.engine.settling import settling
from lifecycle.engine.soft_bounces import NONE, given_up
from lifecycle.failpoints import reach
from lifecycle.store import claims, events
from lifecycle.store.apply import Writing
from lifecycle.store.claims import Claim
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent
from lifecycle.store.facts import load, variants_seen
from lifecycle.store.history import Claimed
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

_EVENT, _MESSAGE, _CUSTOMER = (METADATA.tables[name] for name in ("event", "message", "customer"))
_LATER = Statement(
    select(_EVENT.c.customer_id, func.min(_EVENT.c.due_at, type_=_EVENT.c.due_at.type))
    .where(
        among(_EVENT.c.customer_id, "ids"),
        _EVENT.c.pending,
    )
    .group_by(_EVENT.c.customer_id)
)
_HASHES = Statement(
    select(_CUSTOMER.c.customer_id, _CUSTOMER.c.address_hash).where(
        among(_CUSTOMER.c.customer_id, "ids")
    )
)
_GUARDED = Statement(
    update(_MESSAGE)
    .where(
        among(_MESSAGE.c.customer_id, "ids"),
        _MESSAGE.c.state == "planned",
        _MESSAGE.c.reason == "guarded",
    )
    .values(due_at=bindparam("at", type_=_MESSAGE.c.due_at.type))
)


def ingest(parts: Parts, policy: Policy, now: datetime, batch: int = claims.BATCH) -> int:
    """Take in one batch of customers with something new or due; says how many there were."""
    with parts.database.write() as connection:
        claimed = claims.claim(connection, "intake", now, batch, parts.turns)
    if not claimed:
        return 0
    reach("intake_claimed")
    try:
        _take_in(parts, policy, claimed, now)
    except Exception:
        if not parts.outside:
            raise
        log.failed("intake_failed", customers=len(claimed))
        _one_by_one(parts, policy, claimed, now)
    return len(claimed)


def _one_by_one(parts: Parts, policy: Policy, claimed: Sequence[Claim], now: datetime) -> None:
    for one in claimed:
        try:
            _take_in(parts, policy, [one], now)
        except Exception:
            log.failed("customer_not_taken_in", customer=one.customer_id)
            with parts.database.write() as connection:
                if claims.quarantine(connection, "intake", one, now):
                    log.warned("customer_quarantined", customer=one.customer_id)


def _take_in(parts: Parts, policy: Policy, claimed: Sequence[Claim], now: datetime) -> None:
    ids = [one.customer_id for one in claimed]
    live = parts.live
    with parts.database.write() as connection:
        claims.have_alone(connection, ids)
        waiting = events.pending(connection, ids, now)
        unsettled = settling(connection, live, ids)
        anchor = min(_anchor(claimed, waiting, now), unsettled.earliest or now)
        facts = load(
            connection,
            ids,
            now,
            live.ingest_reading,
            shop_zone=parts.shop_zone,
            anchor=anchor,
            claimed=_in_memory(parts, claimed),
        )
        rewarded = reward_first(connection, parts, facts, waiting, anchor, now)
        if policy.verdicts or policy.shares:
            variants_seen(connection, facts)
        messages, hashes = _of_feedback(connection, waiting)
        rule = live.catalog.settings.bounces
        final = given_up(connection, waiting, hashes, rule, now) if hashes else NONE
        writing = Writing(now)
        done: dict[str, Taken] = {}
        for one in claimed:
            customer_id = one.customer_id
            known = facts.get(customer_id)
            if known is None or known.erased:
                continue
            live.compute(known)
            settled = unsettled.ask(known, policy, waiting.get(customer_id, ()))
            writing.add(known, settled, None)
            everything = one.everything or customer_id in rewarded.touched
            told = messages.get(customer_id, ())
            asker = CustomerIntake(live, policy, known, told, everything=everything, given_up=final)
            taken = done[customer_id] = asker.run(waiting.get(customer_id, ()), now)
            writing.add(known, taken.actions, hashes.get(customer_id))
        reach("intake_decided")
        appended = _write(parts, connection, writing, done, waiting, rewarded, now)
        unsettled.write(connection)
        _release(connection, claimed, done, appended)
        reach("intake_written")
    reach("intake_committed")
    for one in claimed:
        parts.recent.release(one.customer_id, one.fence)
    _tell_failures(done)


def _of_feedback(
    connection: Connection, waiting: Mapping[str, Sequence[NewEvent]]
) -> tuple[Mapping[str, Sequence[KnownMessage]], Mapping[str, str | None]]:
    """The messages and the hashed addresses of those whom feedback has come about."""
    feedback = [
        customer_id
        for customer_id, new in waiting.items()
        if any(one.event.name.startswith("message_") for one in new)
    ]
    if not feedback:
        return {}, {}
    rows = _HASHES.rows(connection, {"ids": feedback})
    hashes = {row.customer_id: row.address_hash for row in rows}
    return known_messages(connection, feedback), hashes


def _tell_failures(done: Mapping[str, Taken]) -> None:
    for customer_id, taken in done.items():
        for failure in taken.failed:
            log.warned(
                "hook_failed", hook=failure.hook, event_id=failure.event_id, customer=customer_id
            )


def _in_memory(parts: Parts, claimed: Sequence[Claim]) -> Claimed:
    """Whose histories may be used: not theirs of whom more than events may have changed."""
    fences = {one.customer_id: one.fence for one in claimed if not one.everything}
    return Claimed(parts.recent, fences)


def _anchor(
    claimed: Sequence[Claim], waiting: Mapping[str, Sequence[NewEvent]], now: datetime
) -> datetime:
    """The earliest instant about which something is asked: a late event's own is one."""
    instants = [from_micros(one.due_at) for one in claimed]
    instants += [one.event.at for new in waiting.values() for one in new]
    return min(instants, default=now)


def _write(
    parts: Parts,
    connection: Connection,
    writing: Writing,
    done: Mapping[str, Taken],
    waiting: Mapping[str, Sequence[NewEvent]],
    first: Rewarded,
    now: datetime,
) -> frozenset[str]:
    """Write a batch; says to which customers it appended events itself."""
    writing.write(connection)
    if waiting:
        names = {one.event.name for new in waiting.values() for one in new}
        events.TAKEN_UP_TO.each(connection, [{"ids": list(waiting), "now": now}], names)
    filled = [
        {"of": customer_id, "id": event.id, "filled": event.properties}
        for customer_id, taken in done.items()
        for event in taken.filled
    ]
    names = {event.name for taken in done.values() for event in taken.filled}
    events.TAKEN_CHANGED.each(connection, filled, names)
    happened = [
        (customer_id, event) for customer_id, taken in done.items() for event in taken.rewarded
    ]
    later = [*writing.later_events, *reward_rest(connection, parts, happened, first, now)]
    events.append(connection, later)
    if parts.live.catalog.settings.sending.hold_if is not None:
        _GUARDED.each(connection, [{"ids": list(done), "at": now}])
    return frozenset(one.customer_id for one in later)


def _release(
    connection: Connection,
    claimed: Sequence[Claim],
    done: Mapping[str, Taken],
    appended: frozenset[str],
) -> None:
    ids = [one.customer_id for one in claimed]
    arriving = dict(_LATER.rows(connection, {"ids": ids}))
    next_due: dict[str, datetime | None] = {}
    for customer_id in ids:
        taken = done.get(customer_id)
        instants = [arriving.get(customer_id), taken.next_wake if taken else None]
        next_due[customer_id] = min((at for at in instants if at is not None), default=None)
    claims.release_intake(connection, claimed, next_due, appended)
