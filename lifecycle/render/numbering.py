"""Numbers the links of a compiled template: each href becomes a slot that is filled per message."""

from __future__ import annotations

import html
import re

from lifecycle.render.problems import TemplateProblem
from lifecycle.render.shield import WORD
from lifecycle.render.tokens import Ledger

MAX_LINKS = 500
"""Numbered links in one template."""
OWN_URLS = ("unsubscribe_url", "preferences_url", "view_url", "confirm_url")
"""Links that are ours already and are never rewritten."""
_HREF = re.compile(
    r"(?P<tag><(?:a|area|v:\w+)\s(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?\bhref\s*=\s*)"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')",
    re.I,
)
_WEB = re.compile(r"https?://", re.I)
_ELSEWHERE = re.compile(r"(#|[a-z][a-z0-9+.-]*:)", re.I)
_DANGEROUS = re.compile(r"(javascript|data|vbscript|file):", re.I)
_UNSEEN = re.compile(r"[\s\0-\x20\x7f]+")
_OWN = re.compile(rf"\{{\{{[-+]?\s*(?:{'|'.join(OWN_URLS)})\s*[-+]?\}}\}}")


class Numbering:
    """Rewrites hrefs of shielded HTML; `targets` are the addresses of the static links in order."""

    def __init__(self, ledger: Ledger, file: str) -> None:
        self.ledger = ledger
        self.file = file
        self.targets: list[str] = []
        self.problems: list[TemplateProblem] = []

    def number(self, shielded: str) -> str:
        """Return the HTML with a slot for each link that leads to the web."""
        return _HREF.sub(self._slot, shielded)

    def _slot(self, found: re.Match[str]) -> str:
        href = found["double"] if found["double"] is not None else found["single"]
        words = [self.ledger.tokens[int(number)] for number in WORD.findall(href)]
        literal = html.unescape(WORD.sub("", href)).strip()
        if _DANGEROUS.match(_UNSEEN.sub("", literal)):
            origin = words[0].origin if words else (self.file, 1, 1)
            problem = f"A link may not begin with {literal.split(':')[0]}:"
            self.problems.append(TemplateProblem(*origin, "error", problem))
            return found[0]
        if any(_OWN.fullmatch(token.text) for token in words):
            return found[0]
        if words:
            if not WORD.match(href.strip()) and not _WEB.match(literal):
                return found[0]
            return f'{found["tag"]}"{self._dynamic(href)}"'
        if not _WEB.match(literal):
            if not _ELSEWHERE.match(literal):
                problem = f"This link leads nowhere from a letter: {literal[:80]!r}"
                hint = "Write the whole address, beginning with https://"
                self.problems.append(TemplateProblem(self.file, 1, 1, "warning", problem, hint))
            return found[0]
        if len(self.targets) >= MAX_LINKS:
            problem = f"This template has over {MAX_LINKS} links"
            self.problems.append(TemplateProblem(self.file, 1, 1, "error", problem))
            return found[0]
        self.targets.append(literal)
        slot = self._word(f"{{{{ _links[{len(self.targets) - 1}] }}}}")
        return f'{found["tag"]}"{slot}"'

    def _dynamic(self, href: str) -> str:
        return self._word("{% filter _link %}") + href.strip() + self._word("{% endfilter %}")

    def _word(self, text: str) -> str:
        self.ledger.token(text, self.file, 1, 1)
        return f"jzq{len(self.ledger.tokens) - 1}qzj"
