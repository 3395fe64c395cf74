"""Compiles templates in a worker process: one that stalls it, or ends it, is a problem like others.

Guarantee: whatever stands in a template, this process goes on, and the template is named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from lifecycle.render.compile import CompiledTemplate, Filters, Source, afresh
from lifecycle.render.folder import TemplateFolder
from lifecycle.render.problems import TemplateProblem
from lifecycle.workers import Done, Work, Workers, WorkFailed

COMPILE_SECONDS = 20.0
"""How long one template may take: a hundred times what large ones need."""
COMPILE_MEMORY_MB = 512
_SAID = {
    "stalled": "compiling it takes over {seconds:g} seconds",
    "crashed": "compiling it ends the process it is done in",
    "memory": "compiling it takes over {memory} MB",
    "too_large": "it becomes far too large",
    "raised": "it cannot be compiled",
}
_HINT = "look for what is huge or repeated without end in it, and in the files that it includes"

Asked = tuple[Source, tuple[str, ...]]
"""What to compile, and the names of the shop's own filters."""


class CompilingAside:
    """Compiles one template after the other in one process, which starts with the first."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._workers = Workers(
            compiling_room, seconds=COMPILE_SECONDS, memory_mb=COMPILE_MEMORY_MB
        )

    def __enter__(self) -> CompilingAside:
        """The same."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._workers.close()

    def __call__(self, source: Source, filters: Filters) -> tuple[TemplateFolder, CompiledTemplate]:
        """Compile one; what cannot be compiled has a problem and no version.

        Raises EnvironmentFailed when no process can be started.
        """
        asked = source, tuple(sorted(filters))
        result = self._workers.run([Work(source.name, asked, again=False)])[0]
        if isinstance(result, Done):
            folder, compiled = result.value
            return folder, replace(compiled, filters=tuple(sorted(filters.items())))
        return _failed(source, result)


def compiling_room() -> Callable[[Asked], tuple[TemplateFolder, CompiledTemplate]]:
    """The function that compiles in a worker. The shop's own filters are known there by name."""
    return _compiled


def _compiled(asked: Asked) -> tuple[TemplateFolder, CompiledTemplate]:
    source, names = asked
    folder, compiled = afresh(source, dict.fromkeys(names, _not_here))
    return folder, replace(compiled, filters=())


def _not_here(*_: Any, **__: Any) -> NoReturn:
    """Stands for a filter: Jinja tries filters on what is constant, and goes on without."""
    raise NotImplementedError("filters run when letters are rendered")


def _failed(source: Source, failed: WorkFailed) -> tuple[TemplateFolder, CompiledTemplate]:
    folder = TemplateFolder(source.root, source.locale, source.language)
    file = source.name
    if source.markdown is None:
        try:
            file = folder.find(source.name) or f"{source.name}.mjml"
        except ValueError:
            file = f"{source.name}.mjml"
    said = _SAID[failed.kind].format(seconds=COMPILE_SECONDS, memory=COMPILE_MEMORY_MB)
    problem = TemplateProblem(file, 1, 1, "error", said, _HINT)
    return folder, CompiledTemplate(source.name, "", "", "", (), (problem,), (file,))
