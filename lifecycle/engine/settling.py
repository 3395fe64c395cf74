"""Settling: a customer taken in while a segment is built is asked as of the build's beginning.

What the change of the rule alone turns is then turned silently, as the build would have done, and
what happened since is taken in as ever. The build passes over whoever was settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.action import Action, Turn, Wake, bring_up_to_date
from lifecycle.core.facts import Facts
from lifecycle.core.membership import turned_event
from lifecycle.core.policy import Policy
from lifecycle.engine.live import Live
from lifecycle.store import builds, events
from lifecycle.store.builds import SEGMENT, Building
from lifecycle.store.events import NewEvent


@dataclass
class Settling:
    """The segments that are being built, and whom of a batch they have not been asked of yet."""

    live: Live
    of: dict[str, list[Building]] = field(default_factory=dict)
    told: list[NewEvent] = field(default_factory=list)
    """What lets those who joined into flows, where the segment says so."""

    @property
    def earliest(self) -> datetime | None:
        """The earliest instant as of which somebody is asked."""
        return min((one.begun_at for every in self.of.values() for one in every), default=None)

    def ask(self, facts: Facts, policy: Policy, waiting: Sequence[NewEvent]) -> list[Action]:
        """Ask a customer, before the first of the events that wait to be taken in."""
        actions: list[Action] = []
        for build in self.of.get(facts.customer_id, ()):
            since = facts.known_since
            if since is None:
                continue
            if since <= build.begun_at:
                at = min([build.begun_at, *(one.due_at for one in waiting[:1])])
                actions += self._ask(build.name, facts, policy, at)
        return actions

    def _ask(self, name: str, facts: Facts, policy: Policy, at: datetime) -> list[Action]:
        facts.now = at
        holds, wake_at = self.live.askers.ask(name, policy.view(facts, at))
        since = facts.segments.get(name)
        actions: list[Action] = []
        if holds is not (since is not None):
            actions.append(Turn(name, holds, at))
            since = at if holds else None
            if holds and self.live.catalog.segments[name].on_change == "enroll":
                event = turned_event(facts.customer_id, name, True, at)
                self.told.append(NewEvent(facts.customer_id, event, at))
        if actions or wake_at != facts.wakes.get(name):
            actions.append(Wake(name, holds, since, wake_at))
        bring_up_to_date(facts, actions)
        return actions

    def write(self, connection: Connection) -> None:
        """Note that the batch has been asked, in the transaction in which the answers are."""
        pairs = [(one.name, customer) for customer, every in self.of.items() for one in every]
        builds.settle(connection, pairs)
        events.append(connection, self.told)


def settling(connection: Connection, live: Live, ids: Sequence[str]) -> Settling:
    """Whom of a batch the segments under way are still to be asked of."""
    found = Settling(live)
    running = [one for one in builds.under_way(connection) if one.kind == SEGMENT]
    for build in running:
        if build.fingerprint != live.catalog.fingerprint:
            continue
        if build.name not in live.catalog.segments:
            continue  # Nobody is asked of a segment that is gone: its build alone clears it away.
        ahead = [one for one in ids if one > build.cursor]
        if not ahead:
            continue
        done = builds.settled(connection, build.name, min(ahead), max(ahead))
        for customer_id in ahead:
            if customer_id not in done:
                found.of.setdefault(customer_id, []).append(build)
    return found
