"""Finds a shop's hooks, in hooks/*.py and in installed packages, and refuses what is not in order.

A file that cannot be read or raises becomes a problem with its line, never a traceback.
"""

from __future__ import annotations

import ast
import inspect
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import blake2b
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from lifecycle.hooks import declare
from lifecycle.hooks.declare import Attribute, Hook, Incentive, TemplateFilter, Trigger
from lifecycle.hooks.registry import HookProblem, Registry

FOLDER = "hooks"
GROUP = "lifecycle.hooks"
MAX_FILE_BYTES = 1_000_000
READERS = frozenset({"count", "events", "first", "last"})
KINDS: tuple[tuple[type[Any], str], ...] = (
    (Trigger, "trigger"),
    (Attribute, "attribute"),
    (Incentive, "incentive"),
    (TemplateFilter, "template filter"),
)


def find(
    root: Path, *, only: str | None = None, without: Collection[str] = ()
) -> tuple[Registry, list[HookProblem]]:
    """Find the hooks of the project in `root` and of installed packages, with every problem.

    A refused hook is not in the registry. Files are read anew each time; their modules bear names
    of their own, so that nothing else can be hidden by them. `only` that file of the folder is
    read, and the files `without` which it is to do are left out.
    """
    problems: list[HookProblem] = []
    found: list[Hook] = []
    for file in sorted((root / FOLDER).glob("*.py")):
        if file.name in without or (only is not None and file.name != only):
            continue
        found += _of_file(file, f"{FOLDER}/{file.name}", problems)
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        found += _of_package(point, problems)
    return _registry(found, root, problems), sorted(
        problems, key=lambda one: (one.file, one.line, one.problem)
    )


def _of_file(file: Path, told: str, problems: list[HookProblem]) -> list[Hook]:
    try:
        raw = file.read_bytes()
        if len(raw) > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
        code = compile(raw, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OSError, RecursionError) as wrong:
        line = getattr(wrong, "lineno", None) or 0
        problems.append(HookProblem(told, line, f"cannot be read as Python: {wrong}"))
        return []
    name = f"_lifecycle_hooks_{blake2b(str(file.resolve()).encode(), digest_size=6).hexdigest()}"
    name = f"{name}.{file.stem}"
    module = ModuleType(name)
    module.__file__ = str(file)
    declare.forget(name)
    # Registered under a name of its own: dataclasses and pickling look their module up there.
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except (Exception, SystemExit) as raised:
        line = line_in(str(file), raised)
        problems.append(HookProblem(told, line, f"raised {type(raised).__name__}: {raised}"))
        sys.modules.pop(name, None)
        return []
    hooks = declare.declared_in(name)
    if not _says(module) and not (hooks and all(_says(hook.function) for hook in hooks)):
        hint = "open the file with one sentence saying what its hooks are for"
        problems.append(HookProblem(told, 1, "the file has no docstring", hint))
    return hooks


def _of_package(point: Any, problems: list[HookProblem]) -> list[Hook]:
    try:
        loaded = point.load()
    except (Exception, SystemExit) as raised:
        told = f"raised {type(raised).__name__}: {raised}"
        problems.append(HookProblem(f"{GROUP}: {point.name}", 0, told))
        return []
    if isinstance(loaded, ModuleType):
        return declare.declared_in(loaded.__name__)
    module = getattr(loaded, "__module__", "")
    return [hook for hook in declare.declared_in(module) if hook.function is loaded]


def line_in(file: str, raised: BaseException) -> int:
    """The last line of `file` that an exception went through; 0 when it went through none."""
    lines = [
        frame.lineno or 0
        for frame in traceback.extract_tb(raised.__traceback__)
        if frame.filename == file
    ]
    return lines[-1] if lines else 0


def _registry(found: Iterable[Hook], root: Path, problems: list[HookProblem]) -> Registry:
    taken: dict[tuple[str, str], Hook] = {}
    for hook in found:
        kind = next(word for type_, word in KINDS if isinstance(hook, type_))
        file = _told(hook, root)
        wrong = list(_wrong_with(hook, file))
        other = taken.get((kind, hook.name))
        if other is not None:
            first = f"{_told(other, root)}:{other.place.line}"
            problem = f"the {kind} “{hook.name}” is there already, in {first}"
            wrong.append(HookProblem(file, hook.place.line, problem, "choose another name"))
        problems += wrong
        if not wrong:
            taken[kind, hook.name] = hook
    hooks = list(taken.values())
    hooks = _without_circles(hooks, root, problems)
    return Registry(
        _by_name(hooks, Trigger),
        _by_name(hooks, Attribute),
        _by_name(hooks, Incentive),
        _by_name(hooks, TemplateFilter),
    )


_Kind = TypeVar("_Kind", Trigger, Attribute, Incentive, TemplateFilter)


def _by_name(hooks: Iterable[Hook], kind: type[_Kind]) -> MappingProxyType[str, _Kind]:
    return MappingProxyType({hook.name: hook for hook in hooks if isinstance(hook, kind)})


def _told(hook: Hook, root: Path) -> str:
    try:
        return Path(hook.place.file).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return hook.place.file


def _says(one: object) -> bool:
    """Whether a module or function opens with a docstring."""
    return bool((one.__doc__ or "").strip())


def _is_told(hook: Hook) -> bool:
    """Whether a docstring says what a hook does: its own, or the file's if it is the only one."""
    name = hook.function.__module__
    alone = len(declare.declared_in(name)) == 1
    return _says(hook.function) or (alone and name in sys.modules and _says(sys.modules[name]))


def _wrong_with(hook: Hook, file: str) -> Iterator[HookProblem]:
    if not _is_told(hook):
        hint = "say in one sentence what it does"
        yield HookProblem(file, hook.place.line, f"“{hook.name}” has no docstring", hint)
    if inspect.iscoroutinefunction(hook.function) or inspect.isgeneratorfunction(hook.function):
        yield HookProblem(
            file, hook.place.line, f"“{hook.name}” is no plain function", "write `def` and `return`"
        )
    if isinstance(hook, Trigger | Attribute):
        yield from _undeclared(hook, file)


def _undeclared(hook: Trigger | Attribute, file: str) -> Iterator[HookProblem]:
    """Find reads of event names that the hook does not declare, as far as they are written out."""
    try:
        lines, first = inspect.getsourcelines(hook.function)
        tree = ast.parse(inspect.cleandoc("\n" + "".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return
    parameters = hook.function.__code__.co_varnames[: hook.function.__code__.co_argcount]
    word = "also_reads" if isinstance(hook, Trigger) else "reads"
    for call in ast.walk(tree):
        name = _read_by(call, parameters[-1:])
        if name is not None and name not in hook.reads:
            line = first + getattr(call, "lineno", 1) - 1
            problem = f"“{hook.name}” reads “{name}” and does not declare it"
            yield HookProblem(file, line, problem, f"add it to {word}=[…]")


def _read_by(call: ast.AST, facts: tuple[str, ...]) -> str | None:
    """The event name written out in `facts.count("name", …)` and the like."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
        return None
    asked, name = call.func.value, call.args[0]
    if call.func.attr not in READERS or not isinstance(asked, ast.Name) or asked.id not in facts:
        return None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _without_circles(hooks: list[Hook], root: Path, problems: list[HookProblem]) -> list[Hook]:
    """Leave out triggers that would set each other off without end."""
    listens = {hook.name: hook.listens_to for hook in hooks if isinstance(hook, Trigger)}

    def comes_back(start: str, seen: set[str]) -> Callable[[str], bool]:
        def reaches(name: str) -> bool:
            if name == start:
                return True
            if name in seen:
                return False
            seen.add(name)
            return any(reaches(one) for one in listens.get(name, ()))

        return reaches

    kept: list[Hook] = []
    for hook in hooks:
        if isinstance(hook, Trigger) and any(map(comes_back(hook.name, set()), hook.listens_to)):
            problem = f"the trigger “{hook.name}” sets itself off, by way of what it listens to"
            problems.append(HookProblem(_told(hook, root), hook.place.line, problem))
        else:
            kept.append(hook)
    return kept
