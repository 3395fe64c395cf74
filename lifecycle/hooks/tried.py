"""Tries a shop's hooks in a process of their own before this one lets them in.

Guarantee: a file that never ends importing, or ends its process, is told within seconds and stays
out; and so is a hook that gets stuck on a sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lifecycle.hooks.find import FOLDER, find
from lifecycle.hooks.registry import HookProblem, Registry
from lifecycle.hooks.sample import sample_check
from lifecycle.workers import Done, Result, Work, Workers, WorkFailed

IMPORT_SECONDS = 5.0
"""How long importing one file may take."""
SAMPLE_SECONDS = 30.0
"""How long one hook may take over the sample, on which it is asked some dozen times."""
_SAID = {
    "stalled": "{what} does not end",
    "crashed": "{what} ends the process it runs in",
    "memory": "{what} takes too much memory",
    "too_large": "{what} gives too much",
    "raised": "{what} fails",
}


def find_tried(root: Path) -> tuple[Registry, list[HookProblem]]:
    """The hooks of a project with every problem, as `find`; files that get stuck are left out."""
    files = sorted((root / FOLDER).glob("*.py"))
    if not files:
        return find(root)
    names = [file.name for file in files]
    works = [Work(name, name, again=False) for name in names]
    results = _run(partial(_importing, root), works, IMPORT_SECONDS)
    stuck = {
        one.name: HookProblem(
            f"{FOLDER}/{one.name}",
            0,
            _SAID[one.kind].format(what="importing it"),
            "open files, sockets and long work belong into the hook, not beside it",
        )
        for one in results
        if isinstance(one, WorkFailed)
    }
    registry, problems = find(root, without=frozenset(stuck))
    return registry, [*problems, *stuck.values()]


def sample_tried(
    registry: Registry, root: Path, without: frozenset[str] = frozenset()
) -> list[HookProblem]:
    """What `sample_check` finds, hook by hook; one that gets stuck is an error. `without` files."""
    pure: dict[str, Any] = {
        "triggers": registry.triggers,
        "attributes": registry.attributes,
        "filters": registry.filters,
    }
    asked = [(kind, name) for kind, hooks in pure.items() for name in hooks]
    if not asked:
        return []
    works = [Work(f"{kind} {name}", (kind, name), again=False) for kind, name in asked]
    results = _run(partial(_sampling, root, without), works, SAMPLE_SECONDS)
    problems: list[HookProblem] = []
    for (kind, name), result in zip(asked, results, strict=True):
        if isinstance(result, Done):
            problems += result.value
            continue
        hook = pure[kind][name]
        said = _SAID[result.kind].format(what=f"“{name}” on a sample")
        file = Path(hook.place.file).name
        problems.append(HookProblem(f"{FOLDER}/{file}", hook.place.line, said))
    return problems


def _run(
    make: Callable[[], Callable[[Any], Any]], works: list[Work], seconds: float
) -> list[Result]:
    workers = Workers(make, seconds=seconds)
    try:
        return workers.run(works)
    finally:
        workers.close()


def _importing(root: Path) -> Callable[[str], None]:
    def tried(name: str) -> None:
        find(root, only=name)

    return tried


def _sampling(
    root: Path, without: frozenset[str]
) -> Callable[[tuple[str, str]], list[HookProblem]]:
    registry, _ = find(root, without=without)
    return partial(_sampled, registry, root)


def _sampled(registry: Registry, root: Path, asked: tuple[str, str]) -> list[HookProblem]:
    kind, name = asked
    kinds: dict[str, Any] = {kind: MappingProxyType({name: getattr(registry, kind)[name]})}
    return sample_check(replace(Registry(), **kinds), root)
