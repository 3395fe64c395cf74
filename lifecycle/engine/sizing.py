"""How large the test of a broadcast, or of a series' step, is made where that is left to us."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import Broadcast
from lifecycle.core.occasion import Occasion
from lifecycle.core.policy import Policy
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Branch, Rule
from lifecycle.engine.parts import Parts
from lifecycle.store.rule_sql import members


def share_to_test(
    connection: Connection, parts: Parts, policy: Policy, occasion: Occasion, now: datetime
) -> float:
    """The share of those whose moment comes before the decision who try the variants, in percent.

    By the readers there are now, without those held out, and by what the shop's past tests teach.
    """
    from lifecycle.models.registered import prior_of
    from lifecycle.models.test_and_roll import share_to_test as sized

    campaign, step = occasion.campaign, occasion.step
    assert step.winner is not None
    everybody = _members(connection, parts, campaign.audience, now)
    readers = sum(not policy.held_out(campaign, one) for one in everybody)
    prior = prior_of(connection, step.winner.by, now)
    share = sized(readers, len(step.variant), prior)
    # Whoever's wave comes after the decision takes no part: the others try for all.
    reached = _part_before_decision(connection, parts, occasion, everybody, now)
    found = min(100.0, share / reached) if reached else 100.0
    told = {"campaign": campaign.id, "occasion": occasion.id, "step": step.name}
    log.happened("test_sized", **told, readers=readers, percent=found, past_tests=prior.tests)
    return found


def _members(connection: Connection, parts: Parts, rule: Rule, now: datetime) -> Collection[str]:
    live, settings = parts.live, parts.live.catalog.settings
    zone, ladder = settings.shop.timezone, settings.points.ladder
    return members(connection, rule, live.catalog.rules, now, shop_zone=zone, tiers=ladder)


def _part_before_decision(
    connection: Connection,
    parts: Parts,
    occasion: Occasion,
    everybody: Collection[str],
    now: datetime,
) -> float:
    """The part of the audience, up to 1, whose waves come before the winner is chosen."""
    campaign, winner = occasion.campaign, occasion.step.winner
    waves = campaign.waves if isinstance(campaign, Broadcast) else None
    if waves is None or winner is None or winner.waits is None or not everybody:
        return 1.0
    before = sum(wave * waves.gap < winner.waits for wave in range(waves.count))
    if before == waves.count:
        return 1.0
    if not waves.first:
        return sum(waves.percent[:before]) / 100
    early = Branch("any", tuple(InSegment(name) for name in waves.first[:before]))
    found = _members(connection, parts, Branch("all", (campaign.audience, early)), now)
    return len(found) / len(everybody)
