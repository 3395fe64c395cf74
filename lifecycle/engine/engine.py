"""The engine: `tick(now)` does all that is due at one instant and comes to rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from time import monotonic

from lifecycle.core.policy import Policy
from lifecycle.core.words import from_micros, micros
from lifecycle.engine import (
    allocating,
    broadcasts,
    confirming,
    hours,
    nightly,
    occasions,
    registering,
    restoring,
    retention,
    struck,
    verdicts,
)
from lifecycle.engine.abandoned import abandon
from lifecycle.engine.advance import advance
from lifecycle.engine.breaker import Watch
from lifecycle.engine.deliver import deliver
from lifecycle.engine.ingest import ingest
from lifecycle.engine.late import Late
from lifecycle.engine.letters import Letters
from lifecycle.engine.nightly import Nightly
from lifecycle.engine.pacing import Pacing
from lifecycle.engine.parts import Parts
from lifecycle.engine.retention import Forgetting
from lifecycle.engine.ruled import policy_now
from lifecycle.engine.warm_up import let_go, with_warming
from lifecycle.engine.window import Doubts
from lifecycle.failpoints import reach
from lifecycle.rewards import ledger
from lifecycle.store import claims, dues, errands, events

_TURN = {
    kind: turn for turn, kind in enumerate(("intake", "upkeep", "enrollment", "message", "errand"))
}


class Engine:
    """Reads the facts, decides, writes the actions. It never asks the time: it is told `now`.

    `stop` may be set from a signal: the batch in hand is finished, then the tick ends.
    """

    def __init__(
        self, parts: Parts, batch: int = claims.BATCH, longest: float | None = None
    ) -> None:
        """At most `batch` rows at a time. A tick of `longest` seconds leaves the rest to the next.

        None: every tick comes to rest.
        """
        self.parts = parts
        self.batch = batch
        self.longest = longest
        self.letters = Letters(parts)
        self.forgetting = Forgetting(parts)
        self.nightly = Nightly(parts)
        self.doubts = Doubts(parts)
        self.pacing = Pacing(parts, lambda: self.stop)
        self.late = Late()
        self.watch = Watch(parts)
        self.stop = False
        self._policy: Policy | None = None
        self._dues: dues.Dues | None = None
        self._done_last = ""
        self._began = monotonic()

    def start(self, now: datetime, *, alone: bool) -> None:
        """Make ready after a start or a change of the definitions.

        Attempts whose worker is gone become uncertain: all of them where this process is `alone`
        on its database, else those whose lease is over.
        """
        abandon(self.parts, now, everything=alone)
        if self.parts.outside:
            restoring.go_on(self.parts, now)
        with self.parts.database.write() as connection:
            if alone:
                claims.free(connection)
                errands.free(connection, now)
            occasions.schedule(connection, self.parts, now)
            verdicts.schedule(connection, self.parts, now)
            allocating.schedule(connection, self.parts, now)
            registering.schedule(connection, self.parts, now)
            retention.schedule(connection, self.parts, now)
            nightly.schedule(connection, self.parts, now)
            hours.schedule(connection, self.parts, now)
            struck.schedule(connection, self.parts, now)
            let_go(connection, self.parts, now)
            reach("start_written")

    def tick(self, now: datetime) -> int:
        """Do everything that is due at `now`; says how much that was.

        Order within an instant: what arrived and the segments, upkeep and broadcasts, then what
        falls due step by step, then letters; again until nothing is left to do. A kind of work of
        which nothing can be had, though it is due, is another worker's for now.

        Where ticks have a longest, their kinds of work take turns, a batch each, so that a flood of
        events keeps no letter waiting; broadcasts still follow upon all that arrived.

        Errands are run beside the ticks (`engine/errands.py`); on the virtual clock they are
        recorded last, not made.
        """
        self._began = monotonic()
        total = self._take_late(now)
        self.pacing.begin(now)
        elsewhere: set[str] = set()
        while not self.stop:
            work = self._next_work(now, elsewhere)
            if work is None:
                break
            self._done_last = work
            if self.parts.outside or self._policy is None:
                # After the look at what is due: a verdict that is not due any more is known then.
                self._policy = self.policy()
            done = self._do(work, now)
            if not done:
                elsewhere.add(work)
            total += done
            if self.longest is not None and monotonic() - self._began > self.longest:
                self.pacing.more = True
                break
        return total

    def _next_work(self, now: datetime, elsewhere: set[str]) -> str | None:
        with self.parts.database.read() as connection:
            self._dues = dues.look(connection)
        until = micros(now)
        kinds = {
            "intake": self._dues.intake,
            "upkeep": self._dues.upkeep(),
            "enrollment": self._dues.enrollment,
            "message": self._dues.message,
        }
        if not self.parts.outside:
            kinds["errand"] = self._dues.errand
        waits = [kind for kind, due in kinds.items() if due is not None and due <= until]
        found = [kind for kind in waits if kind not in elsewhere]
        if self.longest is None or not found:
            return found[0] if found else None
        if "intake" in found and "upkeep" in found:
            found.remove("upkeep")
        last = _TURN.get(self._done_last, -1)
        return next((kind for kind in found if _TURN[kind] > last), found[0])

    def _do(self, work: str, now: datetime) -> int:
        assert self._policy is not None
        if work == "upkeep":
            done = self._tend(self._policy, now)
            self._policy = self.policy()
            return done
        if work == "errand":
            with self.parts.database.write() as connection:
                return errands.record(connection, now)
        stages = {"intake": ingest, "enrollment": advance, "message": self._deliver}
        total = 0
        while not self.stop and (done := stages[work](self.parts, self._policy, now, self.batch)):
            total += done
            if done < self.batch or self.longest is not None:
                break
        return total

    def upcoming(self) -> datetime | None:
        """When something falls due next, as the last tick saw it when it came to rest."""
        found = self._dues.earliest() if self._dues else None
        return None if found is None else from_micros(found)

    def policy(self) -> Policy:
        """What decisions are made by, with the verdicts, shares and pauses of this moment."""
        with self.parts.database.read() as connection:
            return policy_now(connection, self.parts.live)

    def next_due(self) -> datetime | None:
        """The earliest instant at which something falls due."""
        with self.parts.database.read() as connection:
            self._dues = dues.look(connection)
        if self.late.answered:
            return from_micros(0)
        found, tried_at = self.upcoming(), self.pacing.due_at()
        return min(found, tried_at) if found and tried_at else found or tried_at

    def _deliver(self, parts: Parts, policy: Policy, now: datetime, batch: int) -> int:
        if self.late.calls >= parts.threads:
            return 0  # All threads wait for answers.
        room = self.pacing.room(now, batch)
        if not room.letters:
            return 0
        policy = with_warming(parts, self.watch.over(policy, now), now)
        policy = replace(policy, rest=room.rest)
        done = 0
        try:
            most = (room.letters, room.marketing)
            done = deliver(parts, self.letters, policy, now, *most, self._began, self.late)
        finally:
            self.pacing.done(now, done)
        return done

    def _take_late(self, now: datetime) -> int:
        """Write down the answers that came since, and what they tell of the transport."""
        came = self.late.record(self.parts, now)
        if came:
            self.pacing.done(now, 0)
        return came

    def finish(self, now: datetime) -> None:
        """Wait for the answers that are late, and write them down: nothing is left in hand."""
        self.late.wait()
        self._take_late(now)

    def _tend(self, policy: Policy, now: datetime) -> int:
        parts = self.parts
        with parts.database.write() as connection:
            done = verdicts.decide_due(connection, parts, now)
            done += allocating.do_due(connection, parts, now)
            done += registering.do_due(connection, parts, now)
        done += hours.do_due(parts, now)
        if done:
            return done  # Broadcasts go by what was decided at this very instant.
        if parts.outside:
            policy = self.policy()  # Another process may just have decided it.
        done = broadcasts.open_due(parts, policy, now)
        with parts.database.write() as connection:
            done += struck.strike_due(connection, parts, now)
            done += confirming.do_due(connection, parts, now)
            if parts.live.catalog.settings.referral is not None:
                settings = parts.live.catalog.settings
                granted = ledger.due(connection, settings, now, parts.key)
                events.append(connection, granted)
                if parts.live.reads_ledger:
                    events.wake(connection, dict.fromkeys(ledger.touched((), granted), now))
                done += len(granted)
        forgotten = self.forgetting.do_due(now)
        if forgotten:
            parts.recent.clear()
        return done + self.nightly.do_due(now) + forgotten + self.doubts.do_due(now)
