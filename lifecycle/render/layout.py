"""The shop's own layout, looked at before a written text is put into it."""

from __future__ import annotations

import re

from lifecycle.render.folder import TemplateFolder
from lifecycle.render.markdown import LAYOUT
from lifecycle.render.problems import SourceRefused

_FILLED = re.compile(r"\{%-?\s*block\s+content\b")
_INCLUDE = re.compile(r"\{%-?\s*include\s+[\"']([^\"']+)[\"']|<mj-include\s[^>]*path=\"([^\"]+)\"")
_CLASS = re.compile(r"<mj-class\s[^>]*\bname=[\"']([^\"']+)[\"']")


def layout_of(folder: TemplateFolder) -> tuple[str | None, frozenset[str]]:
    """The layout that written texts stand in, and the names for `mj-class` that it defines.

    None where the project has no `layout/letter.mjml`, or one without a block `content`.
    """
    text = _text(folder, LAYOUT)
    if text is None or not _FILLED.search(text):
        return None, frozenset()
    parts = [text]
    for found in _INCLUDE.finditer(text):
        parts.append(_text(folder, found[1] or found[2], beside=LAYOUT) or "")
    return LAYOUT, frozenset(name for part in parts for name in _CLASS.findall(part))


def _text(folder: TemplateFolder, name: str, *, beside: str = "") -> str | None:
    try:
        path = folder.find(name, beside=beside)
        return folder.read(path, (path, 1, 1)) if path is not None else None
    except (ValueError, SourceRefused):
        return None
