"""Finds the Jinja parts of a template and puts one mark in the place of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifecycle.render.problems import refuse

OPEN, CLOSE = "\ue000", "\ue001"
"""A token is written OPEN number CLOSE in marked text."""
HERE, THERE = "\ue002", "\ue003"
"""A place mark, HERE number THERE: from here on the text comes from another spot."""
TOKEN = re.compile(f"{OPEN}(\\d+){CLOSE}")
MARK = re.compile(f"[{OPEN}{HERE}](\\d+)[{CLOSE}{THERE}]")
_START = re.compile(r"\{\{|\{%|\{#")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_ENDRAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.S)
_WORD = re.compile(r"\{%[-+]?\s*(\w+)")
MAX_TOKENS = 4_000
"""Jinja parts in one assembled template."""


@dataclass(frozen=True, slots=True)
class Token:
    """One Jinja part as written: `{{ … }}` or `{% … %}`, and where it stands."""

    text: str
    file: str
    line: int
    column: int

    @property
    def is_expression(self) -> bool:
        """Whether it prints something."""
        return self.text.startswith("{{")

    @property
    def keyword(self) -> str:
        """The first word of a statement, such as `for`; empty for an expression."""
        found = _WORD.match(self.text)
        return found[1] if found else ""

    @property
    def origin(self) -> tuple[str, int, int]:
        """File, line and column."""
        return (self.file, self.line, self.column)


class Ledger:
    """All tokens and place marks of one template, by number."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.places: list[tuple[str, int, int]] = []

    def token(self, text: str, file: str, line: int, column: int) -> str:
        """Keep a token and return its mark."""
        if len(self.tokens) >= MAX_TOKENS:
            raise refuse(file, line, column, f"This template has over {MAX_TOKENS} Jinja parts")
        self.tokens.append(Token(text, file, line, column))
        return f"{OPEN}{len(self.tokens) - 1}{CLOSE}"

    def place(self, file: str, line: int, column: int) -> str:
        """Return a mark that says where the text after it comes from."""
        self.places.append((file, line, column))
        return f"{HERE}{len(self.places) - 1}{THERE}"

    def mark(self, source: str, file: str) -> str:
        """Return `source` with every Jinja part replaced by a mark and its comments taken out."""
        out = [self.place(file, 1, 1)]
        position, line, begin = 0, 1, 0
        while (found := _START.search(source, position)) is not None:
            literal = source[position : found.start()]
            out.append(literal)
            line += literal.count("\n")
            begin = source.rfind("\n", 0, found.start()) + 1
            column = found.start() - begin + 1
            end = _end_of(source, found.start(), file, line, column)
            text = source[found.start() : end]
            if not text.startswith("{#"):
                out.append(self.token(text, file, line, column))
            if "\n" in text or text.startswith("{#"):
                after = source.rfind("\n", 0, end) + 1
                out.append(self.place(file, line + text.count("\n"), end - after + 1))
            line += text.count("\n")
            position = end
        out.append(source[position:])
        return "".join(out)

    def restore(self, marked: str) -> str:
        """Return the text with each token written out again and the place marks gone."""

        def written(found: re.Match[str]) -> str:
            return self.tokens[int(found[1])].text if found[0][0] == OPEN else ""

        return MARK.sub(written, marked)


def _end_of(source: str, start: int, file: str, line: int, column: int) -> int:
    kind = source[start : start + 2]
    if kind == "{#":
        end = source.find("#}", start + 2)
        if end >= 0:
            return end + 2
        raise refuse(file, line, column, "A comment {# is never closed", "Close it with #}")
    raw = _RAW.match(source, start)
    if raw:
        ending = _ENDRAW.search(source, raw.end())
        if ending:
            return ending.end()
        raise refuse(file, line, column, "{% raw %} is never closed", "Close it with {% endraw %}")
    closing = "}}" if kind == "{{" else "%}"
    position = start + 2
    while position < len(source):
        if source.startswith(closing, position):
            return position + 2
        if source[position] in "\"'":
            string = _STRINGS.match(source, position)
            if string:
                position = string.end()
                continue
        if source.startswith(("{{", "{%"), position) and kind == "{%":
            break
        position += 1
    raise refuse(file, line, column, f"{kind} is never closed", f"Close it with {closing}")
