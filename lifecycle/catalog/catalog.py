"""The catalog: all definitions of a project, checked, frozen and fingerprinted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.case import CaseFile
from lifecycle.core.incentive import IncentiveOffer
from lifecycle.core.rule.tree import Rule
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.folder import locale_suffixes


@dataclass(frozen=True)
class Catalog:
    """All definitions of a project; nothing in it changes once it is made."""

    root: Path
    fingerprint: str
    """Hash of the contents of all of `files`."""
    settings: Settings
    campaigns: Mapping[str, Campaign]
    segments: Mapping[str, Segment]
    templates: Mapping[str, CompiledTemplate]
    """By name; where a language has a version of its own, also by name.tag: cart/reminder.de."""
    files: Mapping[str, str]
    """Path relative to the project, with slashes, to text: all that is put live."""
    cases: Mapping[str, CaseFile]
    rules: Mapping[str, Rule]
    """The rule of each segment, by the segment's id."""

    def template(self, name: str, locale: str | None = None) -> CompiledTemplate | None:
        """The template in the best language there is for a locale; None if nobody names it."""
        for suffix in locale_suffixes(locale, self.settings.shop.language):
            if f"{name}{suffix}" in self.templates:
                return self.templates[f"{name}{suffix}"]
        return None

    def event_names(self) -> frozenset[str]:
        """All event names, and `prefix*`, that anything in the catalog reads."""
        return frozenset(_event_names(self))


@dataclass(frozen=True)
class Loaded:
    """What loading found; the catalog is there when no problem is an error."""

    catalog: Catalog | None
    problems: tuple[Problem, ...]


def fingerprint_of(files: Mapping[str, str]) -> str:
    """A hash of names and contents, 32 hex characters."""
    digest = blake2b(digest_size=16)
    for name, text in sorted(files.items()):
        for part in (name, text):
            raw = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(raw) + raw)
    return digest.hexdigest()


def _event_names(catalog: Catalog) -> Iterator[str]:
    for rule in (*catalog.rules.values(), *catalog_rules(catalog)):
        yield from rule.needs().events
    for campaign in catalog.campaigns.values():
        yield from campaign_events(campaign)
    for earn in catalog.settings.points.earn:
        yield from earn.when
    if catalog.settings.referral is not None:
        yield catalog.settings.referral.qualifies


def campaign_events(campaign: Campaign) -> Iterator[str]:
    """The event names, and `prefix*`, that a campaign names outside its rules."""
    if campaign.goal is not None:
        yield from campaign.goal.when
    if isinstance(campaign, Flow):
        yield from campaign.enter.when or ()
        yield from campaign.exit.when
        for place in campaign.way.places.values():
            awaited = place.step.wait_for
            yield from awaited if isinstance(awaited, tuple) else ()
            yield from place.step.suppress.until if place.step.suppress else ()


def catalog_rules(catalog: Catalog) -> Iterator[Rule]:
    """Every rule outside segments: those of campaigns, and the shop's `hold_if`."""
    if catalog.settings.sending.hold_if is not None:
        yield catalog.settings.sending.hold_if
    for campaign in catalog.campaigns.values():
        for _, rule in campaign_rules(campaign):
            yield rule


def campaign_rules(campaign: Campaign) -> Iterator[tuple[tuple[str | int, ...], Rule]]:
    """Every rule of a campaign, with the key path at which it stands."""
    if isinstance(campaign, Flow):
        if campaign.enter.only_if is not None:
            yield ("enter", "only_if"), campaign.enter.only_if
        if campaign.exit.if_ is not None:
            yield ("exit", "if"), campaign.exit.if_
        for place in campaign.way.places.values():
            yield from _step_rules(place.path, place.step)
        return
    yield ("audience",), campaign.audience
    if isinstance(campaign, Broadcast):
        yield from _step_rules((), campaign.letter())
        return
    for index, step in enumerate(campaign.step):
        yield from _step_rules(("step", index), step)


def _step_rules(
    path: tuple[str | int, ...], step: Step
) -> Iterator[tuple[tuple[str | int, ...], Rule]]:
    if step.only_if is not None:
        yield (*path, "only_if"), step.only_if
    if step.wait_for is not None and not isinstance(step.wait_for, tuple):
        yield (*path, "wait_for"), step.wait_for
    for index, branch in enumerate(step.branch):
        if branch.if_ is not None:
            yield (*path, "branch", index, "if"), branch.if_
    offers: list[tuple[tuple[str | int, ...], IncentiveOffer | None]] = [
        ((*path, "incentive"), step.incentive),
        ((*path, "issue"), step.issue),
    ]
    offers += [
        ((*path, "variant", index, "incentive"), one.incentive)
        for index, one in enumerate(step.variant)
    ]
    for at, offer in offers:
        if offer is not None and offer.given_if is not None:
            yield (*at, "given_if"), offer.given_if
