"""Writes the Jinja of a compiled template out again, and knows from which line each part came."""

from __future__ import annotations

import re

from jinja2 import TemplateSyntaxError

from lifecycle.render.shield import SHIELDED
from lifecycle.render.tokens import Ledger

_STATEMENT = re.compile(r"\{%[-+]?\s*(?P<word>\w+)[^%]*%\}")
_PAIRED = frozenset("if for with macro call filter autoescape".split())

LineMap = tuple[tuple[int, str, int], ...]
"""Line of the compiled source, and the file and line that its Jinja part comes from."""


def unshielded(text: str, ledger: Ledger) -> tuple[str, LineMap]:
    """Write the Jinja out again; each part begins a line of its own, so that errors can be placed.

    The line break stands inside the braces, where it prints nothing.
    """
    out: list[str] = []
    lines: list[tuple[int, str, int]] = []
    line, at = 1, 0
    for found in SHIELDED.finditer(text):
        literal = text[at : found.start()]
        token = ledger.tokens[int(found[1] or found[2] or found[3])]
        written = token.text
        if token.keyword != "raw":
            cut = 3 if written[2:3] in "-+" else 2
            written = f"{written[:cut]}\n{written[cut:]}"
        out += [literal, written]
        line += literal.count("\n")
        lines.append((line, token.file, token.line))
        line += written.count("\n")
        at = found.end()
    out.append(text[at:])
    return "".join(out), tuple(lines)


def line_of(error: TemplateSyntaxError, source: str) -> int:
    """Return the line at fault; for a statement left open, the line that opened it."""
    if "Unexpected end of template" not in (error.message or ""):
        return error.lineno
    opened: list[tuple[str, int]] = []
    for found in _STATEMENT.finditer(source):
        word = found["word"]
        if word.startswith("end"):
            while opened and opened.pop()[0] != word[3:]:
                pass
        elif word in _PAIRED or (word == "set" and "=" not in found[0]):
            opened.append((word, source.count("\n", 0, found.start()) + 2))
    return opened[-1][1] if opened else error.lineno


def place_of(lines: LineMap, number: int, otherwise: str) -> tuple[str, int]:
    """Return file and line of the Jinja part that stands at a line of the compiled source."""
    best = (otherwise, 1)
    for start, file, line in lines:
        if start >= number:  # what a part says begins on the line after its brace
            break
        best = (file, line)
    return best
