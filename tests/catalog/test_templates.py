"""Templates as campaigns name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.catalog.load import from_files, load
from tests.catalog.shop import (
    CART,
    CART_FILE,
    FILES,
    LETTER,
    SALE,
    catalog_of,
    problems_of,
    said,
    write,
)

LINK = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
OFFER = "templates/cart/offer.mjml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            LETTER.replace(LINK, "x"),
            "unsubscribe link",
        ),
        (LETTER.replace("{{ shop.address }}", "x"), "the shop's postal address"),
        (
            LETTER.replace("customer.name", "custmer.name"),
            "known under the name custmer",
        ),
        (LETTER.replace("{{ shop.name }}", "{{ shop.name"), ""),
        (LETTER.replace("</mj-text>", "", 1), ""),
        ("", ""),
    ],
)
def test_a_template_that_makes_no_lawful_letter_is_an_error(text: str, expected: str):
    errors = [one for one in problems_of({OFFER: text}) if one.severity == "error"]
    assert errors
    assert all(one.file == OFFER for one in errors)
    assert any(expected in one.problem for one in errors)


def test_a_transactional_letter_needs_no_unsubscribe_link():
    text = LETTER.replace(LINK, "x")
    flow = CART.replace('name     = "last_call"', 'name     = "last_call"\ntransactional = true')
    sale = SALE.replace("cart/offer", "cart/reminder")
    assert problems_of({CART_FILE: flow, "campaigns/spring_sale.toml": sale, OFFER: text}) == ()


def test_the_german_version_of_a_template_is_checked_too():
    errors = problems_of({"templates/cart/reminder.de.mjml": "<mjml>"})
    assert {one.file for one in errors} == {"templates/cart/reminder.de.mjml"}


def test_a_template_that_is_not_there_is_told_with_the_nearest():
    errors = problems_of({CART_FILE: CART.replace('"cart/offer"', '"cart/ofer"')})
    assert [said(one) for one in errors] == [
        f"{CART_FILE}:56:1 error: there is no template “cart/ofer” | did you mean “cart/offer”?"
    ]


@pytest.mark.parametrize("name", ["../settings", "/etc/passwd", "cart/../../x", "cart", ""])
def test_a_template_is_never_sought_outside_its_folder(name: str):
    errors = problems_of({CART_FILE: CART.replace('"cart/offer"', f'"{name}"')})
    assert any("there is no template" in one.problem for one in errors)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (
            "{{ custmer.name }}",
            "the name “custmer” | did you mean “customer”?",
        ),
        ("{{ customer.name", "what stands in braces here cannot be read"),
        ("{% if x %}", "what stands in braces here cannot be read"),
        ("one\\ntwo", "a subject stands on one line"),
        ("x" * 501 + " {{ customer.name }}", "502 characters, and a letter takes 500 | cut it"),
        ("{{ customer.name | shout }}", "what stands in braces here cannot be read"),
    ],
)
def test_a_subject_is_checked_like_a_template(subject: str, expected: str):
    text = CART.replace("You left {{ event.items[0].name }} behind", subject)
    assert any(expected in said(one) for one in problems_of({CART_FILE: text}))


def test_a_subject_that_its_values_may_keep_short_is_no_problem():
    subject = "{% if customer.name %}" + "x" * 300 + "{% else %}" + "y" * 300 + "{% endif %}"
    text = CART.replace("You left {{ event.items[0].name }} behind", subject)
    assert not any("a letter takes" in one.problem for one in problems_of({CART_FILE: text}))


def test_a_template_that_no_campaign_uses_is_a_warning():
    found = problems_of({"templates/old.mjml": LETTER})
    assert [said(one) for one in found] == [
        "templates/old.mjml:0:0 warning: no campaign uses this template | "
    ]


def test_each_language_of_a_template_is_compiled_once():
    assert sorted(catalog_of({}).templates) == ["cart/offer", "cart/reminder", "cart/reminder.de"]


def test_the_same_texts_compile_once_wherever_they_lie(tmp_path: Path):
    loaded = load(write(tmp_path, FILES)).catalog
    assert loaded is not None
    again = from_files(loaded.files).catalog
    assert again is not None
    assert again.templates["cart/offer"] is loaded.templates["cart/offer"]
    other = from_files(loaded.files, filters={"shout": str.upper}).catalog
    assert other is not None
    assert other.templates["cart/offer"] is not loaded.templates["cart/offer"]


def test_a_filter_of_the_shops_own_is_known():
    text = CART.replace("You left {{ event.items[0].name }} behind", "{{ customer.name | shout }}")
    files = {**FILES, CART_FILE: text}
    assert from_files(files).catalog is None
    assert from_files(files, filters={"shout": str.upper}).problems == ()


def test_looking_a_subject_over_runs_no_filter_of_the_shops():
    ran: list[str] = []
    text = CART.replace("You left {{ event.items[0].name }} behind", "{{ 'x' | leaver }}")
    from_files({**FILES, CART_FILE: text}, filters={"leaver": ran.append})
    assert ran == []
