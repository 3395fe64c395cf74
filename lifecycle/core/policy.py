"""The rules of a decision: settings, segment rules and verdicts, without any customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from lifecycle.core.best_hour import Asked
from lifecycle.core.breaker import Opened
from lifecycle.core.campaign import Broadcast, Campaign, Flow, letters_of
from lifecycle.core.chance import fraction
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.learned_hours import Learned
from lifecycle.core.mailbox import WHY_NOT, Disposable, kind_of
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step, Variant
from lifecycle.core.stoppage import Rest
from lifecycle.core.warm_up import Warming
from lifecycle.core.words import Span

Calendar = Callable[[Facts], Callable[[date], bool]]
"""Given a customer, tells of a day whether it is a public holiday where they live."""
Experiment = tuple[str, str, str]
"""Campaign, step, and of a recurring broadcast the date: what tells a test from others."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A test whose winner is chosen at an instant to come; till then all others are kept waiting.

    `tested` is the share of readers who take part, in percent, where that was reckoned.
    """

    decides_at: datetime
    tested: float | None


@dataclass(frozen=True)
class Policy:
    """What decisions are made by: the shop's settings, every segment's rule, verdicts so far.

    `verdicts` holds the winning variant by experiment, `shares` those by which a bandit gives out
    variants, in the file's order; `ordered` a pause or stop by command; `forced_holdout`
    (everybody or nobody) and `fixed_variant` are for the marketer's tests alone.
    """

    settings: Settings
    segments: Mapping[str, Rule]
    verdicts: Mapping[Experiment, str] = field(default_factory=dict)
    ordered: Mapping[str, str] = field(default_factory=dict)
    forced_holdout: bool | None = None
    fixed_variant: str | None = None
    pinned: Mapping[tuple[str, str], Flow] = field(default_factory=dict)
    """Flows as they were, by campaign and version: who entered under one finishes it."""
    calendar: Calendar | None = None
    """Tells public holidays; None knows none."""
    breaker: Opened | None = None
    """What keeps all marketing letters back: too many of the latest bounced; None: nothing does."""
    rest: Rest | None = None
    """What the transport does not take now; None where it takes all."""
    warming: Warming | None = None
    """Where warming up a sending domain stands; None where nothing is warmed up."""
    shares: Mapping[Experiment, Sequence[tuple[str, float]]] = field(default_factory=dict)
    undecided: Mapping[Experiment, Undecided] = field(default_factory=dict)
    """Tests of broadcasts and series that are under way, or still to come."""
    disposable: Disposable | None = None
    """Tells of a domain whether its addresses are disposable; None knows none."""
    hours: Learned | None = None
    """What is learned of hours; None while nothing is."""

    @cached_property
    def best_hours(self) -> Asked:
        """What best hours are chosen by."""
        sending = self.settings.sending
        share, seed = sending.best_hour_control_percent, self.settings.shop.seed
        return Asked(self.hours, sending.best_hour, share, seed)

    def serves(self, flow: Flow, enrollment: Enrollment) -> bool:
        """Whether this version of a flow is the one that an enrollment walks."""
        pinned = self.pinned.get((enrollment.campaign, enrollment.version))
        return self.enterable(flow) if pinned is None else pinned is flow

    def enterable(self, flow: Flow) -> bool:
        """Whether this is the flow as it is live, and not as it was."""
        return self.pinned.get((flow.id, flow.version)) is not flow

    def holidays(self, facts: Facts) -> Callable[[date], bool] | None:
        """Tells of a day whether it is a public holiday where the customer lives."""
        return None if self.calendar is None else self.calendar(facts)

    def view(self, facts: Facts, now: datetime, entry: Event | None = None) -> View:
        """What a rule sees of a customer at an instant."""
        return View(facts, now, self.segments, entry)

    def holds(self, rule: Rule | None, facts: Facts, now: datetime, entry: Event | None) -> bool:
        """Whether a rule holds; a rule that is not said does."""
        return rule is None or rule.matches(self.view(facts, now, entry))

    def held_out(self, campaign: Campaign, customer_id: str) -> bool:
        """Whether the customer gets nothing of this campaign, ever: by hash."""
        if self.forced_holdout is not None:
            return self.forced_holdout
        if self.held_out_of_all(campaign, customer_id):
            return True
        seed = self.settings.shop.seed
        share = campaign.holdout.percent if campaign.holdout else 0.0
        return share > 0 and fraction(seed, "holdout", campaign.id, customer_id) * 100 < share

    def held_out_of_all(self, campaign: Campaign, customer_id: str) -> bool:
        """Whether the customer is in the holdout of the whole shop, and the campaign heeds it.

        That is one from marketing: a flow all of whose letters are transactional goes to everybody.
        """
        share, seed = self.settings.sending.global_holdout_percent, self.settings.shop.seed
        if not share or only_transactional(campaign):
            return False
        return fraction(seed, "global_holdout", customer_id) * 100 < share

    def variant(
        self, campaign: Campaign, step: Step, facts: Facts, entry: str = ""
    ) -> Variant | None:
        """The variant a customer sees, always the same one.

        That is the one seen before, else the winner once there is one, else by hash and shares.
        `entry` is the enrollment's: each occurrence of a recurring broadcast is its own experiment.
        """
        if not step.variant:
            return None
        place = (campaign.id, step.name, experiment(campaign, entry))
        named = self.fixed_variant or facts.variants.get(place) or self.verdicts.get(place)
        for variant in step.variant:
            if variant.name == named:
                return variant
        return self.variant_by_hash(campaign, step, facts.customer_id, entry)

    def variant_by_hash(
        self, campaign: Campaign, step: Step, customer_id: str, entry: str = ""
    ) -> Variant:
        """The variant of a customer while the test runs: always the same one.

        A bandit's shares change; who has seen a variant under those before keeps it.
        """
        for variant in step.variant:
            if variant.name == self.fixed_variant:
                return variant
        own = experiment(campaign, entry)
        shares = self._shares(step, (campaign.id, step.name, own))
        parts = ("variant", campaign.id, step.name, customer_id, *([own] if own else []))
        place = fraction(self.settings.shop.seed, *parts) * sum(shares)
        for variant, share in zip(step.variant, shares, strict=True):
            place -= share
            if place < 0:
                return variant
        return step.variant[-1]

    def _shares(self, step: Step, of: Experiment) -> list[float]:
        """What part of new customers sees each variant: as written, or as a bandit has it."""
        given = self.shares.get(of, ()) if step.winner and step.winner.policy == "bandit" else ()
        if [name for name, _ in given] == [one.name for one in step.variant]:
            return [share for _, share in given]
        return [one.share for one in step.variant]

    def quiet_hours(self, campaign: Campaign, step: Step) -> Span | None:
        """The quiet hours a letter keeps; a transactional one none but its campaign's own."""
        if not step.writes:
            return None
        said = campaign.sending.says_quiet_hours
        if step.transactional and not said:
            return None
        return self.settings.quiet(said, campaign.sending.quiet_hours)

    def paused(self, campaign: Campaign) -> bool:
        """Whether letters of the campaign are held, by its file or by command."""
        return campaign.status == "paused" or self.ordered.get(campaign.id) == "paused"

    def stopped(self, campaign: Campaign) -> bool:
        """Whether the campaign was stopped by command or put away."""
        by_command = self.ordered.get(campaign.id) == "stopped"
        return by_command or campaign.status in ("archived", "draft")

    def keeps_away_from(self, address: str) -> str | None:
        """Why no marketing goes to an address; None when it may."""
        kinds = self.settings.sending.no_marketing_to
        kind = kind_of(address, self.disposable) if kinds else None
        return WHY_NOT[kind] if kind in kinds and kind is not None else None

    def lets_in(self, campaign: Campaign) -> bool:
        """Whether the campaign takes anybody in: only a live one does."""
        return campaign.status == "live" and self.ordered.get(campaign.id) != "stopped"


def experiment(campaign: Campaign, entry: str) -> str:
    """What tells an experiment of a step apart from others: of a recurring broadcast the date."""
    return entry if isinstance(campaign, Broadcast) and campaign.every is not None else ""


def only_transactional(campaign: Campaign) -> bool:
    """Whether a campaign writes letters, and every one of them is transactional."""
    letters = [step.transactional for _, step in letters_of(campaign)]
    return bool(letters) and all(letters)
