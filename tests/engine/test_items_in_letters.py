"""What a letter sees as `item` and `items`: with `each` the very entry that it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, person, shop
from tests.store.prepared import with_tables

START = "2026-05-04T09:00:00"
STEP = (
    '[[step]]\nname = "hello"\ntemplate = "hello"\n'
    "subject = \"{{ item.sku or '-' }} of {{ items | map(attribute='sku') | join(',') }}\"\n"
)


def subjects(folder: Path, enter: str, **properties: Any) -> list[str]:
    url = f"sqlite:///{folder / 'shop.db'}"
    with_tables(url)
    post = Post()
    running = Running(url, shop({"f": flow(f'when = "seen"\n{enter}', STEP)}), post)
    running.start(START)
    running.say(person(), at=START)
    running.hear(event("2026-05-04T10:00:00", "seen", **properties))
    running.run("2026-05-04T12:00:00")
    running.close()
    return sorted(one.subject for one in post.accepted)


LIST = [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]


def test_with_each_every_letter_is_about_its_own_entry(tmp_path: Path) -> None:
    found = subjects(tmp_path, 'each = "items"\nat_most = 2', items=LIST)
    assert found == ["A of A,B,C", "B of A,B,C"]


def test_the_list_is_the_one_that_the_flow_names(tmp_path: Path) -> None:
    found = subjects(tmp_path, 'each = "cart.lines"', cart={"lines": LIST}, items=[{"sku": "X"}])
    assert found == ["A of A,B,C", "B of A,B,C", "C of A,B,C"]


def test_without_each_the_item_is_the_first_of_the_list(tmp_path: Path) -> None:
    assert subjects(tmp_path, "", items=LIST, item={"sku": "X"}) == ["A of A,B,C"]
