"""The project's files as the house checks read them, and what a check finds in one."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
LARGEST_TEXT = 1_000_000
PACKAGE = "lifecycle"
NOT_OURS = {
    ".git",
    ".hypothesis",
    ".lifecycle",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "outbox",
}
"""Folders to leave out where no git tells what is the project's."""


@dataclass(frozen=True)
class Finding:
    """One breach of a rule: where, what, and how to mend it."""

    path: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}. {self.remedy}"


@dataclass(frozen=True)
class Source:
    """One text file of the project, by its path from the root."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """Give the syntax tree; raises SyntaxError, naming the file."""
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def module(self) -> str:
        """Give the dotted name under which Python imports the file."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def in_product(self) -> bool:
        """Tell whether the file is code that runs at a shop: the package or the daemon's own."""
        if not self.path.endswith(".py"):
            return False
        return self.path.startswith(f"{PACKAGE}/") or self.path == "scheduler.py"

    @property
    def in_tests(self) -> bool:
        """Tell whether the file belongs to the tests."""
        return self.path.startswith("tests/")

    def finding(self, where: ast.AST | int, what: str, remedy: str) -> Finding:
        """Give a finding in this file, at a line or at a place in the tree."""
        line = where if isinstance(where, int) else getattr(where, "lineno", 1)
        return Finding(self.path, line, what, remedy)


def project_sources() -> list[Source]:
    """Give every text file of the project that version control keeps, or would keep."""
    found = []
    for path in _paths():
        file = ROOT / path
        if not file.is_file() or file.stat().st_size > LARGEST_TEXT:
            continue
        try:
            found.append(Source(path, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Give what a file imports, by dotted name; `from a import b` counts as `a.b`."""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package = package[:-1]
    for statement in ast.walk(source.tree):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield statement, alias.name
        elif isinstance(statement, ast.ImportFrom):
            above = package[: len(package) - statement.level + 1] if statement.level else []
            start = ".".join([*above, *([statement.module] if statement.module else [])])
            for alias in statement.names:
                yield statement, f"{start}.{alias.name}"
        elif isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
            for call in ast.walk(statement):
                if isinstance(call, ast.Call) and _imports_by_name(call):
                    yield statement, call.args[0].value  # type: ignore[attr-defined]


def origins(source: Source) -> dict[str, str]:
    """Give for each name that an import binds in a file the dotted name it stands for."""
    bound = {}
    for statement in ast.walk(source.tree):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                first = alias.name.split(".")[0]
                bound[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            for alias in statement.names:
                bound[alias.asname or alias.name] = f"{statement.module}.{alias.name}"
    return bound


def mentions(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Give each imported thing that a file's code names, by its full dotted name."""
    bound = origins(source)
    for expression in ast.walk(source.tree):
        if isinstance(expression, ast.Name | ast.Attribute):
            dotted = dotted_name(expression)
            first, _, rest = dotted.partition(".")
            if first in bound:
                yield expression, f"{bound[first]}.{rest}" if rest else bound[first]


def dotted_name(expression: ast.expr) -> str:
    """Give `a.b.c` as text; empty for anything but names and dots."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute) and (before := dotted_name(expression.value)):
        return f"{before}.{expression.attr}"
    return ""


def _paths() -> list[str]:
    """Give the project's paths: as git lists them, or, in a copy without git, as they lie there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return sorted(set(listed.stdout.split("\0")) - {""})
    except (OSError, subprocess.CalledProcessError):
        lying = (file.relative_to(ROOT) for file in ROOT.rglob("*") if file.is_file())
        return sorted(
            path.as_posix()
            for path in lying
            if not any(part in NOT_OURS or part.endswith(".egg-info") for part in path.parts)
        )


def _imports_by_name(call: ast.Call) -> bool:
    name = dotted_name(call.func).rpartition(".")[2]
    return (
        name in ("import_module", "__import__")
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    )
