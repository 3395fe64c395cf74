"""Why a customer was written to, or not: each decision with its reason, in order, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from lifecycle.core.words import rfc3339
from lifecycle.store.customers import owner_of
from lifecycle.store.tables import METADATA

DECISION = METADATA.tables["decision"]
LATE_SECONDS = 5.0
"""A daemon that decided so much later than the moment itself is said to have been late."""
ORDER = (
    "entered held_out not_entered held skipped sent dropped emitted awarded issued called "
    "notified suppressed left finished"
).split()
REASONS: Mapping[str, str] = {
    "no_consent": "there is no consent to the campaign's topic",
    "suppressed": "the address is suppressed",
    "capped": "the cap on letters was reached",
    "gap": "the minimum gap after the last letter was not over",
    "quiet_hours": "it was within quiet hours",
    "guarded": "the shop's hold_if held",
    "breaker": "the transport refused the account, so that sending rested",
    "quota": "the day's quota of the transport was used up",
    "stale": "it had been held for longer than stale_after",
    "left": "the enrollment had ended",
    "paused": "the campaign was paused",
    "holdout": "the customer belongs to the holdout",
    "no_address": "no address is known",
    "broken_template": "the letter could not be rendered",
    "out_of_stock": "the product was out of stock",
    "budget": "the budget was used up",
    "not_applicable": "its condition did not hold",
    "superseded": "a fresh enrollment took its place",
    "refused": "the transport refused the letter",
    "erased": "the customer was erased",
    "again": "`again` or `repeat` forbade it",
    "late": "the event came too late",
    "stopped": "the campaign was stopped",
    "quarantined": "it failed again and again and was put aside",
    "warmup": "the sender is being warmed up",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One decision on a customer."""

    at: datetime
    decided_at: datetime
    campaign: str
    entry: str
    step: str
    variant: str
    what: str
    reason: str
    detail: str

    def told(self) -> dict[str, Any]:
        """The decision as plain data, as the replay writes it, with its sentence."""
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("campaign", "entry", "step", "variant", "what", "reason", "detail")
        }
        instants = {"at": rfc3339(self.at), "decided_at": rfc3339(self.decided_at)}
        return {**instants, **data, "sentence": self.sentence()}

    def sentence(self) -> str:
        """The decision in one plain sentence."""
        letter = f"“{self.step}”" + (f" ({self.variant})" if self.variant else "")
        because = REASONS.get(self.reason, self.reason)
        more = f" ({self.detail})" if self.detail else ""
        wrote = {
            "entered": "Entered",
            "held_out": "Held out: gets nothing of this campaign",
            "sent": f"The letter {letter} was sent",
            "held": f"The letter {letter} was held",
            "dropped": f"The letter {letter} was dropped",
            "skipped": f"The step {letter} was skipped",
            "not_entered": "Was not let in",
            "left": "Left",
            "finished": "Finished: nothing is left to do",
        }.get(self.what, f"{self.what.capitalize()} {letter}".strip())
        if self.what == "left" and self.detail and self.reason == "left":
            return f"Left, because of {self.detail}"
        text = f"{wrote}, since {because}" if because and self.what != "held_out" else wrote
        late = (self.decided_at - self.at).total_seconds()
        if late > LATE_SECONDS:
            more += f"; decided {late:.0f} s late"
        return text + more


def decisions(connection: Connection, customer_id: str, campaign: str | None = None) -> list[Told]:
    """The decisions on a customer, or an alias of one, oldest first."""
    owner = owner_of(connection, customer_id)
    query = select(DECISION).where(DECISION.c.customer_id == owner)
    if campaign is not None:
        query = query.where(DECISION.c.campaign == campaign)
    told = [
        Told(
            row.at,
            row.decided_at,
            row.campaign,
            row.entry,
            row.step,
            row.variant,
            row.what,
            row.reason,
            row.detail,
        )
        for row in connection.execute(query)
    ]
    told.sort(key=lambda one: (one.at, one.campaign, one.entry, ORDER.index(one.what), one.step))
    return told


def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant on a customer's own clock."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
