"""Stoppages of a transport: opened by what was heard, tried again, and ended by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle import log
from lifecycle.core.account import Told
from lifecycle.core.campaign import letters_of
from lifecycle.core.chance import fraction
from lifecycle.core.mailbox import domain_of
from lifecycle.core.message import Outcome
from lifecycle.core.stoppage import ACCOUNT, MARKETING, RATE, Rest, Stop, Stopped, rest
from lifecycle.core.words import rfc3339
from lifecycle.engine.account import HOLDS_FOR_LETTERS, AccountAsked
from lifecycle.engine.parts import Parts
from lifecycle.send.heard import Heard
from lifecycle.store import account

WAKE_AT_ONCE = 2_000
"""Letters that were held are looked at again in portions, the first in turn first."""
ALL = 1 << 40
JITTER = 0.5
"""The pace recovers so much of a step later at most, each time and process otherwise."""
_TELL_NOTHING = (Stop.NOT_AUTHORIZED,)
"""Refusals to tell of the account that say nothing of letters."""


class Stoppages:
    """What stops the transport of one engine. The rows in the database are the truth."""

    def __init__(self, parts: Parts, asked: AccountAsked) -> None:
        assert parts.turnstile is not None
        self._parts = parts
        self._asked = asked
        self._transport = parts.turnstile.transport
        self._tried: dict[str, frozenset[str]] = {}
        self._to_wake: dict[str, int] = {}
        """How many letters are still to be woken, by the reason for which they were held."""
        self._by_quota = ALL
        """How many of them the day's quota leaves room for, as was told last."""

    def read(self) -> dict[str, Stopped]:
        """What stops it now, by what it concerns."""
        with self._parts.database.read() as connection:
            return account.stoppages(connection, self._transport)

    def rest(self, stopped: Mapping[str, Stopped]) -> Rest | None:
        """What letters are held by."""
        tried = frozenset[str]().union(*self._tried.values())
        return Rest.of(stopped, tried)

    def tend(self, now: datetime) -> None:
        """Try again what it is time for, and wake what was held by what is over."""
        for one in self.read().values():
            if _is_time(one, now):
                self._try_again(one, now)
        self._wake(now)

    @property
    def tries(self) -> bool:
        """Whether a letter is under way that tries whether a stoppage is over."""
        return bool(self._tried)

    def hear(self, heard: Heard, now: datetime) -> None:
        """Take note of what was heard."""
        stopped = self.read()
        for scope in [scope for scope in self._tried if scope not in heard.stops]:
            one = stopped.get(scope)
            if one is None or _is_proved(one, heard):
                self._go_on(scope, now)
        for scope, (kind, detail) in heard.stops.items():
            if kind is Stop.SLOW_DOWN:
                self._slow_down(stopped.get(RATE), heard.slowed, detail, now)
            else:
                self.stop(scope, kind, detail, now)

    def stop(self, scope: str, kind: Stop, detail: str, now: datetime) -> None:
        """Stop what `scope` says, for as long as it takes."""
        self._tried.pop(scope, None)
        fresh = Stopped(scope, kind, now, now + rest(kind, 0), 0, detail)
        with self._parts.database.write() as connection:
            before = account.stoppages(connection, self._transport).get(scope)
            if before is None:
                told = account.stop(connection, self._transport, fresh)
            else:
                told = before.kind is not kind
                after = replace(before, kind=kind, detail=detail)
                account.change(connection, self._transport, before, after)
        if told:
            log.warned(
                "transport_stopped",
                transport=self._transport,
                scope=scope,
                kind=str(kind),
                reason=fresh.manner.says,
                detail=detail,
                remedy=fresh.manner.remedy,
            )

    def _slow_down(self, before: Stopped | None, times: int, detail: str, now: datetime) -> None:
        tries = times + (before.tries if before is not None else 0)
        until = now + self._jittered(tries, now)
        if before is None:
            self.stop(RATE, Stop.SLOW_DOWN, detail, now)
            before = self.read().get(RATE)
        if before is not None:
            self._change(before, replace(before, tries=tries, until=until, detail=detail))

    def _jittered(self, tries: int, now: datetime) -> timedelta:
        seed = self._parts.live.catalog.settings.shop.seed
        late = JITTER * fraction(seed, "slow_down", self._transport, str(tries), rfc3339(now))
        return rest(Stop.SLOW_DOWN, tries) * (1 + late)

    def _try_again(self, one: Stopped, now: datetime) -> None:
        if one.kind is Stop.SLOW_DOWN:
            self._recover(one, now)
            return
        tries = one.tries + 1
        after = replace(one, tries=tries, until=now + rest(one.kind, tries))
        if not self._change(one, after):
            return  # Another process tries.
        if one.manner.anew:
            self._parts.transport.close()
        if one.manner.asks_account and self._asked.can_be_asked and not self._may_be_over(one, now):
            return
        if one.scope == MARKETING:
            self._go_on(MARKETING, now)
        else:
            self._try_letter(one, now)

    def _recover(self, one: Stopped, now: datetime) -> None:
        """One step up: half as many steps down as before."""
        tries = one.tries // 2
        if not tries:
            self._go_on(RATE, now)
        else:
            self._change(one, replace(one, tries=tries, until=now + self._jittered(tries, now)))

    def _may_be_over(self, one: Stopped, now: datetime) -> bool:
        """What the account itself says: a letter is tried only if nothing speaks against it."""
        answer = self._asked.ask(now)
        if isinstance(answer, Outcome):
            if answer.stops in _TELL_NOTHING:
                return True
            if answer.stops is not None and answer.stops in HOLDS_FOR_LETTERS:
                self.stop(ACCOUNT, answer.stops, answer.detail, now)
            return False
        if answer is None:
            return False
        if answer.stops is not None:
            self.stop(ACCOUNT, answer.stops, "", now)
            return False
        return one.kind is not Stop.DAY_QUOTA or self._has_quota(answer, one.scope)

    def _has_quota(self, told: Told, scope: str) -> bool:
        if told.most is None:
            self._by_quota = ALL
            return True
        left = told.most - told.begun
        self._by_quota = left - (told.reserve if scope == MARKETING else 0)
        return self._by_quota >= 1

    def _try_letter(self, one: Stopped, now: datetime) -> None:
        """Let a single letter go, the first in turn; where none waits there is nothing to stop."""
        campaigns = None if one.domain is None else self._campaigns_of(one.domain)
        with self._parts.database.write() as connection:
            woken = account.wake(connection, one.manner.reason, now, 1, campaigns)
        if woken:
            self._tried[one.scope] = frozenset(woken)
        else:
            self._go_on(one.scope, now)

    def _go_on(self, scope: str, now: datetime) -> None:
        """End a stoppage, and have what it held looked at again."""
        self._tried.pop(scope, None)
        with self._parts.database.write() as connection:
            one = account.stoppages(connection, self._transport).get(scope)
            over = account.go_on(connection, self._transport, scope)
        if one is None or not over:
            return
        if one.manner.reason:
            limit = self._by_quota if one.kind is Stop.DAY_QUOTA else ALL
            self._to_wake[one.manner.reason] = limit
        log.happened(
            "transport_resumed",
            transport=self._transport,
            scope=scope,
            kind=str(one.kind),
            after_seconds=(now - one.since).total_seconds(),
        )

    def _wake(self, now: datetime) -> None:
        if not self._to_wake:
            return
        stopped = self.read()
        for reason, limit in list(self._to_wake.items()):
            if limit < 1 or any(_keeps(one, reason) for one in stopped.values()):
                del self._to_wake[reason]
                continue
            portion = min(limit, WAKE_AT_ONCE)
            with self._parts.database.write() as connection:
                woken = len(account.wake(connection, reason, now, portion))
            self._to_wake[reason] = limit - woken if woken == portion else 0

    @property
    def wakes(self) -> bool:
        """Whether more is to be woken."""
        return any(limit > 0 for limit in self._to_wake.values())

    def _change(self, before: Stopped, after: Stopped) -> bool:
        with self._parts.database.write() as connection:
            return account.change(connection, self._transport, before, after)

    def _campaigns_of(self, domain: str) -> frozenset[str]:
        """The campaigns some of whose letters a sender of this domain writes."""
        catalog = self._parts.live.catalog
        settings = catalog.settings
        found = set()
        for campaign in catalog.campaigns.values():
            for _, step in letters_of(campaign):
                own = [one.sender for one in step.variant if one.sender]
                named = [*own, step.sender or campaign.sending.sender or settings.first_sender]
                known = [settings.senders[name].from_ for name in named if name in settings.senders]
                if domain in {domain_of(one) for one in known}:
                    found.add(campaign.id)
        return frozenset(found)


def _is_time(one: Stopped, now: datetime) -> bool:
    """Whether it is to be tried again: also where the clock was set back since."""
    return one.until <= now or one.until > now + 2 * one.manner.longest


def _is_proved(one: Stopped, heard: Heard) -> bool:
    """Whether a letter that the transport took proves that the stoppage is over."""
    return bool(heard.open_for) if one.domain is None else one.domain in heard.open_for


def _keeps(one: Stopped, reason: str) -> bool:
    """Whether a stoppage keeps everything back that would be woken for this reason."""
    return one.scope == ACCOUNT or (one.scope == MARKETING and reason == "quota")
