"""Opens and clicks of machines count in no rule, asked in Python or in SQL."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.rule.read import read_rule
from lifecycle.store.rule_sql import members
from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, instant, person, shop


@pytest.mark.parametrize(
    ("rule", "customers"),
    [
        ({"did": "message_clicked"}, {"person", "quotes"}),
        ({"did": "message_*"}, {"person", "quotes", "bounced"}),
        ({"did": ["message_opened", "message_clicked"], "at_most": 0}, {"machine", "bounced"}),
        ({"distinct_of": "message_clicked.url", "is": 0}, {"machine", "bounced"}),
    ],
)
def test_machines_count_in_no_rule(database_url: str, rule: Any, customers: set[str]) -> None:
    running = Running(database_url, shop({}), empty=True)
    running.hear(
        event("2026-05-04T10:00:00", "message_clicked", "machine", machine=True, url="u"),
        event("2026-05-04T10:00:00", "message_clicked", "person", machine=False, url="u"),
        event("2026-05-04T10:00:00", "message_clicked", "quotes", deep={"machine": True}, url="u"),
        event("2026-05-04T10:00:00", "message_bounced", "bounced", machine=True, kind="soft"),
    )
    running.run("2026-05-04T11:00:00")
    with running.database.read() as connection:
        now = instant("2026-05-05T00:00:00")
        assert members(connection, read_rule(rule), {}, now, shop_zone="UTC") == customers
    running.close()


@pytest.mark.parametrize("what", ["opened", "clicked"])
@pytest.mark.parametrize("machine", [True, False])
def test_a_letter_is_not_opened_or_clicked_by_a_machine(
    database_url: str, what: str, machine: bool
) -> None:
    running = Running(database_url, shop({"f": flow('when = "a"')}), Post(), empty=True)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a"))
    running.run("2026-05-04T10:00:00")
    (row,) = running.rows("message")
    told = {"message_id": row.message_id, **({"machine": True} if machine else {})}
    running.hear(event("2026-05-04T10:30:00", f"message_{what}", **told))
    running.run("2026-05-04T11:00:00")
    (row,) = running.rows("message")
    marked = row.opened_at if what == "opened" else row.clicked_at
    assert marked == (None if machine else instant("2026-05-04T10:30:00"))
    running.close()
