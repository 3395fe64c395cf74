"""The checker refuses what the law forbids, warns of what is weak, names the unknown."""

from __future__ import annotations

import pytest

from lifecycle.render.check import lint_template, names_in, unknown_names
from lifecycle.render.compile import environment
from lifecycle.render.letter import KNOWN_NAMES
from tests.render.documents import Write, page, words

OUT = '<a href="{{ unsubscribe_url }}">out</a>'
WHERE = "{{ shop.address }}"


@pytest.mark.parametrize(
    ("inner", "errors"),
    [
        (OUT + WHERE, []),
        (OUT + '{{ shop["address"] }}', []),
        ('<a style="color:red" href="{{- unsubscribe_url -}}">out</a>' + WHERE, []),
        (WHERE, ["unsubscribe"]),
        (OUT, ["postal address"]),
        ("", ["unsubscribe", "postal address"]),
        ("{{ unsubscribe_url }}" + WHERE, ["unsubscribe"]),
        (f'<div style="display:none">{OUT}{WHERE}</div>', ["unsubscribe", "postal address"]),
        (f"<!-- {OUT} {WHERE} -->", ["unsubscribe", "postal address"]),
    ],
)
def test_a_marketing_letter_shows_the_way_out_and_the_address(
    compiled: Write, inner: str, errors: list[str]
) -> None:
    template = compiled(words(inner + "text"))
    found = [p.problem for p in lint_template(template, marketing=True) if p.severity == "error"]
    assert len(found) == len(errors)
    assert all(said in problem for said, problem in zip(errors, found, strict=True))
    other = lint_template(template, marketing=False)
    assert [problem for problem in other if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<mj-image src="https://s.example/i.png" />', "alt text"),
        ('<mj-text><img src="https://s.example/i.png"></mj-text>', "alt text"),
        (f"<mj-text>{'long text ' * 11000}</mj-text>", "102 KB"),
        ("<mj-text>{{ event.html | safe }}</mj-text>", "safe"),
        ('<mj-text><a href="/cart">x</a></mj-text>', "leads nowhere"),
        ('<mj-text font-family="Roboto">x</mj-text>', "font from another server"),
        ('<mj-text colour="red">x</mj-text>', "illegal"),
        ('<mj-text color="reddish-no">x</mj-text>', "color"),
    ],
)
def test_a_weakness_is_a_warning(compiled: Write, inner: str, said: str) -> None:
    head = '<mj-attributes><mj-all font-family="Arial" /></mj-attributes>'
    document = page(f"<mj-section><mj-column>{inner}</mj-column></mj-section>", head)
    found = lint_template(compiled(document), marketing=False)
    assert [problem.severity for problem in found] == ["warning"]
    assert said in found[0].problem


def test_unknown_names_are_told_with_file_and_line(compiled: Write) -> None:
    files = {"parts/deep.mjml": "\n\n{{ custmer.name }}"}
    template = compiled(
        words(
            "{{ customer.name }}{% for item in event.items %}{{ loop.index }}{{ item.x }}"
            "{% endfor %}"
            '{% set own = 1 %}{{ own }}\n{% include "parts/deep.mjml" %}{{ range(3) | length }}'
        ),
        files,
    )
    found = unknown_names(template, set(KNOWN_NAMES))
    assert [(one.file, one.line, one.severity) for one in found] == [
        ("parts/deep.mjml", 3, "error")
    ]
    assert "custmer" in found[0].problem
    assert "customer" in found[0].hint


def test_looking_for_names_runs_no_filter_of_the_shops() -> None:
    ran: list[str] = []
    env = environment({"leaver": ran.append}, {}, autoescape=True)
    source = "{{ 'x' | leaver }}{{ nme | leaver }}{{ 'y' | upper }}"
    assert list(names_in(env, source)) == [("nme", 1)]
    assert ran == []
    assert env.filters["upper"]("y") == "Y"
