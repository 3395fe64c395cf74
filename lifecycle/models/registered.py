"""The prior of a metric, from the register of the shop's own past tests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from lifecycle.models.past_tests import Prior, Sample, learned_prior
from lifecycle.store import register


def prior_of(connection: Connection, by: str, now: datetime) -> Prior:
    """What is expected of variants by a metric; where nothing was tested yet, the defaults."""
    tests = register.tests_by(connection, by, now)
    return learned_prior(
        by, [[Sample(one.letters, one.total, one.squares) for one in test] for test in tests]
    )
