"""Letters rest while a transport takes none: the last thing that a message is asked about."""

from __future__ import annotations

from datetime import datetime

from lifecycle.core.because import Because
from lifecycle.core.guard import Drop, Go, Hold, Owed, Verdict, sender_of
from lifecycle.core.mailbox import domain_of
from lifecycle.core.policy import Policy
from lifecycle.core.stoppage import HELD_FOR

TAKES_LETTERS = "the transport takes letters"


def rested(
    verdict: Verdict, owed: Owed, message_id: str, variant: str, policy: Policy, now: datetime
) -> Verdict:
    """What the guard said of a message, unless it may go and its transport takes none of its kind.

    It is held then, and looked at again as soon as the transport goes on.
    """
    rest = policy.rest
    if rest is None or not isinstance(verdict, Go):
        return verdict
    domain = domain_of(_sender(owed, variant, policy))
    stopped = rest.over(domain, message_id, transactional=owed.step.transactional)
    if stopped is None:
        return verdict
    if now >= owed.stale_at:
        return Drop("stale")
    why = Because(TAKES_LETTERS, False, stopped.words(), "transport")
    return Hold(min(now + HELD_FOR, owed.stale_at), stopped.manner.reason, (why,))


def _sender(owed: Owed, variant: str, policy: Policy) -> str:
    """The mailbox that writes a letter, as its variant says or its step."""
    own = next((one.sender for one in owed.step.variant if one.name == variant), None)
    known = policy.settings.senders.get(own or "")
    return known.from_ if known is not None else sender_of(owed, policy)
