"""Compiles templates once for each content, wherever their files lie: on disk or in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from lifecycle.render.compile import (
    Afresh,
    CompiledTemplate,
    afresh,
    compile_template,
    compile_text,
)

Filters = Mapping[str, Callable[..., Any]]
MAX_KEPT = 512
"""Compiled templates kept in memory."""
_kept: OrderedDict[tuple[object, ...], CompiledTemplate] = OrderedDict()
_lock = Lock()


class Compiling:
    """Compiles the templates of one folder, whose whole content `fingerprint` names."""

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        language: str | None,
        filters: Filters,
        by: Afresh = afresh,
    ) -> None:
        """`by` compiles what is not known yet."""
        self.by = by
        self.folder = folder
        self.language = language
        self.filters = dict(filters)
        functions = tuple(sorted((name, id(one)) for name, one in filters.items()))
        self._key = (fingerprint, language, functions)

    def compile(self, name: str, tag: str | None = None) -> CompiledTemplate:
        """The template of that name, in the language of `tag` or the shop's."""
        return self._once(
            (name, tag, None),
            lambda: compile_template(
                name,
                self.folder,
                locale=tag,
                language=self.language,
                filters=self.filters,
                by=self.by,
            ),
        )

    def text(self, name: str, markdown: str, tag: str | None = None) -> CompiledTemplate:
        """A Markdown text of a campaign as a template of that name, in the shop's layout."""
        return self._once(
            (name, tag, markdown),
            lambda: compile_text(
                name,
                markdown,
                self.folder,
                locale=tag,
                language=self.language,
                filters=self.filters,
                by=self.by,
            ),
        )

    def _once(
        self, what: tuple[str | None, ...], make: Callable[[], CompiledTemplate]
    ) -> CompiledTemplate:
        key = (*self._key, *what)
        with _lock:
            if key in _kept:
                _kept.move_to_end(key)
                return _kept[key]
        compiled = make()
        if not compiled.version:
            return compiled
        with _lock:
            _kept[key] = compiled
            while len(_kept) > MAX_KEPT:
                _kept.popitem(last=False)
        return compiled
