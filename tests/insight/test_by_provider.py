"""How letters fare by mailbox provider and domain, and when that is worth a warning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from lifecycle.core.chance import derived_id
from lifecycle.core.mailbox import PROVIDERS, provider_of
from lifecycle.insight.by_provider import by_provider
from lifecycle.insight.deliverability import deliverability_report
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.databases import Prepare
from tests.simulation.shop import instant
from tests.store.prepared import with_tables

NOW = instant("2026-05-06T12:00:00")
HOUR = timedelta(hours=1)
TABLES = METADATA.tables
GONE = {
    "bucket": 0,
    "enrollment_id": "e",
    "campaign": "news",
    "version": "",
    "entry": "",
    "step": "hello",
    "place": "hello",
    "variant": "",
    "klass": "campaign",
    "counts": True,
    "transactional": False,
    "priority": 50,
    "state": "accepted",
    "reason": "",
    "planned_at": NOW - HOUR,
    "fell_due_at": NOW - HOUR,
    "stale_at": NOW,
    "attempted_at": NOW - HOUR,
    "attempts": 0,
    "fence": 0,
}


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def letters(
    database: Database, domain: str, sent: int, bounced: int, complained: int = 0, soft: int = 0
) -> None:
    """So many letters to as many people of a domain, the first of which bounced."""
    people, messages = [], []
    for number in range(sent):
        who = f"{domain}-{number}"
        people.append(
            {
                "customer_id": who,
                "bucket": 0,
                "email": f"P{number}@{domain}",
                "known_since": NOW,
                "said_at": NOW,
                "attributes": {},
                "attributes_at": {},
            }
        )
        fared = {
            "bounced_at": NOW if number < bounced + soft else None,
            "bounced_hard_at": NOW if number < bounced else None,
            "complained_at": NOW if number < complained else None,
            "delivered_at": NOW if number >= bounced + soft else None,
        }
        messages.append(GONE | fared | {"customer_id": who, "message_id": derived_id("m", who)})
    with database.write() as connection:
        connection.execute(TABLES["customer"].insert(), people)
        connection.execute(TABLES["message"].insert(), messages)


def test_letters_are_counted_by_provider_and_by_domain(database: Database):
    letters(database, "gmail.com", 120, 4, soft=2)
    letters(database, "GoogleMail.com", 30, 0)
    letters(database, "web.de", 10, 5)
    letters(database, "shop.example", 100, 1, 1)
    with database.read() as connection:
        found = by_provider(connection, NOW - 2 * HOUR)
    told = {
        one.name: (one.sent, one.delivered, one.bounced.met, one.bounced_hard.met)
        for one in found.providers
    }
    assert told == {"gmail": (150, 144, 6, 4), "gmx": (10, 5, 5, 5), "others": (100, 99, 1, 1)}
    assert [(one.name, one.bounced.met) for one in found.domains] == [
        ("gmail.com", 6),
        ("shop.example", 1),
    ]


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "warned"),
    [
        (200, 8, 0, ["gmail: 4.00% of 200 letters bounce for good"]),
        (200, 7, 0, []),
        (2000, 0, 3, ["gmail: 0.15% of 2000 letters are complained of"]),
        (2000, 0, 2, []),
        (90, 40, 0, []),
    ],
)
def test_a_provider_with_high_rates_is_named_before_a_review_begins(
    database: Database, sent: int, bounced: int, complained: int, warned: list[str]
):
    letters(database, "gmail.com", sent, bounced, complained, soft=sent // 10)
    letters(database, "outlook.com", 5 * sent, 0)
    with database.read() as connection:
        report = deliverability_report(connection, NOW)
    assert [one for one in report.warnings if one.startswith("gmail:")] == warned


@pytest.mark.parametrize(
    ("bounced", "complained", "warned"),
    [
        (40, 0, ["4.0% of letters bounce for good; SES reviews from 5 %"]),
        (39, 0, []),
        (0, 1, ["0.10% of letters are complained of; SES reviews from 0.1 %"]),
        (0, 0, []),
    ],
)
def test_the_whole_shop_is_warned_before_a_review_begins(
    database: Database, bounced: int, complained: int, warned: list[str]
):
    letters(database, "shop.example", 1000, bounced, complained, soft=100)
    with database.read() as connection:
        report = deliverability_report(connection, NOW)
    assert [one for one in report.warnings if "shop.example" not in one] == warned


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("a@gmail.com", "gmail"),
        ("A@GoogleMail.com", "gmail"),
        ("a@hotmail.co.uk", "microsoft"),
        ("a@outlook.de", "microsoft"),
        ("a@outlook.com.br", "microsoft"),
        ("a@live.example.com", "others"),
        ("a@live.de.com", "others"),
        ("a@yahoo.co.jp", "yahoo"),
        ("a@aol.com", "yahoo"),
        ("a@icloud.com", "apple"),
        ("a@gmx.net", "gmx"),
        ("a@web.de", "gmx"),
        ("a@shop.example", "others"),
        ("no address", "others"),
    ],
)
def test_the_provider_is_told_by_the_domain(address: str, provider: str):
    assert provider_of(address) == provider
    assert provider in PROVIDERS
