"""Codes given for a referral hold as long as [referral] says, unless their step says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, instant, person, settings, shop, step
from tests.store.prepared import with_tables

AT = "2026-05-04T10:00:00"
REFERRAL = """
[referral]
gives = { kind = "amount_off", amount = 10, valid_for = "90 days" }
gets  = { kind = "percent_off", percent = 10 }
"""
CODE = '[step.incentive]\nkind = "amount_off"\namount = 10\n'


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def start(database_url: str) -> Iterator[Any]:
    """Start a shop whose step gives a code to whoever an event lets in."""
    opened: list[Running] = []

    def started(name: str, *parts: str) -> Running:
        text = flow(f'when = "{name}"', *parts)
        opened.append(Running(database_url, shop({"f": text}, said=settings() + REFERRAL), Post()))
        opened[-1].start("2026-05-04T09:00:00")
        opened[-1].say(person(), at="2026-05-04T09:00:00")
        return opened[-1]

    yield started
    for one in opened:
        one.close()


def ends(found: Running, name: str, role: str) -> datetime | None:
    """When the code ends that somebody is given to whom an event happened."""
    found.hear(event(AT, name, role=role, referral_id="r"))
    found.run(AT)
    (row,) = found.rows("incentive")
    return None if row.expires_at is None else row.expires_at


@pytest.mark.parametrize(
    ("name", "role", "days"),
    [
        ("referral_granted", "inviter", 90),
        ("referral_granted", "friend", None),
        ("referral_granted", "aunt", None),
        ("bought", "inviter", None),
    ],
)
def test_the_side_that_it_is_given_to_says_how_long_a_code_holds(
    start: Any, name: str, role: str, days: int | None
) -> None:
    expected = None if days is None else instant(AT) + timedelta(days=days)
    assert ends(start(name, step(more=CODE)), name, role) == expected


def test_what_the_step_says_goes_before(start: Any) -> None:
    found = start("referral_granted", step(more=CODE + 'valid_for = "5 days"\n'))
    assert ends(found, "referral_granted", "inviter") == instant(AT) + timedelta(days=5)


def test_a_step_of_its_own_that_issues_a_code_keeps_to_it_too(start: Any) -> None:
    issue = '[[step]]\nname = "gift"\nissue = { kind = "amount_off", amount = 10 }\n'
    found = start("referral_granted", issue)
    assert ends(found, "referral_granted", "inviter") == instant(AT) + timedelta(days=90)
