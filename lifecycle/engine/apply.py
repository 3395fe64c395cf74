"""Puts definitions live: keeps their files, builds new segments, enrolls whom a file says to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, select

from lifecycle import log
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.catalog.plan import Change, compare
from lifecycle.core.action import bring_up_to_date
from lifecycle.core.campaign import Flow
from lifecycle.core.entry import enter
from lifecycle.core.membership import turned_event
from lifecycle.core.policy import Policy
from lifecycle.core.rule.tree import Rule
from lifecycle.engine.nightly import reckon_at_once
from lifecycle.engine.parts import Live
from lifecycle.engine.running import look_again
from lifecycle.errors import LifecycleError
from lifecycle.hooks import Registry
from lifecycle.store import catalog_versions, events, operations
from lifecycle.store.apply import Writing
from lifecycle.store.catalog_versions import Version
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.facts import chunks, ids_after, load
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new, upsert

PAGE = 500
MEMBERSHIP = METADATA.tables["membership"]
_OF_SEGMENT = select(MEMBERSHIP.c.customer_id).where(
    MEMBERSHIP.c.segment == bindparam("segment"), MEMBERSHIP.c.member
)
_FORGET = delete(MEMBERSHIP).where(
    MEMBERSHIP.c.customer_id == bindparam("of"), MEMBERSHIP.c.segment == bindparam("which")
)


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
    database: Database, catalog: Catalog, hooks: Registry, who: str, now: datetime
) -> Applied:
    """Put a catalog live. Applying what is live already changes nothing.

    Segments that are new or whose rule changed are built at once; those who join or leave by it do
    so silently, unless the segment says on_change = "enroll". Flows that go live with
    existing = "enroll" let in those who match already. One transaction.
    """
    with database.read() as connection:
        version = catalog_versions.latest(connection)
    if version is not None and version.fingerprint == catalog.fingerprint:
        return Applied(version.number, version.fingerprint)
    old = None if version is None else readable(version, catalog.root, hooks)
    with database.write() as connection:
        number = catalog_versions.put(connection, catalog.fingerprint, catalog.files, who, now)
        live = Live(catalog, hooks)
        reckoned = Live(old, hooks).nightly_names if old is not None else frozenset[str]()
        reckon_at_once(lambda: nullcontext(connection), reckoned, live, now)
        turned = _segments(connection, old, catalog, now)
        enrolled = _existing(connection, old, live, now)
    log.happened("catalog_applied", version=number, fingerprint=catalog.fingerprint)
    changes = tuple(compare(old, catalog))
    return Applied(number, catalog.fingerprint, changes, turned, enrolled)


def rollback(
    database: Database, root: Path, hooks: Registry, who: str, now: datetime
) -> tuple[Applied, Catalog]:
    """Put the definitions live that were so before the present ones.

    Raises LifecycleError when there are none.
    """
    with database.read() as connection:
        live = catalog_versions.latest(connection)
        earlier = None if live is None else catalog_versions.before(connection, live)
    if earlier is None:
        raise LifecycleError("there is nothing to go back to", "no other version was ever live")
    catalog = _catalog(earlier, root, hooks)
    return apply(database, catalog, hooks, who, now), catalog


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


def _segments(
    connection: Connection, old: Catalog | None, new: Catalog, now: datetime
) -> dict[str, Turned]:
    turned: dict[str, Turned] = {}
    zone, tiers = new.settings.shop.timezone, new.settings.points.ladder
    for name in rebuilt(old, new):
        rule: Rule = new.rules[name]
        after = members(connection, rule, new.rules, now, shop_zone=zone, tiers=tiers)
        before = _members_now(connection, name)
        turned[name] = _turn(connection, name, after - before, before - after, now)
        if new.segments[name].on_change == "enroll":
            _tell(connection, name, after - before, now)
    for (gone,) in connection.execute(select(MEMBERSHIP.c.segment).distinct()).all():
        if gone not in new.segments:
            turned[gone] = _turn(connection, gone, set(), _members_now(connection, gone), now)
            connection.execute(delete(MEMBERSHIP).where(MEMBERSHIP.c.segment == gone))
    if turned:
        _ask_everyone(connection, now)
    return {name: one for name, one in turned.items() if one.joined or one.left}


def _members_now(connection: Connection, segment: str) -> set[str]:
    return set(connection.execute(_OF_SEGMENT, {"segment": segment}).scalars())


def _turn(
    connection: Connection, segment: str, joined: set[str], left: set[str], now: datetime
) -> Turned:
    """Write who turned by a change of the rule, without an event."""
    standing = [
        {"customer_id": one, "segment": segment, "member": True, "since": now, "wake_at": None}
        for one in sorted(joined)
    ]
    upsert(connection, "membership", standing)
    forgotten = [{"of": one, "which": segment} for one in sorted(left)]
    if forgotten:
        connection.execute(_FORGET, forgotten)
    turns = [(one, "joined") for one in sorted(joined)] + [(one, "left") for one in sorted(left)]
    changes = [
        {"customer_id": one, "segment": segment, "at": now, "what": what} for one, what in turns
    ]
    insert_new(connection, "membership_change", changes)
    return Turned(len(joined), len(left))


def _tell(connection: Connection, segment: str, joined: Iterable[str], now: datetime) -> None:
    """Let those who joined by a change of the rule enter flows, as on_change = "enroll" says."""
    events.append(
        connection,
        [NewEvent(one, turned_event(one, segment, True, now), now) for one in sorted(joined)],
    )


def _ask_everyone(connection: Connection, now: datetime) -> None:
    """Have every customer looked at again: the engine then notes when each answer may turn."""
    after = ""
    while page := ids_after(connection, after, PAGE):
        events.wake(connection, dict.fromkeys(page, now))
        after = page[-1]


def _existing(
    connection: Connection, old: Catalog | None, live: Live, now: datetime
) -> dict[str, int]:
    """Let in those who match already, for each flow that goes live and says so."""
    ordered = operations.ordered(connection)
    policy = live.policy(operations.verdicts(connection), ordered)
    enrolled: dict[str, int] = {}
    for flow in live.flows:
        segment = flow.enter.joins
        if flow.enter.existing != "enroll" or segment is None or flow.status != "live":
            continue
        before = old.campaigns.get(flow.id) if old is not None else None
        if before is not None and before.status == "live":
            continue
        count = 0
        for page in chunks(sorted(_members_now(connection, segment)), PAGE):
            count += _enter(connection, flow, segment, page, live, policy, now)
        enrolled[flow.id] = count
    return enrolled


def _enter(
    connection: Connection,
    flow: Flow,
    segment: str,
    page: Sequence[str],
    live: Live,
    policy: Policy,
    now: datetime,
) -> int:
    zone = live.catalog.settings.shop.timezone
    facts = load(connection, page, now, live.flow_reading, shop_zone=zone)
    writing = Writing(now)
    for customer_id, known in facts.items():
        event = turned_event(customer_id, segment, True, now)
        actions = enter(flow, known, event, policy, now)
        bring_up_to_date(known, actions)
        writing.add(known, actions, None)
    writing.write(connection)
    look_again(connection, live, writing, now)
    return len(writing.enrollments)
