"""Templates are put together inside their folder; wrong ones become problems with a place."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from lifecycle.render.compile import compile_template
from lifecycle.render.letter import LetterTexts, render
from tests.render.documents import Write, page, words

GALLERY = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "mjml_gallery_sample.json"


@pytest.mark.parametrize(
    "reach",
    [
        '{% include "../secret.mjml" %}',
        '{% include "/etc/passwd" %}',
        '{% include "parts/../../secret.mjml" %}',
        '{% import "../secret.mjml" as s %}',
        '{% from "/etc/passwd" import x %}',
        "{% include event.file %}",
        '<mj-include path="../secret.mjml" />',
        '<mj-include path="/etc/passwd" type="html" />',
        '<mj-include path="./../secret.mjml"></mj-include>',
        "<MJ-INCLUDE path='../secret.mjml' />",
        '<mj-include path="{{ event.file }}" />',
        '<mj-include type="html" path=/etc/passwd />',
        '<mj-include\npath="link.mjml" />',
        '{% include "link.mjml" %}',
        '{% include "linked/secret.mjml" %}',
        '<mj-include path="a\\..\\secret.mjml" />',
    ],
)
def test_no_include_leaves_the_templates_folder(
    compiled: Write, tmp_path: Path, reach: str
) -> None:
    (tmp_path / "secret.mjml").write_text("<mj-text>TOPSECRET</mj-text>")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "link.mjml").symlink_to(tmp_path / "secret.mjml")
    (tmp_path / "templates" / "linked").symlink_to(tmp_path)
    template = compiled(page(f"<mj-section><mj-column>{reach}</mj-column></mj-section>"))
    assert not template.ok
    assert "TOPSECRET" not in template.html and "root:" not in template.html
    assert template.problems[0].file == "letter.mjml"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "nothing", ""])
def test_a_template_name_outside_or_unknown_is_a_problem(tmp_path: Path, name: str) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "secret.mjml").write_text(words("x"))
    template = compile_template(name, tmp_path / "t")
    assert not template.ok


def test_extends_blocks_super_include_and_import_work_together(compiled: Write) -> None:
    files = {
        "layout/base.mjml": words(
            "{% block top %}BASE{% endblock %} {% block low %}LOW{% endblock %}",
            '<mj-style inline="inline">b { color: red; }</mj-style>',
        ),
        "layout/middle.mjml": '{% extends "layout/base.mjml" %}'
        "{% block top %}MIDDLE {{ super() }}{% endblock %}",
        "parts/macros.html": "{% macro hi(n) %}"
        '<a href="https://x.example/">Hi {{ n }}</a>{% endmacro %}',
        "parts/inner.mjml": "[{{ word }}]",
    }
    main = (
        '{% extends "layout/middle.mjml" %}{% import "parts/macros.html" as m %}'
        '{% set word = "W" %}'
        "{% block top %}CHILD {{ super() }} {{ m.hi('<Ann>') }} "
        '{% for i in [1, 2] %}{% include "parts/inner" %}{% endfor %}{% endblock %}'
    )
    template = compiled(main, files)
    assert template.problems == ()
    letter = render(template, LetterTexts("s"), {})
    assert "CHILD MIDDLE BASE" in letter.html
    assert "Hi &lt;Ann&gt;</a>" in letter.html
    assert "[W][W]" in letter.html and "LOW" in letter.html


def test_mj_include_takes_documents_fragments_styles_and_html(compiled: Write) -> None:
    files = {
        "parts/whole.mjml": page(
            "<mj-section><mj-column><mj-text>WHOLE</mj-text></mj-column></mj-section>",
            "<mj-style>.from-whole { color: red; }</mj-style>",
        ),
        "parts/bit.mjml": "<mj-section><mj-column><mj-text>BIT {{ customer.name }}</mj-text>"
        '</mj-column></mj-section><mj-include path="deeper.mjml" />',
        "parts/deeper.mjml": "<mj-section><mj-column><mj-text>DEEP</mj-text></mj-column>"
        "</mj-section>",
        "parts/style.css": ".from-css { color: blue; }",
        "parts/bit.html": "<p>HTML</p>",
    }
    inner = "".join(
        f'<mj-include path="parts/{name}" {kind} />'
        for name, kind in (
            ("whole.mjml", ""), ("bit", ""),
            ("style.css", 'type="css"'), ("bit.html", 'type="html"'),
        )
    )  # fmt: skip
    template = compiled(page(inner), files)
    assert template.ok
    html = render(template, LetterTexts("s"), {"customer": {"name": "Ann"}}).html
    for part in ("WHOLE", "BIT Ann", "DEEP", ".from-whole", ".from-css", "<p>HTML</p>"):
        assert part in html


@pytest.mark.parametrize(
    ("main", "line", "said"),
    [
        ("<mjml>\n<mj-body>\n<mj-sektion></mj-sektion></mj-body></mjml>", 3, "mj-sektion"),
        ("<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>", 3, "never closed"),
        ("<mjml><mj-body>\n</mj-section></mj-body></mjml>", 2, "closes nothing"),
        (words("a\n\n{% if x %}"), 3, "Jinja"),
        (words("a\n{% if x %}{% endfor %}"), 2, "Jinja"),
        (words("a\n{{ x | nofilter }}"), 2, "nofilter"),
        (words("a\n{{ 'open"), 2, "never closed"),
        (words("a\n{{ }}"), 2, "Jinja"),
        (words("a\n{# open"), 2, "never closed"),
        (words('a\n{% include "none.mjml" %}'), 2, "none.mjml"),
        (words('a\n{% include "letter.mjml" %}'), 2, "itself"),
        (words("{% block a %}"), 1, "never closed"),
        ("", 1, "no <mjml>"),
        ("<html></html>", 1, "no <mjml>"),
        ("<mjml></mjml>", 1, "cannot compile"),
        (words("a") + "\n" + words("b"), 2, "more than one"),
        ("<mjml><mj-body>" + "<mj-wrapper>" * 3000, 1, ""),
        (
            "<mjml><mj-body>" + "<mj-raw>" + "<div>" * 20000 + "</mj-raw></mj-body></mjml>",
            1,
            "deep",
        ),
        (words("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}"), 1, ""),
        (words("{% if x %}" * 300 + "{% endif %}" * 300), 1, ""),
        (words("{% for x in y %}" * 30 + "{% endfor %}" * 30), 1, ""),
        ('<mjml><mj-body><mj-text color="', 1, "ends inside"),
        ("\udc80".encode("utf-8", "surrogatepass").decode("latin-1") + "<", 1, "no <mjml>"),
        (words('<mj-x mj-class="' + "a " * 9 + '">'), 1, ""),
    ],
)
def test_whatever_is_wrong_becomes_a_problem_with_its_place(
    compiled: Write, main: str, line: int, said: str
) -> None:
    template = compiled(main)
    errors = [problem for problem in template.problems if problem.severity == "error"]
    assert errors or said == ""
    if said:
        assert any(said in one.problem and one.line == line for one in errors), template.problems


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "letter.mjml").write_bytes(b"<mjml>\n\xff\xfe</mjml>")
    template = compile_template("letter", tmp_path)
    assert template.problems[0].line == 2
    assert "UTF-8" in template.problems[0].problem


def test_a_problem_in_an_included_file_names_that_file_and_line(compiled: Write) -> None:
    files = {"parts/bad.mjml": "\n\n<mj-txt>x</mj-txt>", "parts/jinja.mjml": "a\n{% if %}"}
    column = "<mj-section><mj-column>\n{}</mj-column></mj-section>"
    problem = compiled(page(column.format('{% include "parts/bad.mjml" %}')), files).problems[0]
    assert (problem.file, problem.line, problem.column) == ("parts/bad.mjml", 3, 1)
    jinja = compiled(words('x {% include "parts/jinja.mjml" %}'), files).problems[0]
    assert (jinja.file, jinja.line) == ("parts/jinja.mjml", 2)
    after = page('{% include "parts/jinja2.mjml" %}\n\n<mj-oops></mj-oops>')
    place = compiled(after, {"parts/jinja2.mjml": "<mj-section>\n\n\n</mj-section>"}).problems[0]
    assert (place.file, place.line) == ("letter.mjml", 3)


def test_the_language_variant_is_chosen_and_keeps_to_its_language(compiled: Write) -> None:
    files = {
        "letter.de.mjml": words('Hallo {% include "parts/end" %}'),
        "letter.de-AT.mjml": words("Servus"),
        "parts/end.mjml": "Bye",
        "parts/end.de.mjml": "Ade",
        "parts/end.fr.mjml": "Adieu",
    }
    main = words('Hello {% include "parts/end" %}')
    for locale, language, shown in (
        (None, None, "Hello Bye"), ("de", None, "Hallo Ade"), ("de_DE", None, "Hallo Ade"),
        ("de-AT", "en", "Servus"), ("fr", "de", "Hallo Ade"), ("fr", "en", "Hello Bye"),
        ("../de", None, "Hello Bye"),
    ):  # fmt: skip
        template = compiled(main, files, locale=locale, language=language)
        assert render(template, LetterTexts("s"), {}).text == shown


def test_the_version_follows_every_file_that_was_read(compiled: Write) -> None:
    main = words('{% include "parts/end.mjml" %}')
    first = compiled(main, {"parts/end.mjml": "one"})
    assert compiled(main, {"parts/end.mjml": "one"}) is first
    second = compiled(main, {"parts/end.mjml": "two"})
    assert second.version != first.version
    assert compiled(main, {"parts/end.mjml": "one"}).version == first.version
    assert len(first.version) == 32


def test_a_file_that_appears_later_is_noticed(compiled: Write) -> None:
    assert "own" not in compiled(words("x")).text
    assert compiled(words("x"), {"letter.txt": "own words"}).text == "own words"


def test_mj_font_may_replace_a_built_in_font_with_the_pinned_compiler(compiled: Write) -> None:
    assert version("mjml") == "1.0.0a1"
    head = (
        '<mj-font name="Roboto" href="https://fonts.example/roboto.css" />'
        '<mj-font name="Roboto" href="https://fonts.example/twice.css" />'
        '<mj-attributes><mj-all font-family="Roboto, Lato" /></mj-attributes>'
    )
    template = compiled(words("x", head))
    assert template.ok
    assert "fonts.example/twice.css" in template.html
    assert "fonts.example/roboto.css" not in template.html
    assert "family=Lato" in template.html


def test_repeated_attributes_and_nested_classes_are_merged(compiled: Write) -> None:
    head = (
        '<mj-attributes><mj-text color="#ff0000" /><mj-text font-size="33px" />'
        '<mj-class name="big" font-weight="700" /><mj-class name="big" align="center">'
        '<mj-text letter-spacing="7px" /></mj-class></mj-attributes>'
    )
    column = '<mj-column mj-class="big"><mj-text mj-class="big">x</mj-text></mj-column>'
    template = compiled(page(f"<mj-section>{column}</mj-section>", head))
    assert [problem for problem in template.problems if problem.severity == "error"] == []
    for said in ("color:#ff0000", "font-size:33px", "font-weight:700", "letter-spacing:7px"):
        assert said in template.html


@pytest.mark.skipif(not GALLERY.exists(), reason="LIFECYCLE_SAMPLES names no MJML gallery")
def test_the_gallery_compiles(compiled: Write) -> None:
    for entry in json.loads(GALLERY.read_text())["templates"]:
        template = compiled(entry["mjml"])
        errors = [problem for problem in template.problems if problem.severity == "error"]
        assert errors == [], entry["name"]
        assert template.html
