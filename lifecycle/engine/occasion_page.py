"""A page of an occasion: the customers whose own moment it is, each asked and let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lifecycle.core import broadcast as core_broadcast
from lifecycle.core import series as core_series
from lifecycle.core.action import Action, bring_up_to_date
from lifecycle.core.campaign import Broadcast, Series
from lifecycle.core.facts import Facts
from lifecycle.core.occasion import (
    Moments,
    Occasion,
    asks_for_best_hour,
    instant,
    own_time,
    times,
    traces_needed,
)
from lifecycle.core.policy import HUMAN_TRACES, Policy
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Reach, Rule
from lifecycle.core.send_time import LATEST_TRACES
from lifecycle.core.words import zone_of
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.store import claims, occasions
from lifecycle.store.apply import Writing
from lifecycle.store.facts import Reading, load, variants_seen
from lifecycle.store.occasions import OccasionState

SIZE = 500
_EASTMOST = ZoneInfo("Pacific/Kiritimati")
_TRACES = frozenset((name, Reach(last=2 * LATEST_TRACES)) for name in HUMAN_TRACES)
"""More than count, since those of the day itself are left out."""


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

        self.late: Mapping[tuple[str, str], datetime] = {}
        """When traces came that were not known yet when the day began anywhere."""

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
        traced: set[str] = set()
        if asks_for_best_hour(occasion.campaign):
            ids = [customer_id for customer_id, _ in rows]
            least = traces_needed(occasion, self.policy)
            traced = occasions.with_traces(self.connection, ids, HUMAN_TRACES, least)
            begins = occasion.when.at(_EASTMOST)
            self.late = occasions.received_since(
                self.connection, sorted(traced), HUMAN_TRACES, begins
            )
        plain: dict[str | None, bool] = {}
        asked = []
        for customer_id, zone in rows:
            if customer_id in traced or self._is_plainly(customer_id, zone, plain):
                asked.append(customer_id)
        return asked, last

    def _is_plainly(
        self, customer_id: str, zone: str | None, plain: dict[str | None, bool]
    ) -> bool:
        """The same of somebody of whom too little is known: the answer is that of the zone."""
        if self.occasion.step.variant:
            return self._is_own(customer_id, zone, ())
        if zone not in plain:
            plain[zone] = self._is_own(customer_id, zone, ())
        return plain[zone]

    def _is_own(self, customer_id: str, zone: str | None, traces: Sequence[datetime]) -> bool:
        """Whether the moment in hand is the customer's own."""
        occasion, names = self.occasion, self.moments.names
        found = zone_of(zone if zone in names else None, self.parts.shop_zone)
        own = own_time(occasion, customer_id, found, traces, self.policy)
        return instant(occasion.when, own, found) + occasion.shift == self.state.moment

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
        traces = self._traces(facts)
        own = own_time(occasion, facts.customer_id, facts.zone, traces, policy)
        if own is not None and not self._is_own(facts.customer_id, facts.timezone, traces):
            return []
        winner = occasion.step.winner
        tested = None if winner is None else winner.test_percent
        share = self.state.tested if tested == "auto" else tested
        assert not isinstance(share, str)
        if isinstance(occasion.campaign, Series):
            return core_series.ask(occasion, facts, own, share, policy, now)
        return core_broadcast.ask(occasion, facts, own, share, policy, now)

    def _traces(self, facts: Facts) -> list[datetime]:
        """When a customer clicked and bought, as far as it was known when the day began."""
        if not asks_for_best_hour(self.occasion.campaign):
            return []
        begins = self.occasion.when.at(facts.zone)
        return sorted(
            event.at
            for name in HUMAN_TRACES
            for event in facts.events.get(name, ())
            if self.late.get((facts.customer_id, event.id), event.at) < begins
        )

    def _reading(self) -> Reading:
        occasion, campaign, live = self.occasion, self.occasion.campaign, self.parts.live
        rules: list[Rule | None] = [campaign.audience, occasion.step.only_if]
        if isinstance(campaign, Broadcast) and campaign.waves is not None:
            rules += [InSegment(name) for name in campaign.waves.first]
        needs = live.needs_of(*rules)
        reaches = needs.reaches
        if asks_for_best_hour(campaign):
            reaches |= _TRACES
        tiers = live.catalog.settings.points.ladder
        return Reading(
            reaches, past=needs.past, ledger=needs.ledger, tiers=tiers, nightly=needs.nightly
        )
