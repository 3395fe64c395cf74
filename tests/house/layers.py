"""The layers: who may import whom, no cycles, and a core without side effects."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

from tests.house.sources import PACKAGE, Finding, Source, imports, mentions

LEVELS: tuple[tuple[str, ...], ...] = (
    ("scheduler", "__main__"),
    ("cli",),
    ("api", "console", "sim"),
    ("engine", "insight"),
    ("rewards", "models"),
    ("send",),
    ("catalog",),
    ("store", "render", "sources"),
    ("hooks", "calendars", "disposable"),
    ("workers",),
    ("core",),
    ("clock", "errors", "failpoints", "log"),
)
"""The rooms from the roof to the ground: a level imports only from those after it."""

LEVEL_OF = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}

HOMES = {
    "apscheduler": ("scheduler.py",),
    "boto3": (f"{PACKAGE}/send/",),
    "botocore": (f"{PACKAGE}/send/",),
    "mjml": (f"{PACKAGE}/render/",),
    "alembic": (f"{PACKAGE}/store/",),
    "disposable_email_domains": (f"{PACKAGE}/disposable.py",),
}
"""Packages that only one room may touch, so that they can be changed there."""

CORE_MAY_IMPORT = {"pydantic", "pydantic_core", f"{PACKAGE}.core", f"{PACKAGE}.errors"}
CORE_MAY_NOT_IMPORT = frozenset(
    "asyncio concurrent ctypes ftplib glob http imaplib io logging multiprocessing os pickle "
    "queue random secrets select selectors shelve shutil signal smtplib socket socketserver "
    "sqlite3 ssl subprocess sys tempfile threading time urllib.request".split()
)
CORE_MAY_NOT_NAME = {"pathlib.Path", "uuid.uuid1", "uuid.uuid4"}
CORE_MAY_NOT_CALL = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}


def breaches_of_the_levels(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find imports that go up, sideways to another room, or to a room that has no level."""
    for source in sources:
        if not source.in_product:
            continue
        room = _room(source.module)
        if room is None:
            continue
        if room not in LEVEL_OF:
            yield source.finding(
                1, f"`{room}` has no level", "Put it into LEVELS in tests/house/layers.py"
            )
            continue
        for statement, name in imports(source):
            other = _room(name)
            if other is None or other == room or other not in LEVEL_OF:
                continue
            if LEVEL_OF[other] <= LEVEL_OF[room] and not _starts_the_daemon(
                source, statement, name
            ):
                below = " ".join(name for level in LEVELS[LEVEL_OF[room] + 1 :] for name in level)
                yield source.finding(
                    statement,
                    f"`{room}` imports `{name}`, which is not below it",
                    f"It may import only: {below or 'nothing of ours'}; hand the thing down as a"
                    " value, or move it",
                )


def cycles(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find modules that import each other in a ring, inside one room too."""
    modules = {source.module: source for source in sources if source.in_product}
    edges: dict[str, list[tuple[ast.stmt, str]]] = {name: [] for name in modules}
    for name, source in modules.items():
        for statement, target in imports(source):
            found = target if target in modules else target.rpartition(".")[0]
            if found in modules and found != name:
                edges[name].append((statement, found))
    seen: set[str] = set()

    def visit(name: str, way: list[str]) -> Iterator[Finding]:
        for statement, target in edges[name]:
            if target in way:
                ring = " -> ".join([*way[way.index(target) :], target])
                yield modules[name].finding(
                    statement,
                    f"an import cycle: {ring}",
                    "Move what both need into a module below them",
                )
            elif target not in seen:
                seen.add(target)
                yield from visit(target, [*way, target])

    for name in sorted(modules):
        if name not in seen:
            seen.add(name)
            yield from visit(name, [name])


def breaches_of_the_homes(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find packages imported outside the one room that may touch them."""
    for source in sources:
        if not source.in_product:
            continue
        for statement, name in imports(source):
            homes = HOMES.get(name.split(".")[0])
            if homes and not source.path.startswith(homes):
                yield source.finding(
                    statement,
                    f"`{name}` is used outside its home",
                    f"Its home is {homes[0]}: ask that room, or change HOMES with the reason",
                )


def impurities_of_the_core(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find what reaches out of `core`: it decides from facts and touches nothing."""
    remedy = "The core takes values and gives values: let the room above do this and hand it in"
    for source in sources:
        if not (source.in_product and source.path.startswith(f"{PACKAGE}/core/")):
            continue
        for statement, name in imports(source):
            if not _core_may_import(name):
                yield source.finding(statement, f"the core imports `{name}`", remedy)
        for place, name in mentions(source):
            if name in CORE_MAY_NOT_NAME:
                yield source.finding(place, f"the core uses `{name}`", remedy)
        for call in ast.walk(source.tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                if call.func.id in CORE_MAY_NOT_CALL:
                    yield source.finding(call, f"the core calls `{call.func.id}`", remedy)


def _room(module: str) -> str | None:
    """Give the room of a dotted name; None for the package itself and for what is not ours."""
    parts = module.split(".")
    if parts[0] == "scheduler":
        return "scheduler"
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 else None


def _starts_the_daemon(source: Source, statement: ast.stmt, name: str) -> bool:
    """Tell the one exception: `lifecycle run` imports the daemon inside its command."""
    inside_a_function = statement.col_offset > 0
    return _room(source.module) == "cli" and name.split(".")[0] == "scheduler" and inside_a_function


def _core_may_import(name: str) -> bool:
    parts = name.split(".")
    starts = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    if starts & CORE_MAY_IMPORT:
        return True
    return parts[0] in sys.stdlib_module_names and not starts & CORE_MAY_NOT_IMPORT
