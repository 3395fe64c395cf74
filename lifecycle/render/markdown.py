"""Turns a short Markdown text into the MJML of a letter in the shop's own layout."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from lifecycle.render.plain_layout import CONTENT, plain_layout

LAYOUT = "layout/letter.mjml"
"""The layout that written texts stand in; without it, or its block, a plain one of ours."""
_HEADING = re.compile(r"(#{1,3})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
_RULE = re.compile(r"\s*([-*_])(\s*\1){2,}\s*$")
_BUTTON = re.compile(r"\s*\[([^\[\]]+)\]\(([^()\s]+)\)\s*$")
_LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])[*_](?=\S)([^*_\n]+?)(?<=\S)[*_](?![\w*])")
HEADLINE, HEADING, LINK = "headline", "heading", "text-link"
"""Classes of a layout that headings and links of a text take on, where it has them."""
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)


def document(
    markdown: str,
    layout: str | None,
    classes: frozenset[str] = frozenset(),
    locale: str | None = None,
) -> str:
    """Return the MJML document of a Markdown text; each line of it stays on its line.

    `layout` is the path of the shop's own layout, whose block `content` is filled; None takes a
    plain one, in the language of `locale`. `classes` are those that the layout defines for
    `mj-class`.

    Known: paragraphs, headings, lists, bold, italics, links, rules, and a link alone in its
    paragraph, which becomes a button. Jinja is left as it is; HTML is shown as text.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\ue00a{len(kept) - 1}\ue00b"

    text = _JINJA.sub(keep, markdown.replace("\r\n", "\n").expandtabs(4))
    content = _blocks(text, kept, classes)
    content = re.sub("\ue00a(\\d+)\ue00b", lambda found: kept[int(found[1])], content)
    section = f"<mj-section><mj-column>{content}</mj-column></mj-section>"
    if layout is not None:
        return f'{{% extends "{layout}" %}}{{% block content %}}{section}{{% endblock %}}'
    return plain_layout(locale).replace(CONTENT, section)


def _blocks(text: str, kept: list[str], classes: frozenset[str]) -> str:
    out: list[str] = []
    paragraph: list[str] = []
    tag: Callable[[str], str] = _paragraph

    def close() -> None:
        nonlocal tag
        if paragraph:
            out.append(tag("\n".join(paragraph)))
            paragraph.clear()
        tag = _paragraph

    for line in text.split("\n"):
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if not line.strip() or _RULE.match(line) or _is_statement(line, kept):
            close()
            bare = line if _is_statement(line, kept) else "<mj-divider />"
            out.append(bare if line.strip() else "")
        elif heading:
            close()
            out.append(_heading(len(heading[1]), _inline(heading[2]), classes))
        elif item:
            if tag is not _list:
                close()
            tag = _list
            paragraph.append(f"<li>{_inline(item[1])}</li>")
        elif tag is _list:
            before = paragraph[-1].removesuffix("</li>")
            paragraph[-1] = f"{before}\n{_inline(line.strip())}</li>"
        else:
            paragraph.append(line)
    close()
    return "\n".join(out)


def _heading(level: int, words: str, classes: frozenset[str]) -> str:
    name = HEADLINE if level == 1 else HEADING
    if name in classes:
        look = f'mj-class="{name}"' + (f' css-class="{name} ink"' if level == 1 else "")
    else:
        size = {1: "28px", 2: "21px", 3: "17px"}[level]
        look = f'font-size="{size}" line-height="1.3" font-weight="700"'
    return f"<mj-text {look}>{words}</mj-text>"


def _is_statement(line: str, kept: list[str]) -> bool:
    """Whether a line holds Jinja statements and nothing else, which then stand around blocks."""
    numbers = re.findall("\ue00a(\\d+)\ue00b", line)
    rest = re.sub("\ue00a\\d+\ue00b", "", line).strip()
    return bool(numbers) and not rest and not any(kept[int(n)].startswith("{{") for n in numbers)


def _paragraph(text: str) -> str:
    button = _BUTTON.match(text) if "\n" not in text else None
    if button:
        return f'<mj-button href="{_quoted(button[2])}">{_inline(button[1])}</mj-button>'
    lines = [
        _inline(line.strip()) + ("<br>" if line.endswith("  ") else "") for line in text.split("\n")
    ]
    return f"<mj-text>{chr(10).join(lines).removesuffix('<br>')}</mj-text>"


def _list(text: str) -> str:
    return f'<mj-text><ul style="margin:0;padding-left:22px;">{text}</ul></mj-text>'


def _inline(text: str) -> str:
    links: list[str] = []

    def link(found: re.Match[str]) -> str:
        words = html.escape(found[1], quote=False)
        links.append(f'<a class="{LINK}" href="{_quoted(found[2])}">{words}</a>')
        return f"\ue00c{len(links) - 1}\ue00d"

    text = html.escape(_LINK.sub(link, text), quote=False)
    text = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", text))
    return re.sub("\ue00c(\\d+)\ue00d", lambda found: links[int(found[1])], text)


def _quoted(address: str) -> str:
    return html.escape(address, quote=True)
