"""The account behind a transport: asked hourly by one process, and known to all."""

from __future__ import annotations

from datetime import datetime, timedelta

from lifecycle import log
from lifecycle.core.account import Told
from lifecycle.core.message import Outcome
from lifecycle.core.pace import Limit
from lifecycle.core.stoppage import Stop
from lifecycle.core.words import rfc3339
from lifecycle.engine.parts import Parts
from lifecycle.store import account, pace
from lifecycle.store.account import Known

ASK_EVERY = timedelta(hours=1)
ASK_AGAIN = timedelta(minutes=1)
"""How soon it is asked again after it did not answer."""
SOONEST = timedelta(seconds=1)
"""Never more often than so, whatever stops it."""
HOLDS_FOR_LETTERS = frozenset({Stop.CREDENTIALS, Stop.CLOCK_SKEW, Stop.UNREACHABLE})
"""Answers to being asked for the account that hold for letters as well."""
RATE_UNKNOWN = 1.0
"""Letters a second while an account has not told its rate: what a new one may send."""


class AccountAsked:
    """Asks a transport for its account. Where there is nobody to ask, nothing is known of it."""

    def __init__(self, parts: Parts) -> None:
        assert parts.turnstile is not None
        self._parts = parts
        self._transport = parts.turnstile.transport
        self._found_wanting = False
        self._asked_at: datetime | None = None

    @property
    def can_be_asked(self) -> bool:
        """Whether there is anybody to ask."""
        return self._parts.account is not None

    def hourly(self, now: datetime) -> Known | Outcome:
        """What is known of the account at `now`, asked anew if it is time; or why it tells not."""
        with self._parts.database.read() as connection:
            known = account.known(connection, self._transport)
        if not self.can_be_asked or not _is_time(known, now):
            return known
        answer = self.ask(now, ASK_EVERY)
        if isinstance(answer, Outcome):
            return answer
        return Known(now, answer or known.told)

    def ask(self, now: datetime, not_since: timedelta = SOONEST) -> Told | Outcome | None:
        """Ask now, if no process has for so long: what it told, or why it did not.

        None where another process has just asked, and nothing is known from it yet.
        """
        parts, transport = self._parts, self._transport
        assert parts.account is not None
        just_now = self._asked_at is not None and abs(now - self._asked_at) < SOONEST
        soon_again = now - ASK_EVERY + ASK_AGAIN
        with parts.database.write() as connection:
            since = now - not_since
            if just_now or not account.may_ask(connection, transport, since, now, soon_again):
                return account.known(connection, transport).told
            _, begun = pace.look(connection, transport, Limit.per_second(RATE_UNKNOWN))
            before = account.known(connection, transport).told
        self._asked_at = now
        answer = parts.account()
        told = None if isinstance(answer, Outcome) else _stamped(answer, begun, now)
        asked_at = now if told is not None else soon_again
        with parts.database.write() as connection:
            account.keep(connection, transport, told, asked_at)
        if isinstance(answer, Outcome):
            if not self._found_wanting:
                log.warned("account_unknown", transport=transport, problem=answer.detail)
            self._found_wanting = True
            return answer
        self._found_wanting = False
        assert told is not None
        if before is None or (before.per_second, before.per_day) != (told.per_second, told.per_day):
            log.happened(
                "pace_set",
                transport=transport,
                per_second=told.per_second,
                per_day=told.per_day,
                sandbox=not told.production,
            )
        return told


def _is_time(known: Known, now: datetime) -> bool:
    at = known.asked_at
    return at is None or at <= now - ASK_EVERY or at > now + account.CLOCKS_APART


def _stamped(told: Told, begun: int, now: datetime) -> Told:
    values = {**told.kept(), "begun": begun, "told_at": rfc3339(now)}
    return Told(**values)
