"""The register of past tests, and what it teaches of the next one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.store import register
from lifecycle.store.register import PastVariant

METRICS = ("click_rate", "open_rate", "goal_rate", "revenue")


@dataclass(frozen=True, slots=True)
class PastTest:
    """A test by the metric it was decided by, with its variants in the file's order."""

    campaign: str
    step: str
    occasion: str
    kind: str
    by: str
    decided_at: datetime
    variants: tuple[PastVariant, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """What is expected of the next test by a metric, and from how many past ones.

    `spread` is the standard deviation of the variants' true means within a test, as a share of
    `mean`; of revenue without a past test `mean` is None.
    """

    by: str
    tests: int
    mean: float | None
    spread: float


@dataclass(frozen=True, slots=True)
class Register:
    """All past tests, the latest first, and what they teach."""

    tests: tuple[PastTest, ...]
    taught: tuple[Taught, ...]


def register_report(connection: Connection, now: datetime, campaign: str | None = None) -> Register:
    """The register, of one campaign or of all; what is taught is always of all."""
    from lifecycle.models.registered import prior_of

    found: dict[tuple[str, str, str, str], list[PastVariant]] = defaultdict(list)
    for one in register.of_campaign(connection, campaign):
        if one.decisive:
            found[one.of].append(one)
    tests = tuple(
        PastTest(*of[:3], rows[0].kind, of[3], rows[0].decided_at, tuple(rows))
        for of, rows in found.items()
    )
    taught = []
    for by in METRICS:
        prior = prior_of(connection, by, now)
        mean = prior.mean if by != "revenue" or prior.in_money else None
        taught.append(Taught(by, prior.tests, mean, prior.spread / prior.mean))
    return Register(tests, tuple(taught))
