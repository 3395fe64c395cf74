"""Runs errands: calls to the shop's own systems and notes to its people, beside the ticks.

A call is made at least once, under an id that stays the same, so that the receiver can tell a
repetition; a note is handed over at most once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from lifecycle import log
from lifecycle.core.chance import fraction
from lifecycle.core.message import OutcomeKind
from lifecycle.engine.alone import hand_over_alone
from lifecycle.engine.errand_body import Unsayable, body_of, note_letter
from lifecycle.engine.outcome import RETRY_AFTER
from lifecycle.engine.parts import Parts
from lifecycle.failpoints import reach
from lifecycle.send.webhook_call import Answer, Caller, Fate
from lifecycle.store import claims, errands
from lifecycle.store.claims import Claim
from lifecycle.store.facts import load

_HOUR = 3600
_SECONDS = (5, 300, 1800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR)
DELAYS = tuple(timedelta(seconds=seconds) for seconds in _SECONDS)
"""After each failed try so long until the next, as Standard Webhooks gives it: ten tries."""
GIVEN_UP_AFTER = timedelta(days=4)
LEAST_TRIES = 3
"""What is older, and was tried so often, is given up, however often it had to stand back."""
JITTER = 0.1
"""At most so much of a delay is added to it, by hash."""
LONGEST_WAIT = timedelta(days=1)
"""A receiver may ask for no more in `Retry-After`."""
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
"""So long nobody calls a receiver that did not answer; twice as long each time, up to this."""
_FATES = {OutcomeKind.ACCEPTED: Fate.DONE, OutcomeKind.REFUSED: Fate.GONE}
UNKNOWN = "it is not known whether it went, and it is not sent twice"


@dataclass(frozen=True, slots=True)
class Begun:
    """An errand of which a try is counted, and what is sent."""

    parts: Parts
    claim: Claim
    row: Any
    body: str

    @property
    def tries(self) -> int:
        """How many tries there were, with this one."""
        return int(self.row.tries) + 1


@dataclass
class Resting:
    """Receivers that did not answer, and until when nobody calls them; in memory alone."""

    until: dict[str, datetime] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def now(self, now: datetime) -> dict[str, datetime]:
        """The receivers that are left alone, and until when."""
        with self.lock:
            return {receiver: until for receiver, until in self.until.items() if until > now}

    def heard(self, receiver: str, answer: Answer, now: datetime) -> None:
        """Take in how a try went."""
        with self.lock:
            if not answer.busy:
                self.until.pop(receiver, None)
                self.failures.pop(receiver, None)
                return
            failures = self.failures.get(receiver, 0)
            if self.until.get(receiver, now) <= now:
                self.failures[receiver] = failures + 1
                rest = min(FIRST_REST * 2 ** min(failures, 10), LONGEST_REST)
                self.until[receiver] = now + rest


class Errands:
    """Runs what is due: `begin` takes and counts, `carry_out` goes outside, `settle` records.

    Several threads may carry out and settle. `parts` gives the engine's parts of the moment.
    """

    def __init__(self, parts: Callable[[], Parts], caller: Caller) -> None:
        self._parts, self._caller = parts, caller
        self._resting = Resting()

    def next_due(self) -> datetime | None:
        """When an errand falls due next."""
        with self._parts().database.read() as connection:
            return errands.next_due(connection)

    def run(self, now: datetime, room: int = claims.BATCH) -> int:
        """Run what is due, one after the other, in this thread; says how many tries were made."""
        begun = self.begin(now, room)
        for one in begun:
            self.finish(one, now)
        return len(begun)

    def begin(self, now: datetime, room: int) -> list[Begun]:
        """Take up to `room` errands that are due, and count a try of each before it is made.

        Those whose receiver rests are put off, which counts as no try; those that can never be run
        end.
        """
        parts = self._parts()
        with parts.database.write() as connection:
            for receiver, until in self._resting.now(now).items():
                errands.stand_back(connection, {"url": receiver}, now, until)
            claimed = claims.claim(connection, "errand", now, room, parts.turns)
        ready = (self._ready(parts, one, now) for one in claimed)
        return [one for one in ready if one is not None]

    def finish(self, begun: Begun, now: datetime) -> None:
        """Make a try and record what came of it; never raises for what the outside does."""
        reach("errand_counted")
        try:
            answer = self.carry_out(begun, now)
            reach("errand_answered")
        except Exception:
            log.failed("errand_broken", customer=begun.claim.customer_id, errand=begun.claim.id)
            self._aside(begun.parts, begun.claim, now)
            return
        self.settle(begun, answer, now)

    def carry_out(self, begun: Begun, now: datetime) -> Answer:
        """Go outside; touches no database."""
        row = begun.row
        if row.kind == "call":
            answer = self._caller.call(row.said["url"], row.errand_id, begun.body.encode(), now)
            self._resting.heard(row.said["url"], answer, now)
            return answer
        outcome = hand_over_alone(begun.parts, note_letter(begun.parts, row, begun.body, now))
        if outcome.kind is OutcomeKind.UNCERTAIN:
            return Answer(Fate.GONE, UNKNOWN)
        fate = _FATES.get(outcome.kind, Fate.AGAIN)
        rest = RETRY_AFTER.get(outcome.kind)
        told = outcome.detail or str(outcome.kind)
        return Answer(fate, told, rest.total_seconds() if rest else None)

    def settle(self, begun: Begun, answer: Answer, now: datetime) -> None:
        """Record what came of a try, in a transaction of its own."""
        with begun.parts.database.write() as connection:
            if answer.fate is Fate.DONE:
                ours, problem, until = errands.end(connection, begun.claim, "", now), "", None
            else:
                problem, until = answer.told or "failed", _again(begun, answer, now)
                if until is None:
                    ours = errands.end(connection, begun.claim, problem, now)
                else:
                    ours = errands.put_off(connection, begun.claim, problem, until)
            reach("errand_settled")
        if ours:
            _tell(begun.row, begun.tries, problem, until)

    def _ready(self, parts: Parts, claim: Claim, now: datetime) -> Begun | None:
        """A claimed errand, its try counted; None when there is nothing to do now."""
        try:
            return self._made_ready(parts, claim, now)
        except Exception:
            log.failed("errand_broken", customer=claim.customer_id, errand=claim.id)
            self._aside(parts, claim, now)
            return None

    def _made_ready(self, parts: Parts, claim: Claim, now: datetime) -> Begun | None:
        with parts.database.read() as connection:
            row = errands.read(connection, claim)
        if row is None:
            return None
        problem, body = UNKNOWN, row.body
        if row.kind == "call" or row.state != errands.TRYING:
            problem, body = _body(parts, row, now)
        with parts.database.write() as connection:
            if problem:
                ours = errands.end(connection, claim, problem, now)
            else:
                ours = errands.begin(connection, claim, body, now)
        if problem and ours:
            _tell(row, row.tries, problem, None)
        return Begun(parts, claim, row, body) if ours and not problem else None

    def _aside(self, parts: Parts, claim: Claim, now: datetime) -> None:
        with parts.database.write() as connection:
            if claims.quarantine(connection, "errand", claim, now):
                log.warned("errand_quarantined", customer=claim.customer_id, errand=claim.id)


def _body(parts: Parts, row: Any, now: datetime) -> tuple[str, str]:
    """Why an errand can never be run, or what it sends: the same as at the first try."""
    if row.body is not None:
        return "", row.body
    with parts.database.read() as connection:
        reading = parts.live.letter_reading
        facts = load(connection, [row.customer_id], now, reading, shop_zone=parts.shop_zone)
    known = facts.get(row.customer_id)
    found = (one for one in (known.enrollments if known else ()) if one.id == row.enrollment_id)
    enrollment = next(found, None)
    if known is None or enrollment is None:
        return "whom it is about is not known any more", ""
    parts.live.compute(known)
    try:
        return "", body_of(parts, row, known, enrollment)
    except Unsayable as never:
        return str(never), ""


def _again(begun: Begun, answer: Answer, now: datetime) -> datetime | None:
    """When to try again after a failed try; None for never."""
    old = now - begun.row.made_at >= GIVEN_UP_AFTER and begun.tries >= LEAST_TRIES
    if answer.fate is Fate.GONE or old or begun.tries > len(DELAYS):
        return None
    delay = DELAYS[begun.tries - 1]
    seed = begun.parts.live.catalog.settings.shop.seed
    delay += delay * JITTER * fraction(seed, "again", begun.claim.id, str(begun.tries))
    asked = min(timedelta(seconds=answer.wait_seconds or 0), LONGEST_WAIT)
    return now + max(delay, asked)


def _tell(row: Any, tries: int, problem: str, until: datetime | None) -> None:
    ids = {"customer": row.customer_id, "campaign": row.campaign, "step": row.step}
    ids |= {"errand": row.errand_id, "kind": row.kind, "tries": tries}
    if not problem:
        log.happened("errand_done", **ids)
    elif until is not None:
        log.happened("errand_put_off", **ids, problem=problem, until=until)
    else:
        log.warned("errand_failed", **ids, problem=problem)
