"""A letter is made of plain data in a sandbox: what a dot means, what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from lifecycle.render.letter import LetterTexts, render, render_text
from lifecycle.render.problems import BrokenTemplate
from tests.render.documents import Write, words

DOUBLING = (
    "{{% set n = namespace(s={first}) %}}"
    "{{% for i in range(90) %}}{{% set n.s = {next} %}}{{% endfor %}}{{{{ n.s }}}}"
)


class Leaky:
    """An object with something to hide, as plain data must never hold it."""

    secret = "hidden"

    def __call__(self) -> str:
        return self.secret


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ customer.__class__ }}",
        "{{ customer.__init__.__globals__ }}",
        "{{ customer.keys() }}",
        "{{ customer.get('name') }}",
        "{{ '{0.__class__}'.format(customer) }}",
        "{{ '%s' | format(customer) }}",
        "{{ '%99999999d' % 1 }}",
        "{{ '' | attr('__class__') }}",
        "{{ [customer] | map(attribute='__class__') | first }}",
        "{{ leaky.secret }}",
        "{{ leaky() }}",
        "{{ lipsum(n=1000) }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__ }}",
        "{{ range.__class__ }}",
        "{{ _budget.turns }}",
        "{{ _dynamic.targets }}",
        "{{ loop }}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{% set n = namespace(a=1) %}{{ n.__class__ }}",
        "{{ customer.update({'a': 1}) }}",
        "{{ items.append(1) }}",
        "{% include '../settings.toml' %}",
        "{% import '/etc/passwd' as x %}",
    ],
)
def test_nothing_of_python_can_be_reached(source: str) -> None:
    context = {"customer": {"name": "Ann"}, "items": [1], "leaky": Leaky()}
    with pytest.raises(BrokenTemplate):
        render_text(source, context)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * 'a' }}",
        "{{ [1] * 10**9 }}",
        "{{ 9**9**9**9 }}",
        "{{ 2**100000 }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' | center(10**9) }}",
        "{{ 'x' | indent(10**9) }}",
        "{{ [1] | batch(10**9, 0) | list }}",
        "{{ [1] | slice(10**9) | list }}",
        "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
        "{{ range(9999) | join('b' * 9999) }}",
        DOUBLING.format(first="'x'", next="n.s ~ n.s"),
        DOUBLING.format(first="'x'", next="n.s + n.s"),
        DOUBLING.format(first="3", next="n.s * n.s"),
        DOUBLING.format(first="[]", next="[n.s, n.s]"),
        DOUBLING.format(first="[]", next="(n.s, n.s)").replace("n.s }}", "n.s | string }}"),
        DOUBLING.format(first="{}", next="{'a': n.s, 'b': n.s}").replace(
            "n.s }}", "n.s | tojson }}"
        ),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% set x %}{% for i in range(9999) %}{{ 'a' * 999 }}{% endfor %}{% endset %}",
    ],
)
def test_no_template_can_use_up_the_machine(source: str) -> None:
    with pytest.raises(BrokenTemplate):
        render_text(source, {})


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ event.items[0].name }}", "Cup"),
        ("{{ event.items | length }}", "2"),
        ("{{ event.values }}/{{ event.get }}", "v/g"),
        ("{% for item in event.items %}{{ loop.index }}{{ item.name }}{% endfor %}", "1Cup2Pot"),
        ("{% for k in event.items %}{{ loop.cycle('a', 'b') }}{% endfor %}", "ab"),
        ("{{ event.items | map(attribute='name') | join(', ') }}", "Cup, Pot"),
        ("{{ event['items'][1]['name'] }}", "Pot"),
        ("{{ event.items[:1] | length }}", "1"),
        ("{% set n = namespace(c=0) %}{% set n.c = n.c + 2 %}{{ n.c }}", "2"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('x') }}", "<x>"),
        (
            "{{ 'ab' * 2 }}{{ 2 * 3 }}{{ 7 % 4 }}{{ 2 ** 3 }}{{ 'a' ~ 1 }}{{ 'a' + 'b' }}",
            "abab638a1ab",
        ),
        ("{{ none_here }}", ""),
        ("{{ 10.0 }}|{{ 2.5 }}|{{ 10.0 ~ '' }}", "10|2.5|10"),
        ("{{ event.nothing is defined }}", "False"),
        ("{% if event.nothing %}a{% else %}b{% endif %}", "b"),
        ("{% if event.nothing == 3 %}a{% else %}b{% endif %}", "b"),
        ("{% if event.nothing.deeper %}a{% else %}b{% endif %}", "b"),
        ("{{ event.nothing.deeper[0].name | default('there') }}", "there"),
        (
            "{{ none_here | default('there') }}{{ '' | default('x') }}{{ 0 | default('x') }}",
            "therex0",
        ),
        ("{{ unknown_name | default('there') }}", "there"),
        ("{% if incentive %}a{% else %}b{% endif %}", "b"),
        ("{{ incentive.code | default('-') }}", "-"),
    ],
)
def test_a_dot_means_the_key_and_missing_keys_are_false(source: str, shown: str) -> None:
    event = {"items": [{"name": "Cup"}, {"name": "Pot"}], "values": "v", "get": "g"}
    assert render_text(source, {"event": event, "none_here": None}) == shown


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ customr.name }}", "customr"),
        ("{{ customer.frst_name }}", "frst_name"),
        ("{% if incentve %}x{% endif %}", "incentve"),
        ("{% for x in event.nothing %}{% endfor %}", "nothing"),
        ("{{ event.nothing > 3 }}", "nothing"),
        ("{{ event.total | money }}", "total"),
        ("{{ event.at | day }}", "at"),
    ],
)
def test_an_unknown_name_breaks_the_letter_and_is_named(
    compiled: Write, source: str, name: str
) -> None:
    template = compiled(words("line one<br>\n\n" + source))
    with pytest.raises(BrokenTemplate) as broken:
        render(template, LetterTexts("s"), {"customer": {}, "event": {}})
    assert (broken.value.file, broken.value.line) == ("letter.mjml", 3)
    assert broken.value.name == name
    assert pickle.loads(pickle.dumps(broken.value)).line == 3


def test_html_is_escaped_and_subject_and_text_are_not(compiled: Write) -> None:
    letter = render(
        compiled(words("Hello {{ customer.name }}")),
        LetterTexts("For {{ customer.name }}", "Pre {{ customer.name }}"),
        {"customer": {"name": "<Ann & Bo>"}},
    )
    assert "Hello &lt;Ann &amp; Bo&gt;" in letter.html
    assert "Pre &lt;Ann &amp; Bo&gt;" in letter.html
    assert letter.subject == "For <Ann & Bo>"
    assert letter.text == "Hello <Ann & Bo>"


def test_a_subject_is_stripped_and_must_not_be_empty(compiled: Write) -> None:
    template = compiled(words("x"))
    assert render(template, LetterTexts("\n Hello \n  you  "), {}).subject == "Hello you"
    with pytest.raises(BrokenTemplate):
        render(template, LetterTexts("{% if incentive %}x{% endif %} "), {})


def test_a_letter_larger_than_its_bound_is_refused(compiled: Write) -> None:
    template = compiled(words("{% for i in range(600) %}{{ 'a' * 999 }}{% endfor %}"))
    with pytest.raises(BrokenTemplate) as broken:
        render(template, LetterTexts("s"), {})
    assert "longer than" in broken.value.problem


@pytest.mark.parametrize(
    "source", ["{{ x", "{% if %}", "{{ x | nofilter }}", "{% endfor %}", "{{ }}"]
)
def test_a_subject_that_is_no_jinja_breaks_the_letter_only(compiled: Write, source: str) -> None:
    with pytest.raises(BrokenTemplate):
        render(compiled(words("x")), LetterTexts(source), {})


def test_a_hook_filter_works_and_its_failure_breaks_the_letter(compiled: Write) -> None:
    def shout(value: Any) -> str:
        return str(value["loud"]).upper()

    template = compiled(words("{{ event | shout }}"), filters={"shout": shout})
    assert render(template, LetterTexts("s"), {"event": {"loud": "hey"}}).text == "HEY"
    with pytest.raises(BrokenTemplate):
        render(template, LetterTexts("s"), {"event": {}})


def test_one_letter_leaves_nothing_behind_for_the_next(compiled: Write) -> None:
    template = compiled(
        words("{% set seen = customer.name %}{{ seen }}{{ event.x | default('-') }}")
    )
    first = render(template, LetterTexts("s"), {"customer": {"name": "A"}, "event": {"x": 1}})
    second = render(template, LetterTexts("s"), {"customer": {"name": "B"}, "event": {}})
    assert (first.text, second.text) == ("A1", "B-")
