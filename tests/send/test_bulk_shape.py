"""Letters in bulk: what SES puts together from slots is the very letter that was rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lifecycle.core.message import Letter, Pieces, Shape
from lifecycle.send.bulk_call import CALL_BYTES, Entry, calls_of, entry_of
from lifecycle.send.bulk_shape import fits, template_of
from lifecycle.send.envelope import LetterRefused
from tests.send.substitution import by_handlebars, simply

MakeLetter = Callable[..., Letter]

READERS = (simply, by_handlebars)
NASTY = st.text(st.sampled_from("{}{}{}\\\\\"'<&>\n\r\t a0é🎁א"), max_size=12)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TEXT = st.one_of(NASTY, ANY)
SUBJECTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60
)


def woven(texts: Sequence[str], values: Sequence[str]) -> str:
    """The whole part: text, value, text, value, … text."""
    return "".join(a + b for a, b in zip(texts, (*values, ""), strict=True))


def shaped(
    letter: MakeLetter, shape: Shape, html: Sequence[str], text: Sequence[str], **other: Any
) -> Letter:
    pieces = Pieces(shape, tuple(html), tuple(text))
    whole = {"html": woven(shape.html, html), "text": woven(shape.text, text)}
    return letter(pieces=pieces, **whole, **other)


def in_pieces(letter: MakeLetter, shape: Shape, *values: Sequence[str], **other: Any) -> Letter:
    """As rendering makes them: never put together unless somebody reads the whole."""
    pieces = Pieces(shape, *(tuple(some) for some in values))
    return letter(pieces=pieces, html="", text="", **other)


def entries(letters: Sequence[Letter], *, by_shape: bool = True) -> list[Entry]:
    found = [entry_of(place, one, by_shape=by_shape) for place, one in enumerate(letters)]
    assert all(found)
    return [one for one in found if one]


def put_together(
    body: bytes, reader: Callable[[str, Mapping[str, str]], str]
) -> list[tuple[str, str, str]]:
    """Subject, HTML and text of each entry, as SES would put them together."""
    request = json.loads(body)
    content = request["DefaultContent"]["Template"]["TemplateContent"]
    made = []
    for one in request["BulkEmailEntries"]:
        said = one["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        values = json.loads(said)
        subject, html, text = (
            reader(content.get(part, ""), values) for part in ("Subject", "Html", "Text")
        )
        made.append((subject, html, text))
    return made


@st.composite
def lots(draw: st.DrawFn) -> tuple[Shape, list[tuple[list[str], list[str], str]]]:
    """A shape, and the values and subjects of some letters of it."""
    html = draw(st.lists(TEXT, min_size=1, max_size=6))
    text = draw(st.lists(TEXT, min_size=1, max_size=4))
    one = st.tuples(
        st.lists(TEXT, min_size=len(html) - 1, max_size=len(html) - 1),
        st.lists(TEXT, min_size=len(text) - 1, max_size=len(text) - 1),
        SUBJECTS,
    )
    letters = draw(st.lists(one, min_size=1, max_size=3))
    return Shape("v", ("<", *html[1:]) if not html[0] else tuple(html), tuple(text)), letters


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lot=lots())
@example(
    lot=(Shape("v", ("{", "}", "{{x}}", "\\", "}"), ("t",)), [(["a", "", "{{", "}"], [], "s")])
)
@example(lot=(Shape("v", ("{{{", "}}}"), ("\\\\{{h0}}\\",)), [(["{{s}}"], [], "{{h0}}")]))
def test_letters_in_slots_are_the_very_letters_that_were_rendered(
    letter: MakeLetter, lot: tuple[Shape, list[tuple[list[str], list[str], str]]]
) -> None:
    shape, values = lot
    letters = [shaped(letter, shape, html, text, subject=subject) for html, text, subject in values]
    calls, alone = calls_of(entries(letters), "set")
    assert not alone
    for reader in READERS:
        made: dict[int, tuple[str, str, str]] = {}
        for call in calls:
            for one, parts in zip(call.entries, put_together(call.body(), reader), strict=True):
                made[one.place] = parts
        for place, one_letter in enumerate(letters):
            assert made[place] == (one_letter.subject, one_letter.html, one_letter.text)


@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_no_brace_or_backslash_of_ours_touches_a_placeholder(texts: list[str]) -> None:
    template = template_of(Shape("v", tuple(texts), ()))
    assert template is not None
    assert not re.search(r"[{\\]\{\{\w+\}\}|\{\{\w+\}\}\}", template.html)
    assert len(re.findall(r"\{\{", template.html)) == len(re.findall(r"\{\{\w+\}\}", template.html))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(html=TEXT, text=TEXT, subject=SUBJECTS)
def test_whole_letters_are_the_very_letters_that_were_rendered(
    letter: MakeLetter, html: str, text: str, subject: str
) -> None:
    whole = letter(html=html + ".", text=text, subject=subject)
    ((call,), _) = calls_of(entries([whole]), None)
    for reader in READERS:
        assert put_together(call.body(), reader) == [(subject, html + ".", text)]


def test_the_text_of_a_template_goes_once_for_all_its_letters(letter: MakeLetter) -> None:
    shape = Shape("v", ("<p>" + "our own text " * 500, "</p>"), ("Dear ", "."))
    letters = [
        shaped(letter, shape, [f"Ann {n}"], [f"Ann {n}"], to=f"ann{n}@customer.example")
        for n in range(50)
    ]
    ((call,), _) = calls_of(entries(letters), None)
    assert call.body().count(b"our own text") == 500
    assert len(call.entries) == 50


@pytest.mark.parametrize(
    ("what", "html", "text", "values"),
    [
        ("a slot without a value", ("a", "b"), ("t",), ((), ())),
        ("a value without a slot", ("a",), ("t",), (("x",), ())),
        ("a text that the shape does not know", ("a",), (), ((), ())),
    ],
)
def test_a_letter_that_its_shape_does_not_fit_travels_whole(
    letter: MakeLetter,
    what: str,
    html: tuple[str, ...],
    text: tuple[str, ...],
    values: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    pieces = Pieces(Shape("v", html, text), *values)
    odd = letter(html="<p>whole</p>", text="whole", pieces=pieces)
    assert not fits(odd), what
    ((call,), _) = calls_of(entries([odd]), None)
    assert put_together(call.body(), simply) == [("Your cart", "<p>whole</p>", "whole")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    html=st.lists(NASTY, min_size=6, max_size=6),
    text=st.lists(NASTY, min_size=4, max_size=4),
    values=st.lists(NASTY, min_size=4, max_size=4),
    names=st.lists(st.integers(0, 3), min_size=8, max_size=8),
)
def test_slots_of_one_name_travel_once_and_stand_everywhere(
    letter: MakeLetter, html: list[str], text: list[str], values: list[str], names: list[int]
) -> None:
    said = [values[name] for name in names]
    named = tuple(f"n{name}" for name in names)
    shape = Shape("v", ("<p>", *html[1:]), tuple(text), named[:5], named[5:])
    one = in_pieces(letter, shape, said[:5], said[5:])
    ((call,), _) = calls_of(entries([one]), None)
    for reader in READERS:
        assert put_together(call.body(), reader) == [("Your cart", one.html, one.text)]


def test_a_value_that_stands_in_many_places_goes_once(letter: MakeLetter) -> None:
    shape = Shape("v", ("a", "b", "c"), ("d", "e"), ("x", "x"), ("x",))
    one = in_pieces(letter, shape, ["the very link"] * 2, ["the very link"])
    ((call,), _) = calls_of(entries([one]), None)
    assert call.body().count(b"the very link") == 1
    assert put_together(call.body(), simply) == [
        ("Your cart", "athe very linkbthe very linkc", "dthe very linke")
    ]


def test_a_letter_in_pieces_is_never_put_together(letter: MakeLetter) -> None:
    shape = Shape("v", ("<p>", "</p>"), ("", ""))
    one = in_pieces(letter, shape, ["Ann"], ["Ann"])
    assert entry_of(0, one)
    assert one.__dict__["html"] == one.__dict__["text"] == ""


@pytest.mark.parametrize(
    ("html", "text", "parts"),
    [
        ([""], ["t"], ["Subject", "Text"]),
        (["h"], [""], ["Subject", "Html"]),
    ],
)
def test_a_part_in_pieces_that_comes_to_nothing_is_left_out(
    letter: MakeLetter, html: list[str], text: list[str], parts: list[str]
) -> None:
    one = in_pieces(letter, Shape("v", ("", ""), ("", "")), html, text)
    ((call,), _) = calls_of(entries([one]), None)
    content = json.loads(call.body())["DefaultContent"]["Template"]["TemplateContent"]
    assert sorted(content) == sorted(parts)


def test_pieces_that_come_to_nothing_are_no_letter(letter: MakeLetter) -> None:
    with pytest.raises(LetterRefused):
        entry_of(0, in_pieces(letter, Shape("v", ("", ""), ("",)), [""], []))


@pytest.mark.parametrize("part", ["html", "text"])
def test_a_letter_of_one_part_has_no_other(letter: MakeLetter, part: str) -> None:
    ((call,), _) = calls_of(entries([letter(**{part: ""})]), None)
    content = json.loads(call.body())["DefaultContent"]["Template"]["TemplateContent"]
    assert part.capitalize() not in content
    assert len(content) == 2


@pytest.mark.parametrize("nasty", ["\0", "\ud800"])
@pytest.mark.parametrize("by_shape", [True, False])
@pytest.mark.parametrize("where", ["text of ours", "value"])
def test_what_json_or_mail_cannot_carry_is_refused(
    letter: MakeLetter, nasty: str, by_shape: bool, where: str
) -> None:
    shape = Shape("v", ("a" + nasty if where == "text of ours" else "a", "b"), ("t",))
    one = shaped(letter, shape, ["x" if where == "text of ours" else nasty], [])
    with pytest.raises(LetterRefused):
        entry_of(0, one, by_shape=by_shape)


def test_a_backslash_and_the_digits_of_nul_are_no_nul(letter: MakeLetter) -> None:
    one = letter(html="<p>\\u0000</p>")
    ((call,), _) = calls_of(entries([one]), None)
    assert put_together(call.body(), simply)[0][1] == "<p>\\u0000</p>"


def test_each_call_is_within_fifty_entries_and_a_megabyte(letter: MakeLetter) -> None:
    letters = [letter(html=f"<p>{n}</p>" + "é" * 20_000) for n in range(120)]
    calls, alone = calls_of(entries(letters), "set")
    sizes = [len(call.body()) for call in calls]
    assert max(sizes) <= CALL_BYTES
    assert len(calls) == 6
    assert [one.place for call in calls for one in call.entries] == list(range(120))
    small = [letter(html=f"<p>{n}</p>") for n in range(120)]
    assert [len(call.entries) for call in calls_of(entries(small), None)[0]] == [50, 50, 20]
    assert not alone


def test_letters_of_other_senders_shapes_or_replies_do_not_share_a_call(
    letter: MakeLetter,
) -> None:
    one, other = (Shape("v", ("a", "b"), ("t",)) for _ in range(2))
    letters = [
        shaped(letter, one, ["x"], []),
        shaped(letter, other, ["x"], []),
        shaped(letter, one, ["x"], [], sender="Other <other@shop.example>"),
        shaped(letter, one, ["x"], [], reply_to=None),
        shaped(letter, one, ["y"], []),
    ]
    calls, _ = calls_of(entries(letters), None)
    assert [[one.place for one in call.entries] for call in calls] == [[0, 4], [1], [2], [3]]


@pytest.mark.parametrize("html", ["x" * 262_144, '"' * 131_072])
def test_values_longer_than_an_entry_takes_go_alone(letter: MakeLetter, html: str) -> None:
    assert entry_of(0, letter(html=html)) is None


def test_what_fits_an_entry_but_no_call_goes_alone(letter: MakeLetter) -> None:
    shape = Shape("v", ("x" * CALL_BYTES, ""), ("t",))
    calls, alone = calls_of(entries([shaped(letter, shape, ["v"], [])]), None)
    assert not calls
    assert len(alone) == 1
