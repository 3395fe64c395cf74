"""Replay: one's own history through the real engine, before anything goes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Flow
from lifecycle.core.occasion import opens_at
from lifecycle.errors import EnvironmentFailed, LifecycleError
from lifecycle.hooks import Registry
from lifecycle.sim.difference import Difference, difference
from lifecycle.sim.outbox_behind import OutboxBehind
from lifecycle.sim.spool import Spool
from lifecycle.sim.world import BEFORE, AcceptsAll, World, before_first
from lifecycle.sources.customer_line import CustomerIn, read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.sources.files import read_lines
from lifecycle.sources.refused import Refused
from lifecycle.store.database import Database

UNSAID = datetime(1, 1, 1, tzinfo=UTC)
"""Stands for the instant of a line that says none: earlier than any that can be said."""
LINES_IN_MEMORY = 20_000
"""Of so many lines the database has room in memory: about 300 MB."""
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
    catalogs = (catalog,) if against is None else (catalog, against)
    with Spool() as happenings:
        read_events(options.events, happenings)
        people = read_customers(options.customers, happenings, options.until, _opening(catalogs))
        total = (len(happenings) + len(people)) * len(catalogs)
        lines, compared = (people, happenings), against is not None
        done = _run(catalog, hooks, options, lines, lambda one: progress(one, total), compared)
        result = done.result
        if against is not None:
            nothing = ReplayOptions(options.events, options.until)
            half = total // 2
            was = _run(
                *(against, hooks, nothing, lines), lambda one: progress(half + one, total), compared
            )
            sizes = was.result.sizes, result.sizes
            result.difference = difference(was.decisions, done.decisions, sizes)
    return result


def _opening(catalogs: Iterable[Catalog]) -> list[datetime]:
    """The instants at which what is dated comes first."""
    dated = (one for each in catalogs for one in each.campaigns.values())
    opening = (opens_at(one) for one in dated if not isinstance(one, Flow))
    return [one for one in opening if one is not None]


@dataclass
class _Ran:
    """What one run came to, and its decisions where they are compared with another's."""

    result: ReplayResult
    decisions: list[dict[str, Any]] = field(default_factory=list)


def _run(
    catalog: Catalog,
    hooks: Registry,
    options: ReplayOptions,
    lines: tuple[list[CustomerIn], Spool],
    progress: Callable[[int], None],
    compared: bool,
) -> _Ran:
    """One run, its files written."""
    people, happenings = lines
    names = happenings.customers | {one.id for one in people}
    sizes = dict.fromkeys(catalog.segments, 0)
    ran = _Ran(ReplayResult(len(happenings), len(names), sizes=sizes))
    transport = AcceptsAll() if options.outbox is None else OutboxBehind(options.outbox)
    with _room(len(happenings) + len(people)) as url:
        world = World(catalog, hooks, transport, database_url=url, opens=_alone)
        try:
            world.run(people, happenings, options.until, progress)
            write_lines(options.decisions, _counted(world.each_decision(), ran, compared))
            write_lines(options.memberships, _sized(world.each_turn(), ran.result))
            if options.keep is not None:
                world.keep(options.keep, options.until)
        finally:
            world.close()
            transport.close()
    return ran


@contextmanager
def _room(lines: int) -> Iterator[str]:
    """Where the database of a replay of so many lines is: in memory, or in a file for its time."""
    if lines <= LINES_IN_MEMORY:
        yield "sqlite://"
        return
    with TemporaryDirectory(prefix="lifecycle-replay-", ignore_cleanup_errors=True) as folder:
        yield f"sqlite:///{Path(folder) / 'replay.db'}"


def _alone(url: str) -> Database:
    return Database(url, durable=False, alone=True)


def _counted(rows: Iterable[dict[str, Any]], ran: _Ran, compared: bool) -> Iterator[dict[str, Any]]:
    for row in rows:
        ran.result.counts[row["campaign"], row["what"], row["reason"]] += 1
        if compared:
            ran.decisions.append(row)
        yield row


def _sized(rows: Iterable[dict[str, Any]], result: ReplayResult) -> Iterator[dict[str, Any]]:
    for row in rows:
        result.memberships += 1
        result.sizes[row["segment"]] += 1 if row["what"] == "joined" else -1
        yield row


def read_events(path: Path, into: Spool) -> None:
    """Read the events of a file. Raises BadLines."""
    known = ("id", "at", "event", "customer", "received_at")
    _good(
        path,
        read_lines(
            _there(path),
            lambda line: read_event(line, received=None, live=False),
            known=known,
            extra="properties",
        ),
        into.add,
    )


def read_customers(
    path: Path | None,
    happenings: Spool,
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
    lines: list[CustomerIn] = []
    _good(
        path,
        read_lines(
            _there(path),
            lambda line: read_customer(line, at=UNSAID),
            known=known,
            extra="attributes",
        ),
        lines.append,
    )
    stated = [line for line in lines if line.at != UNSAID]
    begins = before_first(happenings.first, [line.at for line in stated], [*opening, until])
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


def _good(path: Path, lines: Iterable[tuple[int, Any]], take: Callable[[Any], object]) -> None:
    """Take each line that can be read. Raises BadLines once all are read and some cannot."""
    good, bad = 0, []
    for number, value in lines:
        if isinstance(value, Refused):
            bad.append(f"{path}:{number}: {value}")
        else:
            take(value)
            good += 1
    if bad:
        more = f"\n… and {len(bad) - FEW} more" if len(bad) > FEW else ""
        raise BadLines(
            f"{len(bad)} of {len(bad) + good} lines cannot be read, nothing was replayed",
            cause="\n" + "\n".join(bad[:FEW]) + more,
        )


def write_lines(path: Path | None, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON, one a line; without a path they are only gone through."""
    with nullcontext() if path is None else path.open("wb") as file:
        for row in rows:
            if file is not None:
                file.write(msgspec.json.encode(row) + b"\n")
