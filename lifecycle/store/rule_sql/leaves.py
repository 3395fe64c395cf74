"""Every leaf and branch of a rule, said in SQL as bounds over the customer's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from lifecycle.core.facts import Facts
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import Comparison
from lifecycle.core.rule.counts import Did, Figure
from lifecycle.core.rule.held import HeldFor
from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.standing import AgreedTo, InSegment, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.tree import Branch, Everyone, Rule, View
from lifecycle.store.dialect.lists import among
from lifecycle.store.dialect.values import Truth, Values
from lifecycle.store.rule_sql.bounds import Bounds, constant, every, negated, some, sure, unsure
from lifecycle.store.rule_sql.comparisons import asks_number, compared
from lifecycle.store.rule_sql.figures import figure_bounds
from lifecycle.store.rule_sql.rows import CUSTOMER, asked_of, customer_rows, event_rows, said_in_sql
from lifecycle.store.tables import METADATA

MOST_LEAVES = 60
"""Leaves beyond these, those of segments included, are left to Python: statements have limits."""
_CONSENT = METADATA.tables["consent"]
_SUPPRESSION = METADATA.tables["suppression"]


@dataclass(slots=True)
class Reader:
    """Reads one rule into bounds, at one instant, for one database."""

    segments: Mapping[str, Rule]
    now: datetime
    values: Values
    leaves: int = 0
    inside: list[str] = field(default_factory=list)

    def bounds(self, rule: Rule) -> Bounds:
        """The bounds of a rule; a leaf that SQL does not know may always hold."""
        if isinstance(rule, Branch):
            return self._branch(rule)
        if isinstance(rule, InSegment):
            return self._segment(rule)
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            return unsure()
        if isinstance(rule, Did):
            return self._did(rule)
        if isinstance(rule, Figure):
            nothing = None if rule.word not in ("total_of", "distinct_of") else 0
            return figure_bounds(rule, self._of(rule.comparison, nothing), self.now, self.values)
        if isinstance(rule, Compared):
            return self._compared(rule)
        if isinstance(rule, HeldFor):
            # for how long, Python tells: whoever compares so now may
            return unsure(self._compared(rule.compared).upper)
        return self._standing(rule)

    def _branch(self, rule: Branch) -> Bounds:
        parts = [self.bounds(part) for part in rule.parts]
        if rule.word == "all":
            return every(parts)
        return some(parts) if rule.word == "any" else negated(some(parts))

    def _segment(self, rule: InSegment) -> Bounds:
        named = self.segments.get(rule.name)
        if named is None:
            return constant(False)
        if rule.name in self.inside:
            return unsure()
        self.inside.append(rule.name)
        found = self.bounds(named)
        self.inside.pop()
        return found

    def _standing(self, rule: Rule) -> Bounds:
        if isinstance(rule, Everyone):
            return constant(True)
        if isinstance(rule, AgreedTo):
            agreed = select(_CONSENT.c.customer_id)
            agreed = agreed.where(_CONSENT.c.topic == rule.topic, _CONSENT.c.agreed)
            return sure(CUSTOMER.c.customer_id.in_(agreed))
        if isinstance(rule, KnownFor) and isinstance(rule.length, timedelta):
            return sure(CUSTOMER.c.known_since <= self.now - rule.length)
        if isinstance(rule, Suppressed):
            hashed = CUSTOMER.c.address_hash
            listed = hashed.in_(select(_SUPPRESSION.c.address_hash))
            return sure(and_(hashed.is_not(None), listed))
        if isinstance(rule, Listed):
            # bound under a name of its own: the counter tells two lists apart
            return sure(among(CUSTOMER.c.customer_id, f"listed_{self.leaves}", sorted(rule.ids)))
        if isinstance(rule, RandomPercent) and rule.percent in (0, 100):
            return constant(rule.percent == 100)
        return unsure()

    def _did(self, rule: Did) -> Bounds:
        least, most = rule.at_least or 0, rule.at_most
        if not said_in_sql(rule.window):
            return unsure()
        if rule.window.reads_entry:
            return constant(least <= 0 and (most is None or most >= 0))
        asked = asked_of(rule.where)
        rows = event_rows(rule.names, rule.window, asked, self.now, self.values)
        met = rows.meets(rule.where)

        def so_many(count: int) -> Bounds:
            def customers(row: Truth) -> Truth:
                chosen = select(rows.customer_id).where(row)
                if count > 1:
                    chosen = chosen.group_by(rows.customer_id).having(func.count() >= count)
                return CUSTOMER.c.customer_id.in_(chosen)

            return met.each(customers)

        parts = [so_many(least)] if least > 0 else []
        if most is not None:
            parts.append(negated(so_many(most + 1)))
        return every(parts)

    def _compared(self, rule: Compared) -> Bounds:
        if rule.of == "event":
            return constant(self._of(rule.comparison, None))
        rows = customer_rows(rule.path, asks_number(rule.comparison), self.values)
        if rows is None:
            return unsure()
        holds = compared(rule.comparison, rows.value(rule.path), self.values)

        def customers(truth: Truth) -> Truth:
            return CUSTOMER.c.customer_id.in_(select(rows.customer_id).where(truth))

        lower = customers(and_(~rows.doubtful, holds.lower))
        return Bounds(customers(rows.doubtful | holds.upper), lower)

    def _of(self, comparison: Comparison, value: object) -> bool:
        """A comparison of something that is the same for everybody."""
        nobody = Facts("", self.now, ZoneInfo("UTC"))
        return comparison.holds(value, View(nobody, self.now))
