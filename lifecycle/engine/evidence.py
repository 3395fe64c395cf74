"""What is known of letters whose outcome came late, was lost, or was told by somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.action import Proved
from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.engine.live import Live
from lifecycle.engine.weigh import Prepared
from lifecycle.store import claims, evidence, outbox
from lifecycle.store.apply import Writing

ANSWERED_LATE = "the transport's answer, after the lease"
LINK = "a hit on one of its links"
WORKER_GONE = "its worker is gone"


def prove(
    connection: Connection, customer_id: str, proofs: Sequence[Proved], now: datetime
) -> None:
    """Take in evidence about a customer's messages; what is known already changes nothing."""
    claims.have_alone(connection, [customer_id])
    writing = Writing(now)
    writing.add_for(customer_id, proofs)
    writing.write(connection)


def may_be_resent(live: Live, row: Any) -> bool:
    """Whether a message goes once more, should its fate stay unknown."""
    campaign = live.campaign(row.campaign, row.version)
    allowed = campaign is not None and campaign.sending.resend_uncertain
    return allowed and bool(row.transactional) and row.resent_at is None


def ours_alone(
    connection: Connection, pairs: Sequence[tuple[Prepared, Outcome]], now: datetime
) -> list[tuple[Prepared, Outcome]]:
    """Those outcomes that are still ours to write: whose messages nobody took from us meanwhile.

    Of the others an acceptance is evidence, and anything else is not written at all.
    """
    fences = {one.due.row.message_id: one.due.fence for one, _ in pairs}
    customers = [one.due.row.customer_id for one, _ in pairs]
    ours = outbox.still_attempted(connection, customers, fences)
    kept = []
    for one, outcome in pairs:
        row, attempt_id = one.due.row, one.ready.letter.attempt_id
        if row.message_id in ours:
            kept.append((one, outcome))
            continue
        log.warned("outcome_too_late", message=row.message_id, outcome=str(outcome.kind))
        if outcome.kind is OutcomeKind.ACCEPTED:
            provider = outcome.provider_id or ""
            proof = Proved(row.message_id, now, ANSWERED_LATE, attempt_id, provider)
            prove(connection, row.customer_id, [proof], now)
    return kept


def settle_by_evidence(
    connection: Connection, messages: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Settle those of the messages, not accepted as it seems, that were proved to be meanwhile."""
    of: dict[str, list[Proved]] = {}
    for customer_id, message_id, attempt_id, what in evidence.evidence_of(connection, messages):
        of.setdefault(customer_id, []).append(Proved(message_id, now, what, attempt_id))
    for customer_id, proofs in of.items():
        prove(connection, customer_id, proofs, now)


def lost(connection: Connection, rows: Sequence[Any], now: datetime) -> None:
    """Put messages down as uncertain whose worker is gone, each with its attempt."""
    of = [{"of": row.customer_id, "id": row.message_id} for row in rows]
    outbox.uncertain(connection, [{**one, "at": now} for one in of])
    outbox.lost(connection, [{**one, "told": WORKER_GONE, "moment": now} for one in of])


def doubtful(outcomes: Sequence[tuple[Prepared, Outcome]]) -> list[tuple[str, str]]:
    """Customer and message of those of a batch that were not accepted."""
    return [
        (one.due.row.customer_id, one.due.row.message_id)
        for one, outcome in outcomes
        if outcome.kind is not OutcomeKind.ACCEPTED
    ]
