"""Moving people when files change: who waits where, what becomes of them, and the moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Select, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.plan import alike
from lifecycle.core.action import Action, bring_up_to_date
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.catching_up import lasts, moment
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.migration import going, let_go, moved
from lifecycle.core.policy import Policy
from lifecycle.engine.live import Live
from lifecycle.engine.ruled import policy_now
from lifecycle.engine.running import look_again
from lifecycle.engine.versions import Moving, flow_as_it_was
from lifecycle.store import campaign_versions, catalog_versions, claims
from lifecycle.store.apply import Writing
from lifecycle.store.builds import LEAVE, Building
from lifecycle.store.facts import load, variants_seen
from lifecycle.store.tables import METADATA

PAGE = 500
ENROLLMENT = METADATA.tables["enrollment"]
_CAME = func.coalesce(
    ENROLLMENT.c.decided_at, ENROLLMENT.c.entered_at, type_=ENROLLMENT.c.entered_at.type
)
_WHERE = (ENROLLMENT.c.campaign, ENROLLMENT.c.version, ENROLLMENT.c.step)
Deleted = Literal["refuse", "let go", "keep"]
"""What is done with those of whose step the new files say nothing."""
What = Literal["moves", "stays", "leaves", "stops", "refused"]
OVER = ("archived", "draft")
"""A campaign of such a status lets go whoever is under way."""


@dataclass(frozen=True, slots=True)
class People:
    """Those who entered under one version of a campaign and wait at one step of it.

    `step` is empty where all steps are decided and only letters are still out. `moves`: they go on
    at `to` in the new version; `stays`: they finish the version that they entered under; `leaves`:
    their enrollment ends now; `stops`: it ends at their next step, since the campaign is over;
    `refused`: the step is deleted and nothing is said of them.
    """

    campaign: str
    version: str
    step: str
    count: int
    what: What
    to: str = ""
    due_at_once: int | None = None
    """Of those who move, how many wait for a moment that is past in the new version; None where
    that was not asked."""
    live_until: datetime | None = None
    """When their version ceased to be live; None for the one that is live until now."""
    changed: bool = True
    """Whether the change means anything to them: more than another status, or the end."""
    unsaid: bool = False
    """Whether the files say nothing of them, and the command does."""


def people(
    connection: Connection, old: Catalog | None, new: Catalog, deleted: Deleted = "refuse"
) -> list[People]:
    """Everybody under way in a flow whose file changes or goes, and what becomes of them."""
    before = old.campaigns if old is not None else {}
    names = sorted({*before, *new.campaigns})
    changing = [one for one in names if _version(before, one) != _version(new.campaigns, one)]
    asked = _counted(connection, changing)
    if not asked:
        return []
    kept = {(one.campaign, one.version): one for one in campaign_versions.all_kept(connection)}
    found = []
    for campaign, version, step, count in asked:
        after = new.campaigns.get(campaign)
        if after is not None and after.version == version:
            continue
        going_on = _becomes(before.get(campaign), after, step, deleted)
        if going_on is None:
            continue
        what, to = going_on
        known = kept.get((campaign, version))
        flow = flow_as_it_was(known) if known is not None else None
        same = isinstance(after, Flow) and flow is not None and alike(flow, after)
        until = None
        if version != _version(before, campaign) and known is not None:
            until = catalog_versions.applied_at(connection, known.number + 1)
        said = isinstance(after, Flow) and going(after, step) is not None
        group = People(campaign, version, step, count, what, to, live_until=until)
        changed = not same or what == "stops"
        found.append(replace(group, changed=changed, unsaid=what == "leaves" and not said))
    return found


def _version(campaigns: Mapping[str, Campaign], name: str) -> str | None:
    return campaigns[name].version if name in campaigns else None


def _counted(connection: Connection, campaigns: Sequence[str]) -> list[tuple[str, str, str, int]]:
    if not campaigns:
        return []
    query = (
        select(*_WHERE, func.count())
        .where(ENROLLMENT.c.campaign.in_(campaigns), ENROLLMENT.c.state == "active")
        .group_by(*_WHERE)
    )
    return sorted((name, of, step or "", n) for name, of, step, n in connection.execute(query))


def _becomes(
    before: Campaign | None, after: Campaign | None, step: str, deleted: Deleted
) -> tuple[What, str] | None:
    """What becomes of those who wait at a step; None for whom the change means nothing."""
    told: tuple[What, str] = ("refused", "")
    if deleted == "let go":
        told = ("leaves", "")
    elif deleted == "keep" and isinstance(before, Flow):
        told = ("stays", "")
    if after is None or (before is not None and after.kind != before.kind):
        if before is None:
            return None  # The file went earlier, and what becomes of them was said then.
        return ("stops", "") if before.status in OVER else told
    if after.status in OVER:
        return ("stops", "")
    if not isinstance(after, Flow):
        return None  # Letters of a broadcast or a series are always the live ones.
    if not step:
        return ("stays", "")
    said = going(after, step)
    if said is not None:
        return said.what, said.to
    earlier = isinstance(before, Flow) and before.way.find(step) is None
    return ("stays", "") if earlier and deleted != "let go" else told


def foretold(
    connection: Connection, live: Live, found: Sequence[People], now: datetime
) -> list[People]:
    """The same, with how many of those who move would be due at once; asks each of them."""
    return [
        replace(one, due_at_once=_due_at_once(connection, live, one, now))
        if one.what == "moves"
        else one
        for one in found
    ]


def _due_at_once(connection: Connection, live: Live, group: People, now: datetime) -> int:
    flow = live.campaign(group.campaign)
    assert isinstance(flow, Flow)
    policy = policy_now(connection, live)
    place, due = flow.way.places[group.to], 0
    query = _which(_those(group.campaign, group.version, group.step))
    # Read through at once and not page by page, which would have them sorted for each.
    for rows in connection.execute(query.execution_options(yield_per=PAGE)).partitions():
        page = [(row.customer_id, row.enrollment_id) for row in rows]
        for known, of in _known(connection, live, policy, page, now):
            done = moved(flow, of, place, known, policy, now, now)
            bring_up_to_date(known, done)
            there = next(one for one in known.enrollments if one.id == of.id)
            due += there.running and there.due_at is not None and there.due_at <= now
    return due


def _those(campaign: str, version: str, step: str) -> ColumnElement[bool]:
    table = ENROLLMENT.c
    at = table.step == step if step else table.step.is_(None)
    whole = (table.campaign == campaign) & (table.state == "active") & (table.version == version)
    return whole & at


def _which(which: ColumnElement[bool]) -> Select[str, str]:
    return select(ENROLLMENT.c.customer_id, ENROLLMENT.c.enrollment_id).where(which)


def _known(
    connection: Connection,
    live: Live,
    policy: Policy,
    page: Sequence[tuple[str, str]],
    now: datetime,
) -> Iterator[tuple[Facts, Enrollment]]:
    """Enrollments with the facts of their customers, by id."""
    ids = sorted({customer for customer, _ in page})
    zone = live.catalog.settings.shop.timezone
    facts = load(connection, ids, now, live.flow_reading, shop_zone=zone)
    if live.has_variants:
        variants_seen(connection, facts)
    wanted = {enrollment for _, enrollment in page}
    for known in facts.values():
        live.compute(known)
        for of in [one for one in known.enrollments if one.id in wanted]:
            yield known, of


class Mover:
    """Carries out one build that moves people, a page at a time."""

    def __init__(self, connection: Connection, live: Live, build: Building) -> None:
        self.live, self.build = live, build
        flow = live.campaign(build.name)
        known = flow if isinstance(flow, Flow) else None
        self.moving = Moving(known, build.begun_at, build.kind == LEAVE)
        there = list(self._places(connection))
        left = sum(count for *_, count in there)
        # All that the change concerns, those included whom an earlier process has moved already.
        self.over = lasts(build.joined + build.gone + left)
        self.places = [(version, step) for version, step, _ in there]

    def _places(self, connection: Connection) -> Iterator[tuple[str, str, int]]:
        for _, version, step, count in _counted(connection, [self.build.name]):
            if self.moving.said(version, step).what != "stays":
                yield version, step, count

    def page(self, connection: Connection, now: datetime) -> tuple[int, int] | None:
        """Move the next page: how many were moved and how many left; None when all are."""
        while self.places:
            version, step = self.places[0]
            which = _those(self.build.name, version, step) & (self.build.begun_at >= _CAME)
            rows = connection.execute(_which(which).limit(PAGE))
            page = [(row.customer_id, row.enrollment_id) for row in rows]
            # Whoever was moved is not found again: the next page is simply what is left.
            done = self._move(connection, page, now) if page else (0, 0)
            if any(done):
                return done
            self.places.pop(0)
        return None

    def _move(
        self, connection: Connection, page: Sequence[tuple[str, str]], now: datetime
    ) -> tuple[int, int]:
        live = self.live
        claims.have_alone(connection, {customer for customer, _ in page})
        policy = policy_now(connection, live)
        writing = Writing(now)
        counts = [0, 0]
        for known, of in _known(connection, live, policy, page, now):
            actions = self._one(of, known, policy, now)
            if actions:
                bring_up_to_date(known, actions)
                writing.add(known, actions, None)
                counts[self.moving.going(of).what == "leaves"] += 1
        writing.write(connection)
        look_again(connection, live, writing, now)
        return counts[0], counts[1]

    def _one(self, of: Enrollment, known: Facts, policy: Policy, now: datetime) -> list[Action]:
        said = self.moving.going(of)
        if not of.running or said.what == "stays":
            return []
        flow = self.moving.flow
        if said.what == "leaves" or flow is None:
            return let_go(of, now)
        seed = self.live.catalog.settings.shop.seed
        spread = max(now, moment(seed, of.id, self.build.begun_at, self.over))
        return moved(flow, of, flow.way.places[said.to], known, policy, now, spread)
