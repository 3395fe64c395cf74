"""Every letter of the starter library: sound, robust against thin data, and worded as agreed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle.render.check import lint_template, unknown_names
from lifecycle.render.compile import CompiledTemplate, compile_template
from lifecycle.render.letter import KNOWN_NAMES, LetterTexts, render
from lifecycle.render.links import Signer

ROOT = Path(__file__).resolve().parents[2] / "templates"
WORDS = Path(__file__).parent / "letters"
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"
"""Set to 1 to write the files anew after a wanted change, then read the difference."""
LETTERS = sorted(
    str(path.relative_to(ROOT))[: -len(".mjml")]
    for path in ROOT.rglob("*.mjml")
    if path.parent.name not in ("layout", "parts")
)
SHOP = {
    "name": "Shop Example",
    "address": "1 Example Street, 10115 Berlin",
    "website": "https://shop.example",
    "currency": "EUR",
    "language": "en",
    "timezone": "Europe/Berlin",
}
FULL: dict[str, Any] = {
    "shop": SHOP,
    "customer": {"first_name": "Ann & Bo", "timezone": "Europe/Berlin"},
    "event": {
        "order_id": "A-10423",
        "total": 123.9,
        "currency": "EUR",
        "items": [
            {"name": "Bread board", "brand": "Holm", "price": 64, "url": "https://shop.example/b"},
            {"name": "Towel", "price": 29.95, "quantity": 2, "image": "https://shop.example/t.jpg"},
        ],
    },
    "incentive": {"kind": "percent_off", "percent": 10, "code": "AB-7K2M",
                  "expires": datetime(2026, 11, 24, 18, tzinfo=UTC)},
    "points": {"balance": 1240},
    "referral": {"link": "https://shop.example/r/ANN"},
    "unsubscribe_url": "https://mail.example/u/1",
    "preferences_url": "https://mail.example/u/1#preferences",
    "view_url": "https://mail.example/b/1",
}  # fmt: skip
THIN: list[dict[str, Any]] = [
    {"shop": {"name": "S", "address": "A"}},
    {"shop": {"name": "S", "address": "A"}, "customer": {}, "event": {}},
    {"shop": SHOP, "customer": {"first_name": None}, "event": {"items": [], "total": None}},
    {"shop": SHOP, "customer": {"first_name": ""}, "event": {"items": [{}], "total": "n/a"}},
    {"shop": SHOP, "customer": {}, "event": {"items": [{"name": None, "price": None}]},
     "incentive": {"kind": "free_shipping"}, "points": {}, "referral": {}},
    {"shop": SHOP, "customer": {}, "event": {}, "incentive": {"kind": "amount_off", "amount": 5}},
]  # fmt: skip
LINKS = Signer([b"a key of the tests, no secret"]).for_message("https://m.example", "0f" * 16)


def compiled_letter(name: str) -> CompiledTemplate:
    stem, _, locale = name.partition(".")
    return compile_template(stem, ROOT, locale=locale or None)


@pytest.mark.parametrize("name", LETTERS)
def test_a_starter_letter_has_no_problem_at_all(name: str) -> None:
    template = compiled_letter(name)
    assert lint_template(template, marketing=True) == []
    assert unknown_names(template, set(KNOWN_NAMES)) == []


@pytest.mark.parametrize("name", LETTERS)
def test_a_starter_letter_bears_thin_data(name: str) -> None:
    template = compiled_letter(name)
    for context in THIN:
        letter = render(template, LetterTexts("Hello"), context, LINKS)
        for text in (letter.html, letter.text):
            assert "None" not in text
            assert 'href=""' not in text
            assert LINKS.unsubscribe_url in text
            assert context["shop"]["address"] in text


@pytest.mark.parametrize("name", LETTERS)
def test_a_starter_letter_loads_nothing_from_elsewhere(name: str) -> None:
    html = render(compiled_letter(name), LetterTexts("Hello"), THIN[1], LINKS).html
    assert html.count("<img") == 1
    assert "<link" not in html and "@import" not in html and "url(" not in html


@pytest.mark.parametrize("name", LETTERS)
def test_a_starter_letter_says_what_it_said_before(name: str) -> None:
    letter = render(compiled_letter(name), LetterTexts("Hello"), FULL)
    file = WORDS / f"{name.replace('/', '-')}.txt"
    if REWRITE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(letter.text + "\n", encoding="utf-8")
    assert letter.text + "\n" == file.read_text(encoding="utf-8")
