"""What is still to come for a customer: where enrollments wait, which letters are held, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.step import Step
from lifecycle.core.words import rfc3339
from lifecycle.insight.spoken import HOLDS, REASONS, clock, day, in_words
from lifecycle.insight.transport import why_resting
from lifecycle.insight.why import enrollments_of
from lifecycle.store import operations
from lifecycle.store.customers import owner_of
from lifecycle.store.doubts import doubt_of
from lifecycle.store.tables import METADATA

MESSAGE, ERRAND = METADATA.tables["message"], METADATA.tables["errand"]
VERSION, CAMPAIGN_VERSION = METADATA.tables["catalog_version"], METADATA.tables["campaign_version"]
_OUT = ("planned", "ready", "requeued", "attempting", "uncertain")


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that is still to come, or that nobody knows the end of."""

    campaign: str
    entry: str
    step: str
    what: str
    """waits, queued, letter_held, letter_due, letter_out, uncertain, errand or quarantined."""
    reason: str
    until: datetime | None
    """When it is looked at again; None when only what happens can go on."""
    sentence: str

    def told(self) -> dict[str, Any]:
        """The same as plain data."""
        until = None if self.until is None else rfc3339(self.until)
        names = ("campaign", "entry", "step", "what", "reason", "sentence")
        return {**{name: getattr(self, name) for name in names}, "until": until}


def coming(
    connection: Connection, catalog: Catalog, customer_id: str, zone: ZoneInfo, now: datetime
) -> list[Coming]:
    """All that is still to come for a customer, by campaign, told on the clock `zone`."""
    owner = owner_of(connection, customer_id)
    walked = [one for one in enrollments_of(connection, owner) if one.running or one.queued]
    paused = operations.ordered(connection)
    found = [*_enrollments(connection, catalog, walked, paused, zone)]
    found += _messages(connection, owner, catalog.settings.transport.kind, zone, now)
    found += _errands(connection, owner, zone)
    return sorted(found, key=lambda one: (one.campaign, one.entry, rfc3339(one.until or _NEVER)))


_NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


def _enrollments(
    connection: Connection,
    catalog: Catalog,
    walked: Sequence[Enrollment],
    ordered: dict[str, str],
    zone: ZoneInfo,
) -> Iterator[Coming]:
    for one in walked:
        campaign = catalog.campaigns.get(one.campaign)
        known = campaign.step_named(one.step) if isinstance(campaign, Flow) and one.step else None
        more = ""
        if campaign is not None and one.version != campaign.version:
            more = f" (on {_version(connection, one, zone)})"
        if campaign is None:
            more = " (the campaign is gone)"
        if ordered.get(one.campaign) == "paused" or (campaign and campaign.status == "paused"):
            more += "; the campaign is paused"
        if one.queued:
            since = clock(one.entered_at, zone)
            text = f"waits in the queue since {since}: another entry under its key is still running"
            yield Coming(one.campaign, one.entry, "", "queued", "", None, text + more)
        elif one.step is not None:
            text = _waiting(one, known, zone)
            reason = "quiet_hours" if one.fell_due_at is not None and not one.waiting_since else ""
            yield Coming(
                one.campaign, one.entry, one.step, "waits", reason, one.due_at, text + more
            )


def _waiting(one: Enrollment, step: Step | None, zone: ZoneInfo) -> str:
    until = f" until {clock(one.due_at, zone)}" if one.due_at is not None else ""
    name = f"“{one.step}”"
    if one.waiting_since is not None:
        said = step.wait_for if step is not None else None
        what = f" for {' or '.join(said)}" if isinstance(said, tuple) else " for its rule to hold"
        since = clock(one.waiting_since, zone)
        what = "" if step is None else what
        return f"waits at {name}{what} since {since}" + (until or ", without an end")
    if one.fell_due_at is not None:
        return f"is held at {name}{until}, within quiet hours or by a pause"
    return f"waits at {name}{until}"


def _version(connection: Connection, one: Enrollment, zone: ZoneInfo) -> str:
    """The version of the campaign that an enrollment walks, by the day it went live."""
    query = (
        select(VERSION.c.applied_at)
        .join(CAMPAIGN_VERSION, CAMPAIGN_VERSION.c.number == VERSION.c.number)
        .where(
            CAMPAIGN_VERSION.c.campaign == one.campaign, CAMPAIGN_VERSION.c.version == one.version
        )
    )
    at = connection.execute(query).scalar()
    return "an earlier version" if at is None else f"the version of {day(at.astimezone(zone))}"


def _messages(
    connection: Connection, owner: str, transport: str, zone: ZoneInfo, now: datetime
) -> Iterator[Coming]:
    query = select(MESSAGE).where(MESSAGE.c.customer_id == owner, MESSAGE.c.state.in_(_OUT))
    resting = why_resting(connection, transport, zone)
    for row in connection.execute(query):
        name = f"the letter “{row.step}”" + (f" ({row.variant})" if row.variant else "")
        what, until, text = "letter_due", row.due_at, f"{name} goes out now"
        if row.quarantined_at is not None:
            what, until = "quarantined", None
            text = f"{name} failed again and again and was put aside"
        elif row.state == "uncertain":
            what, until = "uncertain", None
            since = clock(row.uncertain_since, zone) if row.uncertain_since else "some time"
            text = f"whether {name} was accepted is not known since {since}"
            if (doubt := doubt_of(connection, row)) is not None:
                text += f": {in_words(doubt.sentence(now), zone)}"
        elif row.state == "attempting":
            what, text = "letter_out", f"{name} is being handed over"
        elif row.reason and row.due_at is not None:
            why = HOLDS.get(row.reason) or REASONS.get(row.reason, row.reason)
            what, text = "letter_held", f"{name} is held until {clock(row.due_at, zone)}: {why}"
            if row.reason in resting:
                text = f"{name} is held: {resting[row.reason]}"
        elif row.due_at is not None:
            text = f"{name} is due at {clock(row.due_at, zone)}"
        yield Coming(row.campaign, row.entry, row.step, what, row.reason, until, text)


def _errands(connection: Connection, owner: str, zone: ZoneInfo) -> Iterator[Coming]:
    waiting = ("waiting", "trying")
    query = select(ERRAND).where(ERRAND.c.customer_id == owner, ERRAND.c.state.in_(waiting))
    for row in connection.execute(query):
        kind = "call" if row.kind == "call" else "note"
        text = f"the {kind} of “{row.step}” is still to be made"
        if row.due_at is not None:
            text += f", next at {clock(row.due_at, zone)}"
        text += f" ({row.problem})" if row.problem else ""
        yield Coming(row.campaign, row.entry, row.step, "errand", "", row.due_at, text)
