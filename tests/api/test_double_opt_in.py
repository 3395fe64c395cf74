"""Double opt-in: a yes waits for a letter's one button, once, and nobody's mailbox is flooded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lifecycle.api.app import make_app
from lifecycle.api.door import Door, Health
from lifecycle.catalog.load import from_files
from lifecycle.core.double_opt_in import CAMPAIGN
from lifecycle.core.message import Letter
from lifecycle.render.links import Purpose
from lifecycle.store.customers import suppress
from lifecycle.store.keys import SCOPES, create_key
from tests.api.shop import Moving
from tests.databases import Prepare
from tests.faults.running import KEY, Post, Running
from tests.simulation.shop import flow, instant, settings, shop
from tests.store.prepared import with_tables

START = instant("2026-05-04T09:00:00")
GOOGLED = ("victim", "vic.tim", "v.i.c.tim", "V.ictim+x")
DAY = timedelta(days=1)
OTHERS: tuple[Purpose, ...] = ("unsubscribe", "view", "open")
LINK = re.compile(r"http://127\.0\.0\.1:8000(/confirm/[\w-]+)")


def said(more: str = "") -> str:
    return settings().replace('"Stories" }', '"Stories", double_opt_in = true }') + more


class Asking:
    """A running shop with its HTTP side, whose newsletter wants a confirmation."""

    def __init__(self, url: str, more: str = "") -> None:
        news = flow('when = "consent_given"\nonly_if = { agreed_to = "newsletter" }')
        news = news.replace('topic = "offers"', 'topic = "newsletter"')
        catalog = shop({"news": news}, None, said(more))
        self.running = Running(url, catalog, Post())
        self.running.start(START.isoformat())
        self.clock = Moving()
        self.clock.instant = START
        with self.running.database.write() as connection:
            key = create_key(connection, SCOPES, START)
        self.door = Door(
            database=self.running.database,
            clock=self.clock,
            signer=self.running.engine.parts.signer,
            address_key=KEY,
            spool=Path("/nowhere"),
            catalog=lambda: catalog,
            why=lambda customer, campaign: {},
            view=lambda connection, row: None,
            health=lambda: Health(True),
        )
        self.client = TestClient(
            make_app(self.door),
            base_url="http://127.0.0.1:8000",
            headers={"Authorization": f"Bearer {key}"},
        )

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.put(f"/v1/customers/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def joins(self, customer: str = "c1", email: str | None = None, **more: Any) -> dict[str, Any]:
        """Somebody signs up by a form."""
        self.put(customer, email=email or f"{customer}@x.example", locale="de-AT")
        return self.put(f"{customer}/consents/newsletter", agreed=True, source="form", **more)

    def tick(self, later: timedelta = timedelta(seconds=1)) -> None:
        """Let time pass, and the engine do what is due."""
        self.clock.instant += later
        self.running.run(self.clock.instant.isoformat())

    @property
    def letters(self) -> list[Letter]:
        """All letters that went."""
        assert isinstance(self.running.transport, Post)
        return self.running.transport.accepted

    def asked(self) -> list[Letter]:
        """Those that asked for a confirmation."""
        return [one for one in self.letters if one.campaign == CAMPAIGN]

    def link(self, number: int = -1) -> str:
        """The link of a letter that asked."""
        found = LINK.search(self.asked()[number].html)
        assert found is not None
        return found[1]

    def agreed(self) -> dict[str, bool]:
        """What was agreed to, by topic, of all customers."""
        return {row.topic: row.agreed for row in self.running.rows("consent")}


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def asking(database_url: str) -> Iterator[Asking]:
    one = Asking(database_url)
    yield one
    one.running.close()


@pytest.fixture
def bounded(database_url: str) -> Iterator[Asking]:
    caps = "per_address_a_day = 2\nper_address_a_month = 3\nper_ip_a_day = 2\nan_hour = 4\n"
    one = Asking(database_url, f"[double_opt_in]\n{caps}")
    yield one
    one.running.close()


def test_a_yes_counts_once_its_letter_is_answered_by_a_button(asking: Asking):
    assert asking.joins(wording="Write to me")["confirmation"] == "waiting"
    assert asking.agreed() == {}
    asking.tick()
    (letter,) = asking.letters
    assert (letter.to, letter.subject) == ("c1@x.example", "Bitte bestätigen: Post von Shop")
    assert "Stories" in letter.html and asking.link() in letter.text
    for _ in range(2):
        page = asking.client.get(asking.link())
        asking.client.head(asking.link())
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        assert "Darf Shop Ihnen schreiben?" in page.text
    assert asking.agreed() == {}
    assert "abgemacht" in asking.client.post(asking.link()).text
    assert asking.agreed() == {"newsletter": True}
    asking.tick()
    assert [one.campaign for one in asking.letters] == [CAMPAIGN, "news"]


def test_both_steps_are_proved(asking: Asking):
    asking.joins(wording="Write to me")
    asking.tick(timedelta(minutes=1))
    asking.client.post(asking.link())
    rows = asking.running.rows("consent_record", "at")
    told = [(row.step, row.agreed, row.source, row.wording) for row in rows]
    assert told == [
        ("asked", True, "form", "Write to me"),
        ("confirmed", True, "double opt-in", "Write to me"),
    ]
    assert rows[0].at < rows[1].at


def test_a_link_counts_once(asking: Asking):
    asking.joins()
    asking.tick()
    asking.client.post(asking.link())
    assert "abgemacht" in asking.client.post(asking.link()).text
    asking.put("c1/consents/newsletter", agreed=False)
    asking.tick()
    assert "abgemacht" in asking.client.post(asking.link()).text
    assert asking.agreed() == {"newsletter": False}


def test_a_new_yes_after_a_no_wants_a_new_letter(asking: Asking):
    asking.joins()
    asking.tick()
    old = asking.link()
    asking.client.post(old)
    asking.put("c1/consents/newsletter", agreed=False)
    asking.tick(DAY)
    asking.joins()
    asking.tick()
    assert asking.client.post(old).status_code == 410
    assert asking.agreed() == {"newsletter": False}
    asking.client.post(asking.link())
    assert asking.agreed() == {"newsletter": True}


def test_a_link_that_waited_too_long_is_refused_and_nothing_more_is_sent(asking: Asking):
    asking.joins()
    asking.tick()
    asking.tick(15 * DAY)
    assert asking.client.post(asking.link()).status_code == 410
    assert asking.agreed() == {}
    assert [row.state for row in asking.running.rows("confirmation")] == ["expired"]
    asking.tick(30 * DAY)
    assert len(asking.letters) == 1


def test_a_no_calls_the_waiting_off(asking: Asking):
    asking.joins()
    asking.put("c1/consents/newsletter", agreed=False)
    asking.tick()
    assert asking.letters == []
    assert [row.state for row in asking.running.rows("confirmation")] == ["withdrawn"]


def test_the_letter_is_for_the_address_it_went_to(asking: Asking):
    asking.joins()
    asking.tick()
    asking.put("c1", email="other@x.example")
    assert asking.client.post(asking.link()).status_code == 410
    assert asking.agreed() == {}


def test_a_suppressed_address_gets_no_letter(asking: Asking):
    with asking.running.database.write() as connection:
        suppress(connection, [("c1@x.example", "bounced", START)], now=START, address_key=KEY)
    asking.joins()
    asking.tick()
    assert asking.letters == []


@pytest.mark.parametrize("path", ["/confirm/nonsense", "/confirm/" + "A" * 38])
def test_a_foreign_link_is_refused(asking: Asking, path: str):
    assert asking.client.get(path).status_code == 404
    assert asking.client.post(path).status_code == 404


def test_the_token_of_another_link_confirms_nothing(asking: Asking):
    asking.joins()
    asking.tick()
    signer = asking.door.signer
    for purpose in OTHERS:
        token = signer.token(purpose, asking.asked()[0].message_id)
        assert asking.client.post(f"/confirm/{token}").status_code == 404
    assert asking.agreed() == {}


def test_what_the_shop_confirmed_itself_counts_at_once(asking: Asking):
    assert "confirmation" not in asking.joins(confirmed=True)
    asking.tick()
    assert asking.agreed() == {"newsletter": True}
    assert asking.asked() == []


def test_agreed_to_over_http_waits_too_where_it_is_new(asking: Asking):
    told = asking.put("c1", email="c1@x.example", agreed_to=["offers", "newsletter"])
    assert told["waiting"] == ["newsletter"]
    asking.tick()
    assert asking.agreed() == {"offers": True}
    asking.client.post(asking.link())
    assert "waiting" not in asking.put("c1", agreed_to=["offers", "newsletter"])
    asking.tick()
    assert asking.agreed() == {"offers": True, "newsletter": True}
    assert len(asking.asked()) == 1


def test_the_yes_may_come_before_the_address(asking: Asking):
    asking.put("c1/consents/newsletter", agreed=True)
    asking.tick()
    asking.put("c1", email="c1@x.example")
    asking.tick(timedelta(minutes=11))
    assert len(asking.asked()) == 1


def test_labels_and_dots_make_no_more_of_a_mailbox(bounded: Asking):
    for number in range(4):
        bounded.joins(f"l{number}", email=f"Victim+{number}@x.example")
        bounded.joins(f"g{number}", email=f"{GOOGLED[number]}@gmail.com")
    bounded.tick()
    to = [letter.to.rpartition("@")[2] for letter in bounded.asked()]
    assert sorted(to) == ["gmail.com"] * 2 + ["x.example"] * 2
    assert all("+" in letter.to for letter in bounded.asked() if "x.example" in letter.to)


def test_an_address_gets_few_letters_whoever_asks_for_how_many(bounded: Asking):
    for number in range(6):
        bounded.joins(f"c{number}", email="Victim@x.example")
    bounded.tick()
    assert len(bounded.asked()) == 2
    bounded.tick(DAY)
    assert len(bounded.asked()) == 3
    bounded.tick(5 * DAY)
    assert len(bounded.asked()) == 3


def test_one_visitor_asks_for_few_letters(bounded: Asking):
    for number in range(4):
        bounded.joins(f"c{number}", ip="2001:DB8::0007")
    bounded.tick()
    assert len(bounded.asked()) == 2
    assert "2001" not in str(bounded.running.rows("confirmation"))
    bounded.tick(DAY + timedelta(minutes=1))
    assert len(bounded.asked()) == 4


def test_what_is_too_much_for_an_hour_waits_and_goes_later(bounded: Asking):
    for number in range(7):
        bounded.joins(f"c{number}")
    bounded.tick()
    assert len(bounded.asked()) == 4
    bounded.tick(timedelta(hours=1, minutes=1))
    assert len(bounded.asked()) == 7


def test_a_shop_may_say_it_in_its_own_words():
    own = flow('when = "confirmation_wanted"\nper = "topic"\nagain = "always"', topic="")
    own = own.replace('name = "hello"', 'name = "hello"\ntransactional = true')
    catalog = shop({CAMPAIGN: own}, None, said())
    assert catalog.campaigns[CAMPAIGN].name == "F"


def test_without_double_opt_in_nothing_is_brought_along():
    files = {"settings.toml": settings()}
    loaded = from_files(files)
    assert loaded.catalog is not None and CAMPAIGN not in loaded.catalog.campaigns
    files = {"settings.toml": said()}
    loaded = from_files(files)
    assert loaded.problems == ()
    assert loaded.catalog is not None and CAMPAIGN in loaded.catalog.campaigns
    again = from_files(dict(loaded.catalog.files))
    assert again.catalog is not None and again.catalog.fingerprint == loaded.catalog.fingerprint
