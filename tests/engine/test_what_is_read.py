"""Every rule and clock of a campaign has its events loaded, wherever in the file it stands."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from lifecycle.engine.live import Live
from lifecycle.hooks import Registry
from tests.simulation.shop import broadcast, event, flow, play, shop

OFFER = """[incentive]
kind = "shared_code"
code = "X"
given_if = { did = "order_placed", at_least = 2 }
"""
TIMED = """[[step]]
name = "hello"
template = "hello"
subject = "Hello"
[[step.variant]]
name = "best"
at = "best hour"
[[step.variant]]
name = "noon"
at = "12:00"
"""
WINNER = """[[variant]]
name = "a"
subject = "A"
[[variant]]
name = "b"
subject = "B"
[winner]
by = "click_rate"
within = "4 hours"
"""


def rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def test_a_broadcasts_incentive_reads_the_events_of_its_rule(tmp_path: Path):
    catalog = shop({"sale": broadcast("2026-05-04T09:00:00", more=OFFER)})
    assert Live(catalog, Registry()).letter_reading.events >= {"order_placed"}
    orders = [event(f"2026-05-0{day}T10:00", "order_placed") for day in (1, 2)]
    play(tmp_path, catalog, orders, keep=tmp_path / "kept.db")
    assert rows(tmp_path / "kept.db", "SELECT customer_id, code FROM incentive") == [("c1", "X")]


def test_a_variants_best_hour_reads_what_tells_it():
    catalog = shop({"f": flow('when = "newsletter_joined"', TIMED)})
    assert "site_visited" in Live(catalog, Registry()).flow_reading.events


def test_a_broadcast_that_says_only_within_is_decided_then(tmp_path: Path):
    catalog = shop({"sale": broadcast("2026-05-04T09:00:00", more=WINNER)})
    people = [
        {"id": f"c{number}", "email": f"c{number}@x.example", "agreed_to": ["offers"]}
        for number in range(12)
    ]
    clicks = [
        event("2026-05-04T10:00", "message_clicked", f"c{number}", campaign="sale")
        for number in range(3)
    ]
    kept = tmp_path / "kept.db"
    play(tmp_path, catalog, clicks, "2026-05-05T00:00:00Z", people, keep=kept)
    assert rows(kept, "SELECT campaign, step FROM verdict") == [("sale", "letter")]
