"""Customers named one by one: the leaf that a segment's `[members]` list is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.rule.tree import Needs, View, Why


@dataclass(frozen=True, slots=True)
class Listed:
    """`[members] include` or `exclude`: the customer is one of those named there by id."""

    ids: frozenset[str]
    key: str = "include"

    def matches(self, view: View) -> bool:
        """Whether the customer's id is named."""
        return view.facts.customer_id in self.ids

    def may_turn_at(self, view: View) -> datetime | None:
        """Never."""
        return None

    def needs(self) -> Needs:
        """Nothing but the customer's id."""
        return Needs()

    def why(self, view: View) -> Why:
        """Whether the customer is named, of how many."""
        holds = self.matches(view)
        asks = f"named in [members] {self.key}"
        return Why(asks, holds, f"{'named' if holds else 'not named'} among {len(self.ids)}")
