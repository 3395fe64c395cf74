"""The register of past tests: what each variant came to; kept when the messages are retired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from lifecycle.core.policy import Experiment
from lifecycle.store.experiments import of_experiment
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

PAST_TEST = METADATA.tables["past_test"]
LATEST = timedelta(days=3 * 365)
"""Tests that were decided before that teach nothing of today's readers."""
MOST = 500
"""So many of the latest tests are learned from; more would change nothing."""
REGISTER = "register "
"""Before campaign, step and occurrence: the task that writes a test down."""


def task_of(place: Experiment) -> str:
    """The name of the task that writes a test down."""
    return REGISTER + "/".join(place)


def place_of(task: str) -> Experiment:
    """The test that such a task writes down."""
    campaign, step, occasion = task.removeprefix(REGISTER).split("/")
    return campaign, step, occasion


@dataclass(frozen=True, slots=True)
class PastVariant:
    """What one variant of a test came to by one metric: a row of the register."""

    campaign: str
    step: str
    occasion: str
    by: str
    variant: str
    place: int
    decisive: bool
    letters: int
    met: int
    total: float
    squares: float
    decided_at: datetime
    measured_at: datetime
    kind: str
    steered: bool = False

    @property
    def of(self) -> tuple[str, str, str, str]:
        """The test, and the metric, that it belongs to."""
        return self.campaign, self.step, self.occasion, self.by


_COLUMNS = tuple(PAST_TEST.c[name] for name in PastVariant.__dataclass_fields__)


def write(connection: Connection, rows: Iterable[PastVariant]) -> None:
    """Write what variants came to; what was written before of more letters stays.

    So the figures outlast messages that are not kept: read again, they would be fewer.
    """
    found = list(rows)
    known = {
        (*one.of, one.variant): one.letters
        for test in {row.of[:3] for row in found}
        for one in of_test(connection, test)
    }
    fresh = [row for row in found if row.letters >= known.get((*row.of, row.variant), 0)]
    upsert(connection, PAST_TEST, [asdict(row) for row in fresh])


def of_test(connection: Connection, place: Experiment) -> Sequence[PastVariant]:
    """What is kept of one test, by all metrics."""
    return _rows(connection, of_experiment(PAST_TEST, place))


def of_campaign(connection: Connection, campaign: str | None = None) -> Sequence[PastVariant]:
    """What is kept of the tests of a campaign, or of all; the latest first."""
    found = _rows(connection, [] if campaign is None else [PAST_TEST.c.campaign == campaign])
    return sorted(found, key=lambda one: one.decided_at, reverse=True)


def is_kept(connection: Connection, place: Experiment) -> bool:
    """Whether anything is kept of a test."""
    return bool(of_test(connection, place))


def tests_by(connection: Connection, by: str, now: datetime) -> list[list[PastVariant]]:
    """The latest tests of a metric that teach a prior, each with its variants."""
    latest = (
        select(PAST_TEST.c.campaign, PAST_TEST.c.step, PAST_TEST.c.occasion)
        .where(
            PAST_TEST.c.by == by,
            PAST_TEST.c.steered.is_(False),
            PAST_TEST.c.decided_at > now - LATEST,
            PAST_TEST.c.decided_at <= now,
        )
        .group_by(PAST_TEST.c.campaign, PAST_TEST.c.step, PAST_TEST.c.occasion)
        .order_by(func.max(PAST_TEST.c.decided_at).desc(), PAST_TEST.c.campaign)
        .order_by(PAST_TEST.c.step, PAST_TEST.c.occasion)
        .limit(MOST)
    )
    kept = {tuple(row) for row in connection.execute(latest)}
    found: dict[tuple[str, ...], list[PastVariant]] = defaultdict(list)
    for one in _rows(connection, [PAST_TEST.c.by == by]):
        if one.of[:3] in kept:
            found[one.of].append(one)
    return [found[test] for test in sorted(found)]


def _rows(connection: Connection, which: Sequence[ColumnElement[bool]]) -> list[PastVariant]:
    query = (
        select(*_COLUMNS)
        .where(*which)
        .order_by(PAST_TEST.c.campaign, PAST_TEST.c.step, PAST_TEST.c.occasion)
        .order_by(PAST_TEST.c.by, PAST_TEST.c.place, PAST_TEST.c.variant)
    )
    return [PastVariant(*row) for row in connection.execute(query)]
