"""The definitions that are live, with what the engine derives from them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from lifecycle.calendars import holidays_of
from lifecycle.catalog.catalog import Catalog, campaign_events, campaign_rules, catalog_rules
from lifecycle.catalog.letters_read import kept_attributes_read
from lifecycle.core import kept
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series, letters_of
from lifecycle.core.facts import Facts
from lifecycle.core.hours import LATEST_LETTERS
from lifecycle.core.known_hours import SEEN
from lifecycle.core.occasion import asks_for_best_hour
from lifecycle.core.policy import Policy
from lifecycle.core.rule.quick import Askers
from lifecycle.core.rule.tree import WHOLE, Needs, Reach, Rule
from lifecycle.disposable import disposables
from lifecycle.engine.asked import SegmentsAsked
from lifecycle.engine.computed import computed
from lifecycle.engine.routes import Routes, awaited, chooses_hours, timed_by, watches
from lifecycle.engine.turned import Turned
from lifecycle.engine.versions import NO_VERSIONS, Versions
from lifecycle.hooks import ALL_TIME, Registry
from lifecycle.rewards.ledger import names as reward_names
from lifecycle.store.facts import Reading

_LATEST_SEEN = frozenset((name, Reach(last=LATEST_LETTERS)) for name in SEEN)
EVERYTHING_ELSE = timedelta(days=7)
"""A calendar week at most: how far back a cap by the calendar looks."""


@dataclass(frozen=True)
class Live:
    """The definitions that are live, with what the engine derives from them once."""

    catalog: Catalog
    hooks: Registry
    forced_holdout: bool | None = None
    fixed_variant: str | None = None
    versions: Versions = NO_VERSIONS
    """What is still in use though it is no longer live."""

    @cached_property
    def filters(self) -> dict[str, Callable[..., Any]]:
        """The hooks' template filters by name."""
        return {name: one.function for name, one in self.hooks.filters.items()}

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """All flows that may let in or still walk somebody, by id."""
        found = (one for _, one in sorted(self.catalog.campaigns.items()))
        return tuple(one for one in found if isinstance(one, Flow) and one.status != "draft")

    @cached_property
    def walked(self) -> tuple[Flow, ...]:
        """All flows that somebody may walk: those that are live, and those as they were."""
        return (*self.flows, *(flow for _, flow in sorted(self.versions.flows.items())))

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rule of each segment, and the last of those that are gone and still asked."""
        return {**self.versions.rules, **self.catalog.rules}

    @cached_property
    def _flow_rules(self) -> tuple[Rule, ...]:
        """Every rule outside segments, those of flows as they were included."""
        pinned = self.versions.flows.values()
        older = (rule for flow in pinned for _, rule in campaign_rules(flow))
        return (*catalog_rules(self.catalog), *older)

    @cached_property
    def dated(self) -> tuple[Broadcast | Series, ...]:
        """All broadcasts and series that are live or paused, by id."""
        found = (one for _, one in sorted(self.catalog.campaigns.items()))
        return tuple(one for one in found if not isinstance(one, Flow) and one.status != "draft")

    @cached_property
    def broadcasts(self) -> tuple[Broadcast, ...]:
        """All broadcasts that are live or paused, by id."""
        return tuple(one for one in self.dated if isinstance(one, Broadcast))

    @cached_property
    def resends(self) -> bool:
        """Whether any letter may go again whose fate stays unknown."""
        every = (*self.catalog.campaigns.values(), *self.versions.flows.values())
        return any(one.sending.resend_uncertain for one in every)

    def campaign(self, name: str, version: str = "") -> Campaign | None:
        """A campaign by id; with a version, as it was for those who entered under that."""
        pinned = self.versions.flows.get((name, version)) if version else None
        return pinned or self.catalog.campaigns.get(name)

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self.walked)

    def flows_for(self, event_name: str) -> tuple[Flow, ...]:
        """The flows that an event may end, begin or answer, by id."""
        return self._routes.of(event_name)

    @cached_property
    def flows_watching(self) -> tuple[Flow, ...]:
        """The flows that look whenever facts change: at a rule, or at an instant in the data."""
        return tuple(flow for flow in self.walked if watches(flow))

    @cached_property
    def flows_around_dates(self) -> tuple[Flow, ...]:
        """The flows that are entered by a date."""
        return tuple(flow for flow in self.walked if flow.enter.on_date is not None)

    @cached_property
    def flows_with_queue(self) -> tuple[Flow, ...]:
        """The flows whose entries under one key wait for each other."""
        return tuple(flow for flow in self.flows if flow.enter.repeat == "queue")

    @cached_property
    def listened(self) -> frozenset[str]:
        """Every event name that anything reads: only these have to be loaded."""
        names = set(self.catalog.event_names())
        names |= {name for flow in self.versions.flows.values() for name in campaign_events(flow)}
        for rule in (*self._flow_rules, *self.versions.rules.values()):
            names |= rule.needs().events
        for trigger in self.hooks.triggers.values():
            names |= {trigger.name, *trigger.reads, *trigger.listens_to}
        for attribute in self.hooks.attributes.values():
            names |= attribute.reads
        names |= self._timing.events
        if self.asks_for_best_hour:
            names |= set(SEEN)
        return frozenset(names)

    @cached_property
    def rewarded(self) -> frozenset[str]:
        """Event names that the rewards ledger takes in."""
        return reward_names(self.catalog.settings)

    @cached_property
    def triggered(self) -> frozenset[str]:
        """Event names that a trigger listens to or reads."""
        return frozenset(
            name
            for trigger in self.hooks.triggers.values()
            for name in (*trigger.listens_to, *trigger.reads)
        )

    @cached_property
    def has_variants(self) -> bool:
        """Whether a step of some flow has variants: who has seen one keeps it, coming again."""
        return any(place.step.variant for flow in self.walked for place in flow.way.places.values())

    @cached_property
    def asks_for_best_hour(self) -> bool:
        """Whether some letter of a flow, a broadcast or a series has a best hour."""
        return self.chooses_hours or any(asks_for_best_hour(one) for one in self.dated)

    def heard(self, event_name: str) -> bool:
        """Whether anything at all reads events of this name."""
        if event_name in self.listened or event_name in self.rewarded:
            return True
        return any(
            name.endswith("*") and event_name.startswith(name[:-1]) for name in self.listened
        )

    def needs_of(self, *rules: Rule | None) -> Needs:
        """What rules need, those of the segments they name included."""
        total, asked = Needs(), set[str]()
        waiting = [rule for rule in rules if rule is not None]
        while waiting:
            needs = waiting.pop().needs()
            total |= needs
            for name in needs.segments - asked:
                asked.add(name)
                if name in self.rules:
                    waiting.append(self.rules[name])
        return total

    def compute(self, facts: Facts) -> Facts:
        """Let facts answer for the attributes that hooks give."""
        if self.hooks.attributes:
            facts.computed = partial(computed, self.hooks, facts)
        return facts

    @cached_property
    def flow_reading(self) -> Reading:
        """What walking a flow reads."""
        reaches = self.needs_of(*self._flow_rules).reaches | self._computed_reaches
        reaches |= self._awaited | self._timing.reaches
        if self.chooses_hours:
            reaches |= _LATEST_SEEN
        return replace(self._reading, reaches=reaches, hours=self.chooses_hours)

    @cached_property
    def _awaited(self) -> frozenset[tuple[str, Reach]]:
        """What steps wait for: what came since the waiting began may have come late."""
        names = {name for flow in self.walked for name in awaited(flow)}
        return frozenset((name, Reach(back=timedelta())) for name in names)

    @cached_property
    def _timing(self) -> Needs:
        """What the moments of steps are reckoned from, rules apart."""
        return Needs(attributes=frozenset(path for flow in self.walked for path in timed_by(flow)))

    @cached_property
    def _reading(self) -> Reading:
        """What all readings have in common."""
        tiers = self.catalog.settings.points.ladder
        nightly = bool(self.nightly_names)
        dates = bool(self.flows_around_dates)
        return Reading(
            past=self.past, ledger=self.reads_ledger, tiers=tiers, nightly=nightly, dates=dates
        )

    @cached_property
    def chooses_hours(self) -> bool:
        """Whether some step of a flow goes at a best hour; occasions ask for it on their own."""
        return any(chooses_hours(flow) for flow in self.walked)

    @cached_property
    def reads_ledger(self) -> bool:
        """Whether a rule reads points or codes, or a hook may."""
        return self._needs.ledger or bool(self.hooks.attributes or self.hooks.triggers)

    @cached_property
    def reads_running(self) -> bool:
        """Whether a rule asks who is in a campaign now."""
        return self._needs.running

    @cached_property
    def past(self) -> frozenset[str]:
        """The attributes of which some rule asks how long they have been so."""
        return self._needs.past

    @cached_property
    def _needs(self) -> Needs:
        rules = (*self.catalog.rules.values(), *self._flow_rules)
        return self.needs_of(*rules) | self._timing

    @cached_property
    def nightly_turned(self) -> Turned:
        """Whom new values of the attributes reckoned at night may turn."""
        return Turned([*self.catalog.rules.values(), *self._flow_rules])

    @cached_property
    def nightly_names(self) -> frozenset[str]:
        """Of the attributes reckoned at night those that are read: `rfm`, `predicted`."""
        paths = self._needs.attributes | self.kept_in_letters
        return frozenset(path[0] for path in paths if path[0] in kept.NIGHTLY)

    @cached_property
    def ingest_reading(self) -> Reading:
        """What taking in reads: everything that a rule, a flow or a trigger may ask."""
        rules = (*self.catalog.rules.values(), *self._flow_rules)
        reaches = self.needs_of(*rules).reaches | self._computed_reaches
        # What happened since the entry event may already have ended an enrollment that comes late.
        ends = (name for flow in self.walked for name in flow.exit.when)
        reaches |= frozenset((name, Reach(back=timedelta())) for name in ends)
        reaches |= self._awaited | self._timing.reaches
        for trigger in self.hooks.triggers.values():
            back = _back(trigger.looks_back)
            reaches |= frozenset((name, back) for name in (trigger.name, *trigger.reads))
        if self.chooses_hours:
            reaches |= _LATEST_SEEN
        enrollments = bool(self.walked) or self.segments_asked.running
        asked = replace(self._reading, reaches=reaches, enrollments=enrollments)
        return replace(asked, hours=self.chooses_hours)

    @cached_property
    def segments_asked(self) -> SegmentsAsked:
        """Which segments are asked when something happens."""
        computed = {name: hook.reads for name, hook in self.hooks.attributes.items()}
        rules = self.catalog.rules.items()
        return SegmentsAsked({name: self.needs_of(rule) for name, rule in rules}, computed)

    @cached_property
    def askers(self) -> Askers:
        """The segments' rules, made ready to be asked often."""
        return Askers(self.catalog.rules)

    @cached_property
    def _computed_reaches(self) -> frozenset[tuple[str, Reach]]:
        """What attribute hooks read."""
        return frozenset(
            (name, _back(hook.looks_back))
            for hook in self.hooks.attributes.values()
            for name in hook.reads
        )

    @cached_property
    def letter_reading(self) -> Reading:
        """What the guard and a letter read."""
        campaigns = (*self.walked, *self.dated)
        letters = [step for campaign in campaigns for _, step in letters_of(campaign)]
        offers = [
            offer.given_if
            for step in letters
            for offer in (step.incentive, *(one.incentive for one in step.variant))
            if offer is not None
        ]
        needs = self.needs_of(self.catalog.settings.sending.hold_if, *offers)
        needs |= Needs(attributes=self.kept_in_letters)
        caps = self.catalog.settings.sending.cap
        spans = [cap.per if isinstance(cap.per, timedelta) else EVERYTHING_ELSE for cap in caps]
        back = max([*spans, self.catalog.settings.sending.minimum_gap], default=timedelta())
        sent = back + timedelta(days=1) if back else timedelta()
        reaches = needs.reaches | self._computed_reaches
        ledger = needs.ledger or self.reads_ledger
        # Each letter changes its enrollment: as it is read here it is not read again.
        asked = replace(self._reading, reaches=reaches, sent=sent, ledger=ledger, wishes=True)
        return replace(asked, again=False)

    @cached_property
    def kept_in_letters(self) -> frozenset[tuple[str, ...]]:
        """The attributes kept by the engine that letters may show."""
        older = self.versions.flows.values(), self.versions.templates.values()
        return kept_attributes_read(self.catalog, *older)

    @cached_property
    def held_reading(self) -> Reading:
        """What the guard and a letter read, and with it what `[exit] if` asks of held letters."""
        exits = (flow.exit.if_ for flow in self.walked)
        more = self.needs_of(*exits).reaches
        return replace(self.letter_reading, reaches=self.letter_reading.reaches | more)

    def policy(
        self, verdicts: Mapping[tuple[str, str, str], str], ordered: Mapping[str, str]
    ) -> Policy:
        """What decisions are made by."""
        return Policy(
            self.catalog.settings,
            self.rules,
            verdicts,
            ordered,
            self.forced_holdout,
            self.fixed_variant,
            self.versions.flows,
            holidays_of(self.catalog.settings.shop.timezone),
            disposable=disposables(self.catalog.settings.sending.disposable_domains),
        )


def _back(looks_back: timedelta) -> Reach:
    return WHOLE if looks_back >= ALL_TIME else Reach(back=looks_back)
