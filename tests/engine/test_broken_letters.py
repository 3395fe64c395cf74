"""Odd data of a few customers costs their letters alone; a broken template pauses its campaign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.render.letter import MAX_SUBJECT
from tests.faults.running import Running
from tests.simulation.shop import event, flow, person, shop

NOON = "2026-05-04T12:00:00"
SUBJECT = '"Hello {{ customer.name }}"'
FLOW = flow('when = "a"').replace('subject = "Hello"', f"subject = {SUBJECT}")
ODD = "A" * (MAX_SUBJECT + 1)

Run = Callable[..., Running]


@pytest.fixture
def run(database_url: str) -> Any:
    made: list[Running] = []

    def making(files: Any) -> Running:
        made.append(Running(database_url, files, empty=True))
        return made[-1]

    yield making
    for one in made:
        one.close()


def come(running: Running, at: str, **names: str) -> None:
    """Customers with names enter the flow."""
    people = [{**person(one), "attributes": {"name": name}} for one, name in names.items()]
    running.say(*people, at="2026-05-04T09:00:00")
    running.hear(*(event(at, "a", one) for one in names))


def paused(running: Running) -> bool:
    return any(row.ordered == "paused" for row in running.rows("campaign_state"))


def test_odd_customers_among_others_pause_nothing(run: Run) -> None:
    running = run(shop({"a": FLOW}))
    odd = {f"odd{number}": ODD for number in range(5)}
    come(running, NOON, **odd, **{f"c{number}": "Ada" for number in range(20)})
    running.run(NOON)
    assert running.states() == {"accepted": 20, "dropped broken_template": 5}
    assert not paused(running)


def test_odd_customers_one_by_one_between_others_pause_nothing(run: Run) -> None:
    running = run(shop({"a": FLOW}))
    for number in range(5):
        at = f"2026-05-04T{12 + number}:00:00"
        come(running, at, **{f"odd{number}": ODD})
        running.run(at)
        later = at.replace(":00:00", ":30:00")
        come(running, later, **{f"c{number}": "Ada"})
        running.run(later)
    assert running.states() == {"accepted": 5, "dropped broken_template": 5}
    assert not paused(running)


def test_a_template_that_makes_no_letter_pauses_its_campaign(run: Run) -> None:
    running = run(shop({"a": FLOW}))
    come(running, NOON, **{f"odd{number}": ODD for number in range(3)})
    running.run(NOON)
    assert running.states() == {"dropped broken_template": 3}
    assert paused(running)
