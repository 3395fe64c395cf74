"""The preference page: how often, a pause, in the reader's language; spooled when it must be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.api.choice import Choice
from lifecycle.api.phrases import LANGUAGES, language_for
from lifecycle.api.spool import drain_spool, keep
from lifecycle.core.wishes import PAUSE
from lifecycle.store.retention import delete_messages
from tests.api.shop import MESSAGE, NOW, TABLES, Shop, catalog

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SAVE = "action=preferences&agreed=offers&agreed=newsletter&often="


@pytest.fixture
def path(any_shop: Shop) -> str:
    any_shop.client.put(
        "/v1/customers/c1", json={"agreed_to": ["offers", "newsletter"], "locale": "de-AT"}
    )
    any_shop.message_gone()
    return f"/u/{any_shop.signer.token('unsubscribe', MESSAGE)}"


def post(shop: Shop, path: str, body: str) -> str:
    answer = shop.client.post(path, content=body, headers=FORM)
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize(
    ("often", "kept"),
    [("weekly", (1, 7)), ("monthly", (1, 30)), ("all", (None, None)), ("hourly", None)],
)
def test_how_often_is_kept_as_chosen(
    any_shop: Shop, path: str, often: str, kept: tuple[int | None, int | None] | None
):
    text = post(any_shop, path, SAVE + often)
    rows = [(row.at_most, row.per_days) for row in any_shop.rows("preference")]
    assert rows == ([] if kept is None else [kept])
    if kept is not None:
        assert f'value="{often}" checked' in text
        assert f'value="{often}" checked' in any_shop.client.get(path).text


def test_a_pause_is_for_thirty_days_and_its_end_is_at_once(any_shop: Shop, path: str):
    text = post(any_shop, path, "action=pause")
    (row,) = any_shop.rows("preference")
    assert timedelta(0) <= row.paused_until - (NOW + PAUSE) < timedelta(seconds=1)
    assert "Pause bis 3. Juni 2026" in text and 'value="go_on"' in text
    assert any_shop.consents() == {"offers": True, "newsletter": True}
    assert 'value="go_on"' in any_shop.client.get(path).text
    assert "Die Pause ist vorbei" in post(any_shop, path, "action=go_on")
    assert [row.paused_until for row in any_shop.rows("preference")] == [None]


def test_looking_pauses_nobody(any_shop: Shop, path: str):
    any_shop.client.get(f"{path}?action=pause&often=monthly")
    assert any_shop.rows("preference") == []


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (Choice("pause"), (NOW + PAUSE, None)),
        (Choice("preferences", ("offers",), "weekly"), (None, 7)),
    ],
)
def test_what_was_spooled_is_taken_in_as_of_when_it_was_chosen(
    any_shop: Shop, path: str, choice: Choice, kept: tuple[object, int | None]
):
    keep(any_shop.spool, MESSAGE, choice, NOW)
    later = NOW + timedelta(hours=2)
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), later) == 1
    (row,) = any_shop.rows("preference")
    assert (row.paused_until, row.per_days) == kept


def test_lines_from_before_there_was_a_choice_of_how_often_are_read(any_shop: Shop, path: str):
    any_shop.spool.parent.mkdir(parents=True, exist_ok=True)
    line = f'{{"message_id": "{MESSAGE}", "kind": "preferences", "agreed": [], '
    any_shop.spool.write_text(f'{line}"at": "2026-05-04T09:00:00Z"}}\n')
    assert drain_spool(any_shop.database, any_shop.spool, catalog(), NOW) == 1


@pytest.mark.parametrize(
    ("locale", "accepted", "shop", "language"),
    [
        ("de-AT", "fr", "en", "de"),
        ("pl", "fr-FR,fr;q=0.9,en;q=0.5", "en", "fr"),
        (None, "en;q=0.4, de;q=0.8", "fr", "de"),
        (None, "pl, *;q=0.1", "de", "de"),
        (None, "", "pl", "en"),
        ("DE", "", "en", "de"),
        (None, "q" * 10_000 + ";q=1..2,de;q=..", "en", "en"),
    ],
)
def test_the_language_is_the_readers_as_far_as_we_speak_it(
    locale: str | None, accepted: str, shop: str, language: str
):
    assert language_for(locale, accepted, shop) == language


def test_every_language_says_everything():
    for said in LANGUAGES.values():
        assert said.keys() == LANGUAGES["en"].keys()
        for name, text in said.items():
            given = LANGUAGES["en"][name]
            for part in ("{shop}", "{topic}", "{day}"):
                assert (part in text) == (part in given), (name, text)


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_the_page_is_one_that_everybody_can_read(any_shop: Shop, path: str, locale: str):
    any_shop.client.put("/v1/customers/c1", json={"locale": locale})
    text = any_shop.client.get(path).text
    assert f'<html lang="{locale}">' in text
    assert text.count("<h1>") == 1 and "<script" not in text
    assert text.count("<fieldset>") == text.count("<legend>") == 2
    assert text.count('<input type="checkbox"') + text.count('<input type="radio"') == text.count(
        "<label>"
    )


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("List-Unsubscribe=One-Click", {"offers": False, "newsletter": True}),
        ("action=everything", {"offers": False, "newsletter": False}),
        ("action=preferences&agreed=offers", {"offers": True, "newsletter": False}),
    ],
)
def test_the_link_of_a_letter_that_is_kept_no_more_works_for_ever(
    any_shop: Shop, path: str, body: str, left: dict[str, bool]
):
    with any_shop.database.write() as connection:
        connection.execute(TABLES["message"].update().values(state="accepted", attempted_at=NOW))
        deleted, _ = delete_messages(connection, ("", ""), NOW + timedelta(days=1), 10)
    assert deleted == 1 and any_shop.rows("message") == []
    assert "Sales &amp; reminders" in any_shop.client.get(path).text
    post(any_shop, path, body)
    assert any_shop.consents() == left
    post(any_shop, path, "action=pause")
    assert len(any_shop.rows("preference")) == 1
