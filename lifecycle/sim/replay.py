"""Replay: one's own history through the real engine, before anything goes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Flow
from lifecycle.core.occasion import opens_at
from lifecycle.errors import EnvironmentFailed, LifecycleError
from lifecycle.hooks import Registry
from lifecycle.sim.difference import Difference, difference
from lifecycle.sim.outbox_behind import OutboxBehind
from lifecycle.sim.world import BEFORE, AcceptsAll, World, before_first
from lifecycle.sources.customer_line import CustomerIn, read_customer
from lifecycle.sources.event_line import EventIn, read_event
from lifecycle.sources.files import read_lines
from lifecycle.sources.refused import Refused

UNSAID = datetime(1, 1, 1, tzinfo=UTC)
"""Stands for the instant of a line that says none: earlier than any that can be said."""
FEW = 20
"""How many bad lines are told one by one."""


@dataclass(frozen=True)
class ReplayOptions:
    """What to replay and where to leave what came of it."""

    events: Path
    until: datetime
    customers: Path | None = None
    decisions: Path | None = None
    memberships: Path | None = None
    outbox: Path | None = None
    keep: Path | None = None


@dataclass
class ReplayResult:
    """What came of a replay: how many lines went in, and decisions by campaign, what and reason."""

    events: int = 0
    customers: int = 0
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    memberships: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    """How many are in each segment at the end."""
    difference: Difference | None = None
    """What differs from the definitions that are live; None where nothing was compared."""

    def of(self, campaign: str, what: str) -> int:
        """How many decisions of one kind a campaign came to."""
        return sum(n for (c, w, _), n in self.counts.items() if c == campaign and w == what)


class BadLines(LifecycleError):
    """Lines of a replay's files that cannot be read; nothing was replayed."""


def replay(
    catalog: Catalog,
    hooks: Registry,
    options: ReplayOptions,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    against: Catalog | None = None,
) -> ReplayResult:
    """Run a replay and write its files. Raises BadLines naming file, line and field.

    With `against` the same lines go through those definitions too, and the result tells what
    differs; the files that are written are those of `catalog`.
    """
    happenings = read_events(options.events)
    catalogs = (catalog,) if against is None else (catalog, against)
    people = read_customers(options.customers, happenings, options.until, _opening(catalogs))
    total = (len(happenings) + len(people)) * len(catalogs)
    done = _run(catalog, hooks, options, (people, happenings), lambda one: progress(one, total))
    result = _result(catalog, happenings, people, *done)
    if against is not None:
        nothing = ReplayOptions(options.events, options.until)
        half = total // 2
        before = _run(
            *(against, hooks, nothing, (people, happenings)),
            lambda one: progress(half + one, total),
        )
        was = _result(against, happenings, people, *before)
        result.difference = difference(before[0], done[0], (was.sizes, result.sizes))
    return result


def _opening(catalogs: Iterable[Catalog]) -> list[datetime]:
    """The instants at which what is dated comes first."""
    dated = (one for each in catalogs for one in each.campaigns.values())
    opening = (opens_at(one) for one in dated if not isinstance(one, Flow))
    return [one for one in opening if one is not None]


Rows = list[dict[str, Any]]


def _run(
    catalog: Catalog,
    hooks: Registry,
    options: ReplayOptions,
    lines: tuple[list[CustomerIn], list[EventIn]],
    progress: Callable[[int], None],
) -> tuple[Rows, Rows]:
    """One run, its files written: decisions and memberships."""
    people, happenings = lines
    transport = AcceptsAll() if options.outbox is None else OutboxBehind(options.outbox)
    world = World(catalog, hooks, transport)
    try:
        world.run(people, happenings, options.until, progress)
        decisions, memberships = world.decisions(), world.memberships()
        if options.decisions is not None:
            write_lines(options.decisions, decisions)
        if options.memberships is not None:
            write_lines(options.memberships, memberships)
        if options.keep is not None:
            world.keep(options.keep, options.until)
    finally:
        world.close()
        transport.close()
    return decisions, memberships


def _result(
    catalog: Catalog,
    happenings: list[EventIn],
    people: list[CustomerIn],
    decisions: Rows,
    memberships: Rows,
) -> ReplayResult:
    counts = Counter((one["campaign"], one["what"], one["reason"]) for one in decisions)
    names = {one.customer for one in happenings} | {one.id for one in people}
    sizes = dict.fromkeys(catalog.segments, 0)
    for one in memberships:
        sizes[one["segment"]] += 1 if one["what"] == "joined" else -1
    return ReplayResult(len(happenings), len(names), counts, len(memberships), sizes)


def read_events(path: Path) -> list[EventIn]:
    """The events of a file in its order. Raises BadLines."""
    known = ("id", "at", "event", "customer", "received_at")
    return _good(
        path,
        read_lines(
            _there(path),
            lambda line: read_event(line, received=None, live=False),
            known=known,
            extra="properties",
        ),
    )


def read_customers(
    path: Path | None,
    happenings: list[EventIn],
    until: datetime,
    opening: Sequence[datetime] = (),
) -> list[CustomerIn]:
    """The customer lines of a file in its order.

    A line that says no `at` stands just before the events, and before the customer's other lines;
    where nothing is dated, before the first of the instants at which broadcasts open.
    """
    if path is None:
        return []
    known = ("id", "email", "timezone", "locale", "agreed_to", "at")
    lines: list[CustomerIn] = _good(
        path,
        read_lines(
            _there(path),
            lambda line: read_customer(line, at=UNSAID),
            known=known,
            extra="attributes",
        ),
    )
    stated = [line for line in lines if line.at != UNSAID]
    begins = before_first(happenings, [line.at for line in stated], [*opening, until])
    own: dict[str, datetime] = {}
    for line in stated:
        own[line.id] = min(line.at - BEFORE, own.get(line.id, begins))
    return [
        line if line.at != UNSAID else replace(line, at=own.get(line.id, begins)) for line in lines
    ]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise EnvironmentFailed(f"{path} is not there", remedy="name a .jsonl or .csv file")
    return path


def _good(path: Path, lines: Iterable[tuple[int, Any]]) -> list[Any]:
    good, bad = [], []
    for number, value in lines:
        if isinstance(value, Refused):
            bad.append(f"{path}:{number}: {value}")
        else:
            good.append(value)
    if bad:
        more = f"\n… and {len(bad) - FEW} more" if len(bad) > FEW else ""
        raise BadLines(
            f"{len(bad)} of {len(bad) + len(good)} lines cannot be read, nothing was replayed",
            cause="\n" + "\n".join(bad[:FEW]) + more,
        )
    return good


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON, one a line."""
    with path.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
