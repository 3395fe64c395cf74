"""Unsubscribing: looking changes nothing, one click does, and no wish is ever lost."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy.exc import OperationalError

from lifecycle.api.choice import Choice
from lifecycle.api.spool import drain_spool, keep
from lifecycle.api.unsubscribe import choice_of
from lifecycle.render.links import Purpose
from lifecycle.store.database import Database
from tests.api.shop import MESSAGE, NOW, Shop, catalog

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
)


@pytest.fixture
def path(any_shop: Shop) -> str:
    any_shop.client.put("/v1/customers/c1", json={"agreed_to": ["offers", "newsletter"]})
    any_shop.message_gone()
    return f"/u/{any_shop.signer.token('unsubscribe', MESSAGE)}"


def told(shop: Shop) -> list[dict[str, Any]]:
    named = {"campaign", "step", "variant", "message_id"}
    return [
        {name: value for name, value in event.items() if name not in named}
        for event in shop.events("message_unsubscribed")
    ]


def test_looking_at_the_page_changes_nothing(any_shop: Shop, path: str):
    before = [any_shop.rows(name) for name in ("event", "consent")]
    for _ in range(2):
        answer = any_shop.client.get(path)
        assert answer.status_code == 200
        any_shop.client.head(path)
    assert [any_shop.rows(name) for name in ("event", "consent")] == before
    assert answer.text.count('<button type="submit">') == 1
    assert "Sales &amp; reminders" in answer.text
    assert "Shop &lt;Example&gt;" in answer.text
    assert "http" not in answer.text.replace("method", "")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        ("", "text/plain"),
        ("action=topic", "application/x-www-form-urlencoded"),
        ("action=nonsense&x", "application/x-www-form-urlencoded"),
        ("\xff\xfe", "application/octet-stream"),
    ],
)
def test_a_post_is_enough_whatever_it_holds(any_shop: Shop, path: str, body: str, kind: str):
    headers = {"Content-Type": kind, "Authorization": ""}
    answer = any_shop.client.post(path, content=body.encode("latin-1"), headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert told(any_shop) == [{"topic": "offers"}]
    assert any_shop.woken


def test_twice_is_once_and_after_agreeing_again_it_is_once_more(any_shop: Shop, path: str):
    for _ in range(2):
        any_shop.client.post(path, content=ONE_CLICK, headers=FORM)
    assert len(told(any_shop)) == 1
    any_shop.client.put("/v1/customers/c1/consents/offers", json={"agreed": False})
    any_shop.client.put("/v1/customers/c1/consents/offers", json={"agreed": True})
    any_shop.client.post(path, content=ONE_CLICK, headers=FORM)
    assert len(told(any_shop)) == 2


def test_stopping_everything_says_so(any_shop: Shop, path: str):
    any_shop.client.post(path, content="action=everything", headers=FORM)
    assert told(any_shop) == [{"everything": True}]


def test_a_letter_whose_topic_is_no_longer_known_means_everything(any_shop: Shop):
    any_shop.message_gone(campaign="long_gone")
    path = f"/u/{any_shop.signer.token('unsubscribe', MESSAGE)}"
    any_shop.client.post(path, content=ONE_CLICK, headers=FORM)
    assert told(any_shop) == [{"everything": True}]


def test_preferences_are_exactly_what_is_ticked(any_shop: Shop, path: str):
    answer = any_shop.client.post(path, content="action=preferences&agreed=offers", headers=FORM)
    assert any_shop.consents() == {"offers": True, "newsletter": False}
    assert 'value="offers" checked' in answer.text
    assert told(any_shop) == []
    both = "action=preferences&agreed=newsletter"
    any_shop.client.post(path, content=both, headers=FORM)
    assert any_shop.consents()["newsletter"] is True
    assert told(any_shop) == [{"topic": "offers"}]


def test_a_topic_nobody_has_is_not_made_by_a_form(any_shop: Shop, path: str):
    any_shop.client.post(path, content="action=preferences&agreed=made_up", headers=FORM)
    assert "made_up" not in any_shop.consents()


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    """Another program holds the database's one lock for writing."""
    other = sqlite3.connect(shop.database.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def test_a_locked_database_loses_no_unsubscribe(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lifecycle.api.unsubscribe.WRITE_SECONDS", 0.05)
    shop.message_gone()
    path = f"/u/{shop.signer.token('unsubscribe', MESSAGE)}"
    with locked(shop):
        assert shop.client.post(path, content=ONE_CLICK, headers=FORM).status_code == 200
    (line,) = shop.spool.read_text().splitlines()
    assert json.loads(line)["message_id"] == MESSAGE
    assert drain_spool(shop.database, shop.spool, catalog(), NOW) == 1
    assert told(shop) == [{"topic": "offers"}]
    assert not shop.spool.exists()
    assert drain_spool(shop.database, shop.spool, catalog(), NOW) == 0


def test_a_drain_that_the_database_refuses_is_done_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lifecycle.store.dialect.sqlite.BUSY_TIMEOUT_MS", 50)
    shop.message_gone()
    keep(shop.spool, MESSAGE, Choice("topic"), NOW)
    impatient = Database(shop.database.url)
    with locked(shop), pytest.raises(OperationalError):
        drain_spool(impatient, shop.spool, catalog(), NOW)
    impatient.close()
    assert drain_spool(shop.database, shop.spool, catalog(), NOW) == 1
    assert told(shop) == [{"topic": "offers"}]


def test_a_drain_cut_short_is_done_again_with_what_came_since(any_shop: Shop, path: str):
    keep(any_shop.spool, MESSAGE, Choice("preferences", ("offers",)), NOW)
    any_shop.spool.rename(any_shop.spool.with_name(any_shop.spool.name + ".draining"))
    keep(any_shop.spool, MESSAGE, Choice("topic"), NOW)
    with any_shop.spool.open("a") as file:
        file.write('{"message_id": "cut o')
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), NOW) == 2
    assert len(told(any_shop)) == 1
    assert list(any_shop.spool.parent.iterdir()) == []


def test_a_line_torn_by_a_crash_takes_no_later_choice_with_it(any_shop: Shop, path: str):
    any_shop.spool.parent.mkdir(parents=True)
    any_shop.spool.write_text('{"message_id": "cut o')
    keep(any_shop.spool, MESSAGE, Choice("topic"), NOW)
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), NOW) == 1
    assert told(any_shop) == [{"topic": "offers"}]


def test_no_choice_goes_into_a_spool_that_was_put_aside_meanwhile(shop: Shop):
    keep(shop.spool, MESSAGE, Choice("topic"), NOW)
    aside = shop.spool.with_name(shop.spool.name + ".draining")
    with writing(shop.spool) as other, ThreadPoolExecutor(1) as thread:
        kept = thread.submit(keep, shop.spool, MESSAGE, Choice("everything"), NOW)
        wait([kept], timeout=0.3)  # It has the file open and waits for the other writer.
        shop.spool.rename(aside)
        other.close()
        kept.result()
    assert [json.loads(line)["kind"] for line in aside.open()] == ["topic"]
    assert [json.loads(line)["kind"] for line in shop.spool.open()] == ["everything"]


def test_what_another_process_is_writing_is_waited_for(any_shop: Shop, path: str):
    keep(any_shop.spool, MESSAGE, Choice("topic"), NOW)
    line = any_shop.spool.read_bytes()
    with writing(any_shop.spool) as other, ThreadPoolExecutor(1) as thread:
        drained = thread.submit(drain_spool, any_shop.database, any_shop.spool, catalog(), NOW)
        wait([drained], timeout=0.3)
        other.write(line)
        other.close()
        assert drained.result() == 2


@contextmanager
def writing(spool: Path) -> Iterator[IO[bytes]]:
    """Another process has the spool to itself, until the file is closed."""
    with spool.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def test_what_another_process_is_taking_in_is_left_to_it(any_shop: Shop, path: str):
    keep(any_shop.spool, MESSAGE, Choice("topic"), NOW)
    taking_in = os.open(any_shop.spool.parent, os.O_RDONLY)
    fcntl.flock(taking_in, fcntl.LOCK_EX)
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), NOW) == 0
    os.close(taking_in)
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), NOW) == 1


def test_an_unsubscribe_by_an_unknown_message_is_answered_all_the_same(any_shop: Shop):
    path = f"/u/{any_shop.signer.token('unsubscribe', 'cd' * 16)}"
    assert any_shop.client.get(path).status_code == 200
    assert any_shop.client.post(path, content=ONE_CLICK, headers=FORM).status_code == 200


@pytest.mark.parametrize("purpose", ["open", "view", "confirm"])
def test_the_token_of_another_link_unsubscribes_nobody(shop: Shop, purpose: Purpose):
    shop.message_gone()
    path = f"/u/{shop.signer.token(purpose, MESSAGE)}"
    assert shop.client.post(path, content=ONE_CLICK, headers=FORM).status_code == 404
    assert shop.rows("event") == []


def test_a_form_is_read_for_what_it_can_mean():
    assert choice_of(b"action=everything") == Choice("everything")
    assert choice_of(b"action=preferences&agreed=a&agreed=b&agreed=a") == Choice(
        "preferences", ("a", "b")
    )
    assert choice_of(b"\xff" * 100) == Choice("topic")
    assert choice_of(b"&".join([b"a=1"] * 5_000)) == Choice("topic")
