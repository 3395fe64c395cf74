"""A customer's points and codes, and what they come to at any instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Tiers = tuple[tuple[int, str], ...]
"""The steps of loyalty: from how many lifetime points on, and the name."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points that are available from one instant on and gone from another on, if ever.

    `lasting` are those that count for ever: what was earned, less what was taken back of it.
    """

    points: int
    available_at: datetime
    expires_at: datetime | None = None
    lasting: bool = True

    def counts(self, now: datetime) -> bool:
        """Whether these points may be spent at `now`."""
        return self.available_at <= now and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class Code:
    """A code that a letter brought: from when on it is open, and what ends that."""

    issued_at: datetime
    expires_at: datetime | None = None
    redeemed_at: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """The instant from which it is open no more."""
        ends = [one for one in (self.expires_at, self.redeemed_at) if one is not None]
        return min(ends, default=None)

    def open(self, now: datetime) -> bool:
        """Whether it can be redeemed at `now`."""
        return self.issued_at <= now and (self.ends_at is None or self.ends_at > now)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a customer has of points and codes; what lies long back may be summed up in one line."""

    lines: tuple[Line, ...] = ()
    codes: tuple[Code, ...] = ()
    tiers: Tiers = ()

    def balance(self, now: datetime) -> int:
        """The points that may be spent."""
        return sum(line.points for line in self.lines if line.counts(now))

    def lifetime(self, now: datetime) -> int:
        """All points that have become available, less what was taken back; none expire of these."""
        return sum(line.points for line in self.lines if line.lasting and line.available_at <= now)

    def next_expiry(self, now: datetime) -> tuple[datetime, int] | None:
        """The next instant at which points expire, and how many; None when none will."""
        expiring: dict[datetime, int] = {}
        for line in self.lines:
            if line.expires_at is not None and line.counts(now):
                expiring[line.expires_at] = expiring.get(line.expires_at, 0) + line.points
        return min(((at, points) for at, points in expiring.items() if points > 0), default=None)

    def tier(self, now: datetime) -> str | None:
        """The highest tier that the lifetime points reach; None below the first."""
        lifetime = self.lifetime(now)
        reached = [(begins, -place) for place, (begins, _) in enumerate(self.tiers)]
        best = max((one for one in reached if one[0] <= lifetime), default=None)
        return None if best is None else self.tiers[-best[1]][1]

    def open_codes(self, now: datetime) -> int:
        """How many codes were issued, not redeemed, and have not expired."""
        return sum(code.open(now) for code in self.codes)

    def points_change(self, now: datetime) -> Sequence[datetime]:
        """The instants after `now` at which points become available or expire by themselves."""
        lines = [line for line in self.lines if line.points]
        ends = (line.expires_at for line in lines)
        return _after(now, (*(line.available_at for line in lines), *ends))

    def codes_change(self, now: datetime) -> Sequence[datetime]:
        """The instants after `now` at which a code opens or ends by itself."""
        ends = (code.ends_at for code in self.codes)
        return _after(now, (*(code.issued_at for code in self.codes), *ends))


NO_LEDGER = Ledger()
"""What a customer has who has nothing, and whoever's was not read."""


def _after(now: datetime, instants: Iterable[datetime | None]) -> Sequence[datetime]:
    return sorted({one for one in instants if one is not None and one > now})
