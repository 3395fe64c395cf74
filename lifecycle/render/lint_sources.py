"""Looks the files of a template over for what widespread mail programs do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lifecycle.render.problems import TemplateProblem
from lifecycle.render.support import FEATURES, Feature

MOST_NAMED = 3
"""So many programs are named; of more it is said how many."""
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
_COMMENTS = re.compile(r"<!--.*?-->|/\*.*?\*/", re.S)
_STYLES = re.compile(
    r"<(?P<tag>mj-style|style)\b[^>]*>(?P<inside>.*?)</(?P=tag)\s*>"
    r"|\sstyle\s*=\s*\"(?P<double>[^\"]*)\"|\sstyle\s*=\s*'(?P<single>[^']*)'",
    re.S | re.I,
)


def lint_sources(sources: Mapping[str, str]) -> list[TemplateProblem]:
    """Warn of each feature once a file, at the line where it first stands.

    `sources` are texts by path inside the templates folder; what MJML adds by itself is its own
    affair and not looked at.
    """
    return [one for file, text in sources.items() for one in _of_file(file, text)]


def _of_file(file: str, text: str) -> Iterator[TemplateProblem]:
    bare = _COMMENTS.sub(_blank, _JINJA.sub(_blank, text))
    styles = list(_styles(file, bare))
    for feature in FEATURES:
        at = _first(feature, bare, styles)
        if at is not None:
            line = text.count("\n", 0, at) + 1
            column = at - text.rfind("\n", 0, at)
            yield TemplateProblem(file, line, column, "warning", _said(feature), feature.hint)


def _styles(file: str, bare: str) -> Iterator[tuple[int, str]]:
    if file.endswith(".css"):
        yield 0, bare
        return
    for found in _STYLES.finditer(bare):
        kind = next(name for name in ("inside", "double", "single") if found[name] is not None)
        yield found.start(kind), found[kind]


def _first(feature: Feature, bare: str, styles: list[tuple[int, str]]) -> int | None:
    if feature.where == "markup":
        found = feature.pattern.search(bare)
        return found.start() if found else None
    for start, inside in styles:
        found = feature.pattern.search(inside)
        if found:
            return start + found.start()
    return None


def _said(feature: Feature) -> str:
    named = list(feature.lacking[:MOST_NAMED])
    more = len(feature.lacking) - len(named)
    who = ", ".join(named) + (f" and {more} more" if more else "")
    return f"{feature.name} is not shown by {who}"


def _blank(found: re.Match[str]) -> str:
    """Blanks of the same length, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", found[0])
