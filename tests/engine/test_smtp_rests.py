"""A server of SMTP that is gone is not tried for each letter, and found again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.stoppage import Stop
from lifecycle.send.smtp import Smtp
from tests.engine.paced_shop import PacedShop, catalog, stand_in
from tests.send.conftest import ScriptedSmtp
from tests.store.prepared import with_tables

PEOPLE = 40


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[PacedShop]:
    """A shop that sends through a server of SMTP, which is not there yet."""
    made = PacedShop(database_url, catalog(), stand_in(tmp_path), "http://127.0.0.1:1")
    yield made
    made.transport.close()
    made.close()


def through(shop: PacedShop, server: ScriptedSmtp) -> None:
    shop.transport = Smtp("127.0.0.1", server.port, timeout=5.0)
    shop.engine = shop.new_engine()


def test_a_server_that_is_gone_is_tried_now_and_then_with_one_letter(shop: PacedShop) -> None:
    server = ScriptedSmtp()
    through(shop, server)
    server.stop()
    shop.happens("go", *shop.people(PEOPLE))
    shop.go_on()
    assert shop.kinds() == {"account": Stop.UNREACHABLE}
    tried = [row for row in shop.rows("attempt") if row.detail != "not begun"]
    assert len(tried) <= 8
    shop.go_on(minutes=5)
    shop.go_on(seconds=1)
    assert shop.held() == {"breaker": PEOPLE}
    assert set(shop.told_held().values()) == {1}
    before = len(shop.rows("attempt"))
    for _ in range(12):
        shop.go_on(minutes=1)
    assert len(shop.rows("attempt")) - before <= 6
    assert {(row.attempts, row.quarantined_at) for row in shop.rows("message")} == {(0, None)}
    back = ScriptedSmtp()
    shop.engine.parts.transport._port = back.port  # type: ignore[attr-defined]
    shop.go_on(minutes=6)
    assert shop.kinds() == {}
    assert shop.states() == {"accepted": PEOPLE}
    assert len(back.bodies) == PEOPLE
    back.stop()


def test_a_password_that_is_refused_stops_all(shop: PacedShop) -> None:
    server = ScriptedSmtp(answers={"MAIL": ["530 authentication required"] * 50})
    through(shop, server)
    shop.happens("go", *shop.people(PEOPLE))
    shop.go_on()
    assert shop.kinds() == {"account": Stop.CREDENTIALS}
    assert len(server.bodies) == 0
    server.answers.clear()
    shop.go_on(minutes=6)
    shop.go_on(minutes=6)
    assert shop.states() == {"accepted": PEOPLE}
    server.stop()


def test_one_recipient_who_is_to_come_back_later_stops_nobody(shop: PacedShop) -> None:
    server = ScriptedSmtp(answers={"RCPT": ["450 try again later"]})
    through(shop, server)
    shop.happens("go", *shop.people(5))
    shop.go_on()
    assert shop.kinds() == {}
    assert shop.states() == {"accepted": 4, "requeued": 1}
    shop.go_on(seconds=10)
    assert shop.states() == {"accepted": 5}
    server.stop()
