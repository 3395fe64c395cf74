"""What happens in a case: events, and changes of the customer, as the lines of a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from lifecycle.core.case import Case, own_and_attributes
from lifecycle.core.words import Moment, WordProblem, moment
from lifecycle.sources.address import normalized
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from lifecycle.sources.refused import Refused

_OF_EVENT = ("at", "event", "properties", "received_at", "id")
_OF_CHANGE = ("at", "customer")
_OWN = ("email", "timezone", "locale", "agreed_to", "attributes")
HINT = (
    'write { at = 2026-03-02T14:00:00, event = "cart_updated", cart_id = "c1" }, or '
    '{ at = 2026-03-02T14:00:00, customer = { plan = "pro" } }'
)


@dataclass(frozen=True, slots=True)
class Happenings:
    """Everything that a case has happen, on the line of time."""

    events: tuple[EventIn, ...]
    changes: tuple[CustomerIn, ...]

    @property
    def instants(self) -> list[datetime]:
        """When something of it becomes known."""
        return [*(one.received_at for one in self.events), *(one.at for one in self.changes)]


def read_happenings(case: Case, zone: ZoneInfo) -> Happenings:
    """What a case has happen, its times on the customer's clock. Raises WordProblem."""
    events: list[EventIn] = []
    changes: list[CustomerIn] = []
    for number, entry in enumerate(case.happens):
        if "at" in entry and isinstance(entry.get("event"), str):
            events.append(_event(case, entry, number, zone))
        elif "at" in entry and isinstance(entry.get("customer"), dict) and "event" not in entry:
            changes.append(_change(case, entry, zone))
        else:
            raise WordProblem("what happens says `at` and `event`, or `at` and `customer`", HINT)
    return Happenings(tuple(events), tuple(changes))


def _event(case: Case, entry: Mapping[str, Any], number: int, zone: ZoneInfo) -> EventIn:
    at = moment(entry["at"]).at(zone)
    nested = entry.get("properties", {})
    if not isinstance(nested, dict):
        raise WordProblem("`properties` holds the properties of an event", "properties = { … }")
    beside = {key: value for key, value in entry.items() if key not in _OF_EVENT}
    received = moment(entry["received_at"]).at(zone) if "received_at" in entry else at
    return EventIn(
        id=str(entry.get("id", f"happens-{number + 1:04d}")),
        at=at,
        event=entry["event"],
        customer=case.customer.id,
        properties={**plain(beside), **plain(nested)},
        received_at=received,
    )


def _change(case: Case, entry: Mapping[str, Any], zone: ZoneInfo) -> CustomerIn:
    """A later line of the customer: what it does not speak of stays as it is."""
    for key in entry:
        if key not in _OF_CHANGE:
            hint = "properties belong to an `event`; a change of the customer stands in { … }"
            raise WordProblem(f"`{key}` stands beside a change of the customer", hint)
    try:
        own, others = own_and_attributes(entry["customer"], _OWN)
    except PydanticCustomError as found:
        context = found.context or {}
        raise WordProblem(context["problem"], context["hint"]) from found
    agreed = own.get("agreed_to")
    if agreed is not None and not _is_names(agreed):
        raise WordProblem("`agreed_to` takes a list of topics", 'agreed_to = ["offers"]')
    email = own.get("email")
    try:
        address = normalized(email) if email else None
    except Refused as refused:
        raise WordProblem(f"email: {refused.problem}", refused.hint) from refused
    return CustomerIn(
        id=case.customer.id,
        at=moment(entry["at"]).at(zone),
        email=address,
        timezone=own.get("timezone"),
        locale=own.get("locale"),
        attributes=plain({**others, **own.get("attributes", {})}),
        agreed_to=None if agreed is None else tuple(agreed),
        gone=frozenset(),
    )


def _is_names(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def plain(value: Any) -> Any:
    """A value of TOML as JSON has it: dates and times are text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date):
        found: Moment = moment(value)
        return found.value.isoformat()
    return value
