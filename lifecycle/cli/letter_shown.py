"""One letter made to be looked at: for a made-up customer, or for one of the shop as known now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli import place, sample
from lifecycle.cli.asked import Asked
from lifecycle.cli.letter_wanted import Wanted
from lifecycle.cli.reading import reading
from lifecycle.clock import SystemClock
from lifecycle.core.because import because
from lifecycle.core.campaign import Broadcast
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.recurring import template_for
from lifecycle.core.step import Variant
from lifecycle.engine.letters import Letters, Ready
from lifecycle.engine.live import Live
from lifecycle.engine.offers import issued_last
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import policy_now
from lifecycle.errors import UsageError
from lifecycle.hooks import Registry
from lifecycle.insight.why import enrollments_of
from lifecycle.insight.would_go import Standing, would_go
from lifecycle.render.inert import InertSigner
from lifecycle.render.problems import BrokenTemplate
from lifecycle.send.outbox import Outbox
from lifecycle.store import warm_up
from lifecycle.store.customers import owner_of
from lifecycle.store.database import Database
from lifecycle.store.facts import load, variants_seen

NO_ID = "0" * 32
NO_ADDRESS = "someone@shop.example"
"""Stands in for the address of a customer who has none: the letter can be shown all the same."""
MOST_MADE_UP = 50
"""Names that a preview makes up before it gives in."""
LOOKS_BACK, LOOKS_AHEAD = 400, 62
"""Days around today in which the template of a recurring letter is looked for."""


@dataclass(frozen=True)
class Shown:
    """A letter to look at, and for a real customer whether it would go now."""

    ready: Ready
    variant: Variant | None
    customer: str | None = None
    in_the_way: tuple[str, ...] = ()
    """What stands in the way of its going now; empty where it would go."""
    notes: tuple[str, ...] = ()
    """What is made up in it, and which incentive is left out and why."""


@dataclass(frozen=True)
class _Given:
    """What a letter is made for."""

    facts: Facts
    enrollment: Enrollment
    variant: Variant | None
    incentive: Any
    now: datetime


class Show:
    """Makes previews of one letter with the definitions of a folder; nothing is written."""

    def __init__(self, said: Asked, catalog: Catalog, hooks: Registry, wanted: Wanted) -> None:
        self.said, self.catalog, self.hooks, self.wanted = said, catalog, hooks, wanted
        key = place.FIXED_KEY
        nowhere = Outbox(said.project / catalog.settings.transport.folder)
        signer = InertSigner([key], catalog.settings.shop.website)
        live = Live(catalog, hooks)
        self.parts = Parts(Database("sqlite://"), live, nowhere, key, signer, outside=False)
        self.letters = Letters(self.parts)

    def made_up(self, locale: str | None) -> Shown:
        """The letter for a customer who is made up. Raises BrokenTemplate."""
        facts = sample.sample_facts(self.catalog.settings, locale)
        enrollment = self._sample_enrollment(facts, SystemClock().now())
        variants = self.wanted.step.variant
        variant = self.wanted.variant or (variants[0] if variants else None)
        incentive = self._stand_in(variant, facts.now)
        given = _Given(facts, enrollment, variant, incentive, facts.now)
        ready = _with_made_up_names(lambda: self._make(given), facts, enrollment)
        return Shown(ready, variant)

    def of_customer(self, customer: str, locale: str | None) -> Shown:
        """The letter as it would be now for a customer of the shop's database, which is only read.

        Raises UsageError for an unknown customer, EnvironmentFailed without a database.
        """
        with reading(self.said) as desk:
            connection, now = desk.connection, desk.now
            policy = self._policy(connection)
            facts = self._facts(connection, customer, now)
            if locale is not None:
                facts.locale = locale
            walked = enrollments_of(connection, facts.customer_id)
            mine = [one for one in walked if one.campaign == self.wanted.campaign.id]
            enrollment = max(mine, key=lambda one: (one.running, one.entered_at), default=None)
            if enrollment is not None and not enrollment.running and self._comes_back:
                enrollment = None  # What went is over: what would go is the next occurrence.
            stand_in = self._sample_enrollment(facts, now)
            used = enrollment or stand_in
            notes = [] if enrollment is not None else ["the event that let them in is made up"]
            campaign, step = self.wanted.campaign, self.wanted.step
            variant = self.wanted.variant or policy.variant(campaign, step, facts, used.entry)
            issued = None
            if enrollment is not None:
                _, at = sample.offer_shown(campaign, step, variant)
                issued = issued_last(connection, facts.customer_id, enrollment, at)
            incentive, withheld = self._incentive(variant, facts, policy, used, issued, now)
            in_the_way: list[str] = []
            if self.wanted.of_campaign:
                standing = Standing(campaign, step, enrollment, facts, policy, now)
                in_the_way = would_go(connection, standing, stand_in)
            facts.email = facts.email or NO_ADDRESS
            given = _Given(facts, used, variant, incentive, now)
            if enrollment is None:
                ready = _with_made_up_names(lambda: self._make(given), facts, used)
            else:
                ready = self._make(given)
        return Shown(ready, variant, facts.customer_id, tuple(in_the_way), (*notes, *withheld))

    @property
    def _comes_back(self) -> bool:
        campaign = self.wanted.campaign
        return isinstance(campaign, Broadcast) and campaign.every is not None

    def _make(self, given: _Given) -> Ready:
        return self.letters.make(
            NO_ID,
            NO_ID,
            self.wanted.campaign,
            self.wanted.step,
            given.variant,
            given.enrollment,
            given.facts,
            given.incentive,
            self.parts.referral_link(given.facts.customer_id),
            given.now,
        )

    def _policy(self, connection: Connection) -> Policy:
        found = policy_now(connection, self.parts.live)
        now = SystemClock().now()
        return replace(found, warming=warm_up.standing(connection, self.catalog.settings, now))

    def _facts(self, connection: Connection, customer: str, now: datetime) -> Facts:
        campaign = self.wanted.campaign
        status = {"status": "live"}  # A draft's letter is looked at, and its rules asked, as well.
        campaigns = {**self.catalog.campaigns, campaign.id: campaign.model_copy(update=status)}
        live = Live(replace(self.catalog, campaigns=MappingProxyType(campaigns)), self.hooks)
        reaches = live.letter_reading.reaches | live.flow_reading.reaches
        wide = replace(live.letter_reading, reaches=reaches)
        owner = owner_of(connection, customer)
        zone = self.catalog.settings.shop.timezone
        found = load(connection, [owner], now, wide, shop_zone=zone, seen=now)
        if owner not in found:
            raise UsageError("there is no such customer", state={"customer": customer})
        variants_seen(connection, found)
        return live.compute(found[owner])

    def _sample_enrollment(self, facts: Facts, now: datetime) -> Enrollment:
        """An enrollment that began with a made-up event; of a letter that comes back the next."""
        campaign = self.wanted.campaign
        made = sample.sample_enrollment(campaign)
        if not isinstance(campaign, Broadcast):
            return made
        if campaign.every is None:
            return made
        today = now.astimezone(facts.zone).date()
        return replace(made, entry=self._day(campaign, today).isoformat())

    def _day(self, campaign: Broadcast, today: date) -> date:
        """The next day on which the letter comes whose template is there; else the last one."""
        assert campaign.every is not None
        pattern = (self.wanted.variant and self.wanted.variant.template) or campaign.template
        following: date = campaign.every.next_on(today)
        if pattern is None:
            return following
        days = [today + timedelta(days=one) for one in range(-LOOKS_BACK, LOOKS_AHEAD)]
        days = [one for one in days if campaign.every.falls_on(one)]
        there = [one for one in days if template_for(pattern, one) in self.catalog.templates]
        ahead = [one for one in there if one >= today]
        return min(ahead, default=max(there, default=following))

    def _incentive(
        self,
        variant: Variant | None,
        facts: Facts,
        policy: Policy,
        enrollment: Enrollment,
        issued: Any,
        now: datetime,
    ) -> tuple[Any, tuple[str, ...]]:
        """What was issued before, a stand-in, or why there is none: nothing is issued here."""
        own = (variant.incentive if variant else None) or self.wanted.step.incentive
        if own is None and issued is not None:
            return issued, ()
        offer, _ = sample.offer_shown(self.wanted.campaign, self.wanted.step, variant)
        if offer is None:
            return None, ()
        view = policy.view(facts, now, enrollment.entry_event())
        if offer.given_if is not None and not offer.given_if.matches(view):
            leaves = "; ".join(one.words() for one in because(offer.given_if, view))
            return None, (f"without its incentive: {leaves}",)
        return self._stand_in(variant, now), ("the incentive is a stand-in: nothing was issued",)

    def _stand_in(self, variant: Variant | None, now: datetime) -> Any:
        offer, _ = sample.offer_shown(self.wanted.campaign, self.wanted.step, variant)
        return sample.sample_incentive(offer, self.wanted.campaign, self.catalog.settings, now)


def _with_made_up_names(made: Callable[[], Ready], facts: Facts, enrollment: Any) -> Ready:
    """Render for a made-up customer: what the shop alone knows of is shown by its name."""
    for _ in range(MOST_MADE_UP):
        try:
            return made()
        except BrokenTemplate as broken:
            if not broken.name or broken.name in facts.attributes:
                raise
            facts.attributes[broken.name] = broken.name
            enrollment.properties[broken.name] = broken.name
    return made()
