"""The engine: `tick(now)` does all that is due at one instant and comes to rest."""

from __future__ import annotations

from datetime import datetime

from lifecycle.core.policy import Policy
from lifecycle.core.words import from_micros
from lifecycle.engine import broadcasts, verdicts
from lifecycle.engine.advance import advance
from lifecycle.engine.deliver import abandon, deliver
from lifecycle.engine.ingest import ingest
from lifecycle.engine.letters import Letters
from lifecycle.engine.parts import Parts
from lifecycle.rewards import ledger
from lifecycle.store import claims, events, operations


class Engine:
    """Reads the facts, decides, writes the actions. It never asks the time: it is told `now`.

    `stop` may be set from a signal: the batch in hand is finished, then the tick ends.
    """

    def __init__(self, parts: Parts, batch: int = claims.BATCH) -> None:
        self.parts = parts
        self.batch = batch
        self.letters = Letters(parts)
        self.stop = False

    def start(self, now: datetime, *, alone: bool) -> None:
        """Make ready after a start or a change of the definitions.

        Attempts whose worker is gone become uncertain: all of them where this process is `alone`
        on its database, else those whose lease is over.
        """
        abandon(self.parts, now, everything=alone)
        with self.parts.database.write() as connection:
            broadcasts.schedule(connection, self.parts, now)
            verdicts.schedule(connection, self.parts, now)

    def tick(self, now: datetime) -> int:
        """Do everything that is due at `now`; says how much that was.

        Order within an instant: what arrived and the segments, upkeep and broadcasts, then what
        falls due step by step, then letters; again until nothing is left to do.
        """
        total = 0
        policy = self.policy()
        while not self.stop:
            done = self._ingest(policy, now)
            if upkeep := self._tend(policy, now):
                policy = self.policy()
            done += upkeep
            done += self._all(advance, policy, now)
            done += self._deliver(policy, now)
            if not done:
                break
            total += done
        return total

    def policy(self) -> Policy:
        """What decisions are made by, with the verdicts and pauses of this moment."""
        with self.parts.database.read() as connection:
            given = operations.verdicts(connection)
            ordered = operations.ordered(connection)
        return self.parts.live.policy(given, ordered)

    def next_due(self) -> datetime | None:
        """The earliest instant at which something falls due."""
        with self.parts.database.read() as connection:
            found = claims.next_due(connection)
        return None if found is None else from_micros(found)

    def _ingest(self, policy: Policy, now: datetime) -> int:
        return self._all(ingest, policy, now)

    def _all(self, stage, policy: Policy, now: datetime) -> int:  # type: ignore[no-untyped-def]
        total = 0
        while not self.stop and (done := stage(self.parts, policy, now, self.batch)):
            total += done
        return total

    def _deliver(self, policy: Policy, now: datetime) -> int:
        total = 0
        while not self.stop:
            done = deliver(self.parts, self.letters, policy, now, self.batch)
            if not done:
                return total
            total += done
        return total

    def _tend(self, policy: Policy, now: datetime) -> int:
        parts = self.parts
        done = broadcasts.open_due(parts, policy, now)
        with parts.database.write() as connection:
            done += verdicts.decide_due(connection, parts, now)
            if parts.live.catalog.settings.referral is not None:
                settings = parts.live.catalog.settings
                granted = ledger.due(connection, settings, now, parts.key)
                events.append(connection, granted)
                done += len(granted)
        return done
