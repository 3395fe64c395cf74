"""Dates at the ends of the calendar, and joining what goes around a date, stop no tick."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.core.action import Decided
from lifecycle.core.campaign import Flow
from lifecycle.core.entry import enter
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.words import zone_of
from tests.simulation.shop import event, flow, instant, person, play, shop, step

A = event("2026-05-04T10:00:00", "a")


@pytest.mark.parametrize(
    ("said", "offset", "sent"),
    [
        ("9999-12-31", "0 days", []),
        ("9999-12-31", "30 days", []),
        ("0001-01-01", "-30 days", ["05-04 10:00 f/hello"]),
        ("2026-05-06", "-1 day", ["05-05 10:00 f/hello"]),
    ],
)
def test_a_step_that_waits_for_a_far_date_waits(
    tmp_path: Path, said: str, offset: str, sent: list[str]
) -> None:
    until = f'until = {{ customer = "ends", offset = "{offset}" }}\nat = "10:00"'
    played = play(
        tmp_path,
        shop({"f": flow('when = "a"', step("hello", until))}),
        [A],
        people=[person(attributes={"ends": said})],
    )
    assert played.sent() == sent


def test_nobody_joins_a_flow_that_goes_around_a_date() -> None:
    """`check` refuses it; definitions that are live from before let nobody in."""
    around = flow('on_date = "day"', step("then", 'at = "T-1 days 10:00"'))
    joining = flow('when = "a"', '[[step]]\nname = "on"\njoin = "g"')
    with pytest.raises(AssertionError, match="is entered by a date, and cannot be joined"):
        shop({"f": joining, "g": around})
    catalog = shop({"g": around})
    dated, now = catalog.campaigns["g"], instant("2026-05-04T10:00:00")
    assert isinstance(dated, Flow)
    facts = Facts("c1", now, zone_of("UTC"))
    policy = Policy(catalog.settings, catalog.rules)
    (told,) = enter(dated, facts, Event(now, "e", "a", {}, now), policy, now)
    assert isinstance(told, Decided)
    assert (told.what, told.reason) == ("not_entered", "not_applicable")
