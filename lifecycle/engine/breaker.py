"""Watches the circuit breaker: asked once an instant, before letters, and told when it turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle import log
from lifecycle.core.breaker import Opened
from lifecycle.core.policy import Policy
from lifecycle.core.settings import Breaker
from lifecycle.engine.parts import Parts
from lifecycle.store import breaker

SWEEP_EVERY = timedelta(days=1)
KEPT = timedelta(days=31)
"""How long counts are kept at least, beyond the window."""


class Watch:
    """The breaker of one process. What it says depends on the database and the instant alone.

    Letters of this very instant are not counted yet, so that it is the same for each of them.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._asked_at: datetime | None = None
        self._swept_at: datetime | None = None
        self._opened: Opened | None = None

    def over(self, policy: Policy, now: datetime) -> Policy:
        """The policy with what the breaker says at `now`."""
        if self._asked_at != now:
            rule = policy.settings.sending.breaker
            self._sweep(rule, now)
            with self.parts.database.read() as connection:
                self._turn(breaker.look(connection, rule, now))
            self._asked_at = now
        return policy if self._opened is None else replace(policy, breaker=self._opened)

    def _turn(self, found: Opened | None) -> None:
        before, self._opened = self._opened, found
        if found is not None and before is None:
            log.warned(
                "breaker_opened",
                letters=found.letters,
                bounced=found.bounced,
                complained=found.complained,
                until=found.until,
            )
        elif found is None and before is not None:
            log.happened("breaker_closed")

    def _sweep(self, rule: Breaker, now: datetime) -> None:
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        with self.parts.database.write() as connection:
            breaker.forget(connection, now - rule.within - KEPT)
