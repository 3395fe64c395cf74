"""Links whose address is known only per message: each gets the next number as it is written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from markupsafe import Markup, escape

MAX_DYNAMIC_LINKS = 500
"""Dynamic links in one letter."""
MAX_URL = 4_000
"""Characters of one address."""
_WEB = re.compile(r"https?://[^\s]+", re.I)
_DANGEROUS = re.compile(r"(javascript|data|vbscript|file):", re.I)
_UNSEEN = re.compile(r"[\s\0-\x20\x7f]+")
"""What browsers leave out of an address before they read what it begins with."""


class DynamicLinks:
    """The dynamic links of one letter: the HTML numbers them, the text part finds them again."""

    __slots__ = ("by_url", "first", "named", "new_numbers", "prefix", "targets")

    def __init__(
        self, prefix: str | None, first: int, named: Callable[[str], str] | None = None
    ) -> None:
        self.prefix = prefix
        self.first = first
        self.named = named
        self.targets: dict[int, str] = {}
        self.by_url: dict[str, int] = {}
        self.new_numbers = True

    def write(self, url: str) -> str:
        """Return what stands in the letter for `url`."""
        if not _WEB.fullmatch(url):
            return url
        if self.prefix is None:
            return url if self.named is None else self.named(url)
        number = None if self.new_numbers else self.by_url.get(url)
        if number is None:
            if len(self.targets) >= MAX_DYNAMIC_LINKS:
                raise SecurityError(f"the letter has over {MAX_DYNAMIC_LINKS} links of its own")
            number = self.first + len(self.targets)
            self.targets[number] = url
            self.by_url.setdefault(url, number)
        return f"{self.prefix}{number}"


@pass_context
def dynamic_link(context: Context, value: Any) -> Any:
    """Turn the address inside the block into a numbered link; refuse one that runs as a program."""
    escaped = isinstance(value, Markup)
    url = html.unescape(str(value)).strip() if escaped else str(value).strip()
    if len(url) > MAX_URL:
        raise SecurityError(f"an address is longer than {MAX_URL} characters")
    if _DANGEROUS.match(_UNSEEN.sub("", url)):
        raise SecurityError("an address begins with something that would run as a program")
    links = context.parent.get("_dynamic")
    written = links.write(url) if isinstance(links, DynamicLinks) else url
    return Markup(escape(written)) if escaped else written
