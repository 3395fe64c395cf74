"""Why a customer was written to, or not: each decision with its reason, in order, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.because import Because
from lifecycle.core.campaign import letters_of
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.words import rfc3339
from lifecycle.insight.spoken import REASONS, clock, in_words, late_by
from lifecycle.store.customers import owner_of
from lifecycle.store.facts import enrollment_of
from lifecycle.store.tables import METADATA

DECISION, ENROLLMENT = METADATA.tables["decision"], METADATA.tables["enrollment"]
VERDICT = METADATA.tables["verdict"]
LATE_SECONDS = 5.0
"""A daemon that decided so much later than the moment itself is said to have been late."""
ORDER = (
    "queued entered held_out not_entered moved answered ran_out waited branched set joined "
    "emitted awarded issued called notified suppressed held skipped resent sent dropped timed "
    "left finished"
).split()
_FIRST, _LAST = ("queued", "entered", "held_out", "not_entered"), ("left", "finished")


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
    because: tuple[Because, ...] = ()
    """The leaves that decided, with what they saw."""
    noun: str = "letter"
    """What the step is: a letter, or a step that does something else."""
    by: str = ""
    """What let the customer in: an event's name."""
    won: str = ""
    """Of a variant that had won before: since when, and whether that was proven."""

    def told(self, zone: ZoneInfo) -> dict[str, Any]:
        """The decision as plain data, as the replay writes it, with its sentence."""
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("campaign", "entry", "step", "variant", "what", "reason", "detail")
        }
        instants = {"at": rfc3339(self.at), "decided_at": rfc3339(self.decided_at)}
        leaves = [one.told() for one in self.because]
        sentence = f"{clock(self.at, zone)}: {self.sentence(zone)}"
        return {**instants, **data, "because": leaves, "sentence": sentence}

    def sentence(self, zone: ZoneInfo) -> str:
        """The decision in one plain sentence, its instants on the customer's clock."""
        text = self._said()
        leaves = "; ".join(one.words() for one in self.because)
        if leaves:
            text += f": {leaves}"
        late = (self.decided_at - self.at).total_seconds()
        if late > LATE_SECONDS:
            text += f" (decided {late_by(late)} late)"
        return in_words(text, zone)

    def _said(self) -> str:
        seen = ", ".join(one for one in (self.variant, self.won) if one)
        name = f"“{self.step}”" + (f" ({seen})" if seen else "")
        if self.what in ("sent", "held", "dropped", "skipped"):
            return _of_step(self, f"the {self.noun} {name}")
        if self.what == "left":
            return self._left()
        if self.what == "not_entered":
            return f"was not let in, {self._since()}"
        said = {
            "entered": "entered" + (f", by {self.by}" if self.by else ""),
            "held_out": "belongs to the holdout: gets nothing of this campaign",
            "finished": "finished: nothing is left to do",
            "queued": "waits in the queue: another entry under this key is still running",
            "timed": f"the {self.noun} {name} goes {self.detail}",
            "waited": f"began to wait at {name}",
            "answered": f"the wait at {name} was answered by {self.detail}",
            "ran_out": f"the wait at {name} was in vain: its time is over",
            "branched": f"{name}: {_branch(self.detail)}",
            "set": f"{name} set what it says of the customer",
            "joined": f"{name} passed the customer on to the campaign {self.detail}",
            "moved": f"was moved by a change of the campaign: {self.detail or self.step}",
            "emitted": f"{name} had the event {self.detail} happen",
            "awarded": f"{name} gave {self.detail} points",
            "issued": f"{name} issued an incentive ({self.detail})",
            "called": f"{name} called {self.detail}",
            "notified": f"{name} wrote a note to {self.detail}",
            "suppressed": f"{name} stopped marketing for a time",
            "resent": f"the {self.noun} {name} was put back to go once more: {self.detail}",
        }
        return said.get(self.what, f"{self.what} {name}")

    def _left(self) -> str:
        if self.reason == "superseded":
            return f"left, since a fresh entry took its place ({self.detail})"
        if self.reason != "left":
            return f"left, {self._since()}"
        if self.detail == "if":
            return "left, since [exit] if came to hold"
        if self.step:
            return f"left at “{self.step}”, which ends it"
        if " " in self.detail:
            return f"left, since {self.detail}"
        return f"left, since {self.detail} happened"

    def _since(self) -> str:
        reason = REASONS.get(self.reason, self.reason)
        if self.reason in ("not_applicable", "again", "late") and self.detail:
            return f"since {self.detail}"
        return f"since {reason}" + (f" ({self.detail})" if self.detail else "")


def _of_step(one: Told, name: str) -> str:
    if one.what == "sent":
        return f"{name} was sent" + (", without its incentive" if one.because else "")
    reason = REASONS.get(one.reason, one.reason)
    if one.what == "held":
        until = one.detail.removeprefix("until ")
        till = f" until {until}" if until != one.detail else ""
        # What rested, its leaves tell: the reason's own words name all that it may be.
        return f"{name} was held{till}, since {'sending rested' if one.because else reason}"
    if one.reason in ("not_applicable", "late", "suppressed") and one.detail:
        return f"{name} was {one.what}, since {one.detail}"
    more = f" ({one.detail})" if one.detail else ""
    return f"{name} was {one.what}, since {reason}{more}"


def _branch(which: str) -> str:
    kind, _, number = which.partition(" ")
    if kind == "branch":
        return f"branch {number} was taken"
    if kind == "share":
        return f"share {number} was drawn, the same at every visit"
    if kind == "else":
        return "the branch for all others was taken"
    return "no branch was taken"


def decisions(
    connection: Connection,
    customer_id: str,
    campaign: str | None = None,
    catalog: Catalog | None = None,
) -> list[Told]:
    """The decisions on a customer, or an alias of one, oldest first.

    At one instant those on one entry stand in the order of its steps. The catalog tells letters
    from other steps.
    """
    owner = owner_of(connection, customer_id)
    query = select(DECISION).where(DECISION.c.customer_id == owner)
    if campaign is not None:
        query = query.where(DECISION.c.campaign == campaign)
    walked = enrollments_of(connection, owner)
    letters = _letters(catalog)
    verdicts = connection.execute(select(VERDICT)).all()
    told = [
        replace(_read(row, walked, letters), won=_won(row, verdicts))
        for row in connection.execute(query)
    ]
    places = _places(walked)
    told.sort(key=lambda one: _turn(one, places))
    return told


def enrollments_of(connection: Connection, owner: str) -> list[Enrollment]:
    """Every enrollment of a customer, the earliest first."""
    rows = connection.execute(select(ENROLLMENT).where(ENROLLMENT.c.customer_id == owner))
    found = [enrollment_of(row) for row in rows]
    return sorted(found, key=lambda one: (one.entered_at, one.campaign, one.entry, one.visit))


def _letters(catalog: Catalog | None) -> Mapping[str, frozenset[str]]:
    campaigns = {} if catalog is None else catalog.campaigns
    return {
        name: frozenset(step.name for _, step in letters_of(one)) for name, one in campaigns.items()
    }


def _read(row: Any, walked: Sequence[Enrollment], letters: Mapping[str, frozenset[str]]) -> Told:
    known = letters.get(row.campaign)
    noun = "step" if known is not None and row.step not in known else "letter"
    by = ""
    if row.what == "entered":
        mine = (one for one in walked if (one.campaign, one.entry) == (row.campaign, row.entry))
        by = next((one.event_name for one in mine if one.entered_at == row.at), "")
    leaves = tuple(Because(**one) for one in row.because or ())
    instants = (row.at, row.decided_at)
    what = (row.campaign, row.entry, row.step, row.variant, row.what, row.reason, row.detail)
    return Told(*instants, *what, leaves, noun, by)


def _won(row: Any, verdicts: Sequence[Any]) -> str:
    """What is said of a variant that was the winner when its letter was decided."""
    for one in verdicts:
        same = (one.campaign, one.step, one.variant) == (row.campaign, row.step, row.variant)
        if same and one.occasion in ("", row.entry) and one.at <= row.at:
            proven = "proven" if one.proven else "not proven"
            return f"the winner since {one.at:%Y-%m-%d}, {proven}"
    return ""


def _places(walked: Sequence[Enrollment]) -> dict[tuple[str, str, str], int]:
    """How far on its way each step of an entry stands."""
    return {
        (one.campaign, one.entry, step): index
        for one in walked
        for index, step in enumerate(one.decided_steps)
    }


def _turn(one: Told, places: Mapping[tuple[str, str, str], int]) -> tuple[Any, ...]:
    """The order of decisions: at one instant first what begins, then step by step, then the end."""
    phase = 0 if one.what in _FIRST else 2 if one.what in _LAST else 1
    if one.reason == "superseded" and one.what == "left":
        phase = -1
    far = places.get((one.campaign, one.entry, one.step), len(places))
    return (one.at, one.campaign, one.entry, phase, far, ORDER.index(one.what), one.step)
