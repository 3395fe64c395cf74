"""Links of letters lead where their letter says, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.render.links import Signer, counted_id
from tests.api.shop import MESSAGE, Shop

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = {"User-Agent": FIREFOX}


def link(shop: Shop, number: int) -> str:
    return f"/c/{shop.signer.token('click', MESSAGE)}.{number}"


def pixel(shop: Shop) -> str:
    return f"/o/{shop.signer.token('open', MESSAGE)}.gif"


def test_a_click_leads_to_the_stored_target_and_is_an_event(any_shop: Shop):
    any_shop.message_gone()
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
    assert shop.proved == [("c1", MESSAGE, None)]


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


def test_the_view_in_the_browser_may_do_nothing(shop: Shop):
    shop.message_gone()
    answer = shop.client.get(f"/b/{shop.signer.token('view', MESSAGE)}")
    assert answer.text == f"<p>{MESSAGE}</p>"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "allow-scripts" not in answer.headers["content-security-policy"]
    gone = shop.client_of(view=lambda connection, row: None)
    assert gone.get(f"/b/{shop.signer.token('view', MESSAGE)}").status_code == 404
