"""Taking one customer in: events in order, then segments once an instant, then what follows."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lifecycle.core.action import (
    Action,
    Consented,
    Emit,
    Keep,
    Suppress,
    Turn,
    Withdraw,
    bring_up_to_date,
)
from lifecycle.core.bounces import REASON as SOFT_BOUNCED
from lifecycle.core.dated import move, on_dates
from lifecycle.core.entry import enter, enters_by, on_event, start_queued
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.flow import on_change
from lifecycle.core.membership import ask, turned_event
from lifecycle.core.policy import Policy
from lifecycle.core.silence import lifted
from lifecycle.engine.feedback import KnownMessage, take_feedback
from lifecycle.engine.live import Live
from lifecycle.engine.triggers import Derived, derived
from lifecycle.hooks import HookFailed
from lifecycle.store.events import NewEvent

MOST_ROUNDS = 8
"""So often segments are asked at one instant, where their turning turns others."""
CONSENTS = ("consent_given", "consent_withdrawn")
"""Our own word of a consent; in a replay's history it may stand alone, and then it counts."""


@dataclass
class Taken:
    """What taking a customer in has come to."""

    actions: list[Action] = field(default_factory=list)
    filled: list[Event] = field(default_factory=list)
    """Feedback events whose message was found: their properties now name it."""
    rewarded: list[Event] = field(default_factory=list)
    failed: list[HookFailed] = field(default_factory=list)
    next_wake: datetime | None = None


class CustomerIntake:
    """Takes in one customer up to an instant, each instant on its own and in its order."""

    def __init__(
        self,
        live: Live,
        policy: Policy,
        facts: Facts,
        messages: Sequence[KnownMessage],
        *,
        everything: bool,
        given_up: frozenset[str] = frozenset(),
    ) -> None:
        """`everything`: more than events may have changed, so that every segment is asked.

        `given_up` are the soft bounces by which an address is suppressed.
        """
        self.live, self.policy, self.facts = live, policy, facts
        self.messages, self.given_up = messages, given_up
        self.taken = Taken()
        self._asked = live.segments_asked
        for gone in facts.wakes.keys() - self._asked.every:
            # The segment is gone, and what is kept of it goes with its build: nobody asks it again.
            del facts.wakes[gone]
        self._to_ask = set(self._asked.every if everything else ())
        self._later: set[str] = set()
        """Segments of which the customer is a member as of a later instant than that in hand."""
        self._until = facts.now

    def run(self, events: Sequence[NewEvent], now: datetime) -> Taken:
        """Take in `events` (in order of arrival) and every wake-up up to `now`."""
        waiting = deque(events)
        asked = False
        self._until = now
        while (moment := self._next_moment(waiting, now)) is not None or not asked:
            moment = now if moment is None else moment
            self.facts.now = moment
            arrived = []
            while waiting and waiting[0].due_at <= moment:
                arrived.append(waiting.popleft().event)
                self._event(arrived[-1], moment)
            # What imported history alone turns lets nobody in either.
            imported = bool(arrived) and not any(event.enters for event in arrived)
            for _ in range(MOST_ROUNDS):
                self._segments(moment, enters=not imported)
                for flow in self.live.flows_around_dates:
                    self._do(move(flow, self.facts, self.policy, moment))
                    if self.policy.enterable(flow):
                        self._do(on_dates(flow, self.facts, self.policy, moment))
                for flow in self.live.flows_watching:
                    self._do(on_change(flow, self.facts, self.policy, moment))
                for flow in self.live.flows_with_queue:
                    self._do(start_queued(flow, self.facts, self.policy, moment))
                if not self._to_ask:
                    break
            asked = True
        instants = [*self.facts.wakes.values(), *self._date_wakes()]
        self.taken.next_wake = min(instants, default=None)
        return self.taken

    def _next_moment(self, waiting: Sequence[NewEvent], now: datetime) -> datetime | None:
        """The next instant at which something arrives or a rule may turn, None if none is left."""
        instants = [at for at in self.facts.wakes.values() if at <= now]
        instants += [at for at in self._date_wakes() if at <= now]
        instants += [self.facts.segments[name] for name in self._later]
        if waiting:
            instants.append(waiting[0].due_at)
        return min(instants, default=None)

    def _date_wakes(self) -> list[datetime]:
        """When flows around dates are to be asked."""
        asked = {flow.id for flow in self.live.flows_around_dates}
        kept = self.facts.dates.items()
        return [one.wake_at for name, one in kept if name in asked and one.wake_at is not None]

    def _do(self, actions: Sequence[Action]) -> None:
        bring_up_to_date(self.facts, actions)
        self.taken.actions += actions
        for action in actions:
            if isinstance(action, Keep):
                self._to_ask |= self._asked.by_running
            elif isinstance(action, Suppress):
                self._to_ask |= self._asked.by_suppression
            elif isinstance(action, Consented):
                self._to_ask |= self._asked.by_topic(action.topic)

    def _event(self, event: Event, moment: datetime) -> None:
        if self._unheard(event):
            # It has come to let its customer into flows, and is no event beyond that.
            self._turned(event["segment"], event, moment)
            self._do([Withdraw(event.id)])
            return
        if event.name in CONSENTS and isinstance(event["topic"], str):
            self._consent(event["topic"], event.name == "consent_given", event.at)
        if event.name.startswith("message_"):
            event, actions = take_feedback(event, self.messages, self.live, moment)
            if event.id in self.given_up:
                actions.append(Suppress(SOFT_BOUNCED, moment))
            self._do(actions)
            if actions:
                self.taken.filled.append(event)
            for action in actions:
                if isinstance(action, Emit):
                    self._hear(action.event, moment)
        self._hear(event, moment)

    def _unheard(self, event: Event) -> bool:
        """Whether this is a joining by a change of the rule of a segment that does not notify."""
        if event.name != "segment_joined":
            return False
        segment = self.live.catalog.segments.get(str(event["segment"]))
        return segment is not None and not segment.notify

    def _consent(self, topic: str, agreed: bool, at: datetime) -> None:
        """Take in a yes or no, unless something newer was said."""
        said = self.facts.consents_at.get(topic)
        if self.facts.consents.get(topic, False) is not agreed and (said is None or said <= at):
            self._do([Consented(topic, agreed, at, "event")])

    def _hear(self, event: Event, moment: datetime) -> None:
        self._do(lifted(self.facts, event))
        if self.live.heard(event.name):
            self.facts.add_event(event)
            self._to_ask |= self._asked.by_event(event.name)
        if event.name in self.live.rewarded:
            self.taken.rewarded.append(event)
        if event.name in self.live.triggered:
            for said in derived(self.live.hooks, event, self.facts):
                self._derive(said, moment)
        for flow in self.live.flows_for(event.name):
            self._do(on_event(flow, self.facts, event, self.policy, moment))

    def _derive(self, said: Derived, moment: datetime) -> None:
        """Let an event of a trigger happen, or strike the one that is no longer derived."""
        if said.failed is not None:
            self.taken.failed.append(said.failed)
            return
        known = any(one.id == said.event_id for one in self.facts.events.get(said.name, ()))
        if said.made is not None and not known:
            self._do([Emit(said.made)])
            self._hear(said.made, moment)
        elif said.made is None and known:
            self.facts.withdraw(said.event_id, said.name)
            self._to_ask |= self._asked.by_event(said.name)
            self._do([Withdraw(said.event_id)])

    def _segments(self, moment: datetime, *, enters: bool) -> None:
        """Ask the segments that what is new may have turned, and those whose instant has come.

        What their turning leads to may turn others at this same instant; a circle is cut.
        """
        self._to_ask |= self._asked.due(self.facts.wakes, moment) | self._later
        for _ in range(MOST_ROUNDS):
            self._put_off(moment)
            if not self._to_ask:
                return
            names = [name for name in self._asked.every if name in self._to_ask]
            self._to_ask.clear()
            view = self.policy.view(self.facts, moment)
            actions = ask(self.live.catalog.segments, self.live.askers, names, view)
            self._do(actions)
            for action in actions:
                if isinstance(action, Turn):
                    event = turned_event(
                        self.facts.customer_id, action.segment, action.joined, action.at
                    )
                    self._turned(action.segment, replace(event, enters=enters), moment)

    def _put_off(self, moment: datetime) -> None:
        """Leave out what was answered as of a later instant, to be asked again at that one.

        A build asks everybody as of the instant at which its definitions went live, with all that
        had arrived by then; what of that was still waiting to be taken in turns nothing before.
        """
        since = self.facts.segments
        self._later = {
            name for name in self._to_ask if moment < since.get(name, moment) <= self._until
        }
        self._to_ask -= self._later

    def _turned(self, segment: str, event: Event, moment: datetime) -> None:
        """Let flows in by `joins` and `leaves`; an event it is only where the segment notifies.

        One turn lets in once: where being in a campaign turns what it is entered by, that ends it.
        """
        if any(one.event_id == event.id for one in self.facts.enrollments):
            return
        if self.live.catalog.segments[segment].notify:
            self._hear(event, moment)
            return
        for flow in self.live.flows_for(event.name):
            by_this = not flow.enter.when and enters_by(flow, event)
            if by_this and self.policy.enterable(flow):
                self._do(enter(flow, self.facts, event, self.policy, moment))
