"""Makes the plain-text part from the shielded HTML, with Jinja and links kept working."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from lifecycle.render.shield import SHIELDED, WORD

_SKIPPED = frozenset("head style script title img noscript svg".split())
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol table tbody thead tr section article header footer center "
    "blockquote form".split()
)
_ROWS = frozenset("table thead tbody tfoot tr".split())
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol blockquote table".split())
_BLANKS = re.compile(r"[ \t\u00a0\u200c\u200b\u034f\ufeff]+")
_LINES = re.compile(r"[ \t]*\n[ \t]*")
_MANY = re.compile(r"\n{3,}")
_DOCTYPE = re.compile(r"<!doctype", re.I)
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
MAX_DEPTH = 400
"""Elements inside one another; deeper ones are left out."""


def text_of(shielded_html: str) -> str:
    """Return the text part, still shielded; each link's address follows its words in brackets."""
    tree = LexborHTMLParser(shielded_html)
    body = tree.body
    out: list[str] = []
    if body is not None:
        _walk(body, out, 0)
    start = _DOCTYPE.search(shielded_html)
    before = shielded_html[: start.start()] if start else ""
    after = shielded_html.rpartition("</html>")[2]
    around = [found[0] for found in SHIELDED.finditer(after)]
    return before + tidy("".join(out)) + "".join(around)


def tidy(text: str) -> str:
    """Take out what only spaces the text: blanks at line ends, more than one empty line."""
    return tidy_inside(text).strip()


def tidy_inside(text: str) -> str:
    """The same, and the blanks at both ends stay."""
    return _MANY.sub("\n\n", _LINES.sub("\n", text))


def _walk(node: LexborNode, out: list[str], depth: int) -> None:
    child = node.child
    while child is not None:
        _one(child, out, depth)
        child = child.next


def _one(node: LexborNode, out: list[str], depth: int) -> None:
    tag = node.tag or ""
    if node.is_text_node:
        written = _BLANKS.sub(" ", (node.text_content or "").replace("\n", " "))
        between_cells = node.parent is not None and node.parent.tag in _ROWS
        out.append("" if between_cells and written == " " else written)
    elif node.is_comment_node:
        comment = node.comment_content or ""
        if WORD.fullmatch(comment.strip()):
            out.append(f"<!--{comment.strip()}-->")
    elif tag in _SKIPPED or depth > MAX_DEPTH or _is_hidden(node):
        return
    elif tag == "br":
        out.append("\n")
    elif tag == "hr":
        out.append("\n\n---\n\n")
    elif tag == "a":
        _link(node, out, depth)
    elif tag == "td" or tag == "th":
        _cell(node, out, depth)
    elif tag == "li":
        out.append("\n- ")
        _walk(node, out, depth + 1)
    elif tag in _BLOCKS:
        around = "\n\n" if tag in _PARAGRAPHS else "\n"
        out.append(around)
        _walk(node, out, depth + 1)
        out.append(around)
    else:
        _walk(node, out, depth + 1)


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    hidden = _HIDDEN.search(attributes.get("style") or "") is not None
    return hidden or attributes.get("aria-hidden") == "true"


def _cell(node: LexborNode, out: list[str], depth: int) -> None:
    """A cell of a layout table is a block; a cell of a real table stands beside the next."""
    table = node.parent
    while table is not None and table.tag != "table":
        table = table.parent
    real = table is not None and table.attributes.get("role") != "presentation"
    inner: list[str] = []
    _walk(node, inner, depth + 1)
    out.append(f"{''.join(inner).strip()}  " if real else f"\n{''.join(inner)}\n")


def _link(node: LexborNode, out: list[str], depth: int) -> None:
    inner: list[str] = []
    _walk(node, inner, depth + 1)
    words = " ".join("".join(inner).split())
    href = (node.attributes.get("href") or "").strip()
    if not href or href.startswith("#"):
        out.append(words)
    elif not words:
        return
    elif words == href or href.removeprefix("mailto:") == words:
        out.append(words)
    else:
        out.append(f"{words} ({href})")
