"""Whoever dies between any two writes: no code is given twice, no deed is done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lifecycle.store import pools
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from tests.engine.test_incentives_live import LOTTERY, POOL, START, Lottery, Shop, issue, letter
from tests.faults.running import Crash, CrashAt, Post
from tests.simulation.shop import event, flow, instant, person, settings, shop

POINTS = '[points]\ntiers = [ { name = "silver", from = 50 } ]\n'
DEEDS = (
    issue(POOL)
    + '[[step]]\nname = "points"\naward = 50\n'
    + '[[step]]\nname = "mark"\nset = { level = "vip" }\n'
    + letter("pooled", POOL)
    + letter("won", LOTTERY)
    + letter("shows")
)
PEOPLE = ("c1", "c2", "c3")
END = "2026-05-06T12:00:00"
MOST_WRITES = 200


def opened(folder: Path) -> Shop:
    url = f"sqlite:///{folder / 'shop.db'}"
    database = Database(url, durable=False)
    create(database)
    database.close()
    catalog = shop({"f": flow('when = "seen"', DEEDS)}, {}, settings(POINTS))
    here = Shop(url, catalog, Post(), Lottery())
    here.start(START)
    here.bring(*(f"P{number}" for number in range(10)))
    here.say(*(person(one) for one in PEOPLE), at=START)
    here.hear(*(event("2026-05-04T10:00:00", "seen", one) for one in PEOPLE))
    return here


@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_crash_at_any_write_gives_no_code_and_does_no_deed_twice(
    tmp_path: Path, where: str
) -> None:
    for number in range(1, MOST_WRITES):
        folder = tmp_path / str(number)
        folder.mkdir()
        here = opened(folder)
        crash = CrashAt(here.database, number, where)
        died = False
        try:
            here.run(END)
        except Crash:
            died = True
        crash.over()
        here.start("2026-05-04T10:00:00")
        here.run(END)
        _sound(here)
        here.close()
        if not died:
            assert number > 10
            return
    raise AssertionError("the run never came to its end")


def _sound(here: Shop) -> None:
    codes = Counter(row.code for row in here.rows("incentive"))
    assert max(codes.values()) == 1
    kept = {row.message_id: row.code for row in here.rows("incentive")}
    for one in here.post.accepted:
        if one.step in ("pooled", "won"):
            assert one.subject == kept[one.message_id]
    given = {row.given_to: row.code for row in here.rows("pool_code") if row.given_to}
    assert set(given.items()) <= set(kept.items())
    assert [row.points for row in here.rows("points_entry")] == [50] * 3
    names = Counter(row.name for row in here.rows("event"))
    assert names["points_earned"] == names["tier_reached"] == 3
    assert all(row.attributes == {"level": "vip"} for row in here.rows("customer"))
    with here.database.read() as connection:
        (stock,) = pools.stocks(connection)
    assert stock.codes - stock.free == len(given) <= 6
    due = here.engine.next_due()
    assert due is None or due > instant(END)
