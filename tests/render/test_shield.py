"""Jinja comes through MJML and the inliner unharmed, or the author is told where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.render.letter import LetterTexts, render
from tests.render.documents import Write, page, words

INLINE = '<mj-style inline="inline">.row { color: red; } td { padding: 3px; }</mj-style>'
ROWS = [{"name": "Cup"}, {"name": "Pot"}, {"name": "Tin"}]


def html_of(template: Any, **context: Any) -> str:
    errors = [problem for problem in template.problems if problem.severity == "error"]
    assert not errors
    return render(template, LetterTexts("s"), context).html


@pytest.mark.parametrize("head", ["", INLINE], ids=["plain", "inline styles"])
def test_loop_rows_in_a_table_survive(compiled: Write, head: str) -> None:
    rows = '{% for row in items %}<tr class="row"><td>{{ row.name }}</td></tr>{% endfor %}'
    table = f"<mj-section><mj-column><mj-table>{rows}</mj-table></mj-column></mj-section>"
    html = html_of(compiled(page(table, head)), items=ROWS)
    assert [html.index(row["name"]) for row in ROWS] == sorted(
        html.index(row["name"]) for row in ROWS
    )
    assert html.count('class="row"') == 3
    assert html.count("<tbody") == html.count("</tbody")
    assert html.count('class="row" style="color: red;"') == (3 if head else 0)


@pytest.mark.parametrize("head", ["", INLINE], ids=["plain", "inline styles"])
def test_a_loop_around_sections_columns_and_raw_turns_each_time(compiled: Write, head: str) -> None:
    inner = (
        "{% for row in items %}<mj-section><mj-column><mj-text>S{{ row.name }}</mj-text>"
        "</mj-column></mj-section>{% endfor %}"
        '<mj-section>{% for row in items %}<mj-column width="33%">'
        "<mj-text>C{{ row.name }}</mj-text></mj-column>{% endfor %}</mj-section>"
        "<mj-section><mj-column><mj-raw>{% for row in items %}<tr><td>R{{ row.name }}</td></tr>"
        "{% endfor %}</mj-raw></mj-column></mj-section>"
    )
    html = html_of(compiled(page(inner, head)), items=ROWS)
    for kind in "SCR":
        assert [html.count(f"{kind}{row['name']}") for row in ROWS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("{% if 1 < 2 and 3 > 2 %}yes{% endif %}", "yes"),
        ("{{ 1 < 2 }}", "True"),
        ("{{ 'a\"b' }}", "a&#34;b"),
        ('{{ {"k": "<b>"}["k"] }}', "&lt;b&gt;"),
        ("{{ '%}' ~ '}}' }}", "%}}}"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("a{#- secret -#}b", "ab"),
        ("{{ 'ä€' }}", "ä€"),
    ],
)
def test_expressions_in_text_mean_what_they_say(compiled: Write, inner: str, shown: str) -> None:
    assert shown in html_of(compiled(words(inner, INLINE)))


@pytest.mark.parametrize(
    "element",
    [
        '<mj-button href="{{ event["url"] }}">Go</mj-button>',
        '<mj-button href=\'{{ event.url | replace("q", "y") }}\'>Go</mj-button>',
        '<mj-image src="{{ event.url }}" alt="{{ event.url }}" />',
        '<mj-text color="{{ event.url }}">x</mj-text>',
        '<mj-text css-class="{{ event.url }}">x</mj-text>',
        '<mj-text><a href="{% if event %}{{ event.url }}{% endif %}">x</a></mj-text>',
    ],
)
def test_placeholders_in_attributes_survive(compiled: Write, element: str) -> None:
    template = compiled(page(f"<mj-section><mj-column>{element}</mj-column></mj-section>", INLINE))
    assert "https://shop.example/a?b=1&amp;c=2" in html_of(
        template, event={"url": "https://shop.example/a?b=1&c=2"}
    )
    assert template.problems == () or all("colour" not in p.problem for p in template.problems)


def test_a_placeholder_in_the_title_and_the_preview_survives(compiled: Write) -> None:
    head = "<mj-title>{{ subject }}</mj-title><mj-preview>{{ preheader }}</mj-preview>" + INLINE
    html = render(compiled(words("x", head)), LetterTexts("<Hello>", "Look inside"), {}).html
    assert "<title>\n&lt;Hello&gt;" in html
    assert html.count("Look inside") == 1


def test_the_preheader_is_put_in_where_a_template_has_none(compiled: Write) -> None:
    html = render(compiled(words("x")), LetterTexts("s", "A & B"), {}).html
    assert html.index("<body") < html.index("A &amp; B") < html.index(">x<")


@pytest.mark.parametrize(
    "element",
    [
        '<mj-column width="{{ event.w }}"><mj-text>x</mj-text></mj-column>',
        '<mj-column padding="{{ event.w }}"><mj-text>x</mj-text></mj-column>',
        '<mj-column><mj-image width="{% if event %}1px{% endif %}" src="i.png" /></mj-column>',
    ],
)
def test_a_placeholder_where_mjml_computes_is_an_error_with_its_place(
    compiled: Write, element: str
) -> None:
    template = compiled(page(f"\n<mj-section>\n{element}</mj-section>"))
    assert not template.ok
    assert (template.problems[0].file, template.problems[0].line) == ("letter.mjml", 3)
    assert "fixed number" in template.problems[0].hint


def test_jinja_between_attributes_is_an_error(compiled: Write) -> None:
    template = compiled(words("<b {% if event %}class='x'{% endif %}>x</b>"))
    assert not template.ok
    assert "between the attributes" in template.problems[0].problem


def test_jinja_that_mjml_would_swallow_is_an_error_not_silence(compiled: Write) -> None:
    template = compiled("<mjml>{% if event %}<mj-body></mj-body>{% endif %}</mjml>")
    assert not template.ok
    assert "is lost here" in template.problems[0].problem


def test_comments_of_the_author_do_not_reach_the_customer(compiled: Write) -> None:
    html = html_of(compiled(words("x <!-- margin is 40 % --> y")))
    assert "margin is 40" not in html


def test_a_set_before_the_document_holds_within_it(compiled: Write) -> None:
    assert ">Hello" in html_of(compiled("{% set word = 'Hello' %}" + words("{{ word }}")))
