"""Puts definitions live: keeps their files, builds new segments, enrolls whom a file says to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.catalog.plan import Change, compare
from lifecycle.engine.builds import Builder
from lifecycle.engine.following import begin_builds, begin_moves, goes_on
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import Deleted, People, people
from lifecycle.engine.nightly import reckon_at_once
from lifecycle.engine.resuming import CaughtUp, resume
from lifecycle.engine.versions import in_use, keep_versions, versions_of
from lifecycle.errors import LifecycleError
from lifecycle.failpoints import reach
from lifecycle.hooks import Registry
from lifecycle.store import builds, campaign_versions, catalog_versions, operations
from lifecycle.store.builds import FLOW, LEAVE, MOVE, SEGMENT, Building
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
    """The segments and flows of which customers are asked in the background from now on."""
    moving: tuple[str, ...] = ()
    """The campaigns whose people are moved in the background from now on."""
    people: tuple[People, ...] = ()
    """What becomes of those under way in flows that change or go."""
    resumed: Mapping[str, CaughtUp] = field(default_factory=dict)
    """What a pause held of the campaigns that their files let go on."""


class PeopleWait(LifecycleError):
    """A change takes out steps at which people wait, and says nothing of them."""

    def __init__(self, refused: Sequence[People], *, going_back: bool = False) -> None:
        """`refused` are those of whom nothing is said; `going_back`: the files are earlier ones."""
        self.refused = tuple(refused)
        flags = "--keep-waiting (they finish as they entered) or --let-go (they leave)"
        by_file = "say where they go by `was` or [migrate] (lifecycle plan shows how), or add "
        super().__init__(
            "nothing was changed, since people wait at steps that would be gone",
            "; ".join(map(_waits, refused)),
            f"{'add ' if going_back else by_file}{flags}",
        )


def _waits(one: People) -> str:
    if not one.step:
        return f"{one.campaign} still has {one.count} letters out"
    return f"{one.count} {'waits' if one.count == 1 else 'wait'} at “{one.step}” of {one.campaign}"


@dataclass(frozen=True, slots=True)
class Told:
    """What is said along with a change: what becomes of people at deleted steps, the pace."""

    deleted: Deleted = "refuse"
    per_second: float | None = None
    """Letters that the transport takes in a second, where it says so."""


NOTHING_TOLD = Told()


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
    told: Told = NOTHING_TOLD,
) -> Applied:
    """Put a catalog live. Applying what is live already changes nothing.

    Segments that are new or whose rule changed are built, as if everybody were asked at `now`:
    those who join or leave by it do so silently, unless the segment says on_change = "enroll".
    Flows that go live with existing = "enroll" then let in those who match already. All this is
    done when it returns, `tell` being told of each portion; with `background` it is left to a
    Builder. So it is with the people whom `was` and `[migrate]` move, and with those who leave.
    Raises PeopleWait when people wait at steps that are taken out, unless `told` says what becomes
    of them: then nothing is changed.
    """
    with database.read() as connection:
        version = catalog_versions.latest(connection)
    live, number, going = None, 0, _Going()
    if version is None or version.fingerprint != catalog.fingerprint:
        old = None if version is None else readable(version, catalog.root, hooks)
        _finish_moves(database, old, hooks, now)
        with database.write() as connection:
            number, going = _go_live(connection, version, old, catalog, hooks, who, now, told)
            reach("catalog_written")
        reach("catalog_committed")
        log.happened("catalog_applied", version=number, fingerprint=catalog.fingerprint)
    else:
        number = version.number
    with database.read() as connection:
        under_way = builds.under_way(connection)
        live = Live(catalog, hooks, versions=in_use(connection, catalog, hooks))
    if background:
        moving = tuple(one.name for one in under_way if one.kind in (MOVE, LEAVE))
        building = tuple(one.name for one in under_way if one.kind in (SEGMENT, FLOW))
        return going.applied(number, catalog.fingerprint, building=building, moving=moving)
    builder = Builder(database, live, alone=True)
    builder.run(now, tell)
    turned = {
        one.name: Turned(one.joined, one.gone)
        for one in builder.done
        if one.kind == SEGMENT and (one.joined or one.gone)
    }
    enrolled = {one.name: one.joined for one in builder.done if one.kind == FLOW}
    return going.applied(number, catalog.fingerprint, segments=turned, enrolled=enrolled)


@dataclass(frozen=True, slots=True)
class _Going:
    """What was found and done while definitions went live."""

    changes: tuple[Change, ...] = ()
    people: tuple[People, ...] = ()
    resumed: Mapping[str, CaughtUp] = field(default_factory=dict)

    def applied(self, number: int, fingerprint: str, **more: Any) -> Applied:
        """The answer, with what the builds have come to."""
        made = Applied(number, fingerprint, self.changes, **more)
        return replace(made, people=self.people, resumed=self.resumed)


def _go_live(
    connection: Connection,
    version: Version | None,
    old: Catalog | None,
    catalog: Catalog,
    hooks: Registry,
    who: str,
    now: datetime,
    told: Told,
) -> tuple[int, _Going]:
    """All that belongs to a change, in one transaction: either it is live with all of it or not."""
    found = people(connection, old, catalog, told.deleted)
    if refused := [one for one in found if one.what == "refused"]:
        raise PeopleWait(refused)
    if old is not None and version is not None:
        keep_versions(connection, old, version.number)
    number = catalog_versions.put(connection, catalog.fingerprint, catalog.files, who, now)
    keep_versions(connection, catalog, number)
    campaign_versions.strike(connection, versions_of(catalog), number - 1)
    live = Live(catalog, hooks, versions=in_use(connection, catalog, hooks))
    reckoned = Live(old, hooks).nightly_names if old is not None else frozenset[str]()
    reckon_at_once(lambda: nullcontext(connection), reckoned, live, now)
    begin_builds(connection, old, catalog, now)
    begin_moves(connection, found, catalog.fingerprint, now)
    on = goes_on(old, catalog, operations.ordered(connection))
    resumed = {name: resume(connection, live, name, now, told.per_second) for name in on}
    return number, _Going(tuple(compare(old, catalog)), tuple(found), resumed)


def _finish_moves(database: Database, old: Catalog | None, hooks: Registry, now: datetime) -> None:
    """Do what is left of the moves of the change before: they go by its files, not by the next."""
    with database.read() as connection:
        left = [one for one in builds.under_way(connection) if one.kind in (MOVE, LEAVE)]
        if not left or old is None:
            return
        live = Live(old, hooks, versions=in_use(connection, old, hooks))
    Builder(database, live, alone=True, kinds=(MOVE, LEAVE)).run(now)


def rollback(
    database: Database,
    root: Path,
    hooks: Registry,
    who: str,
    now: datetime,
    *,
    background: bool = False,
    tell: Callable[[Building], None] = lambda _: None,
    told: Told = NOTHING_TOLD,
) -> tuple[Applied, Catalog]:
    """Put the definitions live that were so before the present ones, as `apply` does.

    It is a change like any other: who entered under the present ones finishes those, and a step
    that the older files lack lets nobody fall. Raises LifecycleError when there are none.
    """
    with database.read() as connection:
        live = catalog_versions.latest(connection)
        earlier = None if live is None else catalog_versions.before(connection, live)
    if earlier is None:
        raise LifecycleError("there is nothing to go back to", "no other version was ever live")
    catalog = _catalog(earlier, root, hooks)
    done = apply(database, catalog, hooks, who, now, background=background, tell=tell, told=told)
    return done, catalog


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
