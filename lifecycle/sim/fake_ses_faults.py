"""What can go wrong between us and the stand-in for SES, by script or by seeded dice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2s
from types import MappingProxyType
from typing import TypeVar

DICE_SIDES = 2**64
Kind = TypeVar("Kind", bound=str)
ENTRY = "entry_"
"""Begins the name of a fault that befalls one entry of a bulk call."""
ENTRY_STATUSES = frozenset(
    {
        "MESSAGE_REJECTED",
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "CONFIGURATION_SET_NOT_FOUND",
        "TEMPLATE_NOT_FOUND",
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_THROTTLED",
        "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "INVALID_SENDING_POOL_NAME",
        "ACCOUNT_SENDING_PAUSED",
        "CONFIGURATION_SET_SENDING_PAUSED",
        "INVALID_PARAMETER",
        "TRANSIENT_FAILURE",
        "FAILED",
    }
)
"""How SES says that an entry was not accepted."""


class Fault(StrEnum):
    """What can go wrong with one request; `_AFTER` means that the letters were accepted."""

    NONE = "none"
    THROTTLED = "throttled"
    THROTTLED_AS_400 = "throttled_as_400"
    DAY_QUOTA = "day_quota"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    NOT_VERIFIED = "not_verified"
    EXPIRED_KEY = "expired_key"
    SKEWED_CLOCK = "skewed_clock"
    FAILED_BEFORE = "failed_before"
    FAILED_AFTER = "failed_after"
    UNAVAILABLE_BEFORE = "unavailable_before"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    HALF_ANSWER_AFTER = "half_answer_after"
    GARBLED_ANSWER_AFTER = "garbled_answer_after"
    EMPTY_ANSWER_AFTER = "empty_answer_after"


class Refusal(Exception):
    """An error as SES answers it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


_REFUSALS: dict[Fault, tuple[int, str, str]] = {
    Fault.THROTTLED: (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    Fault.THROTTLED_AS_400: (400, "ThrottlingException", "Maximum sending rate exceeded."),
    Fault.DAY_QUOTA: (400, "ThrottlingException", "Daily message quota exceeded."),
    Fault.PAUSED: (400, "SendingPausedException", "Email sending is disabled for this account."),
    Fault.SUSPENDED: (400, "AccountSuspendedException", "The account is suspended."),
    Fault.NOT_VERIFIED: (400, "MessageRejected", "Email address is not verified."),
    Fault.EXPIRED_KEY: (
        *(403, "ExpiredTokenException"),
        "The security token included in the request is expired",
    ),
    Fault.SKEWED_CLOCK: (
        *(403, "InvalidSignatureException"),
        "Signature expired: the request's time is too far from that of the server.",
    ),
    Fault.FAILED_BEFORE: (500, "InternalServiceErrorException", "Something went wrong."),
    Fault.FAILED_AFTER: (500, "InternalServiceErrorException", "Something went wrong."),
    Fault.UNAVAILABLE_BEFORE: (503, "ServiceUnavailable", "Come back later."),
}


def refusal_of(fault: Fault) -> Refusal | None:
    """The error that SES answers with for a fault; None for one that is no answer of SES."""
    told = _REFUSALS.get(fault)
    return None if told is None else Refusal(*told)


def refused_for(fault: Fault) -> Refusal:
    """The error of a fault that is a refusal. Raises `KeyError` for any other."""
    return Refusal(*_REFUSALS[fault])


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which fault each request meets: first the script in its order, then dice by seed.

    `shares` gives each fault its probability; the same seed gives the same history. The entries
    of bulk calls, counted over all calls, have a script and shares of their own: a status of
    `ENTRY_STATUSES`, or "" in the script for none.
    """

    script: tuple[Fault, ...] = ()
    shares: Mapping[Fault, float] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0
    entry_script: tuple[str, ...] = ()
    entry_shares: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def fault(self, number: int) -> Fault:
        """The fault of the request of this number, counted from 0."""
        if number < len(self.script):
            return self.script[number]
        return _thrown(f"{self.seed}:{number}", self.shares) or Fault.NONE

    def entry_fault(self, number: int) -> str:
        """The status in place of SUCCESS for the entry of this number; "" for none."""
        if number < len(self.entry_script):
            return self.entry_script[number]
        if not self.entry_shares:
            return ""
        return _thrown(f"{self.seed}:entry:{number}", self.entry_shares) or ""


def shares_of(words: str) -> tuple[dict[Fault, float], dict[str, float]]:
    """Read `throttled=0.1,entry_transient_failure=0.01`: of requests, and of bulk entries.

    Raises `ValueError` with what is wrong.
    """
    calls: dict[Fault, float] = {}
    entries: dict[str, float] = {}
    for one in filter(None, (part.strip() for part in words.split(","))):
        name, _, said = one.partition("=")
        share = _share(name, said)
        status = name.removeprefix(ENTRY).upper()
        if name.startswith(ENTRY) and status in ENTRY_STATUSES:
            entries[status] = share
        elif name in set(Fault):
            calls[Fault(name)] = share
        else:
            known = [*Fault, *(f"{ENTRY}{one.lower()}" for one in sorted(ENTRY_STATUSES))]
            raise ValueError(f"there is no fault “{name}”; there are {', '.join(known)}")
    if sum(calls.values()) > 1 or sum(entries.values()) > 1:
        raise ValueError("the shares of the faults come to more than 1")
    return calls, entries


def _share(name: str, said: str) -> float:
    try:
        share = float(said)
    except ValueError:
        raise ValueError(f"“{name}” needs a share, as in {name}=0.1") from None
    if not 0 <= share <= 1:
        raise ValueError(f"the share of “{name}” is not between 0 and 1")
    return share


def _thrown(key: str, shares: Mapping[Kind, float]) -> Kind | None:
    digest = blake2s(key.encode(), digest_size=8).digest()
    thrown = int.from_bytes(digest, "big") / DICE_SIDES
    for one, share in shares.items():
        if thrown < share:
            return one
        thrown -= share
    return None
