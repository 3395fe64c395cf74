"""What the answer to a bulk call means for each of its entries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.send.ses_errors import stop_of
from lifecycle.send.transport import told

MEANINGS: Mapping[str, OutcomeKind] = MappingProxyType(
    {
        "MESSAGE_REJECTED": OutcomeKind.REFUSED,
        "INVALID_PARAMETER": OutcomeKind.REFUSED,
        "INVALID_PARAMETER_VALUE": OutcomeKind.REFUSED,
        "ACCOUNT_THROTTLED": OutcomeKind.SLOW_DOWN,
        "ACCOUNT_DAILY_QUOTA_EXCEEDED": OutcomeKind.DAY_QUOTA,
        "ACCOUNT_SUSPENDED": OutcomeKind.ACCOUNT,
        "ACCOUNT_SENDING_PAUSED": OutcomeKind.ACCOUNT,
        "CONFIGURATION_SET_SENDING_PAUSED": OutcomeKind.ACCOUNT,
        "CONFIGURATION_SET_NOT_FOUND": OutcomeKind.ACCOUNT,
        "CONFIGURATION_SET_DOES_NOT_EXIST": OutcomeKind.ACCOUNT,
        "MAIL_FROM_DOMAIN_NOT_VERIFIED": OutcomeKind.ACCOUNT,
        "INVALID_SENDING_POOL_NAME": OutcomeKind.ACCOUNT,
        "TEMPLATE_NOT_FOUND": OutcomeKind.ACCOUNT,
        "TEMPLATE_DOES_NOT_EXIST": OutcomeKind.ACCOUNT,
    }
)
"""Statuses that say surely that an entry was not accepted, in both spellings AWS uses.

`TRANSIENT_FAILURE`, `FAILED` and whatever is not here are `UNCERTAIN`: AWS does not say that an
entry so answered was not accepted, as it does not say it of a 5xx.
"""
ENTRY_CODES = frozenset({"INVALID_PARAMETER", "INVALID_PARAMETER_VALUE"})
"""Refusals of how an entry was put, which the same letter may not meet when sent alone."""
NOT_VERIFIED = ("is not verified", "are not verified")
_SPEAK_OF_ALL = (OutcomeKind.SLOW_DOWN, OutcomeKind.DAY_QUOTA, OutcomeKind.ACCOUNT)


def outcomes_of(answer: Any, entries: int) -> list[Outcome]:
    """What came of each entry, in their order.

    An answer that is not the one list SES promises tells nothing of any entry: all of this call
    are `UNCERTAIN`, and no others are.
    """
    results = answer.get("BulkEmailEntryResults") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != entries:
        found = len(results) if isinstance(results, list) else "no"
        unknown = Outcome(OutcomeKind.UNCERTAIN, detail=f"{found} results for {entries} entries")
        return [unknown] * entries
    return [_outcome(one) for one in results]


def may_go_alone(outcome: Outcome) -> bool:
    """Whether an entry was refused for how it was put in bulk, so that it may be sent alone."""
    return outcome.kind is OutcomeKind.REFUSED and outcome.detail.startswith(tuple(ENTRY_CODES))


def _outcome(result: Any) -> Outcome:
    if not isinstance(result, dict):
        return Outcome(OutcomeKind.UNCERTAIN, detail="an entry without a result")
    status = result.get("Status")
    if status == "SUCCESS":
        message_id = result.get("MessageId")
        if isinstance(message_id, str) and message_id:
            return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id)
        return Outcome(OutcomeKind.UNCERTAIN, detail="a result without a message id")
    kind = MEANINGS.get(status, OutcomeKind.UNCERTAIN) if isinstance(status, str) else None
    words = str(result.get("Error") or "")
    if kind is OutcomeKind.REFUSED and any(said in words.lower() for said in NOT_VERIFIED):
        kind = OutcomeKind.ACCOUNT
    if result.get("MessageId"):
        kind = OutcomeKind.UNCERTAIN
    stops = stop_of(str(status), words) if kind in _SPEAK_OF_ALL else None
    return Outcome(kind or OutcomeKind.UNCERTAIN, detail=told(f"{status}: {words}"), stops=stops)
