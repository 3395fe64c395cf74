"""Letters written in a campaign itself: Markdown, its languages, and what is wrong with them."""

from __future__ import annotations

import pytest

from lifecycle.catalog.letters_read import kept_attributes_read
from lifecycle.core.made_from import template_name
from lifecycle.render.letter import LetterTexts, render
from tests.catalog.shop import LETTER, catalog_of, problems_of, said

NOTE_FILE = "campaigns/note.toml"

LAYOUT = "templates/layout/letter.mjml"
FILLED = LETTER.replace(
    "<mj-section>", "<mj-section><mj-column><mj-text>LAYOUT</mj-text></mj-column></mj-section>"
    "{% block content %}{% endblock %}<mj-section>", 1
)  # fmt: skip
FLOW = """\
name   = "Cart"
kind   = "flow"
status = "live"
topic  = "offers"

[enter]
when = "cart_updated"

[[step]]
name    = "note"
subject = "A note"
text    = {text}
"""
SALE = """\
name    = "Sale"
kind    = "broadcast"
status  = "live"
topic   = "offers"
at      = 2027-04-14T09:00:00
subject = "Sale"
text    = {text}

[audience]
everyone = true
"""
CONTEXT = {
    "customer": {"name": "Ann"},
    "shop": {"name": "Shop", "address": "Street 1", "language": "en"},
    "unsubscribe_url": "https://m.example/u",
}


def errors(files: dict[str, str]) -> list[str]:
    return [said(one) for one in problems_of(files) if one.severity == "error"]


def letter(text: str, locale: str | None = None, layout: str | None = FILLED) -> str:
    """The text part of the letter that a flow's `text` becomes, for a customer of that locale."""
    files = {NOTE_FILE: FLOW.format(text=text), **({LAYOUT: layout} if layout else {})}
    catalog = catalog_of(files)
    flow = catalog.campaigns["note"]
    step = next(iter(flow.way.places.values())).step  # type: ignore[union-attr]
    name = template_name(flow, step, None)
    assert name is not None
    compiled = catalog.template(name, locale)
    assert compiled is not None
    return render(compiled, LetterTexts("A note"), CONTEXT).text


def test_a_text_becomes_a_letter_in_the_shops_layout():
    text = letter('"""\nHello **{{ customer.name }}**,\n\n- one\n- two\n"""')
    assert text.startswith("LAYOUT\n\nHello Ann,\n\n- one\n- two")
    assert "Street 1" in text


@pytest.mark.parametrize("layout", [None, LETTER])
def test_without_a_layout_that_takes_it_a_plain_one_is_used(layout: str | None):
    text = letter('"""Hello"""', layout=layout)
    assert "Hello" in text
    assert "Street 1" in text
    assert "https://m.example/u" in text


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de-AT", "Servus"),
        ("de_at", "Servus"),
        ("de-CH", "Hallo"),
        ("de", "Hallo"),
        ("en-GB", "Hello"),
        ("fr", "Hello"),
        (None, "Hello"),
    ],
)
def test_the_language_is_the_locales_then_the_shops(locale: str | None, words: str):
    said = '{ de = "Hallo", "de-AT" = "Servus", en = "Hello" }'
    assert words in letter(said, locale)


def test_where_the_shops_language_is_missing_the_first_there_is_is_taken():
    assert "Bonjour" in letter('{ fr = "Bonjour", it = "Ciao" }', "es")


def test_the_parts_of_the_layout_are_of_the_letters_language():
    files = {"templates/layout/foot.mjml": "FOOT", "templates/layout/foot.de.mjml": "FUSS"}
    layout = FILLED.replace("LAYOUT", '{% include "layout/foot.mjml" %}')
    catalog = catalog_of(
        {**files, LAYOUT: layout, NOTE_FILE: FLOW.format(text='{ en = "A", de = "B" }')}
    )
    names = [name for name in catalog.templates if name.startswith("campaigns/note#")]
    foot = {name.partition(".")[2]: catalog.templates[name].text for name in names}
    assert "FOOT" in foot["en"]
    assert "FOOT" in foot[""]
    assert "FUSS" in foot["de"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"""\nHello\n{{ custmer.name }}\n"""', 14),
        ('"""Hello\n{{ custmer.name }}\n"""', 13),
        ('"{{ custmer.name }}"', 12),
        ("'''\n\n{% if %}\n'''", 14),
        ('{ en = "Hi", de = "{{ custmer.name }}" }', 12),
    ],
)
def test_what_is_wrong_is_told_at_its_line_in_the_campaign(text: str, line: int):
    found = errors({NOTE_FILE: FLOW.format(text=text)})
    assert len(found) == 1
    assert found[0].startswith(f"{NOTE_FILE}:{line}:")


def test_a_layout_without_address_is_refused_where_a_text_needs_it():
    layout = FILLED.replace("{{ shop.address }}", "")
    found = errors({NOTE_FILE: FLOW.format(text='"Hi"'), LAYOUT: layout})
    assert len(found) == 1
    assert found[0].startswith(f"{LAYOUT}:1:1 error: A marketing letter needs the shop's post")
    transactional = FLOW.format(text='"Hi"\ntransactional = true')
    assert errors({NOTE_FILE: transactional, LAYOUT: layout}) == []


@pytest.mark.parametrize("text", ['""', '"  "', '{ en = "Hi", de = "" }'])
def test_a_letter_without_a_word_is_refused(text: str):
    assert any("without a word" in one for one in errors({NOTE_FILE: FLOW.format(text=text)}))


def test_variants_branches_and_broadcasts_write_texts_too():
    flow = FLOW.format(text='"""One"""') + (
        '\n[[step.variant]]\nname = "a"\n[[step.variant]]\nname = "b"\ntext = "Two"\n'
        '[[step]]\nname = "which"\n[[step.branch]]\nelse = true\n[[step.branch.step]]\n'
        'name = "deep"\nsubject = "Deep"\ntext = "Three"\n'
    )
    catalog = catalog_of(
        {NOTE_FILE: flow, "campaigns/spring_sale.toml": SALE.format(text='"Four"')}
    )
    shown = [one.shown for name, one in catalog.templates.items() if "#" in name]
    assert [word for word in ("One", "Two", "Three", "Four") if any(word in s for s in shown)] == [
        "One", "Two", "Three", "Four"
    ]  # fmt: skip


def test_links_of_a_text_are_numbered_for_tracking():
    text = '"[Look](https://shop.example/x) and [{{ shop.name }}]({{ shop.website }})"'
    catalog = catalog_of({NOTE_FILE: FLOW.format(text=text), LAYOUT: FILLED})
    compiled = next(one for name, one in catalog.templates.items() if "#" in name)
    assert "https://shop.example/x" in compiled.links
    assert "_link" in compiled.html


def test_the_name_of_a_text_says_its_campaign_and_follows_the_words():
    one, other = (
        {name for name in catalog_of({NOTE_FILE: FLOW.format(text=t)}).templates if "#" in name}
        for t in ('"Hello"', '"Hullo"')
    )
    assert len(one) == len(other) == 1
    assert one != other
    assert min(one).startswith("campaigns/note#")


def test_what_a_text_reads_of_the_customer_is_read():
    catalog = catalog_of({NOTE_FILE: FLOW.format(text='"{{ customer.orders.count }} orders"')})
    assert ("orders", "count") in kept_attributes_read(catalog)


NEWS = """\
name     = "News"
kind     = "broadcast"
status   = "live"
topic    = "newsletter"
every    = "month on the first monday at 09:00"
subject  = "News"
template = "{template}"

[audience]
everyone = true
"""


def news(template: str, *names: str) -> dict[str, str]:
    files = {f"templates/{name}.mjml": LETTER for name in names}
    return {"campaigns/news.toml": NEWS.format(template=template), **files}


def test_a_recurring_letters_templates_are_all_compiled():
    files = news(
        "newsletter/{yyyy-mm}",
        "newsletter/2027-05",
        "newsletter/2027-06",
        "newsletter/2027-06.de",
        "newsletter/about",
    )
    catalog = catalog_of(files)
    found = sorted(name for name in catalog.templates if name.startswith("newsletter/"))
    assert found == ["newsletter/2027-05", "newsletter/2027-06", "newsletter/2027-06.de"]


def test_one_broken_letter_among_them_is_told():
    files = news("newsletter/{yyyy-mm}", "newsletter/2027-05", "newsletter/2027-06")
    files["templates/newsletter/2027-06.mjml"] = LETTER.replace("shop.address", "shp.address")
    assert {one.split(":")[0] for one in errors(files)} == {"templates/newsletter/2027-06.mjml"}


def test_a_recurring_letter_without_any_template_is_refused():
    found = errors(news("newsletter/{yyyy-mm}", "newsletter/may"))
    assert [one for one in found if "no template is named like “newsletter/{yyyy-mm}”" in one]


NOTE = """\
name   = "Note"
kind   = "flow"
status = "live"

[enter]
when = "cart_updated"

[[step]]
name   = "tell"
notify = {{ to = "crm@shop.example", text = {text} }}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ en = "A", de = "{{ custmer.name }}" }', "“custmer”"),
        ('"{{ custmer.name }}"', "“custmer”"),
        ('"{% if %}"', "cannot be read"),
        ('""', "a note says something"),
        ('{ en = "A", de = " " }', "a note says something"),
    ],
)
def test_a_note_is_read_as_letters_are(text: str, expected: str):
    found = errors({NOTE_FILE: NOTE.format(text=text)})
    assert [one for one in found if expected in one]
    assert all(one.startswith(NOTE_FILE) for one in found)
