"""What follows from a change: builds to begin, people to move, pauses that end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.engine.migrating import People
from lifecycle.store import builds
from lifecycle.store.builds import FLOW, LEAVE, MOVE, SEGMENT


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


def goes_on(old: Catalog | None, new: Catalog, ordered: Mapping[str, str]) -> list[str]:
    """The campaigns whose pause ends by their file, and that no command holds."""
    paused = {
        name for name, one in (old.campaigns if old else {}).items() if one.status == "paused"
    }
    return [
        name
        for name, one in sorted(new.campaigns.items())
        if one.status == "live" and name in paused and name not in ordered
    ]


def begin_moves(
    connection: Connection, found: Sequence[People], fingerprint: str, now: datetime
) -> None:
    """Say whose people are to be moved, and who leaves of whom the files say nothing."""
    moving = {one.campaign for one in found if one.what in ("moves", "leaves")}
    unsaid = {one.campaign for one in found if one.unsaid}
    builds.begin(connection, MOVE, sorted(moving - unsaid), fingerprint, now)
    builds.begin(connection, LEAVE, sorted(moving & unsaid), fingerprint, now)


def begin_builds(connection: Connection, old: Catalog | None, new: Catalog, now: datetime) -> None:
    """Say which segments everybody is to be asked of, and which flows let in who is there."""
    under_way = builds.under_way(connection)
    flows = {flow.id for flow in enrolling(old, new)}
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


def enrolling(old: Catalog | None, new: Catalog) -> Iterator[Flow]:
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
