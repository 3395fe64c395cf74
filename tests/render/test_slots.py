"""A letter in pieces: static texts and slot values are, sign by sign, the letter as a whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.message import Pieces
from lifecycle.render.check import names_in
from lifecycle.render.compile import CompiledTemplate, compile_template, environment
from lifecycle.render.letter import LetterTexts, Rendered, render
from lifecycle.render.links import LinkSigner, Signer
from lifecycle.render.program import program_of
from lifecycle.render.slots import Way
from tests.golden.test_starter_letters import FULL, LETTERS, LINKS, THIN, compiled_letter
from tests.render.documents import Write, words
from tests.render.plain_letter import plain_letter

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("LIFECYCLE_SAMPLES", ROOT.parent / "shared" / "data"))
GALLERY = SAMPLES / "mjml_gallery_sample.json"
SIGNER = Signer([b"a key of the tests, no secret"])
ODD = SIGNER.for_message("https://m.example/?a=1&b='", "0f" * 16)
UNCOUNTED = SIGNER.for_message("https://m.example", "0f" * 16, mode="off")
NASTY = "{{h0}} \\ \"q\" 'a' <b>&amp; \r\n\t\u2028 \u00a0 é漢😀 {% raw %}"


def joined(pieces: Pieces | None) -> tuple[str, str]:
    assert pieces is not None
    shape = pieces.shape
    html = [one for pair in zip(shape.html, (*pieces.html, ""), strict=True) for one in pair]
    text = [one for pair in zip(shape.text, (*pieces.text, ""), strict=True) for one in pair]
    return "".join(html), "".join(text)


def same(
    template: CompiledTemplate, context: dict[str, Any], links: LinkSigner | None, subject: str
) -> Rendered:
    """The letter, after it was found equal to the plain one, as a whole and in pieces."""
    letter = render(template, LetterTexts(subject), context, links)
    plain = plain_letter(template, letter.subject, "", context, links)
    assert (letter.html, letter.text) == plain
    assert joined(letter.pieces) == plain
    assert letter.pieces is not None
    names_hold(letter.pieces)
    return letter


def names_hold(pieces: Pieces) -> None:
    """Slots of one name hold one value."""
    names = (*pieces.shape.html_names, *pieces.shape.text_names)
    values = (*pieces.html, *pieces.text)
    found = set(zip(names, values, strict=True))
    assert len({name for name, _ in found}) == len(found)


@pytest.mark.parametrize("name", LETTERS)
def test_a_starter_letter_in_pieces_is_the_plain_one(name: str) -> None:
    template = compiled_letter(name)
    for context in (FULL, *THIN):
        for links in (LINKS, ODD, UNCOUNTED, None):
            same(template, context, links, "Hello {{ customer.first_name | default('you') }}")


@pytest.mark.parametrize("name", LETTERS)
def test_nasty_values_in_a_starter_letter_change_nothing_else(name: str) -> None:
    items = [{"name": NASTY, "url": NASTY, "price": 1, "quantity": 2}] * 3
    customer = {"first_name": NASTY}
    context = {**FULL, "customer": customer, "event": {**FULL["event"], "items": items}}
    same(compiled_letter(name), context, LINKS, "Hello")


@pytest.mark.skipif(not GALLERY.exists(), reason="the gallery of MJML is not on this machine")
def test_letters_of_the_gallery_in_pieces_are_the_plain_ones(tmp_path: Path) -> None:
    found = 0
    for number, one in enumerate(json.loads(GALLERY.read_text())["templates"]):
        (tmp_path / f"t{number}.mjml").write_text(one["mjml"], encoding="utf-8")
        template = compile_template(f"t{number}", tmp_path)
        if template.ok:
            found += 1
            env = environment({}, {}, autoescape=True)
            context = {name: NASTY for name, _ in names_in(env, template.html) if name[0] != "_"}
            for links in (LINKS, ODD, UNCOUNTED, None):
                same(template, context, links, "Hello")
    assert found


def test_all_letters_of_a_version_are_of_one_shape(compiled: Write) -> None:
    template = compiled(words("Hi {{ customer.name }}"))
    letters = [
        render(
            template,
            LetterTexts("Hello"),
            {"customer": {"name": name}},
            SIGNER.for_message("https://m.example", identity * 16),
        )
        for name, identity in (("Ann", "0a"), ("Bo", "0b"))
    ]
    first, second = (letter.pieces for letter in letters)
    assert first.shape is second.shape
    assert first.shape.version == template.version


def test_counted_links_are_one_repeated_value(compiled: Write) -> None:
    link = '<a href="https://shop.example/{0}">{0}</a>'
    text = " ".join(link.format(number) for number in range(9))
    letter = same(compiled(words(text)), {}, LINKS, "Hello")
    assert LINKS.click_prefix is not None
    for values in (letter.pieces.html, letter.pieces.text):
        assert values.count(LINKS.click_prefix) == 9
        assert len({id(value) for value in values if value == LINKS.click_prefix}) == 1


def test_links_that_are_not_counted_are_no_slots(compiled: Write) -> None:
    template = compiled(words('<a href="https://shop.example/?a=1&amp;b=2">x</a>'))
    shape = program_of(template, Way(False, False, False)).form.shape
    assert any('"https://shop.example/?a=1&amp;b=2"' in static for static in shape.html)
    assert any("https://shop.example/?a=1&b=2" in static for static in shape.text)


def test_what_a_template_sets_itself_wins_over_what_is_given(compiled: Write) -> None:
    template = compiled(
        "{% set view_url = 'https://elsewhere.example' %}" + words("{{ view_url }}")
    )
    assert "https://elsewhere.example" in same(template, {}, LINKS, "Hello").html


@pytest.mark.parametrize(
    "body",
    [
        "{% set x = 1 %}A {{ x }}{% set x = 2 %} B {{ x }}",
        "{% if a %}{% set x = a %}{% endif %}[{{ x | default('-') }}]",
        "{% set n = namespace(k=0) %}{% for i in items %}{% set n.k = i %}{% endfor %}{{ n.k }}",
        "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('&') }} {{ m(a) }}",
        "{% set b %}x {{ a }}{% endset %}{{ b }} and {{ b }}",
        "{% macro m() %}{{ caller(a) }}{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
        "{% with y = a %}{{ y }}{% endwith %}{% filter upper %}a{{ a }}{% endfilter %}",
        "  \n\n {{ a }} \n\n\n {% if a %}\n\n{% endif %} \n {{ a }}\n \n",
        "\n\n{{ e }}\n\n{{ e }}\n\n",
        "{{ e }}",
        "",
        " \n ",
        "{{ a }}{{ e }}\n{{ a }}\n\n\n{{ e }}x",
        "x\n\n{{ _links[0] }}\n\n\n{{ unsubscribe_url }} \n{{ view_url }}",
        "{% for i in items %}\n{{ _links[1] }}\n{% else %}none{% endfor %}",
        "{{ _links[7] | default('no') }}{{ 'a' ~ 'b' }}{{ none }}{{ 2.0 }}",
        "{% if _pixel %}P{{ _pixel }}{% endif %}{% if _pixel %}a{% else %}b{% endif %}",
        "{% autoescape false %}{{ a }}{% endautoescape %}{{ a }}",
        "\ue00f{{ a }}\ue000{{ unsubscribe_url }}",
    ],
)
def test_jinja_of_every_kind_in_pieces_is_the_plain_one(body: str) -> None:
    template = CompiledTemplate(
        "t", "v", body, body, ("https://a.example/?x=1&y", "https://b.example"), (), ()
    )
    for context in (
        {"a": "\n<&> \u00a0\n\n", "e": "", "items": [1, 2]},
        {"a": "", "e": "\n\n", "items": []},
        {"a": "{{h1}}\x0b\x1c", "e": " \t", "items": [0]},
    ):
        for links in (LINKS, ODD, UNCOUNTED, None):
            same(template, context, links, "Hello")
