"""A step's own Markdown becomes a letter in the shop's layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.render.check import lint_template
from lifecycle.render.compile import compile_text
from lifecycle.render.letter import LetterTexts, render
from tests.render.documents import words

TEXT = """# Hello {{ customer.name | default("there") }}

A **bold** and an *easy* word, 3 * 4 < 13 & more,
with [a link](https://shop.example/?a=1&b=2).

{% if incentive %}
Only for you: {{ incentive.code }}
{% endif %}

- one {{ event["x"] }}
- two
  and
  more

---

[Go *now*]({{ event.url }})
"""
CONTEXT = {
    "customer": {"name": "Ann"},
    "event": {"x": "<x>", "url": "https://shop.example/go"},
    "shop": {"name": "S", "address": "Street 1"},
    "unsubscribe_url": "https://m.example/u",
}


def test_markdown_becomes_a_letter_in_the_layout(tmp_path: Path) -> None:
    layout = words("LAYOUT</mj-text></mj-column></mj-section>{% block content %}{% endblock %}"
                   "<mj-section><mj-column><mj-text>END")  # fmt: skip
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "letter.mjml").write_text(layout)
    template = compile_text("campaigns/a.toml", TEXT, tmp_path)
    assert template.problems == ()
    assert template.links == ("https://shop.example/?a=1&b=2",)
    letter = render(template, LetterTexts("s"), CONTEXT)
    assert "LAYOUT" in letter.html
    assert (
        "<strong>bold</strong> and an <em>easy</em> word, 3 * 4 &lt; 13 &amp; more" in letter.html
    )
    assert "<li>one &lt;x&gt;</li>" in letter.html
    assert letter.text == (
        "LAYOUT\n\nHello Ann\n\nA bold and an easy word, 3 * 4 < 13 & more, with "
        "a link (https://shop.example/?a=1&b=2).\n\n- one <x>\n- two and more\n\n"
        "Go now (https://shop.example/go)\n\nEND"
    )


def test_without_a_layout_the_letter_still_has_address_and_way_out(tmp_path: Path) -> None:
    template = compile_text("a", "Hi", tmp_path)
    assert lint_template(template, marketing=True) == []
    assert "Street 1" in render(template, LetterTexts("s"), CONTEXT).text


@pytest.mark.parametrize(
    ("locale", "language", "lang", "word"),
    [
        ("de-AT", "fr", "de", "Abmelden"),
        (None, "fr", "fr", "Se désabonner"),
        ("pt_BR", "en", "pt", "Cancelar a subscrição"),
        ("fi", "de", "fi", "Unsubscribe"),
        (None, None, "en", "Unsubscribe"),
        ('x"y', None, "en", "Unsubscribe"),
    ],
)
def test_the_plain_layout_speaks_the_language_of_the_text(
    tmp_path: Path, locale: str | None, language: str | None, lang: str, word: str
) -> None:
    template = compile_text("a", "LANGUAGE", tmp_path, locale=locale, language=language)
    letter = render(template, LetterTexts("s"), CONTEXT)
    assert f'<html lang="{lang}"' in letter.html
    assert f">{word}</a>" in letter.html and "LANGUAGE" in letter.text


@pytest.mark.parametrize(
    ("text", "line"), [("a\n\n{{ x | no }}", 3), ("a\nb {% if %}", 2), ("a\n{{ open", 2)]
)
def test_a_fault_is_told_with_the_line_of_the_text(tmp_path: Path, text: str, line: int) -> None:
    problem = compile_text("campaigns/a.toml", text, tmp_path).problems[0]
    assert (problem.file, problem.line) == ("campaigns/a.toml", line)


def test_html_in_a_text_is_shown_not_obeyed(tmp_path: Path) -> None:
    template = compile_text("a", '<script>x</script> <mj-include path="../x" />', tmp_path)
    assert "<script>x</script>" in render(template, LetterTexts("s"), CONTEXT).text
    assert "<script" not in template.html
