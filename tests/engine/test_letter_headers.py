"""Live, on both databases: which headers the letters of a campaign bear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Prepare
from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, person, settings, shop, step
from tests.store.prepared import with_tables

START = "2026-05-04T09:00:00"
FLOWS = {
    "news": flow('when = "news"'),
    "receipt": flow('when = "news"', step("receipt", "transactional = true"), topic=""),
}


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    one = Running(database_url, shop(FLOWS, None, settings()), Post())
    one.start(START)
    one.say(person(agreed_to=["offers"]), at=START)
    one.hear(event("2026-05-04T10:00:00", "news"))
    yield one
    one.close()


def test_marketing_letters_alone_say_how_to_leave_and_which_list_they_are_of(running: Running):
    running.run("2026-05-04T10:30:00")
    assert isinstance(running.transport, Post)
    found = {one.campaign: dict(one.headers) for one in running.transport.accepted}
    assert found["receipt"] == {}
    assert list(found["news"]) == ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"]
    assert found["news"]["List-Unsubscribe"].startswith("<http")
    assert found["news"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["news"]["List-Id"] == "<offers.mail.shop.example>"
