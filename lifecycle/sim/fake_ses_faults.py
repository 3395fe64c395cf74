"""What can go wrong between us and the stand-in for SES, by script or by seeded dice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2s
from types import MappingProxyType

DICE_SIDES = 2**64


class Fault(StrEnum):
    """What can go wrong with one request; `_AFTER` means that the letter was accepted."""

    NONE = "none"
    THROTTLED = "throttled"
    THROTTLED_AS_400 = "throttled_as_400"
    DAY_QUOTA = "day_quota"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    EXPIRED_KEY = "expired_key"
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


REFUSALS = {
    Fault.THROTTLED: Refusal(429, "TooManyRequestsException", "Too many requests."),
    Fault.THROTTLED_AS_400: Refusal(400, "ThrottlingException", "Maximum sending rate exceeded."),
    Fault.DAY_QUOTA: Refusal(400, "ThrottlingException", "Daily message quota exceeded."),
    Fault.PAUSED: Refusal(400, "SendingPausedException", "Sending is paused for this account."),
    Fault.SUSPENDED: Refusal(400, "AccountSuspendedException", "The account is suspended."),
    Fault.EXPIRED_KEY: Refusal(403, "ExpiredTokenException", "The security token has expired."),
    Fault.FAILED_BEFORE: Refusal(500, "InternalServiceErrorException", "Something went wrong."),
    Fault.FAILED_AFTER: Refusal(500, "InternalServiceErrorException", "Something went wrong."),
    Fault.UNAVAILABLE_BEFORE: Refusal(503, "ServiceUnavailable", "Come back later."),
}


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which fault each request meets: first the script in its order, then dice by seed.

    `shares` gives each fault its probability; the same seed gives the same history.
    """

    script: tuple[Fault, ...] = ()
    shares: Mapping[Fault, float] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0

    def fault(self, number: int) -> Fault:
        """The fault of the request of this number, counted from 0."""
        if number < len(self.script):
            return self.script[number]
        digest = blake2s(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        thrown = int.from_bytes(digest, "big") / DICE_SIDES
        for fault, share in self.shares.items():
            if thrown < share:
                return fault
            thrown -= share
        return Fault.NONE
