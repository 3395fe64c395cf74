"""The marketer's own tests: what happens to one customer, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.action import WHATS
from lifecycle.core.case import Case, CaseFile
from lifecycle.core.words import Moment, WordProblem, moment, rfc3339, zone_of
from lifecycle.hooks import Registry
from lifecycle.sim.world import BEFORE, World
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn

AFTER_LAST = timedelta(days=400)
"""How long a case goes on after its last stated instant, so that nothing unexpected is missed."""
BESIDE = ("reason", "variant", "detail", "entry")
STEP_WHATS = ("sent", "held", "dropped", "skipped")


@dataclass(frozen=True)
class CaseResult:
    """How one case went: what was expected and did not happen, what was sent and not expected."""

    campaign: str
    case: str
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    happened: tuple[str, ...] = ()
    """Every decision of the campaign, in order, for the difference that is shown."""
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether all that was expected happened and nothing else was sent."""
        return not (self.missing or self.unexpected or self.problem)


def run_all(catalog: Catalog, hooks: Registry, campaign: str | None = None) -> Iterator[CaseResult]:
    """Run the cases of every campaign, or of one."""
    for _, file in sorted(catalog.cases.items()):
        if campaign is None or file.campaign == campaign:
            for case in file.case:
                yield run_case(catalog, hooks, file, case)


def run_case(catalog: Catalog, hooks: Registry, file: CaseFile, case: Case) -> CaseResult:
    """Run one case: the campaign alone, as if it were live, on the virtual clock."""
    try:
        zone = zone_of(case.customer.timezone, catalog.settings.shop.timezone)
        happenings = [
            _event(case, entry, number, zone) for number, entry in enumerate(case.happens)
        ]
        expected = [_expectation(entry, zone) for entry in case.expect]
    except WordProblem as found:
        return CaseResult(file.campaign, case.name, problem=f"{found.problem}. {found.hint}")
    if file.campaign not in catalog.campaigns:
        return CaseResult(file.campaign, case.name, problem=f"there is no campaign {file.campaign}")
    decided = _run(catalog, hooks, file, case, happenings, [one.at for one in expected], zone)
    left = list(decided)
    missing = []
    for one in expected:
        found_at = next((place for place, row in enumerate(left) if one.met_by(row)), None)
        if found_at is None:
            missing.append(one.words(zone))
        else:
            left.pop(found_at)
    unexpected = [told(row, zone) for row in left if row["what"] == "sent"]
    happened = [told(row, zone) for row in decided]
    return CaseResult(file.campaign, case.name, tuple(missing), tuple(unexpected), tuple(happened))


def _run(
    catalog: Catalog,
    hooks: Registry,
    file: CaseFile,
    case: Case,
    happenings: list[EventIn],
    instants: list[datetime],
    zone: ZoneInfo,
) -> list[dict[str, Any]]:
    campaign = catalog.campaigns[file.campaign].model_copy(update={"status": "live"})
    alone = replace(catalog, campaigns=MappingProxyType({file.campaign: campaign}))
    world = World(alone, hooks, forced_holdout=case.holdout, fixed_variant=case.variant)
    every = [*instants, *(one.received_at for one in happenings)]
    first = min(every, default=datetime(2026, 1, 1, tzinfo=UTC))
    at = case.customer.at.at(zone) if case.customer.at else first - BEFORE
    until = case.until.at(zone) if case.until else max(every, default=first) + AFTER_LAST
    person = CustomerIn(
        id=case.customer.id,
        at=at,
        email=case.customer.email,
        timezone=case.customer.timezone,
        locale=case.customer.locale,
        attributes=case.customer.attributes,
        agreed_to=case.customer.agreed_to,
        gone=frozenset(),
    )
    try:
        world.run([person], happenings, until)
        return world.decisions()
    finally:
        world.close()


@dataclass(frozen=True)
class Expectation:
    """One line of `expect`."""

    at: datetime
    what: str
    value: Any
    beside: Mapping[str, Any]

    def met_by(self, row: Mapping[str, Any]) -> bool:
        """Whether a decision is what was expected."""
        if row["what"] != self.what or row["at"] != rfc3339(self.at):
            return False
        if self.value is not True:
            key = "step" if self.what in STEP_WHATS else "detail"
            if row[key] != self.value and row["reason"] != self.value:
                return False
        return all(row[key] == value for key, value in self.beside.items())

    def words(self, zone: ZoneInfo) -> str:
        """The expectation as a line of text."""
        local = self.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        more = "".join(f", {key} {value}" for key, value in self.beside.items())
        return f"{local} {self.what}{'' if self.value is True else f' {self.value}'}{more}"


def told(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    """A decision as a line of text, on the customer's clock."""
    at = datetime.fromisoformat(row["at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    parts = [row["what"], row["step"], row["variant"], row["reason"], row["detail"]]
    return f"{at} {' '.join(part for part in parts if part)}"


def _expectation(entry: Mapping[str, Any], zone: ZoneInfo) -> Expectation:
    whats = [key for key in entry if key in WHATS]
    if len(whats) != 1 or "at" not in entry:
        hint = 'write { at = 2026-03-02T15:00:00, sent = "reminder" }'
        raise WordProblem("an expectation says `at` and one thing that happens", hint)
    for key in entry:
        if key not in (*BESIDE, *whats, "at"):
            raise WordProblem(
                f"`{key}` is nothing that can be expected", f"one of {', '.join(BESIDE)}"
            )
    beside = {key: entry[key] for key in BESIDE if key in entry}
    return Expectation(moment(entry["at"]).at(zone), whats[0], entry[whats[0]], beside)


def _event(case: Case, entry: Mapping[str, Any], number: int, zone: ZoneInfo) -> EventIn:
    if "at" not in entry or not isinstance(entry.get("event"), str):
        hint = 'write { at = 2026-03-02T14:00:00, event = "cart_updated", cart_id = "c1" }'
        raise WordProblem("what happens says `at` and `event`", hint)
    at = moment(entry["at"]).at(zone)
    known = ("at", "event", "properties", "received_at", "id")
    nested = entry.get("properties", {})
    beside = {key: value for key, value in entry.items() if key not in known}
    received = moment(entry["received_at"]).at(zone) if "received_at" in entry else at
    return EventIn(
        id=str(entry.get("id", f"happens-{number + 1:04d}")),
        at=at,
        event=entry["event"],
        customer=case.customer.id,
        properties={**{k: _plain(v) for k, v in beside.items()}, **_plain(nested)},
        received_at=received,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        found: Moment = moment(value)
        return found.value.isoformat()
    return value
