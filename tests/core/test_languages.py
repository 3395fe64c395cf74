"""Letters and notes speak the customer's language, then the shop's, in a whole replay."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.simulation.shop import event, flow, person, play, shop

SAID = """\
[[step]]
name      = "hello"
subject   = { en = "Hello", de = "Hallo", "de-AT" = "Servus" }
preheader = { en = "From us", de = "Von uns" }
text      = { en = "Good morning", de = "Guten Morgen" }

[[step]]
name   = "tell"
notify = { to = "crm@shop.example", text = { en = "Somebody came", de = "Jemand kam" } }
"""


@pytest.mark.parametrize(
    ("locale", "subject", "words", "note"),
    [
        ("de-AT", "Servus", "Guten Morgen", "Jemand kam"),
        ("de_AT", "Servus", "Guten Morgen", "Jemand kam"),
        ("de-CH", "Hallo", "Guten Morgen", "Jemand kam"),
        ("en-GB", "Hello", "Good morning", "Somebody came"),
        ("fr", "Hello", "Good morning", "Somebody came"),
        (None, "Hello", "Good morning", "Somebody came"),
    ],
)
def test_each_part_is_chosen_by_locale(
    tmp_path: Path, locale: str | None, subject: str, words: str, note: str
):
    catalog = shop({"f": flow('when = "go"', SAID)})
    people = [person(locale=locale) if locale else person()]
    kept, outbox = tmp_path / "kept.db", tmp_path / "outbox"
    played = play(
        tmp_path,
        catalog,
        [event("2026-05-04T10:00:00", "go")],
        people=people,
        keep=kept,
        outbox=outbox,
    )
    assert played.sent() == ["05-04 10:00 f/hello"]
    letter = message_from_bytes(next(outbox.glob("*.eml")).read_bytes(), policy=policy.default)
    assert letter["subject"] == subject
    body = letter.get_body(("plain",))
    assert body is not None
    assert words in body.get_content()
    with closing(sqlite3.connect(kept)) as connection:
        (said,) = connection.execute("SELECT said FROM errand").fetchone()
    assert json.loads(said)["text"] == note
