"""Whether the variants of a test were given out as their shares say, as reports tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.policy import Experiment
from lifecycle.core.sample_ratio import ALARM, ratio_p
from lifecycle.insight.tested import SampleRatio
from lifecycle.store.allocation import periods
from lifecycle.store.experiments import wrong_ratios
from lifecycle.store.given import given, said_shares


def sample_ratio(
    connection: Connection, place: Experiment, variants: Sequence[str]
) -> SampleRatio | None:
    """What was expected of each variant and what came; None before anybody was given one."""
    counts = given(connection, place, variants, periods(connection, place))
    many = sum(sum(found) for _, found in counts)
    if not many:
        return None
    expected = [0.0] * len(variants)
    counted = [0] * len(variants)
    for shares, found in counts:
        for at, share in enumerate(shares):
            expected[at] += share / sum(shares) * sum(found) / many
            counted[at] += found[at]
    p = ratio_p(counts)
    return SampleRatio(tuple(expected), tuple(counted), p, p <= ALARM)


def ratio_alarms(connection: Connection) -> list[tuple[Experiment, datetime]]:
    """The tests whose alarm was raised and still holds, with since when."""
    found = []
    for place, since in wrong_ratios(connection):
        names = {tuple(sorted(one)) for one in said_shares(connection, place).values()}
        ratios = (sample_ratio(connection, place, one) for one in sorted(names))
        if any(one is not None and one.wrong for one in ratios):
            found.append((place, since))
    return found
