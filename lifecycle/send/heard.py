"""What a process has heard of a transport lately: what stops it, and for whom it takes letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.core.stoppage import ACCOUNT, RATE, Stop, scope_of

UNANSWERED_IN_A_ROW = 20
"""After so many calls in a row of unknown fate no further letter is put at stake for now."""
SLOWED_ONCE_IN = 1.0
"""Refusals for the rate within so many seconds speak of one and the same pace."""
_ANSWERS = frozenset(
    {
        OutcomeKind.ACCEPTED,
        OutcomeKind.SLOW_DOWN,
        OutcomeKind.DAY_QUOTA,
        OutcomeKind.ACCOUNT,
    }
)
"""Outcomes that only the transport itself can tell: it is there, and says what it does."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard since it was last asked for."""

    stops: dict[str, tuple[Stop, str]] = field(default_factory=dict)
    """By what it concerns: its kind, and the transport's words."""
    open_for: frozenset[str] = frozenset()
    """Domains of senders of whom the transport took a letter."""
    slowed: int = 0
    """How often the pace was to be slower."""


class Ear:
    """Hears the outcomes of all threads. Threads may call it at once."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._in_a_row = 0
        self._slowed_at = float("-inf")
        self._since = Heard()

    def hear(self, domain: str, outcomes: Sequence[Outcome]) -> bool:
        """Hear what came of one call; says whether it is the first one that asks for less pace."""
        slower = False
        with self._lock:
            for outcome in outcomes:
                if outcome.kind in _ANSWERS:
                    self._in_a_row = 0
                if outcome.kind is OutcomeKind.ACCEPTED:
                    self._open(domain)
                elif outcome.stops is Stop.SLOW_DOWN:
                    slower = self._slow_down(outcome) or slower
                elif outcome.stops is not None:
                    self._stop(outcome.stops, domain, outcome.detail)
            if any(one.kind is OutcomeKind.UNCERTAIN for one in outcomes):
                self._in_a_row += 1
                if self._in_a_row >= UNANSWERED_IN_A_ROW:
                    self._stop(Stop.UNANSWERED, domain, outcomes[-1].detail)
        return slower

    @property
    def stopped(self) -> bool:
        """Whether something stops everything."""
        return ACCOUNT in self._since.stops

    def taken(self) -> Heard:
        """What was heard since the last time; it is forgotten by this."""
        with self._lock:
            heard, self._since = self._since, Heard()
            if ACCOUNT in heard.stops:
                # The next one in doubt, the letter that tries the way, is enough to stop again.
                self._in_a_row = min(self._in_a_row, UNANSWERED_IN_A_ROW - 1)
            return heard

    def _open(self, domain: str) -> None:
        known = self._since
        if domain not in known.open_for:
            self._since = Heard(known.stops, known.open_for | {domain}, known.slowed)

    def _stop(self, kind: Stop, domain: str, detail: str) -> None:
        self._since.stops.setdefault(scope_of(kind, domain), (kind, detail))

    def _slow_down(self, outcome: Outcome) -> bool:
        now = self._clock()
        if now < self._slowed_at + SLOWED_ONCE_IN:
            return False
        self._slowed_at = now
        known = self._since
        stops = {**known.stops, RATE: (Stop.SLOW_DOWN, outcome.detail)}
        self._since = Heard(stops, known.open_for, known.slowed + 1)
        return True
