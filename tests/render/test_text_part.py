"""The text part reads well, keeps loops, conditions and links, and can be written by hand."""

from __future__ import annotations

from lifecycle.render.letter import LetterTexts, render
from lifecycle.render.links import Signer
from tests.render.documents import Write, page, words

ITEMS = [{"name": "Cup & saucer", "url": "https://s.example/cup"}, {"name": "Pot", "url": ""}]


def test_loops_conditions_and_links_work_in_the_text_part(compiled: Write) -> None:
    inner = (
        "<h1>Hello</h1><p>first line,<br>second   line</p>"
        "<ul>{% for item in items %}<li>{{ item.name }}"
        '{% if item.url %} <a href="{{ item.url }}">see</a>{% endif %}</li>{% endfor %}</ul>'
        '<p><a href="https://s.example/">All of it</a> '
        '<a href="mailto:a@s.example">a@s.example</a></p>'
    )
    assert render(compiled(words(inner)), LetterTexts("s"), {"items": ITEMS}).text == (
        "Hello\n\nfirst line,\nsecond line\n\n"
        "- Cup & saucer see (https://s.example/cup)\n- Pot\n\n"
        "All of it (https://s.example/) a@s.example"
    )


def test_an_empty_loop_leaves_no_hole(compiled: Write) -> None:
    rows = "{% for item in items %}<tr><td>{{ item.name }}</td></tr>{% endfor %}"
    column = f"<mj-text>Before</mj-text><mj-table>{rows}</mj-table><mj-text>After</mj-text>"
    template = compiled(page(f"<mj-section><mj-column>{column}</mj-column></mj-section>"))
    assert render(template, LetterTexts("s"), {"items": []}).text == "Before\n\nAfter"


def test_table_cells_stand_beside_each_other(compiled: Write) -> None:
    rows = "<tr><td>Cup</td><td>4 EUR</td></tr><tr><td>Pot</td><td>9 EUR</td></tr>"
    column = f"<mj-column><mj-table>{rows}</mj-table></mj-column>"
    template = compiled(page(f"<mj-section>{column}</mj-section>"))
    lines = render(template, LetterTexts("s"), {}).text.splitlines()
    assert [line for line in lines if line] == ["Cup  4 EUR", "Pot  9 EUR"]


def test_what_is_hidden_stays_out_of_the_text_part(compiled: Write) -> None:
    inner = (
        '<span style="display: none">hidden</span><i aria-hidden="true">x</i>'
        '<img src="https://s.example/i.png" alt="picture">seen'
    )
    head = "<mj-title>TITLE</mj-title><mj-preview>PREVIEW</mj-preview><mj-style>a {}</mj-style>"
    assert render(compiled(words(inner, head)), LetterTexts("s", "pre"), {}).text == "seen"


def test_links_of_the_text_part_are_the_signed_ones(compiled: Write) -> None:
    links = Signer([b"k" * 32]).for_message("https://m.example", "ab" * 16)
    body = '<a href="https://s.example/">one</a> <a href="{{ unsubscribe_url }}">out</a>'
    text = render(compiled(words(body)), LetterTexts("s"), {}, links).text
    assert text == f"one ({links.click_prefix}1) out ({links.unsubscribe_url})"


def test_a_text_file_beside_the_template_takes_its_place(compiled: Write) -> None:
    files = {
        "letter.txt": 'Hi {{ customer.name }} & co\n{% include "parts/end.txt" %}',
        "letter.de.txt": "Hallo {{ customer.name }}",
        "parts/end.txt": "-- {{ shop.name }}",
        "letter.de.mjml": words("x"),
    }
    context = {"customer": {"name": "<Ann>"}, "shop": {"name": "S"}}
    english = render(compiled(words("x"), files), LetterTexts("s"), context)
    german = render(compiled(words("x"), files, locale="de"), LetterTexts("s"), context)
    assert (english.text, german.text) == ("Hi <Ann> & co\n-- S", "Hallo <Ann>")


def test_a_fault_in_the_text_file_names_that_file(compiled: Write) -> None:
    problem = compiled(words("x"), {"letter.txt": "a\n{% if %}"}).problems[0]
    assert (problem.file, problem.line) == ("letter.txt", 2)
