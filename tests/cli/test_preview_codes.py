"""A preview shows the incentive that a step above issues, and never a code that opens anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call

STEPS = """
name = "Gifts"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "order_placed"
[[step]]
name = "before"
text = "Hello"
subject = "{{ incentive.code if incentive else 'none' }}"
[[step]]
name = "give"
issue = { kind = "pool", pool = "spring" }
[[step]]
name = "after"
text = "Hello"
subject = "{{ incentive.code if incentive else 'none' }}"
[[step]]
name = "own"
text = "Hello"
subject = "{{ incentive.code if incentive else 'none' }}"
incentive = { kind = "shared_code", code = "ALL" }
"""


@pytest.mark.parametrize(
    ("step", "begins"), [("before", "none"), ("after", "CODE-"), ("own", "ALL")]
)
def test_a_letter_shows_what_stands_above_it(
    shop: Path, call: Call, step: str, begins: str
) -> None:
    (shop / "campaigns" / "gifts.toml").write_text(STEPS)
    subject = call("preview", f"gifts/{step}", "--json").data["subject"]
    assert subject.startswith(begins)
