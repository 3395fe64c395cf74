"""What a bandit learns from: letters that have had their time to be answered, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Flow
from lifecycle.core.step import Step
from lifecycle.models.past_tests import Sample
from lifecycle.models.thompson import REMEMBERED
from lifecycle.store.by_day import Answers, Asked, answers_by_day


def learned_from(
    connection: Connection, flow: Flow, step: Step, by: str, cap: Decimal | None, now: datetime
) -> Mapping[int, Sequence[Sample]]:
    """What letters came to, each variant's in the file's order, by days beyond their time.

    Orders count up to `cap`, None for all of them.
    """
    until = now - time_to_answer(flow, by)
    asked = Asked(flow, step, by, until, since=until - REMEMBERED, cap=cap)
    found = answers_by_day(connection, asked, now)
    nothing = Answers(0, 0, 0.0, 0.0)
    days: dict[int, list[Sample]] = {}
    for age in sorted({age for _, age in found}):
        each = (found.get((one.name, age), nothing) for one in step.variant)
        days[age] = [Sample(one.letters, one.total, one.squares) for one in each]
    return days
