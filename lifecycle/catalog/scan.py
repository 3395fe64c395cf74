"""Looks over a TOML text before the parser does: its statements, its size, and sure traps."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

Found = tuple[int, int, str, str]
"""Line and column from 1, problem, hint."""
MAX_KEY_PARTS = 32
"""Dotted parts of one key; the parser's work grows with their square."""
MAX_BRACKETS = 64
"""Brackets and braces open at once."""
MAX_TRAPS = 20
_TOKEN = re.compile(
    r"(?P<text>\"\"\"(?:[^\"\\]++|\\.|\"(?!\"\"))*+(?:\"{3,5})?"
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r"|\"(?:[^\"\\\n]++|\\[^\n])*+\\?\"?"
    r"|'[^'\n]*+'?)"
    r"|(?P<comment>\#[^\n]*+)"
    r"|(?P<line>\n)|(?P<dot>\.)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<break>[=,])"
    r"|(?P<curly>[\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb])",
    re.S,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NEXT_STATEMENT = re.compile(
    r"[ \t]*(?:[A-Za-z_][\w.-]*[ \t]*=|\[\[?[A-Za-z_][\w.-]*\]\]?[ \t]*\n)"
)


@dataclass(slots=True)
class Scan:
    """What the look showed: `refused` forbids parsing, `traps` are faults, `starts` statements."""

    refused: list[Found] = field(default_factory=list)
    traps: list[Found] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [1])
    """The first line of each statement."""
    lines: int = 1

    def first_line(self, line: int) -> int:
        """The first line of the statement that holds `line`."""
        return self.starts[bisect_right(self.starts, line) - 1]

    def last_line(self, line: int) -> int:
        """The last line of the statement that holds `line`."""
        after = bisect_right(self.starts, line)
        return self.starts[after] - 1 if after < len(self.starts) else self.lines


def scan(text: str) -> Scan:
    """Look over a text with line ends of one character; takes time in step with its length."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Scan(lines=text.count("\n") + 1)
        self.line = 1
        self.start = 0
        self.parts = 1
        self.open: list[tuple[str, int, int]] = []
        self.spread = False

    def scan(self) -> Scan:
        for control in _CONTROL.finditer(self.text):
            line = self.text.count("\n", 0, control.start()) + 1
            column = control.start() - self.text.rfind("\n", 0, control.start())
            hint = "delete it; it may have come along when copying"
            self._trap(line, column, "here stands a character that no text may hold", hint)
            break
        for token in _TOKEN.finditer(self.text):
            self._take(token.lastgroup or "", token.group(), token.start())
            if self.found.refused:
                break
        for opened, line, column in self.open[:1]:
            self._never_closed(opened, line, column)
        return self.found

    def _take(self, kind: str, word: str, offset: int) -> None:
        column = offset - self.start + 1
        if kind == "dot":
            self.parts += 1
            if self.parts > MAX_KEY_PARTS:
                problem = f"this key has more than {MAX_KEY_PARTS} parts"
                self.found.refused.append((self.line, column, problem, ""))
        elif kind == "text":
            self._text(word, offset, column)
        elif kind == "curly":
            hint = "write straight ones: \" or '"
            self._trap(self.line, column, f"a curly quote, {word}, opens no text", hint)
        elif kind == "open":
            self.open.append((word, self.line, column))
            if len(self.open) > MAX_BRACKETS:
                problem = f"more than {MAX_BRACKETS} brackets stand open here"
                self.found.refused.append((self.line, column, problem, ""))
        elif kind == "close" and self.open:
            self.open.pop()
        if kind in ("line", "break", "open", "close"):
            self.parts = 1
        if kind == "line":
            self._next_line(offset + 1)

    def _text(self, word: str, offset: int, column: int) -> None:
        quote = word[:3] if word[:3] in ('"""', "'''") else word[0]
        closed = len(word) >= 2 * len(quote) and word.endswith(quote)
        if not closed or (len(quote) == 1 and word.endswith('\\"') and not _even(word)):
            problem = "the quote that opens here is never closed"
            self._trap(self.line, column, problem, f"close the text with {quote}")
        last = word.rfind("\n")
        if last >= 0:
            self.line += word.count("\n")
            self.start = offset + last + 1

    def _next_line(self, offset: int) -> None:
        self.line += 1
        self.start = offset
        if self.open and self.open[-1][0] == "{":
            _, line, column = self.open[-1]
            if not self.spread:
                problem = "a { … } stands on one line, and this one goes on in the next"
                self._trap(line, column, problem, "join its lines; a list inside it may break")
            self.spread = True
        elif self.open and _NEXT_STATEMENT.match(self.text, offset):
            self._never_closed(*self.open[0])
            self.open.clear()
        if not self.open:
            self.spread = False
            self.found.starts.append(self.line)

    def _never_closed(self, opened: str, line: int, column: int) -> None:
        close = "]" if opened == "[" else "}"
        self._trap(line, column, f"the {opened} that opens here is never closed", f"add {close}")

    def _trap(self, line: int, column: int, problem: str, hint: str) -> None:
        if len(self.found.traps) < MAX_TRAPS:
            self.found.traps.append((line, column, problem, hint))


def _even(word: str) -> bool:
    slashes = len(word[:-1]) - len(word[:-1].rstrip("\\"))
    return slashes % 2 == 0
