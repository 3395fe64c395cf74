"""The marketer's own tests: what happens to one customer, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.document import read_document
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.case import Case, CaseFile
from lifecycle.core.occasion import opens_at
from lifecycle.core.words import WordProblem, rfc3339, zone_of
from lifecycle.hooks import Registry
from lifecycle.sim.expected import Expectation, Line, compare, read_expectation
from lifecycle.sim.happening import Happenings, plain, read_happenings
from lifecycle.sim.world import BEFORE, World
from lifecycle.sources.customer_line import CustomerIn

FOLDER = "tests/campaigns"
AFTER_LAST = timedelta(days=400)
"""How long a case goes on after its last stated instant, so that nothing unexpected is missed."""
AFTER_YEARLY = timedelta(days=180)
"""The same where a date comes back every year: the next year's is not part of the case."""
AFTER_RECURRING = timedelta(hours=12)
"""The same for a letter that comes back: the next occurrence is not part of the case."""
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
"""When a case begins in which nothing is dated."""


@dataclass(frozen=True)
class CaseResult:
    """How one case went, line by line; `problem` tells what cannot be read in it."""

    campaign: str
    case: str
    file: str = ""
    line: int = 0
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    lines: tuple[Line, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether all that was expected happened and nothing else was sent."""
        wrong = ("missing", "unexpected")
        return not self.problem and not any(line.mark in wrong for line in self.lines)

    def told(self) -> dict[str, Any]:
        """The result as plain data; instants in UTC, and on the customer's clock as `local`."""
        return {
            "campaign": self.campaign,
            "case": self.case,
            "file": self.file,
            "line": self.line,
            "timezone": self.zone.key,
            "passed": self.passed,
            "problem": self.problem,
            "lines": [
                {
                    "at": rfc3339(line.at),
                    "local": line.at.astimezone(self.zone).replace(tzinfo=None).isoformat(),
                    "mark": line.mark,
                    "expected": line.expected,
                    "actual": line.actual,
                    "hint": line.hint,
                }
                for line in self.lines
            ],
        }


def run_all(catalog: Catalog, hooks: Registry, campaign: str | None = None) -> Iterator[CaseResult]:
    """Run the cases of every campaign, or of one."""
    for name, file in sorted(catalog.cases.items()):
        if campaign is not None and file.campaign != campaign:
            continue
        lines = _lines(catalog, name)
        for number, case in enumerate(file.case):
            found = run_case(catalog, hooks, file, case)
            line = lines[number] if number < len(lines) else 0
            yield replace(found, file=f"{FOLDER}/{name}.toml", line=line)


def _lines(catalog: Catalog, name: str) -> list[int]:
    """In which line of its file each case begins."""
    path = catalog.root / FOLDER / f"{name}.toml"
    if not path.is_file():
        return []
    document, _ = read_document(path.name, path.read_text("utf-8", "replace"))
    cases = document.data.get("case", [])
    return [document.position(("case", number))[0] for number in range(len(cases))]


def run_case(catalog: Catalog, hooks: Registry, file: CaseFile, case: Case) -> CaseResult:
    """Run one case: the campaign alone, as if it were live, on the virtual clock."""
    zone = zone_of(case.customer.timezone, catalog.settings.shop.timezone)
    result = CaseResult(file.campaign, case.name, zone=zone)
    if file.campaign not in catalog.campaigns:
        return replace(result, problem=f"there is no campaign {file.campaign}")
    try:
        happenings = read_happenings(case, zone)
        expected = [read_expectation(entry, zone) for entry in case.expect]
    except WordProblem as found:
        return replace(result, problem=f"{found.problem}. {found.hint}".removesuffix(" "))
    decided = _run(catalog, hooks, file, case, happenings, expected, zone)
    return replace(result, lines=tuple(compare(expected, decided)))


def _run(
    catalog: Catalog,
    hooks: Registry,
    file: CaseFile,
    case: Case,
    happenings: Happenings,
    expected: list[Expectation],
    zone: ZoneInfo,
) -> list[dict[str, Any]]:
    campaign = catalog.campaigns[file.campaign].model_copy(update={"status": "live"})
    alone = replace(catalog, campaigns=MappingProxyType({file.campaign: campaign}))
    world = World(alone, hooks, forced_holdout=case.holdout, fixed_variant=case.variant)
    every = [*(one.at for one in expected), *happenings.instants]
    opens = None if isinstance(campaign, Flow) else opens_at(campaign)
    first = min([*every, *([opens] if opens is not None else [])], default=NEW_YEAR)
    last = max([*every, *([opens] if opens is not None else [])], default=first)
    at = case.customer.at.at(zone) if case.customer.at else first - BEFORE
    until = case.until.at(zone) if case.until else last + _after(campaign)
    person = CustomerIn(
        id=case.customer.id,
        at=at,
        email=case.customer.email,
        timezone=case.customer.timezone,
        locale=case.customer.locale,
        attributes=plain(case.customer.attributes),
        agreed_to=case.customer.agreed_to,
        gone=frozenset(),
    )
    try:
        world.run([person, *happenings.changes], happenings.events, until)
        return world.decisions()
    finally:
        world.close()


def _after(campaign: Campaign) -> timedelta:
    """How long a case of a campaign goes on after its last stated instant."""
    if isinstance(campaign, Broadcast) and campaign.every is not None:
        return AFTER_RECURRING
    if isinstance(campaign, Flow) and campaign.enter.every_year:
        return AFTER_YEARLY
    return AFTER_LAST
