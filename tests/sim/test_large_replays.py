"""A large replay: events wait in a file, the database is one, and what comes out is the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle.sim import replay as replaying
from lifecycle.sim import spool as spooling
from lifecycle.sim.spool import Spool
from lifecycle.sources.event_line import EventIn
from tests.simulation.shop import event, flow, person, play, segment, shop, step

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FLOW = flow(
    'when = "cart_updated"\nper = "cart_id"',
    '[exit]\nwhen = "order_placed"',
    step("first", 'only_if = { event = "total", at_least = 10 }'),
    step("second", 'after = "1 day"'),
)
BUYERS = segment('{ did = "order_placed", at_least = 2 }')


def happened(place: int, *, received: int | None = None) -> EventIn:
    at = NOON + timedelta(minutes=place)
    said = {"n": place, "items": [{"sku": "é", "price": 0.1}], "big": 10**20, "none": None}
    late = at if received is None else NOON + timedelta(minutes=received)
    return EventIn(f"e{place}", at, "seen", f"c{place % 3}", said, late)


@pytest.mark.parametrize("in_memory", [1, 1_000_000])
def test_events_come_back_as_they_were_in_the_order_in_which_they_arrived(
    in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "BYTES_IN_MEMORY", in_memory)
    put = [happened(3), happened(1), happened(2, received=3), happened(0, received=9)]
    with Spool() as spool:
        for one in put:
            spool.add(one)
        twice = [list(spool.in_order()), list(spool.in_order())]
        assert (len(spool), spool.first) == (4, NOON)
        assert spool.customers == {"c0", "c1", "c2"}
    order = [1, 0, 2, 3]
    assert twice == [[(place, put[place]) for place in order]] * 2


def test_a_replay_whose_database_is_a_file_decides_the_same_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = shop({"carts": FLOW}, {"buyers": BUYERS})
    people = [person(f"c{number}") for number in range(6)]
    lines = []
    for number in range(60):
        of, day = f"c{number % 6}", 1 + number % 9
        at = f"2026-05-0{day}T{number % 24:02}:00:00"
        lines.append(event(at, "cart_updated", of, id=f"k{number}", cart_id=number, total=number))
        if number % 4 == 0:
            lines.append(event(at, "order_placed", of, id=f"o{number}", cart_id=number))
    played = []
    for name, most in (("memory", 1_000), ("file", 10)):
        monkeypatch.setattr(replaying, "LINES_IN_MEMORY", most)
        (tmp_path / name).mkdir()
        played.append(play(tmp_path / name, catalog, lines, people=people))
    in_memory, in_file = played
    assert in_file.raw == in_memory.raw
    assert in_file.result == in_memory.result
    assert in_file.result.counts["carts", "sent", ""] > 20
    assert in_file.result.sizes["buyers"] > 0
