"""Templates and data that try to get out, to last for ever, to grow, or to write headers."""

from __future__ import annotations

import os
from typing import Any

import pytest

from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts, Rendered, render, render_text
from lifecycle.render.links import Signer
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.sandbox import MAX_TEXT, MAX_TURNS
from tests.render.documents import Write, words

LINKS = Signer([b"a key of the tests, no secret"]).for_message("https://m.example", "0f" * 16)
CONTEXT: dict[str, Any] = {"customer": {"name": "Ann"}, "items": [1, 2], "event": {"n": 3}}
OUT = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ lipsum.__globals__ }}",
    "{{ customer.items() }}",
    "{{ customer.update({'x': 1}) }}",
    "{{ items.append(4) }}",
    "{% for x in items %}{{ loop._iterator }}{% endfor %}",
    "{% macro m() %}x{% endmacro %}{{ m._func.__globals__ }}",
    "{{ '%s' % customer }}",
    "{{ items | map(attribute='__class__') | list | join }}",
    "{{ items | groupby('__class__') | first | first }}",
    "{{ items | sum(attribute='__class__') }}",
    "{{ ('a' | e).__html__() }}",
    "{{ ''.join(['a']) }}",
    "{{ html_of('x') }}",
    "{{ new_buffer() }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ resolve('x') }}",
    "{% import 'os' as o %}{{ o.system }}",
    "{% include '/etc/passwd' %}",
    "{% from 'os' import system %}{{ system('id') }}",
)
Y = "{% set y = 'x' * 10000 %}{% set y = y ~ y ~ y ~ y ~ y ~ y ~ y ~ y ~ y %}"
LONG = (
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% for i in range(9000) %}{{ n(n) }}{% endfor %}{% endmacro %}{{ m(m) }}",
    "{% for i in range(9999) recursive %}{{ loop(range(9999)) }}{% endfor %}",
    Y + "{% for i in range(9999) %}{{ y ~ i }}{% endfor %}",
    Y + "{% set b %}{% for i in range(9999) %}{{ y ~ i }}{% endfor %}{% endset %}{{ b }}",
    Y + "{% macro m() %}{% for i in range(99) %}{{ y | upper }}{% endfor %}{% endmacro %}{{m()}}",
    Y + "{% filter upper %}{% for i in range(999) %}{{ y }}{{ i }}{% endfor %}{% endfilter %}",
    "{{ y | default('x' * 10001) }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ 'x' | center(999999999) }}",
    "{{ '1e999999' | money('EUR') }}",
    "{{ ('9' * 5000) | money('EUR') }}",
)  # fmt: skip


def letter_of(source: str, subject: str = "Hello", **context: Any) -> Rendered:
    template = CompiledTemplate("t", "v", source, source, (), (), ())
    return render(template, LetterTexts(subject), {**CONTEXT, **context}, LINKS)


@pytest.mark.parametrize("source", OUT)
def test_no_template_gets_out(source: str) -> None:
    with pytest.raises(BrokenTemplate):
        letter_of(source)
    with pytest.raises(BrokenTemplate):
        render_text(source, CONTEXT)
    assert CONTEXT["items"] == [1, 2] and CONTEXT["customer"] == {"name": "Ann"}


@pytest.mark.parametrize("source", LONG)
def test_nothing_lasts_for_ever_or_grows_without_end(source: str) -> None:
    with pytest.raises(BrokenTemplate):
        letter_of(source)
    with pytest.raises(BrokenTemplate):
        render_text(source, CONTEXT)


def test_loops_of_imported_macros_are_counted_with_the_letters_own() -> None:
    loops = "{% for a in range(9999) %}{% for b in range(9) %}{% endfor %}{% endfor %}"
    macros = f"{{% macro m() %}}{loops}{{% endmacro %}}"
    source = "{% from 'm.html' import m %}{{ m() }}"
    template = CompiledTemplate("t", "v", source, source, (), (), (), imports=(("m.html", macros),))
    with pytest.raises(BrokenTemplate, match=str(MAX_TURNS)):
        render(template, LetterTexts("Hello"), CONTEXT, LINKS)


def test_each_part_has_its_own_turns() -> None:
    source = f"{{% for a in range({MAX_TURNS // 3}) %}}{{% endfor %}}"
    assert letter_of(source * 2).html == ""


def test_slots_together_are_bounded_as_one_text() -> None:
    value = "x" * (MAX_TEXT // 4)
    with pytest.raises(BrokenTemplate, match="longer than"):
        letter_of("{{ customer.name }}" * 5, customer={"name": value})


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\u2029"])
def test_no_value_writes_a_header_through_the_subject(sign: str) -> None:
    names = (f"A{sign}Bcc: b@x.example", f"A {sign}{sign} Bcc: b@x.example")
    found = [letter_of("x", "Hi {{ customer.name }}!", customer={"name": one}) for one in names]
    assert {one.subject for one in found} == {"Hi A Bcc: b@x.example!"}


def test_no_value_writes_markup_or_placeholders_into_the_html() -> None:
    evil = "\"'><script>alert(1)</script>{{ customer }}{% raw %}"
    letter = letter_of("<p title='{{ customer.name }}'>{{ customer.name }}</p>",
                       customer={"name": evil})  # fmt: skip
    assert "<script" not in letter.html and letter.html.count("'") == 2
    assert evil in letter_of("{{ customer.name }}", customer={"name": evil}).text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " \t\x01JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "java\nscript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_no_link_runs_as_a_program(url: str, compiled: Write) -> None:
    template = compiled(words('<a href="{{ event.url }}">x</a>'))
    try:
        letter = render(template, LetterTexts("Hello"), {"event": {"url": url}}, LINKS)
    except BrokenTemplate:
        return
    hrefs = [part.split('"')[0] for part in letter.html.split('href="')[1:]]
    assert not any("script:" in "".join(href.split()).lower() for href in hrefs)


def test_a_process_that_was_asked_for_never_began(tmp_path: Any) -> None:
    mark = tmp_path / "mark"
    source = "{{ cycler.__init__.__globals__['os'].system('touch " + str(mark) + "') }}"
    with pytest.raises(BrokenTemplate):
        letter_of(source)
    assert not os.path.exists(mark)
