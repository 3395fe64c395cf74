"""Whether variants are given out as their shares say; the alarm where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core.campaign import letters_of
from lifecycle.core.policy import Experiment
from lifecycle.core.sample_ratio import ALARM, ratio_p
from lifecycle.core.step import Step
from lifecycle.engine.parts import Parts
from lifecycle.store.allocation import periods
from lifecycle.store.experiments import ratio_is_wrong
from lifecycle.store.given import given, keep_shares


def keep(connection: Connection, parts: Parts) -> None:
    """Keep the shares that live definitions say, and those that customers entered under."""
    keep_shares(connection, _said(parts))


def _said(parts: Parts) -> Iterator[tuple[str, str, Step]]:
    for campaign in (*parts.live.walked, *parts.live.dated):
        for _, step in letters_of(campaign):
            if step.variant:
                yield campaign.id, campaign.version, step


def sound(connection: Connection, place: Experiment, step: Step, now: datetime) -> bool:
    """Whether variants were given out as said; where not, that is told in the log, once.

    No verdict is given while they were not: whoever is kept from one variant may be those who
    would have answered.
    """
    names = [one.name for one in step.variant]
    counts = given(connection, place, names, periods(connection, place))
    p = ratio_p(counts)
    if p > ALARM:
        return True
    if ratio_is_wrong(connection, place, now):
        campaign, name, occasion = place
        told = {"campaign": campaign, "step": name, "occasion": occasion, "p": p}
        log.warned("sample_ratio_wrong", **told, given=[list(one) for _, one in counts])
    return False
