"""Links of letters lead where their letter says, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import pytest

from lifecycle.api.machine import SETTLE, judge
from lifecycle.core.settings import Topic, Tracking
from lifecycle.render.links import Signer, counted_id
from lifecycle.store.counted_hits import of_people
from tests.api.shop import MESSAGE, NOW, TABLES, Shop, catalog

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = {"User-Agent": FIREFOX, "Accept-Language": "de,en;q=0.7"}


def link(shop: Shop, number: int) -> str:
    return f"/c/{shop.signer.token('click', MESSAGE)}.{number}"


def pixel(shop: Shop) -> str:
    return f"/o/{shop.signer.token('open', MESSAGE)}.gif"


def test_a_click_leads_to_the_stored_target_and_is_an_event(any_shop: Shop):
    any_shop.message_gone()
    any_shop.clock.instant += timedelta(minutes=5)
    answer = any_shop.client.get(link(any_shop, 1), headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/first")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert any_shop.events("message_clicked") == [
        {
            "campaign": "welcome",
            "step": "hello",
            "variant": "",
            "message_id": MESSAGE,
            "url": "https://shop.example/first",
        }
    ]


def test_a_link_of_the_message_itself_leads_to_its_own_target(shop: Shop):
    shop.message_gone()
    answer = shop.client.get(link(shop, 3), headers=BROWSER)
    assert answer.headers["location"] == "https://shop.example/own?x=1&y=2"


@pytest.mark.parametrize("number", [2, 4, 99_999], ids=["javascript", "beyond", "far beyond"])
def test_nothing_else_is_ever_a_target(shop: Shop, number: int):
    shop.message_gone()
    answer = shop.client.get(link(shop, number), headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("target", ["http://[::1", "https://", "//x.example", "ftp://x.example"])
def test_an_address_that_leads_nowhere_is_a_page_and_no_failure(shop: Shop, target: str):
    shop.message_gone(links={"3": target})
    answer = shop.client.get(link(shop, 3), headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", ["url", "u", "to", "target", "next", "redirect", "r"])
def test_no_word_behind_a_link_changes_where_it_leads(shop: Shop, name: str):
    shop.message_gone()
    answer = shop.client.get(f"{link(shop, 1)}?{name}=https://evil.example/", headers=BROWSER)
    assert answer.headers["location"] == "https://shop.example/first"


def test_a_forged_or_foreign_token_is_a_page_and_no_redirect(shop: Shop):
    shop.message_gone()
    good = link(shop, 1)
    foreign = Signer([b"another key of somebody"]).token("click", MESSAGE)
    paths = [
        good[:5] + ("A" if good[5] != "A" else "B") + good[6:],
        f"/c/{foreign}.1",
        f"/c/{shop.signer.token('open', MESSAGE)}.1",
        f"/c/{shop.signer.token('click', MESSAGE)}",
        f"/c/{shop.signer.token('click', 'cd' * 16)}.1",
        "/c/x.1?url=https://evil.example",
        "/c/%00",
        "/c/" + "x" * 5_000,
        "/o/x.gif",
        "/b/x",
        "/u/x",
    ]
    for path in paths:
        answer = shop.client.get(path, headers=BROWSER)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
        assert "html" in answer.headers["content-type"]
    assert shop.rows("event") == []


def test_old_keys_still_open(shop: Shop):
    shop.message_gone()
    token = shop.signer.token("click", MESSAGE)
    rotated = shop.client_of(signer=Signer([b"k" * 32, b"a newer key, 16 bytes"]))
    assert rotated.get(f"/c/{token}.1", headers=BROWSER).status_code == 302


def test_head_counts_nothing(shop: Shop):
    shop.message_gone()
    assert shop.client.head(link(shop, 1), headers=BROWSER).status_code == 302
    assert shop.client.head(pixel(shop), headers=BROWSER).status_code == 200
    assert shop.rows("event") == []


def test_an_open_is_an_event_and_the_picture_is_never_kept(shop: Shop):
    shop.message_gone()
    for _ in range(3):
        answer = shop.client.get(pixel(shop), headers=BROWSER)
    assert answer.content[:6] == b"GIF89a"
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "image/gif",
        "no-store",
    )
    assert [one["message_id"] for one in shop.events("message_opened")] == [MESSAGE]


@pytest.mark.parametrize(
    ("headers", "machine"),
    [
        ({"User-Agent": FIREFOX}, False),
        ({"User-Agent": "Mozilla/5.0"}, True),
        ({"User-Agent": ""}, True),
        ({"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, True),
        ({"User-Agent": "Mozilla/5.0 (Windows NT 5.1) GoogleImageProxy via ggpht.com"}, False),
        ({"User-Agent": "python-requests/2.32"}, True),
        ({"User-Agent": FIREFOX, "Sec-Purpose": "prefetch;prerender"}, True),
    ],
)
def test_machines_are_kept_and_told_apart(shop: Shop, headers: dict[str, str], machine: bool):
    shop.message_gone()
    shop.client.get(pixel(shop), headers=headers)
    shop.client.get(link(shop, 1), headers=headers)
    for name in ("message_opened", "message_clicked"):
        (found,) = shop.events(name)
        assert found.get("machine", False) is machine


def test_a_click_that_cannot_be_noted_leads_on_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.message_gone()

    def refuse(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("lifecycle.api.writer.append", refuse)
    answer = shop.client.get(link(shop, 1), headers=BROWSER)
    assert answer.headers["location"] == "https://shop.example/first"
    assert shop.client.get(pixel(shop), headers=BROWSER).status_code == 200


def test_a_hit_proves_that_an_uncertain_message_went(shop: Shop):
    shop.message_gone(state="uncertain")
    shop.client.get(link(shop, 1), headers=BROWSER)
    assert shop.state() == ("accepted", "a hit on one of its links")


def test_counted_links_lead_on_and_name_nobody(shop: Shop):
    shop.message_gone()
    counted = counted_id("welcome", "hello", "")
    answer = shop.client.get(f"/c/{shop.signer.token('counted_click', counted)}.1")
    assert answer.headers["location"] == "https://shop.example/first"
    assert shop.client.get(f"/o/{shop.signer.token('counted_open', counted)}.gif").is_success
    assert shop.rows("event") == []
    figures = shop.client.get("/metrics").text
    assert 'lifecycle_counted_total{campaign="welcome",step="hello",variant="",what="click"} 1' in (
        figures
    )


def test_hits_without_a_name_are_kept_by_letter_and_kind(any_shop: Shop):
    any_shop.message_gone()
    counted = counted_id("welcome", "hello", "")
    click = f"/c/{any_shop.signer.token('counted_click', counted)}.1"
    pixel = f"/o/{any_shop.signer.token('counted_open', counted)}.gif"
    with any_shop.client_of() as client:
        for _ in range(3):
            client.get(click, headers=BROWSER)
            client.head(click, headers=BROWSER)
        client.get(click, headers={"user-agent": "Mimecast link scanner"})
        client.get(pixel, headers=BROWSER)
        told_by = monotonic() + 5
        while not any_shop.rows("counted_hit") and monotonic() < told_by:
            sleep(0.01)  # It is written within a second, however long the daemon goes on.
        assert any_shop.rows("counted_hit")
        client.get(pixel, headers=BROWSER)
    rows = {(row.what, row.machine): (row.step, row.hits) for row in any_shop.rows("counted_hit")}
    assert rows == {
        ("click", False): ("hello", 3),
        ("click", True): ("hello", 1),
        ("open", False): ("hello", 2),
    }
    with any_shop.database.read() as connection:
        people = {("hello", ""): {"click": 3, "open": 2}}
        assert of_people(connection, "welcome") == people
        assert of_people(connection, "another") == {}


@pytest.mark.parametrize(
    ("mode", "agreed", "kept", "counted"),
    [
        ("individual", True, 1, 0),
        ("individual", False, 0, 1),
        ("individual", None, 0, 1),
        ("aggregate", True, 0, 1),
        ("off", True, 0, 0),
    ],
)
def test_a_letters_hits_are_kept_as_its_customer_agrees_now(
    any_shop: Shop, mode: Any, agreed: bool | None, kept: int, counted: int
):
    any_shop.message_gone(state="uncertain")
    if agreed is not None:
        told = {"customer_id": "c1", "topic": "tracking", "agreed": agreed, "at": NOW}
        with any_shop.database.write() as connection:
            connection.execute(TABLES["consent"].insert(), [told])
    topics = {"offers": Topic(tracking="by consent"), "tracking": Topic()}
    own = catalog()
    said = own.settings.model_copy(update={"topics": topics, "tracking": Tracking(mode=mode)})
    with any_shop.client_of(catalog=lambda: replace(own, settings=said)) as client:
        answer = client.get(link(any_shop, 1), headers=BROWSER)
        assert answer.headers["location"] == "https://shop.example/first"
        assert client.get(pixel(any_shop), headers=BROWSER).content[:6] == b"GIF89a"
        told_by = monotonic() + 5
        while any_shop.state()[0] != "accepted" and monotonic() < told_by:
            sleep(0.01)  # No reader waits for the note.
        figures = client.get("/metrics").text
    for name in ("message_clicked", "message_opened"):
        assert len(any_shop.events(name)) == kept
    for what in ("click", "open"):
        labels = f'campaign="welcome",step="hello",variant="",what="{what}"'
        assert figures.count(f"lifecycle_counted_total{{{labels}}} 1") == counted
    assert any_shop.state()[0] == "accepted"


def test_the_view_in_the_browser_may_do_nothing(shop: Shop):
    shop.message_gone()
    answer = shop.client.get(f"/b/{shop.signer.token('view', MESSAGE)}")
    assert answer.text == f"<p>{MESSAGE}</p>"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "allow-scripts" not in answer.headers["content-security-policy"]
    gone = shop.client_of(view=lambda connection, row: None)
    assert gone.get(f"/b/{shop.signer.token('view', MESSAGE)}").status_code == 404


def test_many_links_followed_at_once_are_a_machines_from_the_first_on(any_shop: Shop):
    any_shop.message_gone()
    any_shop.clock.instant += timedelta(minutes=5)
    for number in (1, 3):
        any_shop.client.get(link(any_shop, number), headers=BROWSER)
    assert [one.get("machine", False) for one in any_shop.events("message_clicked")] == [False] * 2
    any_shop.client.get(link(any_shop, 1).replace(".1", ".5"), headers=BROWSER)
    found = any_shop.events("message_clicked")
    assert [one["machine"] for one in found] == [True] * 3
    assert {tuple(one["machine_signs"]) for one in found} == {("many links at once",)}


def test_links_followed_one_after_the_other_are_a_persons(shop: Shop):
    shop.message_gone()
    shop.clock.instant += timedelta(minutes=5)
    for number in (1, 3, 5):
        shop.client.get(link(shop, number), headers=BROWSER)
        shop.clock.instant += timedelta(seconds=2)
    assert [one.get("machine", False) for one in shop.events("message_clicked")] == [False] * 3


def test_the_engine_hears_of_a_click_soon_after_sending_when_a_burst_would_be_over(shop: Shop):
    shop.message_gone()
    shop.clock.instant += timedelta(seconds=10)
    shop.client.get(link(shop, 1), headers=BROWSER)
    shop.clock.instant += timedelta(minutes=5)
    shop.client.get(link(shop, 3), headers=BROWSER)
    early, later = sorted(shop.rows("event"), key=lambda one: one.at)
    assert early.due_at - early.at == SETTLE
    assert later.due_at == later.at


@pytest.mark.parametrize(
    ("headers", "seconds", "score", "signs"),
    [
        ({"user-agent": FIREFOX, "accept-language": "de"}, 60, 0.0, ()),
        ({"user-agent": FIREFOX, "accept-language": "de"}, 1, 0.3, ("right after sending",)),
        ({"user-agent": FIREFOX}, 60, 0.15, ("no language",)),
        ({"user-agent": FIREFOX}, 1, 0.45, ("right after sending", "no language")),
        ({}, 60, 1.0, ("no user agent",)),
        ({"user-agent": "Mozilla/5.0", "accept-language": "de"}, 60, 1.0, ("privacy proxy",)),
        ({"user-agent": "curl/8.5", "accept-language": "de"}, 60, 1.0, ("known program",)),
        (
            {"user-agent": "Barracuda Sentinel (EE)", "accept-language": "de"},
            60,
            1.0,
            ("known program",),
        ),
    ],
)
def test_a_hit_is_scored_by_its_signs(
    headers: dict[str, str], seconds: int, score: float, signs: tuple[str, ...]
):
    judged = judge(headers, NOW, NOW + timedelta(seconds=seconds))
    assert (judged.score, judged.signs) == (score, signs)
    assert judged.is_machine is (score >= 0.5)
