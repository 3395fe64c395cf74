"""The gate of a transport: letters begin at the pace that all processes share, and not too late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic, sleep

from sqlalchemy.exc import SQLAlchemyError

from lifecycle import log
from lifecycle.clock import since_boot
from lifecycle.core.mailbox import domain_of
from lifecycle.core.message import Outcome
from lifecycle.core.pace import SECOND, Grant, Grants, Limit, Used, free_at, settle, take
from lifecycle.failpoints import reach
from lifecycle.send.heard import Ear
from lifecycle.store import pace
from lifecycle.store.database import Database

SHRINKS_TO = 0.7
"""What is left of the pace when the transport asks for a slower one."""
LOOK_SECONDS = 0.25
"""How often a thread that waits looks whether it waits in vain."""
REST_SECONDS = 1.0
"""How long to wait for a database that cannot be had."""
SOON = 0.001
"""The shortest time to wait, in seconds."""
SLOWEST = 1 / 300
"""Letters a second: however often it is asked to be slower, a letter goes every five minutes."""


@dataclass
class _Hand:
    """A grant that this process has in hand, by its own clock."""

    grant: Grant
    own: int
    """The id of the same grant among those that this process counts by its own clock."""
    since: int
    until: int
    left: int
    last: int

    def began(self, now: int, letters: int) -> None:
        self.left -= letters
        self.last = now

    def used(self) -> Used:
        """What became of it; instants are the database's."""
        began = self.grant.letters - self.left
        until = self.grant.since + self.last - self.since + 1
        return Used(self.grant.id, until, began, self.left)


class Turnstile:
    """Hands out what a transport's rate allows, to all threads of this process.

    Without a rate (`None`) it lets everything through that is not stopped. What one process may
    begin is also counted by its own steady clock: a step of the database's clock cannot let more
    through than the rate.
    """

    def __init__(self, database: Database, transport: str, rate: float | None) -> None:
        self.transport = transport
        self.ear = Ear()
        self.stops: Callable[[], bool] = lambda: False
        """Whether the engine is to stop: then nothing more begins."""
        self.most: int | None = None
        """How far the count of letters ever begun may go: the day's quota; None = no end."""
        self.opened_for = 0
        """For how many letters gates were ever opened: how many were attempted."""
        self.ends = float("inf")
        """When the lease of what is attempted now is over, by `since_boot`."""
        self._database = database
        self._rate = rate
        self._lock = Lock()
        self._hand: _Hand | None = None
        self._used: list[Used] = []
        self._own: Grants = ()

    @property
    def rate(self) -> float | None:
        """Letters a second, as of now."""
        return self._rate

    @rate.setter
    def rate(self, per_second: float) -> None:
        self._rate = max(per_second, SLOWEST)

    @property
    def limit(self) -> Limit | None:
        """The limit that the rate makes; None where there is none."""
        return None if self._rate is None else Limit.per_second(self._rate)

    def gate(self, letters: int, ends: float | None = None) -> TimedGate:
        """A gate for one batch of so many letters, which closes at `ends`, by `since_boot`."""
        self.opened_for += letters
        return TimedGate(self, letters, self.ends if ends is None else ends)

    def hear(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """Hear what came of one call for one sender's letters."""
        if self.ear.hear(domain_of(sender), outcomes) and self._rate is not None:
            self.rate = self._rate * SHRINKS_TO

    def let_in(self, wanted: int, batch: int) -> tuple[int, float]:
        """How many of `wanted` may begin at once; if none, in how many seconds to ask again.

        `batch` is how many are still to begin, for which a share is taken along.
        """
        limit = self.limit
        if limit is None:
            return wanted, 0.0
        with self._lock:
            hand = self._hand
            if hand is None or not hand.left or _micros() >= hand.until:
                wait = self._take(limit, max(wanted, min(batch, limit.chunk)))
                if wait:
                    return 0, wait
                hand = self._hand
            now = _micros()
            if hand is None or now >= hand.until:
                return 0, 0.0  # The database was slow: what lapsed is taken anew.
            given = min(wanted, hand.left)
            hand.began(now, given)
            return given, 0.0

    def _take(self, limit: Limit, wanted: int) -> float:
        """Take a grant into the hand; gives the seconds to wait where there is none, else 0."""
        self._put_down()
        now = _micros()
        may, _ = take(self._own, limit, now, wanted)
        if may is None:
            return (free_at(self._own, limit, now) - now) / SECOND
        try:
            with self._database.write(aside=True) as connection:
                taken = pace.take(
                    connection, self.transport, limit, may.letters, self._used, self.most
                )
        except SQLAlchemyError:
            log.failed("pace_unavailable", transport=self.transport)
            return REST_SECONDS
        self._used = []
        if taken.grant is None:
            return float("inf") if taken.spent else max(taken.wait / SECOND, SOON)
        reach("pace_granted")
        own, self._own = take(self._own, limit, taken.at, taken.grant.letters)
        assert own is not None
        self._hand = _Hand(
            taken.grant, own.id, taken.at, own.until, taken.grant.letters, taken.at - 1
        )
        return 0.0

    def _put_down(self) -> None:
        """Note what became of the grant in hand; the next taking tells the others."""
        hand, self._hand = self._hand, None
        if hand is None:
            return
        used = hand.used()
        self._used.append(used)
        began = Used(hand.own, hand.last + 1, used.letters)
        self._own = settle(self._own, [began])


class TimedGate:
    """The gate of one batch. It is closed once the lease of its attempts is over.

    A process that was stopped past the lease must not begin letters that others have meanwhile put
    down as uncertain: `since_boot` goes on while it, or the machine, sleeps.
    """

    def __init__(self, turnstile: Turnstile, letters: int, ends: float) -> None:
        self._turnstile = turnstile
        self._left = letters
        self._ends = ends

    def begin(self, wanted: int) -> int:
        """Wait until letters may be begun, and give how many of `wanted`; 0 = none any more."""
        while not self._over():
            given, wait = self._turnstile.let_in(wanted, self._left)
            if given:
                self._left -= given
                return 0 if self._over() else given
            if since_boot() + wait > self._ends:
                return 0
            sleep(min(wait, LOOK_SECONDS))
        return 0

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """Hear what came of one call for the letters of one sender."""
        self._turnstile.hear(sender, outcomes)

    def starts(self, attempt_ids: Sequence[str]) -> None:
        """It keeps a pace and no notes."""

    def _over(self) -> bool:
        turnstile = self._turnstile
        return turnstile.stops() or turnstile.ear.stopped or since_boot() >= self._ends


def _micros() -> int:
    return int(monotonic() * SECOND)
