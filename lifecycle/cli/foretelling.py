"""What putting definitions live would change, and whom it touches; nothing is changed by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.lints_seen import doubts
from lifecycle.catalog.plan import Change, compare
from lifecycle.catalog.problem import Problem
from lifecycle.cli.tests_told import tests_ahead
from lifecycle.engine.apply import readable
from lifecycle.engine.entering import Entering, would_enter
from lifecycle.engine.following import enrolling, goes_on, rebuilt
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import People, foretold, people
from lifecycle.engine.resuming import CaughtUp, would_resume
from lifecycle.engine.versions import in_use
from lifecycle.hooks import Registry
from lifecycle.insight.touched import WouldTurn, running_in, turns
from lifecycle.store import operations
from lifecycle.store.catalog_versions import latest

if TYPE_CHECKING:
    from lifecycle.insight.before_launch import Prospect


@dataclass(frozen=True)
class Foretold:
    """What a plan tells."""

    changes: Sequence[Change]
    running: Mapping[str, int] = field(default_factory=dict)
    """Enrollments under way in each campaign that changes."""
    people: Sequence[People] = ()
    entering: Sequence[Entering] = ()
    held: Mapping[str, CaughtUp] = field(default_factory=dict)
    """What a pause holds of campaigns that would go on."""
    turns: Mapping[str, WouldTurn] = field(default_factory=dict)
    doubts: Sequence[Problem] = ()
    tests: Sequence[Prospect] = ()
    """What tests of variants would show that are to come, or go on."""


def foretell(connection: Connection, catalog: Catalog, hooks: Registry, now: datetime) -> Foretold:
    """Compare definitions with those that are live, and count whom each change touches."""
    version = latest(connection)
    old = None if version is None else readable(version, catalog.root, hooks)
    changes = compare(old, catalog)
    live = Live(catalog, hooks, versions=in_use(connection, catalog, hooks))
    touched = [one.name for one in changes if one.kind == "campaign"]
    gone = [one.name for one in changes if (one.kind, one.what) == ("segment", "removed")]
    on = goes_on(old, catalog, operations.ordered(connection))
    flows = [one for one in enrolling(old, catalog) if one.enter.joins is not None]
    return Foretold(
        changes,
        running_in(connection, touched),
        foretold(connection, live, people(connection, old, catalog), now),
        [would_enter(connection, live, flow, now) for flow in flows],
        {name: would_resume(connection, live, name, now) for name in on},
        turns(connection, catalog, rebuilt(old, catalog), now, gone),
        doubts(connection, catalog, (*hooks.triggers, *hooks.attributes)),
        tests_ahead(catalog, connection, now),
    )
