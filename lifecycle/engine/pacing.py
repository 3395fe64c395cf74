"""Pacing: how many letters are attempted now, by the transport's rate, quota and stoppages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.clock import since_boot
from lifecycle.core.account import Told
from lifecycle.core.message import Outcome
from lifecycle.core.pace import SECOND, Limit
from lifecycle.core.stoppage import ACCOUNT, MARKETING, RATE, Rest, Stop, Stopped
from lifecycle.core.words import from_micros
from lifecycle.engine.account import HOLDS_FOR_LETTERS, RATE_UNKNOWN, AccountAsked
from lifecycle.engine.parts import Parts
from lifecycle.engine.stoppages import Stoppages
from lifecycle.send.gate import SHRINKS_TO, Turnstile
from lifecycle.store import account, claims, pace
from lifecycle.store.account import Known

LEASE_MARGIN_SECONDS = 5.0
"""So long before the lease of its attempt ends no letter begins any more."""
LONGEST_WAIT = 2 * SECOND
"""A tick waits at the gate so long at most; what comes later is another tick's."""
LOOKED_AT_A_TICK = 5_000
"""Messages that one tick looks at, so that it does not go on for long at one and the same instant.
"""


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages may be claimed now, of which so many marketing ones, and what rests."""

    letters: int
    marketing: int | None = None
    """None = as many as there are."""
    rest: Rest | None = None


@dataclass
class _Picture:
    """What holds for one tick."""

    letters: int
    marketing: int | None
    rest: Rest | None
    opened: int
    looked_at: int = 0
    full: bool = False
    """Whether it is the pace that ends it: then the next tick comes at once."""


class Pacing:
    """The pace of one engine's letters. Without a turnstile there is none to keep."""

    def __init__(self, parts: Parts, stops: Callable[[], bool]) -> None:
        """`stops` says whether the engine is to stop."""
        self._parts = parts
        self._turnstile = parts.turnstile
        self._picture: _Picture | None = None
        self.more = False
        """Whether work was left for the sake of the pace: it is to be looked at again at once."""
        if self._turnstile is not None:
            self._turnstile.stops = stops
            self._asked = AccountAsked(parts)
            self._stoppages = Stoppages(parts, self._asked)

    @property
    def kept(self) -> bool:
        """Whether there is a pace to keep."""
        return self._turnstile is not None

    def begin(self, now: datetime) -> None:
        """A tick begins: what was stopped is tried again, if it is time."""
        self._picture, self.more = None, False
        if self._turnstile is not None:
            self._stoppages.tend(now)
            self.more = self._stoppages.wakes

    def due_at(self) -> datetime | None:
        """When something that is stopped is tried again, or woken; None where nothing is."""
        if self._turnstile is None:
            return None
        if self._stoppages.wakes:
            return from_micros(0)
        return min((one.until for one in self._stoppages.read().values()), default=None)

    def room(self, now: datetime, batch: int) -> Room:
        """How many of a batch of messages may be claimed now; 0 ends the tick's letters.

        Messages that are held use up nothing: attempts alone do.
        """
        turnstile = self._turnstile
        if turnstile is None:
            return Room(batch)
        if self._picture is None:
            self._picture = self._look(turnstile, now)
        picture = self._picture
        gone = turnstile.opened_for - picture.opened
        left = picture.letters - gone
        marketing = None if picture.marketing is None else max(0, picture.marketing - gone)
        if left <= 0 or picture.looked_at >= LOOKED_AT_A_TICK:
            self.more = self.more or picture.full or picture.looked_at > 0
            return Room(0)
        turnstile.ends = since_boot() + claims.LEASE_SECONDS - LEASE_MARGIN_SECONDS
        return Room(min(batch, left), marketing, picture.rest)

    def done(self, now: datetime, looked_at: int) -> None:
        """A batch is over: `looked_at` messages were. What was heard meanwhile is written down."""
        if self._turnstile is None:
            return
        if self._picture is not None:
            self._picture.looked_at += looked_at
        heard = self._turnstile.ear.taken()
        if heard.stops or self._stoppages.tries:
            self._stoppages.hear(heard, now)
        elif not self._spent(self._turnstile):
            return
        looked_before = self._picture.looked_at if self._picture is not None else 0
        self._picture = self._look(self._turnstile, now)
        self._picture.looked_at = looked_before
        self.more = self.more or self._stoppages.wakes

    def _spent(self, turnstile: Turnstile) -> bool:
        """Whether this tick has spent what the day's quota left for marketing letters."""
        picture = self._picture
        if picture is None or picture.marketing is None:
            return False
        return turnstile.opened_for - picture.opened >= picture.marketing

    def _look(self, turnstile: Turnstile, now: datetime) -> _Picture:
        """What holds now, for this tick."""
        known = self._asked.hourly(now)
        if isinstance(known, Outcome):
            if known.stops in HOLDS_FOR_LETTERS and known.stops is not None:
                self._stoppages.stop(ACCOUNT, known.stops, known.detail, now)
            known = self._known(turnstile)
        told = known.told
        if told is not None and told.stops is not None and known.asked_at == now:
            self._stoppages.stop(ACCOUNT, told.stops, "", now)
        stopped = self._stoppages.read()
        letters, begun, full = self._by_rate(turnstile, told, stopped.get(RATE))
        marketing = None
        if told is not None and told.most is not None:
            left = told.most - begun
            marketing = left - told.reserve
            stopped = self._by_quota(stopped, told, left, now)
            letters = min(letters, left)
        rest = self._stoppages.rest(stopped)
        if rest is not None and (rest.everything or rest.marketing):
            marketing = None  # They are claimed to be held.
        if rest is not None and rest.everything:
            letters, full = LOOKED_AT_A_TICK, False
        return _Picture(letters, marketing, rest, turnstile.opened_for, full=full)

    def _known(self, turnstile: Turnstile) -> Known:
        with self._parts.database.read() as connection:
            return account.known(connection, turnstile.transport)

    def _by_rate(
        self, turnstile: Turnstile, told: Told | None, slowed: Stopped | None
    ) -> tuple[int, int, bool]:
        """How many letters the rate allows this tick, how many ever began, and whether that is all.

        What would have to wait at the gate for long is left to a later tick.
        """
        if turnstile.rate is None:
            return LOOKED_AT_A_TICK, 0, True
        known = told.per_second if told is not None and told.per_second > 0 else RATE_UNKNOWN
        turnstile.rate = known * SHRINKS_TO ** (slowed.tries if slowed is not None else 0)
        turnstile.most = told.most if told is not None else None
        limit = turnstile.limit
        assert isinstance(limit, Limit)
        with self._parts.database.read() as connection:
            wait, begun = pace.look(connection, turnstile.transport, limit)
        if wait > LONGEST_WAIT:
            return 0, begun, False
        return limit.letters, begun, limit.per == SECOND

    def _by_quota(
        self, stopped: dict[str, Stopped], told: Told, left: int, now: datetime
    ) -> dict[str, Stopped]:
        """Stop what the day's quota has nothing left for."""
        if left < 1 and ACCOUNT not in stopped:
            self._stoppages.stop(ACCOUNT, Stop.DAY_QUOTA, _of(told, max(0, left)), now)
        elif 1 <= left <= told.reserve and MARKETING not in stopped:
            self._stoppages.stop(MARKETING, Stop.DAY_QUOTA, _of(told, left), now)
        else:
            return stopped
        return self._stoppages.read()


def _of(told: Told, left: int) -> str:
    return f"{left} of {told.per_day:.0f} left"
