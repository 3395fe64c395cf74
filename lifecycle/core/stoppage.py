"""Stoppages: why a transport takes nothing for now, whom that concerns, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

SECOND = timedelta(seconds=1)
FIRST_REST = 5 * SECOND
LONGEST_REST = timedelta(minutes=5)
"""What is stopped is tried again at intervals that double from the first up to the longest."""
HELD_FOR = timedelta(hours=1)
"""So long a letter is held that a stoppage keeps back; when that ends it is woken at once."""
ACCOUNT = "account"
MARKETING = "marketing"
RATE = "rate"
_IDENTITY = "identity:"
MOST_DETAIL = 200
"""Characters of the other side's words that are told along with a stoppage."""


class Stop(StrEnum):
    """What stops letters: each has its own row in MANNERS."""

    SLOW_DOWN = "slow_down"
    DAY_QUOTA = "day_quota"
    SENDING_PAUSED = "sending_paused"
    ACCOUNT_SUSPENDED = "account_suspended"
    IDENTITY_LOST = "identity_lost"
    CONFIGURATION_SET_LOST = "configuration_set_lost"
    CREDENTIALS = "credentials"
    CLOCK_SKEW = "clock_skew"
    NOT_AUTHORIZED = "not_authorized"
    UNREACHABLE = "unreachable"
    UNANSWERED = "unanswered"
    SET_UP = "set_up"

    @property
    def manner(self) -> Manner:
        """What is done about it."""
        return MANNERS[self]

    @property
    def reason(self) -> str:
        """The reason, of the closed list, for which letters are held."""
        return MANNERS[self].reason


@dataclass(frozen=True, slots=True)
class Manner:
    """How the engine behaves while something of this kind stops letters."""

    says: str
    """Why nothing goes, as the end of a sentence."""
    remedy: str
    reason: str = "breaker"
    """Of the closed list of reasons, for the letters that are held."""
    by_sender: bool = False
    """Whether it concerns the letters of one sender's domain alone."""
    asks_account: bool = True
    """Whether asking for the account tells that it may be over; a single letter proves it."""
    anew: bool = False
    """Whether the connection is made anew before it is tried again."""
    first: timedelta = FIRST_REST
    longest: timedelta = LONGEST_REST


MANNERS: Mapping[Stop, Manner] = MappingProxyType(
    {
        Stop.SLOW_DOWN: Manner(
            "the transport asked for a slower pace",
            "nothing is to be done: the pace recovers in steps",
            reason="",
            first=10 * SECOND,
            longest=10 * SECOND,
        ),
        Stop.DAY_QUOTA: Manner(
            "the day's quota of the account is used up",
            "it goes on as the 24 hours pass; ask AWS for a higher sending quota",
            reason="quota",
            first=60 * SECOND,
        ),
        Stop.SENDING_PAUSED: Manner(
            "sending is paused for the account",
            "see the account's status in the SES console, and resume sending there",
        ),
        Stop.ACCOUNT_SUSPENDED: Manner(
            "the account is suspended",
            "answer AWS's message on the account; see the reputation page of the SES console",
        ),
        Stop.IDENTITY_LOST: Manner(
            "the sender's identity is not verified",
            "verify the sender's domain with the transport: at SES by its DKIM records in the DNS",
            by_sender=True,
            asks_account=False,
        ),
        Stop.CONFIGURATION_SET_LOST: Manner(
            "the configuration set does not exist",
            "make it in SES, or correct [ses] configuration_set",
            asks_account=False,
        ),
        Stop.CREDENTIALS: Manner(
            "the credentials are missing, expired or wrong",
            "renew them; the daemon reads them again by itself",
            anew=True,
        ),
        Stop.CLOCK_SKEW: Manner(
            "this machine's clock is wrong, so that signed requests are refused",
            "set the clock right, by NTP",
        ),
        Stop.NOT_AUTHORIZED: Manner(
            "the credentials may not send",
            "allow ses:SendEmail and ses:SendBulkEmail for this sender and configuration set",
            asks_account=False,
        ),
        Stop.UNREACHABLE: Manner(
            "the transport cannot be reached",
            "see the network, the endpoint and its name; it is tried again by itself",
            anew=True,
        ),
        Stop.UNANSWERED: Manner(
            "the transport fails again and again without saying whether it took the letter",
            "see the transport's own status page; it is tried again by itself",
            anew=True,
        ),
        Stop.SET_UP: Manner(
            "the transport refuses the account or its set-up",
            "see the words of the transport, and `lifecycle doctor`",
            asks_account=False,
        ),
    }
)
"""The one table of what is done about each kind. None of them burns an attempt."""


def rest(kind: Stop, tries: int) -> timedelta:
    """How long to wait before it is tried again, after so many tries in vain."""
    manner = MANNERS[kind]
    doubled: int = 2 ** min(tries, 30)
    return min(manner.first * doubled, manner.longest)


def scope_of(kind: Stop, domain: str) -> str:
    """What a stoppage of this kind concerns, for a letter of a sender's domain."""
    if kind is Stop.SLOW_DOWN:
        return RATE
    return f"{_IDENTITY}{domain}" if MANNERS[kind].by_sender else ACCOUNT


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stoppage as it stands: what it concerns, since when, and when it is tried again."""

    scope: str
    kind: Stop
    since: datetime
    until: datetime
    tries: int = 0
    detail: str = ""

    @property
    def manner(self) -> Manner:
        """What is done about it."""
        return MANNERS[self.kind]

    @property
    def domain(self) -> str | None:
        """The sender's domain that it concerns alone; None where it concerns all."""
        return self.scope.removeprefix(_IDENTITY) if self.scope.startswith(_IDENTITY) else None

    def words(self) -> str:
        """Why nothing goes, with the transport's own words."""
        of = f" ({self.domain})" if self.domain else ""
        of = " but for what is kept for transactional letters" if self.scope == MARKETING else of
        detail = f": {self.detail[:MOST_DETAIL]}" if self.detail else ""
        return f"{self.manner.says}{of}{detail}"


@dataclass(frozen=True, slots=True)
class Rest:
    """What a transport does not take at one moment: everything, marketing, or some senders."""

    everything: Stopped | None = None
    marketing: Stopped | None = None
    senders: Mapping[str, Stopped] = field(default_factory=lambda: MappingProxyType({}))
    tried: frozenset[str] = frozenset()
    """Ids of the messages that try whether it is over."""

    @classmethod
    def of(cls, stopped: Mapping[str, Stopped], tried: frozenset[str]) -> Rest | None:
        """What stoppages, by scope, keep back; None where they keep nothing back."""
        senders = {one.domain: one for one in stopped.values() if one.domain is not None}
        found = cls(stopped.get(ACCOUNT), stopped.get(MARKETING), MappingProxyType(senders), tried)
        return found if found.everything or found.marketing or senders else None

    def over(self, domain: str, message_id: str, *, transactional: bool) -> Stopped | None:
        """What keeps a letter of a sender's domain back; None where nothing does."""
        if message_id in self.tried:
            return None
        if self.everything is not None:
            return self.everything
        found = self.senders.get(domain)
        return found or (None if transactional else self.marketing)
