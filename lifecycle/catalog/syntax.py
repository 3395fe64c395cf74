"""What keeps a TOML text from being read, in the words of people who do not know TOML."""

from __future__ import annotations

import re
import tomllib

Found = tuple[int, int, str, str]
"""Line, column, problem, hint."""
MAX_KEY_PARTS = 32
"""Dotted parts of one key; the parser's work grows with their square."""
MAX_BRACKETS = 64
"""Brackets and braces open at once."""
_TOKEN = re.compile(
    r"(?P<text>\"\"\"(?:[^\"\\]++|\\.|\"(?!\"\"))*+(?:\"{3,5})?"
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r"|\"(?:[^\"\\\n]++|\\[^\n])*+\"?"
    r"|'[^'\n]*+'?)"
    r"|(?P<comment>\#[^\n]*+)"
    r"|(?P<line>\n)|(?P<dot>\.)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<break>[=,])",
    re.S,
)
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def limits(text: str) -> list[Found]:
    """Keys with too many parts and brackets too deep, found before the parser sees them."""
    parts, depth = 1, 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "dot":
            parts += 1
        elif kind in ("line", "break", "open", "close"):
            parts = 1
        depth += (kind == "open") - (kind == "close")
        if parts > MAX_KEY_PARTS:
            return [(*_position(text, token.start()), "this key has too many parts", "")]
        if depth > MAX_BRACKETS:
            return [(*_position(text, token.start()), "brackets nest too deep here", "")]
    return []


def unreadable(text: str) -> list[Found]:
    """Why the parser refuses the text."""
    try:
        tomllib.loads(text)
    except RecursionError:
        return [(1, 1, "this file nests too deep", "")]
    except ValueError as error:
        at = _AT.search(str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        column = int(at[2]) if at and at[2] else 1
        return [(line, column, "this line cannot be read", "")]
    return []


def _position(text: str, offset: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, offset)
    return text.count("\n", 0, offset) + 1, offset - start
