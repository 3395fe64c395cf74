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
from lifecycle.core.broadcast import opens_at
from lifecycle.core.campaign import Broadcast
from lifecycle.errors import EnvironmentFailed, LifecycleError
from lifecycle.hooks import Registry
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
) -> ReplayResult:
    """Run a replay and write its files. Raises BadLines naming file, line and field."""
    happenings = read_events(options.events)
    opening = [opens_at(one) for one in catalog.campaigns.values() if isinstance(one, Broadcast)]
    people = read_customers(options.customers, happenings, options.until, opening)
    transport = AcceptsAll() if options.outbox is None else OutboxBehind(options.outbox)
    world = World(catalog, hooks, transport)
    try:
        total = len(happenings) + len(people)
        world.run(people, happenings, options.until, lambda done: progress(done, total))
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
    return _result(catalog, happenings, people, decisions, memberships)


def _result(
    catalog: Catalog,
    happenings: list[EventIn],
    people: list[CustomerIn],
    decisions: list[dict[str, Any]],
    memberships: list[dict[str, Any]],
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
