"""A project's definitions and hooks together, with everything that is wrong in either."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import keeps_back
from lifecycle.cli.asked import console
from lifecycle.errors import LifecycleError
from lifecycle.hooks import HookProblem, Registry, find, find_tried, sample_tried
from lifecycle.render.compiling_aside import CompilingAside

COLOURS = {"error": "bold red", "warning": "yellow"}


@dataclass(frozen=True)
class Project:
    """What a project folder holds; the catalog is there when nothing in it is an error."""

    root: Path
    catalog: Catalog | None
    hooks: Registry
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return sum(one.severity == "error" for one in self.problems)


class ProblemsFound(LifecycleError):
    """The definitions have errors, which were told already."""


def read_project(
    root: Path, *, sample: bool = False, tried: bool = False, events: Collection[str] = ()
) -> Project:
    """Read definitions and hooks; never raises for what stands in them.

    With `sample` each pure hook is asked twice on a sample, and what differs is a problem. Then,
    and with `tried`, hooks run in a process of their own before they are let into this one, and
    templates that are not known yet are compiled in one.
    `events` are names known to exist beside those that hooks make.
    """
    hooks, found = find_tried(root) if sample or tried else find(root)
    if sample:
        broken = frozenset(Path(one.file).name for one in found if one.line == 0)
        found = [*found, *sample_tried(hooks, root, broken)]
    filters = {name: one.function for name, one in hooks.filters.items()}
    made = tuple(hooks.incentives)
    known = partial(load, root, filters=filters, events=(*hooks.triggers, *events), incentives=made)
    if sample or tried:
        with CompilingAside() as aside:
            loaded = known(by=aside)
    else:
        loaded = known()
    problems = sorted(
        {*loaded.problems, *(_of_hook(one, root) for one in found)}, key=Problem.sort_key
    )
    errors = any(keeps_back(one) for one in problems)
    return Project(root, None if errors else loaded.catalog, hooks, tuple(problems))


def sound_catalog(project: Project) -> Catalog:
    """The catalog of a project without errors; otherwise tells them. Raises ProblemsFound."""
    if project.catalog is not None:
        return project.catalog
    errors = [one for one in project.problems if one.severity == "error"]
    show_problems(errors, console(errors=True))
    raise ProblemsFound(counted(errors), remedy="mend them; lifecycle check tells them again")


def sound_cases(project: Project) -> None:
    """Tell what is wrong in the project's own tests. Raises ProblemsFound."""
    errors = [one for one in project.problems if one.severity == "error"]
    if errors:
        show_problems(errors, console(errors=True))
        raise ProblemsFound(counted(errors), remedy="mend them; lifecycle check tells them again")


def show_problems(problems: Iterable[Problem], out: Console) -> None:
    """Tell each problem with its place, its line and what to write instead."""
    for one in problems:
        place = f"{one.file}:{one.line}:{one.column}" if one.line else one.file
        style = COLOURS[one.severity]
        out.print(f"[bold]{escape(place)}[/]: [{style}]{one.severity}[/]: {escape(one.problem)}")
        if one.text.strip():
            out.print(f"    {escape(one.text.strip())}", style="dim")
        if one.hint:
            out.print(f"    → {escape(one.hint)}")


def counted(problems: Iterable[Problem]) -> str:
    """How many errors and warnings there are, in words."""
    kinds = [one.severity for one in problems]
    parts = []
    for kind in ("error", "warning"):
        count = kinds.count(kind)
        if count:
            parts.append(f"{count} {kind}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "no problems"


def _of_hook(one: HookProblem, root: Path) -> Problem:
    text = ""
    if one.line:
        try:
            lines = (root / one.file).read_text("utf-8", "replace").splitlines()
            text = lines[one.line - 1] if one.line <= len(lines) else ""
        except OSError:
            text = ""
    return Problem(
        one.file, one.line, 1 if one.line else 0, "", one.severity, one.problem, one.hint, text
    )
