"""Evidence that a letter was accepted: what it moves, and the sample of how soon it comes.

A letter is proved once however often evidence comes, and in whatever order. A hit on a link proves
the message; only what the transport tells proves an attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from lifecycle.core.action import Action, Decided, Happen
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.message import MessageState, assert_move
from lifecycle.core.walk import letter_settled
from lifecycle.core.words import from_micros, micros
from lifecycle.store import breaker
from lifecycle.store.dialect.lists import among
from lifecycle.store.facts import enrollment_of
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, insert_new

TABLES = METADATA.tables
MESSAGE, ATTEMPT, PROOF = TABLES["message"], TABLES["attempt"], TABLES["proof"]
ENROLLMENT, INCENTIVE, RECEIPT = TABLES["enrollment"], TABLES["incentive"], TABLES["receipt"]
NOT_BEGUN = (MessageState.PLANNED, MessageState.READY, MessageState.REQUEUED)
PROOFS_KEPT = 2_000
"""So many proofs of each path, the latest begun, are the sample by which it is judged."""
ALIVE_BY = 20
"""A path is proved alive for a message once so many later attempts by it were told of."""
BY_HAND = "settled by hand"
"""What is told where a person said what became of a letter."""
CANARY = "canary-"
"""How the id of an attempt begins that is a canary's."""
TRIMMED_BY = "00"
"""The sample is trimmed by each proof whose attempt's id begins so: by one of 256."""
_AT = MESSAGE.c.attempted_at.type
_OF = (MESSAGE.c.customer_id == bindparam("of")) & (MESSAGE.c.message_id == bindparam("id"))
_ROW = Statement(select(MESSAGE).where(_OF).with_for_update())
_ATTEMPTS = Statement(
    select(ATTEMPT)
    .where(ATTEMPT.c.customer_id == bindparam("of"), ATTEMPT.c.message_id == bindparam("id"))
    .order_by(ATTEMPT.c.number)
)
_EVIDENCE = Statement(
    update(ATTEMPT)
    .where(
        ATTEMPT.c.customer_id == bindparam("of"),
        ATTEMPT.c.attempt_id == bindparam("attempt"),
        ATTEMPT.c.evidence.is_(None),
    )
    .values(evidence=bindparam("what"))
)
_PROVED_ATTEMPT = Statement(
    update(ATTEMPT)
    .where(ATTEMPT.c.customer_id == bindparam("of"), ATTEMPT.c.attempt_id == bindparam("attempt"))
    .values(
        outcome="accepted",
        detail=bindparam("told"),
        settled_at=bindparam("moment", type_=_AT),
    )
)
_ACCEPTED = Statement(
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.ACCEPTED,
        reason="",
        due_at=None,
        attempted_at=bindparam("begun", type_=_AT),
        accepted_at=bindparam("begun", type_=_AT),
        provider_id=bindparam("provider"),
        lease_until=None,
        attempts=0,
    )
)
_WITH_EVIDENCE = Statement(
    select(ATTEMPT.c.customer_id, ATTEMPT.c.message_id, ATTEMPT.c.attempt_id, ATTEMPT.c.evidence)
    .where(
        among(ATTEMPT.c.customer_id, "customers"),
        among(ATTEMPT.c.message_id, "ids"),
        ATTEMPT.c.evidence.is_not(None),
    )
    .order_by(ATTEMPT.c.message_id, ATTEMPT.c.number)
)


@dataclass(frozen=True, slots=True)
class Settled:
    """A message that evidence has moved, and what follows from that for its customer."""

    customer_id: str
    message_id: str
    actions: tuple[Action, ...]


def prove(connection: Connection, rows: Sequence[Row], now: datetime) -> list[Settled]:
    """Take evidence in (`of`, `id`, `moment`, `by`, `attempt`, `provider`, `told`).

    A message in doubt, or one put back that has not begun again, is accepted as of the attempt
    proved. Of one that is being handed over only the evidence is kept: it is weighed once the
    outcome is known. Gives what was moved; whoever calls has those customers alone.
    """
    found = []
    for given in rows:
        message = next(iter(_ROW.rows(connection, {"of": given["of"], "id": given["id"]})), None)
        if message is None:
            continue
        settled = _take(connection, message, given, now)
        if settled is not None:
            found.append(settled)
    return found


def _take(connection: Connection, message: Any, given: Row, now: datetime) -> Settled | None:
    place = {"of": given["of"], "id": given["id"]}
    attempts = _ATTEMPTS.rows(connection, place)
    attempt = _meant(attempts, given["attempt"])
    if attempt is None:
        return None
    state = MessageState(message.state)
    if given["told"]:
        accepted = message.accepted_at or attempt.settled_at
        keep_proof(connection, attempt, accepted, given["moment"])
    if attempt.outcome != "accepted":
        one = {"of": given["of"], "attempt": attempt.attempt_id, "what": given["by"]}
        _EVIDENCE.each(connection, [one])
    if state is MessageState.UNCERTAIN or state in NOT_BEGUN:
        return _accept(connection, message, attempt, given, now)
    if state is MessageState.ACCEPTED and given["provider"]:
        _receive(connection, message, given["provider"])
    return None


def _meant(attempts: Sequence[Any], attempt_id: str) -> Any | None:
    """The attempt that evidence speaks of: the one it names, else the latest still in doubt."""
    for one in attempts:
        if one.attempt_id == attempt_id:
            return one
    open_ones = [one for one in attempts if one.outcome in (None, "uncertain")]
    return (open_ones or attempts or [None])[-1]


def _accept(
    connection: Connection, message: Any, attempt: Any, given: Row, now: datetime
) -> Settled:
    assert_move(MessageState(message.state), MessageState.ACCEPTED)
    told = BY_HAND if given["by"] == BY_HAND else f"proved by {given['by']}"
    begun = attempt.begun_at
    place = {"of": given["of"], "id": given["id"]}
    provider = message.provider_id or given["provider"] or None
    _ACCEPTED.each(connection, [{**place, "begun": begun, "provider": provider}])
    if given["provider"]:
        _receive(connection, message, given["provider"])
    settled = {"of": given["of"], "attempt": attempt.attempt_id, "told": told, "moment": now}
    _PROVED_ATTEMPT.each(connection, [settled])
    if message.klass != "transactional":
        breaker.count(connection, 1, begun)
    return Settled(given["of"], given["id"], _follows(connection, message, begun, told, now))


def _receive(connection: Connection, message: Any, provider_id: str) -> None:
    receipt = {"provider_id": provider_id, "customer_id": message.customer_id}
    insert_new(connection, RECEIPT, [{**receipt, "message_id": message.message_id}])


def _follows(
    connection: Connection, message: Any, begun: datetime, told: str, now: datetime
) -> tuple[Action, ...]:
    """What being sent means: the decision, our own events as of then, the enrollment's end."""
    named = {"campaign": message.campaign, "step": message.step, "variant": message.variant}
    named["message_id"] = message.message_id
    about = (message.campaign, message.entry, "sent", "", told, message.step, message.variant)
    happened = [("message_sent", named)]
    for row in connection.execute(
        select(INCENTIVE.c.kind).where(
            INCENTIVE.c.customer_id == message.customer_id,
            INCENTIVE.c.message_id == message.message_id,
        )
    ):
        happened.append(("incentive_issued", {**named, "kind": row.kind}))
    events = [
        Happen(Event(begun, derived_id(name, message.message_id), name, properties, now))
        for name, properties in happened
    ]
    ended = out_no_more(connection, message, now, sent=True)
    return (Decided(now, *about), *events, *ended)


def out_no_more(connection: Connection, message: Any, now: datetime, *, sent: bool) -> list[Action]:
    """What it means for its enrollment that a message is out no more, where it still was."""
    row = connection.execute(
        select(ENROLLMENT).where(
            ENROLLMENT.c.customer_id == message.customer_id,
            ENROLLMENT.c.enrollment_id == message.enrollment_id,
        )
    ).first()
    if row is None or message.message_id not in (row.open_messages or ()):
        return []
    return letter_settled(enrollment_of(row), message.message_id, now, sent)


def evidence_of(
    connection: Connection, messages: Iterable[tuple[str, str]]
) -> list[tuple[str, str, str, str]]:
    """Customer, message, attempt and evidence of those messages of which there is some."""
    wanted = list(messages)
    if not wanted:
        return []
    customers, ids = {one[0] for one in wanted}, {one[1] for one in wanted}
    rows = _WITH_EVIDENCE.rows(connection, {"customers": sorted(customers), "ids": sorted(ids)})
    return [(one.customer_id, one.message_id, one.attempt_id, one.evidence) for one in rows]


def keep_proof(
    connection: Connection, attempt: Any, accepted_at: datetime | None, proved_at: datetime
) -> None:
    """Keep how soon the transport told of an attempt: the first time counts."""
    row = {"attempt_id": attempt.attempt_id, "path": attempt.path, "begun_at": attempt.begun_at}
    insert_new(connection, PROOF, [{**row, "accepted_at": accepted_at, "proved_at": proved_at}])
    if attempt.attempt_id.startswith(TRIMMED_BY):
        trim_proofs(connection, attempt.path)


def canary_told(connection: Connection, attempt_id: str, path: str, now: datetime) -> None:
    """Keep that the transport told of a canary; its id says when it was sent."""
    sent = attempt_id.removeprefix(CANARY).partition("-")[0]
    if sent.isdecimal() and int(sent) <= micros(now):
        row = {"attempt_id": attempt_id, "path": path, "begun_at": from_micros(int(sent))}
        insert_new(connection, PROOF, [{**row, "accepted_at": None, "proved_at": now}])


def trim_proofs(connection: Connection, path: str, kept: int = PROOFS_KEPT) -> None:
    """Keep the latest begun proofs of a path alone."""
    oldest = (
        select(PROOF.c.begun_at)
        .where(PROOF.c.path == path)
        .order_by(PROOF.c.begun_at.desc())
        .offset(kept - 1)
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(delete(PROOF).where(PROOF.c.path == path, PROOF.c.begun_at < oldest))


_DELAYS = Statement(
    select(PROOF.c.begun_at, PROOF.c.accepted_at, PROOF.c.proved_at)
    .where(PROOF.c.path == bindparam("path"))
    .order_by(PROOF.c.begun_at.desc(), PROOF.c.attempt_id)
    .limit(PROOFS_KEPT // 2)
)
_LATER = Statement(
    select(PROOF.c.attempt_id)
    .where(
        PROOF.c.path == bindparam("path"),
        PROOF.c.begun_at > bindparam("begun", type_=PROOF.c.begun_at.type),
    )
    .limit(ALIVE_BY)
)


def delays(connection: Connection, path: str) -> list[float]:
    """How many seconds after acceptance the latest attempts of a path were told of, unsorted."""
    return [
        max(0.0, (row.proved_at - (row.accepted_at or row.begun_at)).total_seconds())
        for row in _DELAYS.rows(connection, {"path": path})
    ]


def proved_after(connection: Connection, path: str, begun_at: datetime) -> int:
    """How many attempts of a path that began later were told of; at most ALIVE_BY.

    A canary, which an operator sends to see just that, counts for all of them.
    """
    found = _LATER.rows(connection, {"path": path, "begun": begun_at})
    canary = any(row.attempt_id.startswith(CANARY) for row in found)
    return ALIVE_BY if canary else len(found)


def attempts_of(connection: Connection, messages: Sequence[Any]) -> dict[str, list[Any]]:
    """The attempts of messages (their rows), in order, by message."""
    found: dict[str, list[Any]] = {}
    query = (
        select(ATTEMPT)
        .where(among(ATTEMPT.c.customer_id, "customers"), among(ATTEMPT.c.message_id, "ids"))
        .order_by(ATTEMPT.c.number)
    )
    if messages:
        customers = sorted({row.customer_id for row in messages})
        ids = [row.message_id for row in messages]
        for row in connection.execute(query, {"customers": customers, "ids": ids}):
            found.setdefault(row.message_id, []).append(row)
    return found
