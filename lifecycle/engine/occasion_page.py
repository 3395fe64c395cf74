"""A page of an occasion: the customers whose own moment it is, each asked and let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lifecycle.core import broadcast as core_broadcast
from lifecycle.core import series as core_series
from lifecycle.core.action import Action, Decided, Keep, Plan, bring_up_to_date
from lifecycle.core.campaign import Broadcast, Series
from lifecycle.core.facts import Facts
from lifecycle.core.hours import NOBODY, Own
from lifecycle.core.occasion import (
    Moments,
    Occasion,
    Time,
    asks_for_best_hour,
    instant,
    own_time,
    plain_kind,
    times,
    why_then,
)
from lifecycle.core.policy import Policy
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Rule
from lifecycle.core.timed import Timed
from lifecycle.core.words import instant_of, zone_of
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.store import claims, occasions
from lifecycle.store.apply import Writing
from lifecycle.store.facts import Reading, load, variants_seen
from lifecycle.store.known_hours import known_by
from lifecycle.store.occasions import OccasionState

SIZE = 500


class Page:
    """The next customers of an occasion at the instant in hand, by their ids."""

    def __init__(
        self,
        connection: Connection,
        parts: Parts,
        policy: Policy,
        state: OccasionState,
        occasion: Occasion,
        found: Moments,
        now: datetime,
    ) -> None:
        self.connection, self.parts, self.policy, self.now = connection, parts, policy, now
        self.state, self.occasion, self.moments = state, occasion, found
        self.own: Mapping[str, Own] = {}
        """What was known of people when the occasion's day began for them."""

    def ask(self) -> tuple[int, str | None]:
        """Ask the page; says how many were let in, and the last id, None where the page is last."""
        asked, last = self._page()
        return self._decide(asked), last

    def _page(self) -> tuple[list[str], str | None]:
        """The customers of a page whose own moment is the one in hand, or may be."""
        occasion, found = self.occasion, self.moments
        moment, shop_zone = self.state.moment, self.parts.shop_zone
        assert moment is not None
        zones = found.zones.get(moment, ()) if found.names else None
        others = zones is not None and shop_zone in zones
        names = found.names if others else None
        rows = occasions.page(self.connection, zones, names, self.state.cursor, SIZE)
        last = rows[-1][0] if len(rows) == SIZE else None
        if times(occasion, self.policy) == (None,):
            return [customer_id for customer_id, _ in rows], last
        if asks_for_best_hour(occasion.campaign) and self.policy.best_hours.known is not None:
            self.own = self._known(rows)
        plain: dict[tuple[object, ...], bool] = {}
        asked = []
        for customer_id, zone in rows:
            if self._is_in_hand(customer_id, zone, plain):
                asked.append(customer_id)
        return asked, last

    def _known(self, rows: Sequence[tuple[str, str | None]]) -> Mapping[str, Own]:
        """What was known of each of the page when the day began on their clock."""
        names = self.moments.names
        zones = {
            one: zone_of(said if said in names else None, self.parts.shop_zone)
            for one, said in rows
        }
        begins = {
            one: instant_of(self.occasion.when.day(zone), time(), zone)
            for one, zone in zones.items()
        }
        kinds = self.policy.settings.sending.best_hour_groups
        return known_by(self.connection, dict(rows), zones, begins, kinds, self._groups())

    def _groups(self) -> bool:
        """Whether any group has hours of its own."""
        learned = self.policy.hours
        return learned is not None and bool(learned.groups)

    def _is_in_hand(
        self, customer_id: str, zone: str | None, plain: dict[tuple[object, ...], bool]
    ) -> bool:
        """Whether the moment is theirs; of those of whom nothing is known reckoned once for all."""
        own = self.own.get(customer_id, NOBODY)
        if own.exposures or own.visits:
            return self._is_own(customer_id, zone)
        kind = (zone, own.groups, *plain_kind(self.occasion, customer_id, self.policy))
        if kind not in plain:
            plain[kind] = self._is_own(customer_id, zone)
        return plain[kind]

    def _is_own(self, customer_id: str, zone: str | None) -> bool:
        """Whether the moment in hand is the customer's own."""
        occasion, names = self.occasion, self.moments.names
        found = zone_of(zone if zone in names else None, self.parts.shop_zone)
        own, _ = self._own_time(customer_id, found)
        return instant(occasion.when, own, found) + occasion.shift == self.state.moment

    def _own_time(self, customer_id: str, zone: ZoneInfo) -> tuple[Time, Timed]:
        own = self.own.get(customer_id, NOBODY)
        return own_time(self.occasion, customer_id, zone, own, self.policy)

    def _decide(self, ids: Sequence[str]) -> int:
        """Ask customers; says how many were let in."""
        if not ids:
            return 0
        claims.have_alone(self.connection, ids)
        facts = load(
            self.connection, ids, self.now, self._reading(), shop_zone=self.parts.shop_zone
        )
        if self.policy.verdicts:
            variants_seen(self.connection, facts)
        writing, entered = Writing(self.now), 0
        for customer_id in ids:
            known = facts.get(customer_id)
            if known is not None and not known.erased:
                self.parts.live.compute(known)
                actions = self._ask_one(known)
                bring_up_to_date(known, actions)
                writing.add(known, actions, None)
        entered = sum(one["what"] == "entered" for one in writing.decisions)
        writing.write(self.connection)
        look_again(self.connection, self.parts.live, writing, self.now)
        return entered

    def _ask_one(self, facts: Facts) -> list[Action]:
        occasion, policy, now = self.occasion, self.policy, self.now
        own, timed = self._own_time(facts.customer_id, facts.zone)
        if own is not None and not self._is_own(facts.customer_id, facts.timezone):
            return []
        winner = occasion.step.winner
        tested = None if winner is None else winner.test_percent
        share = self.state.tested if tested == "auto" else tested
        assert not isinstance(share, str)
        in_series = isinstance(occasion.campaign, Series)
        ask = core_series.ask if in_series else core_broadcast.ask
        return self._told(ask(occasion, facts, own, share, policy, now, timed.said()), facts, timed)

    def _told(self, actions: list[Action], facts: Facts, timed: Timed) -> list[Action]:
        """What was decided; and which hour was chosen and why, where a letter is to go at it."""
        kept = next((one.enrollment for one in actions if isinstance(one, Keep)), None)
        goes = any(isinstance(one, Plan) for one in actions)
        if timed.slot is None or not (goes or (kept is not None and kept.due_at is not None)):
            return actions
        occasion, who = self.occasion, facts.customer_id
        own = self.own.get(who, NOBODY)
        told = why_then(occasion, who, facts.zone, own, timed, self.policy)
        place = occasion.campaign.id, occasion.entry, "timed", "", told, occasion.step.name
        return [*actions, Decided(self.now, *place)]

    def _reading(self) -> Reading:
        occasion, campaign, live = self.occasion, self.occasion.campaign, self.parts.live
        rules: list[Rule | None] = [campaign.audience, occasion.step.only_if]
        if isinstance(campaign, Broadcast) and campaign.waves is not None:
            rules += [InSegment(name) for name in campaign.waves.first]
        needs = live.needs_of(*rules)
        reaches = needs.reaches
        tiers = live.catalog.settings.points.ladder
        return Reading(
            reaches, past=needs.past, ledger=needs.ledger, tiers=tiers, nightly=needs.nightly
        )
