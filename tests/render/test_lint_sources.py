"""Features that mail programs lack are told at their line, and only where they are written."""

from __future__ import annotations

import pytest

from lifecycle.render.lint_sources import lint_sources

LETTER = """<mjml>
  <mj-head><mj-style>{style}</mj-style></mj-head>
  <mj-body><mj-text>{text}</mj-text></mj-body>
</mjml>
"""


def told(text: str = "", style: str = "") -> list[str]:
    source = LETTER.format(text=text, style=style)
    return [f"{one.line}: {one.problem}" for one in lint_sources({"a.mjml": source})]


@pytest.mark.parametrize(
    ("style", "named"),
    [
        (".a { display: flex }", "display: flex"),
        (".a{display:grid}", "display: grid"),
        (".a { color: var(--ink) }", "var()"),
        ("@font-face { font-family: x }", "@font-face"),
        (".a { box-shadow: 0 1px 2px #000 }", "box-shadow"),
        (".a { position : absolute }", "position"),
        (".a { background: linear-gradient(red, blue) }", "linear-gradient()"),
        (".a::before { content: 'x' }", "::before"),
    ],
)
def test_a_style_is_told_at_its_line(style: str, named: str) -> None:
    found = told(style=style)
    assert [one for one in found if one.startswith(f"2: {named} is not shown by ")], found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('<video src="a.mp4"></video>', "<video>"),
        ("<form></form>", "<form>"),
        ('<img src="https://x.example/a.svg" alt="">', "a picture in SVG"),
        ('<img src="https://x.example/a.avif?w=2" alt="">', "a picture in AVIF"),
        ('<img src="data:image/png;base64,AAAA" alt="">', "a picture inside the letter (data:)"),
        ('<img srcset="a 2x" src="https://x.example/a.png">', "srcset"),
        ('<p style="transform: rotate(3deg)">x</p>', "transform"),
    ],
)
def test_a_tag_is_told_at_its_line(text: str, named: str) -> None:
    assert [one for one in told(text) if one.startswith(f"3: {named} is not shown by ")]


@pytest.mark.parametrize(
    "text",
    [
        "We write about display: flex and &lt;video&gt; here",
        "{# <video> #}{% set x = 'display: grid' %}",
        "<!-- <form> -->",
        '<img src="{{ item.image }}" alt="">',
        "<videotape>",
        '<p style="text-transform: uppercase; my-position: absolute">x</p>',
    ],
)
def test_words_comments_and_other_names_are_not_features(text: str) -> None:
    assert told(text) == []


def test_each_feature_is_told_once_a_file() -> None:
    found = told("<video></video>\n<video></video>")
    assert len(found) == 1
    assert "Gmail, Outlook for Windows, Outlook.com and 2 more" in found[0]
