"""Tokens open for those who made them, and each link of a letter has its number."""

from __future__ import annotations

import pytest

from lifecycle.render.letter import LetterTexts, render
from lifecycle.render.links import PURPOSES, Signer, counted_id
from tests.render.documents import Write, words

OLD, NEW = b"o" * 32, b"n" * 32
MESSAGE = "0123456789abcdef0123456789abcdef"
URL = "https://mail.shop.example"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_opens_for_its_purpose_alone(purpose: str) -> None:
    signer = Signer([NEW])
    token = signer.token(purpose, MESSAGE)  # type: ignore[arg-type]
    if purpose.endswith("click"):
        token += ".7"
    opened = signer.open(token)
    assert opened is not None
    assert (opened.purpose, opened.id) == (purpose, MESSAGE)
    others = [other for other in PURPOSES if other != purpose]
    assert signer.open(token, *others) is None


def test_every_changed_character_is_noticed() -> None:
    signer = Signer([NEW])
    token = signer.token("unsubscribe", MESSAGE)
    for at, was in enumerate(token):
        for new in "A_z9" if was not in "A_z9" else "Bx":
            assert signer.open(token[:at] + new + token[at + 1 :]) is None


@pytest.mark.parametrize(
    "token",
    ["", ".", ".1", "x", "é" * 38, "A" * 38, "A" * 1000, "A" * 38 + ".1", "A A", "AAA=", "\0"],
)
def test_garbage_opens_to_nothing(token: str) -> None:
    assert Signer([NEW]).open(token) is None


@pytest.mark.parametrize("number", ["", "0", "01", "-1", "1e3", "999999", "¹", "1.2", " 1"])
def test_a_click_needs_a_plain_link_number(number: str) -> None:
    signer = Signer([NEW])
    assert signer.open(f"{signer.token('click', MESSAGE)}.{number}") is None


def test_an_old_key_still_opens_and_the_newest_signs() -> None:
    old = Signer([OLD]).token("view", MESSAGE)
    both = Signer([OLD, NEW])
    assert both.open(old) is not None
    assert Signer([NEW]).open(both.token("view", MESSAGE)) is not None
    assert Signer([NEW]).open(old) is None


def test_a_signer_refuses_short_keys() -> None:
    with pytest.raises(ValueError):
        Signer([b"short"])
    with pytest.raises(ValueError):
        Signer([])


BODY = (
    '<a href="https://shop.example/?a=1&amp;b=2">one</a> <a href="{{ unsubscribe_url }}">u</a>'
    '{% for item in items %}<a href="{{ item.url }}?from=mail&amp;x=1">{{ item.name }}</a>'
    "{% endfor %}"
    '<a href="https://shop.example/two">two</a> <a href="mailto:help@shop.example">m</a>'
    '<a href="tel:+49301">t</a> <a href="#top">top</a> <a href="{{ view_url }}">v</a>'
)
ITEMS = {
    "items": [
        {"name": "A", "url": "https://s.example/1"},
        {"name": "B", "url": "https://s.example/1"},
    ]
}


def test_static_links_are_numbered_in_order_and_dynamic_ones_after_them(compiled: Write) -> None:
    template = compiled(words(BODY))
    assert template.links == ("https://shop.example/?a=1&b=2", "https://shop.example/two")
    links = Signer([NEW]).for_message(URL, MESSAGE)
    letter = render(template, LetterTexts("s"), ITEMS, links)
    for number in (1, 2, 3, 4):
        assert letter.html.count(f'"{links.click_prefix}{number}"') == 1
    assert letter.links == {
        3: "https://s.example/1?from=mail&x=1",
        4: "https://s.example/1?from=mail&x=1",
    }


def test_a_link_in_a_loop_gets_its_own_number_and_the_text_part_adds_none(compiled: Write) -> None:
    links = Signer([NEW]).for_message(URL, MESSAGE)
    letter = render(compiled(words(BODY)), LetterTexts("s"), ITEMS, links)
    assert sorted(letter.links) == [3, 4]
    assert f"A ({links.click_prefix}3)" in letter.text


def test_own_mail_and_page_links_are_never_rewritten(compiled: Write) -> None:
    links = Signer([NEW]).for_message(URL, MESSAGE)
    html = render(compiled(words(BODY)), LetterTexts("s"), ITEMS, links).html
    for kept in ("mailto:help@shop.example", "tel:+49301", "#top"):
        assert f'href="{kept}"' in html
    assert f'href="{links.unsubscribe_url}"' in html
    assert f'href="{links.view_url}"' in html


def test_tracking_off_leaves_links_and_keeps_unsubscribe_and_view(compiled: Write) -> None:
    links = Signer([NEW]).for_message(URL, MESSAGE, mode="off")
    letter = render(compiled(words(BODY)), LetterTexts("s"), ITEMS, links)
    assert 'href="https://shop.example/?a=1&amp;b=2"' in letter.html
    assert 'href="https://s.example/1?from=mail&amp;x=1"' in letter.html
    assert "/c/" not in letter.html and "/o/" not in letter.html
    assert f"{URL}/u/" in letter.html and f"{URL}/b/" in letter.html
    assert letter.links == {}


def test_aggregate_tracking_carries_no_message_id(compiled: Write) -> None:
    signer = Signer([NEW])
    counted = counted_id("welcome", "hello", "a")
    links = signer.for_message(URL, MESSAGE, mode="aggregate", counted_id=counted)
    letter = render(compiled(words(BODY)), LetterTexts("s"), ITEMS, links)
    clicks = letter.html.split('"')
    tokens = [part.rpartition("/")[2] for part in clicks if part.startswith(f"{URL}/c/")]
    tokens += [
        part.rpartition("/")[2].removesuffix(".gif") for part in clicks if f"{URL}/o/" in part
    ]
    assert len(tokens) == 3
    opened = [signer.open(token) for token in tokens]
    assert {one.id for one in opened if one} == {counted}
    assert all(opened)


def test_individual_tracking_has_the_pixel_and_every_token_opens(compiled: Write) -> None:
    signer = Signer([NEW])
    links = signer.for_message(URL, MESSAGE)
    html = render(compiled(words(BODY)), LetterTexts("s"), ITEMS, links).html
    assert html.count("<img") == 1 and f'src="{links.pixel_url}"' in html
    for path in ("c", "o", "u", "b"):
        token = html.split(f"{URL}/{path}/")[1].split('"')[0].removesuffix(".gif")
        opened = signer.open(token)
        assert opened is not None and opened.id == MESSAGE


def test_without_a_signer_every_address_stays(compiled: Write) -> None:
    context = {
        **ITEMS,
        "unsubscribe_url": "https://shop.example/off",
        "view_url": "https://x.example",
    }
    letter = render(compiled(words(BODY)), LetterTexts("s"), context)
    assert 'href="https://shop.example/off"' in letter.html
    assert "<img" not in letter.html


def test_a_link_that_runs_as_a_program_is_refused(compiled: Write) -> None:
    from lifecycle.render.problems import BrokenTemplate

    assert not compiled(words('<a href="javascript:alert(1)">x</a>')).ok
    template = compiled(words('<a href="{{ event.url }}">x</a>'))
    with pytest.raises(BrokenTemplate):
        render(template, LetterTexts("s"), {"event": {"url": "JavaScript:alert(1)"}})


def test_vml_links_are_numbered_too(compiled: Write) -> None:
    button = '<!--[if mso]><v:roundrect href="https://shop.example/go"></v:roundrect><![endif]-->'
    template = compiled(words(button + '<a href="https://shop.example/go">Go</a>'))
    assert template.links == ("https://shop.example/go", "https://shop.example/go")
