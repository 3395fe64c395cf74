"""The grain: sizes, line length, and a docstring where a reader looks for one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from tests.house.sources import Finding, Source

FILE_LINES = 350
FUNCTION_LINES = 50
LINE_LENGTH = 100

EXCEPTIONS: dict[str, str] = {
    "lifecycle/store/migrations/versions/0001_first.py": "the first schema is one revision",
    "lifecycle/store/migrations/versions/0001_first.py::_message_indexes": "made from the tables",
}
"""What may be larger, and why: `path` for a file, `path::name` for a function."""

BASES_WITHOUT_METHODS_OF_OURS = {
    "ABC",
    "BaseModel",
    "Enum",
    "Exception",
    "IntEnum",
    "NamedTuple",
    "Protocol",
    "SQLModel",
    "StrEnum",
    "TypedDict",
}

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def sizes(
    sources: Sequence[Source], exceptions: Mapping[str, str] = EXCEPTIONS
) -> Iterator[Finding]:
    """Find files and functions that outgrew the guide, and exceptions no longer needed."""
    excused = set()
    for source in _python(sources):
        measured = [(source.path, 1, source.text.count("\n"), FILE_LINES)]
        measured += [
            (f"{source.path}::{name}", function.lineno, _length(function), FUNCTION_LINES)
            for name, function in _functions(source.tree)
        ]
        for key, line, lines, most in measured:
            if lines > most and key not in exceptions:
                yield source.finding(
                    line,
                    f"{key.rpartition('::')[2]} has {lines} lines, over {most}",
                    f"Split it by meaning, or list `{key}` with its reason in EXCEPTIONS of"
                    " tests/house/grain.py",
                )
            if lines > most:
                excused.add(key)
    for key in sorted(set(exceptions) - excused):
        yield Finding(
            key.partition("::")[0],
            1,
            f"the exception `{key}` is no longer needed",
            "Take it out of EXCEPTIONS in tests/house/grain.py",
        )


def long_lines(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find lines of code that are too long."""
    for source in _python(sources):
        for number, line in enumerate(source.text.splitlines(), 1):
            if len(line) > LINE_LENGTH:
                yield source.finding(
                    number, f"{len(line)} characters, over {LINE_LENGTH}", "Run `make format`"
                )


def missing_docstrings(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find modules that do not say what they are, and public things without a docstring."""
    for source in _python(sources):
        if source.text.strip() and not ast.get_docstring(source.tree):
            yield source.finding(
                1, "the module has no docstring", "Open it with one sentence saying what it is"
            )
        if source.in_product:
            for place, name in _undocumented(source.tree):
                yield source.finding(
                    place, f"`{name}` has no docstring", "Say its meaning, units and errors raised"
                )


def _undocumented(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for place in tree.body:
        if not isinstance(place, ast.ClassDef | _Function) or place.name.startswith("_"):
            continue
        if not ast.get_docstring(place) and not _is_overload(place):
            yield place, place.name
        if isinstance(place, ast.ClassDef) and not _fulfils_another(place):
            for method in place.body:
                if isinstance(method, _Function) and not method.name.startswith("_"):
                    if not ast.get_docstring(method) and not _is_overload(method):
                        yield method, f"{place.name}.{method.name}"


def _fulfils_another(definition: ast.ClassDef) -> bool:
    """Tell whether a class stands in for a base of ours, which documents the methods."""
    names = {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in definition.bases}
    return bool(names - BASES_WITHOUT_METHODS_OF_OURS)


def _is_overload(place: ast.ClassDef | _Function) -> bool:
    return any(
        ast.unparse(decorator).rpartition(".")[2] in ("overload", "setter", "override")
        for decorator in place.decorator_list
    )


def _functions(tree: ast.Module) -> Iterator[tuple[str, _Function]]:
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, place = waiting.pop()
        for child in ast.iter_child_nodes(place):
            if isinstance(child, ast.ClassDef | _Function):
                name = f"{prefix}{child.name}"
                if isinstance(child, _Function):
                    yield name, child
                waiting.append((f"{name}.", child))
            else:
                waiting.append((prefix, child))


def _length(function: _Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _python(sources: Sequence[Source]) -> Iterator[Source]:
    return (source for source in sources if source.path.endswith(".py"))
