"""Puts definitions live: keeps their files, builds new segments, enrolls whom a file says to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.catalog.plan import Change, compare
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.engine.builds import Builder
from lifecycle.engine.live import Live
from lifecycle.engine.nightly import reckon_at_once
from lifecycle.errors import LifecycleError
from lifecycle.hooks import Registry
from lifecycle.store import builds, catalog_versions
from lifecycle.store.builds import FLOW, SEGMENT, Building
from lifecycle.store.catalog_versions import Version
from lifecycle.store.database import Database


@dataclass(frozen=True, slots=True)
class Turned:
    """How many a segment's new rule let in and out."""

    joined: int
    left: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What going live came to. `number` is the version's; nothing changed when it is an old one."""

    number: int
    fingerprint: str
    changes: tuple[Change, ...] = ()
    segments: Mapping[str, Turned] = field(default_factory=dict)
    enrolled: Mapping[str, int] = field(default_factory=dict)
    building: tuple[str, ...] = ()
    """What is done in the background from now on."""


def applied(
    database: Database, root: Path, hooks: Registry | None = None
) -> tuple[Version, Catalog] | None:
    """The definitions that are live, with their version; None when nothing ever was applied.

    Raises LifecycleError when they can no longer be read, by a newer version of lifecycle.
    """
    with database.read() as connection:
        version = catalog_versions.latest(connection)
    if version is None:
        return None
    return version, _catalog(version, root, hooks or Registry())


def apply(
    database: Database,
    catalog: Catalog,
    hooks: Registry,
    who: str,
    now: datetime,
    *,
    background: bool = False,
    tell: Callable[[Building], None] = lambda _: None,
) -> Applied:
    """Put a catalog live. Applying what is live already changes nothing.

    Segments that are new or whose rule changed are built, as if everybody were asked at `now`:
    those who join or leave by it do so silently, unless the segment says on_change = "enroll".
    Flows that go live with existing = "enroll" then let in those who match already. All this is
    done when it returns, `tell` being told of each portion; with `background` it is left to a
    Builder.
    """
    with database.read() as connection:
        version = catalog_versions.latest(connection)
    changed = version is None or version.fingerprint != catalog.fingerprint
    live = Live(catalog, hooks)
    changes: tuple[Change, ...] = ()
    if version is None or changed:
        old = None if version is None else readable(version, catalog.root, hooks)
        with database.write() as connection:
            number = catalog_versions.put(connection, catalog.fingerprint, catalog.files, who, now)
            reckoned = Live(old, hooks).nightly_names if old is not None else frozenset[str]()
            reckon_at_once(lambda: nullcontext(connection), reckoned, live, now)
            _begin_builds(connection, old, catalog, now)
        log.happened("catalog_applied", version=number, fingerprint=catalog.fingerprint)
        changes = tuple(compare(old, catalog))
    else:
        number = version.number
    if background:
        with database.read() as connection:
            waiting = tuple(one.name for one in builds.under_way(connection))
        return Applied(number, catalog.fingerprint, changes, building=waiting)
    builder = Builder(database, live, alone=True)
    builder.run(now, tell)
    turned = {
        one.name: Turned(one.joined, one.gone)
        for one in builder.done
        if one.kind == SEGMENT and (one.joined or one.gone)
    }
    enrolled = {one.name: one.joined for one in builder.done if one.kind == FLOW}
    return Applied(number, catalog.fingerprint, changes, turned, enrolled)


def rollback(
    database: Database,
    root: Path,
    hooks: Registry,
    who: str,
    now: datetime,
    *,
    background: bool = False,
    tell: Callable[[Building], None] = lambda _: None,
) -> tuple[Applied, Catalog]:
    """Put the definitions live that were so before the present ones, as `apply` does.

    Raises LifecycleError when there are none.
    """
    with database.read() as connection:
        live = catalog_versions.latest(connection)
        earlier = None if live is None else catalog_versions.before(connection, live)
    if earlier is None:
        raise LifecycleError("there is nothing to go back to", "no other version was ever live")
    catalog = _catalog(earlier, root, hooks)
    done = apply(database, catalog, hooks, who, now, background=background, tell=tell)
    return done, catalog


def rebuilt(old: Catalog | None, new: Catalog) -> list[str]:
    """The segments that are new, or whose rule or a rule it names differs; all in a new zone."""
    if old is None or old.settings.shop != new.settings.shop:
        return list(new.rules)
    differing = {name for name, rule in new.rules.items() if old.rules.get(name) != rule}
    while True:
        more = {
            name
            for name, rule in new.rules.items()
            if name not in differing and rule.needs().segments & differing
        }
        if not more:
            return [name for name in new.rules if name in differing]
        differing |= more


def readable(version: Version, root: Path, hooks: Registry) -> Catalog | None:
    """The definitions of a version; None when this version of lifecycle can no longer read them."""
    try:
        return _catalog(version, root, hooks)
    except LifecycleError as error:
        log.warned("live_definitions_unreadable", version=version.number, problem=error.cause)
        return None


def _catalog(version: Version, root: Path, hooks: Registry) -> Catalog:
    filters = {name: one.function for name, one in hooks.filters.items()}
    loaded = from_files(version.files, root, filters=filters, events=tuple(hooks.triggers))
    if loaded.catalog is None:
        first = next(one for one in loaded.problems if one.severity == "error")
        raise LifecycleError(
            f"the definitions that are live (version {version.number}) cannot be read any more",
            cause=f"{first.file}:{first.line}: {first.problem}",
            remedy="lifecycle apply puts mended ones live",
        )
    return loaded.catalog


def _begin_builds(connection: Connection, old: Catalog | None, new: Catalog, now: datetime) -> None:
    """Say which segments everybody is to be asked of, and which flows let in who is there."""
    under_way = builds.under_way(connection)
    flows = {flow.id for flow in _enrolling(old, new)}
    given_up = [
        one.name
        for one in under_way
        if one.kind == FLOW and one.name not in flows and _enrolls(new, one.name) is None
    ]
    builds.strike(connection, FLOW, given_up)
    builds.carry_over(connection, new.fingerprint)
    asked = rebuilt(old, new)
    gone = [name for name in builds.segments_there(connection) if name not in new.segments]
    builds.begin(connection, SEGMENT, [*asked, *gone], new.fingerprint, now)
    builds.begin(connection, FLOW, sorted(flows), new.fingerprint, now)


def _enrolling(old: Catalog | None, new: Catalog) -> Iterator[Flow]:
    """The flows that go live now and let in those who match already."""
    for name in new.campaigns:
        flow = _enrolls(new, name)
        before = old.campaigns.get(name) if old is not None else None
        if flow is not None and (
            before is None or before.status != "live" or _redated(before, flow)
        ):
            yield flow


def _enrolls(catalog: Catalog, name: str) -> Flow | None:
    """The campaign, if it is a live flow that lets in those who match already."""
    flow = catalog.campaigns.get(name)
    if not isinstance(flow, Flow) or flow.status != "live":
        return None
    if flow.enter.on_date is not None:
        return flow
    return flow if flow.enter.joins and flow.enter.existing == "enroll" else None


def _redated(before: Campaign, flow: Flow) -> bool:
    """Whether a flow around a date looks at another date now, or at other moments around it."""
    if flow.enter.on_date is None or not isinstance(before, Flow):
        return False
    return before.enter != flow.enter or before.step != flow.step
