"""A finished letter is looked over: what receivers punish and what readers miss."""

from __future__ import annotations

import pytest

from lifecycle.render.lint_letter import Looked, lint_letter

WORDS = "We have new lamps, and each of them is made by hand in a small workshop near the sea. " * 4
PREHEADER = '<div style="display:none">New lamps</div>'


def doubts(
    html: str = "",
    subject: str = "New lamps are here",
    sender: str = "Shop <news@shop.example>",
    text: str = WORDS,
    *,
    before: str = PREHEADER,
    marketing: bool = True,
) -> list[str]:
    body = f"<html><head><title>t</title></head><body>{before}<p>{WORDS}</p>{html}</body></html>"
    looked = Looked(subject, body, text, sender, marketing)
    return [one.problem for one in lint_letter(looked)]


def test_a_good_letter_is_beyond_doubt() -> None:
    good = '<a href="https://shop.example/lamps">See the lamps</a>'
    good += '<img src="https://shop.example/a.png" alt="A lamp" width="600">'
    assert doubts(good) == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("x" * 61, "The subject has 61 characters"),
        ("LAST CHANCE TODAY", "The subject is written in capitals"),
        ("Only today!!", "The subject repeats ! ? or signs of money"),
        ("Save $$$ now", "The subject repeats ! ? or signs of money"),
        ("Re: your order", "The subject poses as an answer or a forwarded letter"),
        ("AW: Ihre Frage", "The subject poses as an answer or a forwarded letter"),
        ("Hello {{ name }}", "The subject shows signs of a template"),
    ],
)
def test_subjects_that_are_punished(subject: str, said: str) -> None:
    assert doubts(subject=subject) == [said]


@pytest.mark.parametrize(
    "subject", ["Regarding lamps", "NEW: lamps", "Really? Yes!", "Café für 5 €"]
)
def test_subjects_that_are_fine(subject: str) -> None:
    assert doubts(subject=subject) == []


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("Shop <no-reply@shop.example>", "Nobody can answer to no-reply@shop.example"),
        ("noreply@shop.example", "Nobody can answer to noreply@shop.example"),
        ("Shop <shop@gmail.com>", "The sender's domain is gmail.com"),
    ],
)
def test_senders_that_harm(sender: str, said: str) -> None:
    assert doubts(sender=sender) == [said]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<a href="#">x</a>', "A link leads nowhere: x"),
        ('<a href="">x</a>', "A link leads nowhere: x"),
        ('<a href="http://shop.example/a">x</a>', "A link is not encrypted: http://shop.example/a"),
        ('<a href="https://bit.ly/a">x</a>', "A link goes through bit.ly"),
        ('<a href="https://192.0.2.7/a">x</a>', "A link leads to a bare number: 192.0.2.7"),
        ('<a href="https://a@shop.example/">x</a>', "A link carries a user name: shop.example"),
        ('<a href="https://shop.example/"></a>', "A link has no words: https://shop.example/"),
        (
            '<a href="https://evil.example/">www.shop.example/sale</a>',
            "A link shows www.shop.example and leads to evil.example",
        ),
        ('<a href="https://[x/">y</a>', "A link's address cannot be read: https://[x/"),
        (
            '<img src="http://shop.example/a.png" alt="" width="9">',
            "A picture is not encrypted: http://shop.example/a.png",
        ),
        (
            '<img src="/a.png" alt="" width="9">',
            "A picture has no whole address: /a.png",
        ),
        (
            '<img src="https://shop.example/a.png" width="9">',
            "A picture has no alt: https://shop.example/a.png",
        ),
        (
            '<img src="https://shop.example/a.png" alt="">',
            "A picture has no width: https://shop.example/a.png",
        ),
        ('<p style="font-size:1px">cheap lamps</p>', "Some words are too small to be read"),
        ("<script>1</script>", "The letter holds <script>"),
        ("<p>Hello ,</p>", "The greeting has no name in it"),
        ("<p>{{ customer.name }}</p>", "The letter shows signs of a template"),
    ],
)
def test_what_a_letter_should_not_hold(html: str, said: str) -> None:
    assert doubts(html) == [said]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://www.shop.example/a">shop.example</a>',
        '<a href="mailto:help@shop.example">help@shop.example</a>',
        '<a href="https://s.example/"><img src="https://s.example/a" alt="Lamp" width="9"></a>',
        '<table style="font-size:0px"><tr><td style="font-size:16px">Words</td></tr></table>',
        '<img src="https://shop.example/o.gif" width="1" height="1">',
        '<div style="display:none"><a href="#">hidden</a></div>',
    ],
)
def test_what_a_letter_may_hold(html: str) -> None:
    assert doubts(html) == []


def test_pictures_alone_and_a_thin_text_part_are_told() -> None:
    html = '<body><img src="https://shop.example/a.png" alt="Sale" width="600"></body>'
    found = [one.problem for one in lint_letter(Looked("Sale", html, "", "a@shop.example", False))]
    assert found == ["The letter says 0 characters in words, the rest in pictures"]
    assert doubts(text="Hello") == ["The text part says much less than the HTML"]


def test_a_letter_that_gmail_clips_is_told_before_it_is() -> None:
    assert doubts("<!--" + "x" * 110_000 + "-->") == ["The letter's HTML has 107 KB"]
    assert doubts("<!--" + "x" * 92_000 + "-->") == ["The letter's HTML has 90 KB"]
    assert doubts("<!--" + "x" * 80_000 + "-->") == []


def test_a_marketing_letter_wants_a_preheader() -> None:
    assert doubts(before="") == ["There is no preheader"]
    assert doubts(before="", marketing=False) == []
