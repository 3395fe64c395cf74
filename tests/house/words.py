"""The words: one word for one thing, in classes, functions, tables, columns and TOML keys."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from tests.house.sources import ROOT, Finding, Source, dotted_name

WE_SAY = {
    "contact": "customer",
    "subscriber": "customer",
    "lead": "customer",
    "profile": "customer",
    "trait": "attribute",
    "journey": "enrollment",
    "canvas": "campaign",
    "node": "step",
    "arm": "variant",
    "cohort": "segment",
    "blocklist": "suppression",
}
SQL_NAMES = {
    "Table",
    "create_table",
    "Column",
    "mapped_column",
    "add_column",
    "ForeignKey",
    "Index",
}
FIELD_NAMES = {"alias", "validation_alias", "serialization_alias", "name"}

FOREIGN_WORDS: dict[tuple[str, str], str] = {}
"""Names with a banned word that mean something else: (path, name), each with the reason."""

EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "base",
    "misc",
}

# Written in pieces, so that this file does not breach its own rule.
_REGISTRIES = "|".join(["py" + r"pi\.", "python" + "hosted", "npm" + r"js\.", "deb" + r"\.debian"])
_SIGNS_OF_A_MACHINE = {
    r"(?<![\w./-])/" + r"(?:work|root)/": "a path of one machine",
    r"(?<![\w./-])/" + r"home/(?!you\b)\w+": "a path of one machine",
    rf"https?://[^\s\"'<>)]*(?:{_REGISTRIES})": "a registry's address",
    r"--(?:extra-)?index" + r"-url[= ]": "a registry's address",
}


def banned_words(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find names that say one of our things by another word."""
    for source in sources:
        for place, name in _names(source):
            for part in _parts(name):
                ours = WE_SAY.get(part) or WE_SAY.get(part.removesuffix("s"))
                if ours and (source.path, name) not in FOREIGN_WORDS:
                    yield source.finding(
                        place,
                        f"the name `{name}` says `{part}`",
                        f"We say `{ours}`; a name that means something else is listed in"
                        " FOREIGN_WORDS of tests/house/words.py",
                    )


def empty_module_names(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find modules whose name says nothing of what they hold."""
    for source in sources:
        if source.path.endswith(".py"):
            for part in PurePosixPath(source.path).with_suffix("").parts:
                if part in EMPTY_NAMES:
                    yield source.finding(
                        1, f"the name `{part}` says nothing", "Name the module after what it holds"
                    )


def signs_of_one_machine(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find paths of one machine and addresses of registries in any text of the project."""
    for source in sources:
        for pattern, kind in _SIGNS_OF_A_MACHINE.items():
            for found in re.finditer(pattern, source.text):
                line = source.text.count("\n", 0, found.start()) + 1
                yield source.finding(
                    line,
                    f"`{found.group().strip()}` is {kind}",
                    "The project runs anywhere: leave it out, or make it a setting",
                )


def _names(source: Source) -> Iterator[tuple[ast.AST | int, str]]:
    if source.path.endswith(".toml") and not source.in_tests:
        yield from ((1, key) for key in _toml_keys(source))
    if not source.path.endswith(".py") or source.in_tests:
        return
    for place in ast.walk(source.tree):
        if isinstance(place, ast.ClassDef):
            yield place, place.name
            yield from _fields(place)
        elif isinstance(place, ast.FunctionDef | ast.AsyncFunctionDef):
            yield place, place.name
        elif isinstance(place, ast.Call):
            yield from _names_in_a_call(place)


def _fields(definition: ast.ClassDef) -> Iterator[tuple[ast.AST, str]]:
    """Give the names that become columns or TOML keys, and a table's own name."""
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement, statement.target.id
        elif isinstance(statement, ast.Assign):
            targets = {target.id for target in statement.targets if isinstance(target, ast.Name)}
            if "__tablename__" in targets and isinstance(statement.value, ast.Constant):
                yield statement, str(statement.value.value)
            else:
                yield from ((statement, name) for name in targets)


def _names_in_a_call(call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    called = dotted_name(call.func).rpartition(".")[2]
    if called in SQL_NAMES:
        for given in call.args:
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given, given.value
    if called in SQL_NAMES | {"Field"}:
        for keyword in call.keywords:
            if keyword.arg in FIELD_NAMES and isinstance(keyword.value, ast.Constant):
                yield keyword.value, str(keyword.value.value)


def _toml_keys(source: Source) -> Iterator[str]:
    if (ROOT / source.path).name == "pyproject.toml":
        return
    try:
        waiting: list[object] = [tomllib.loads(source.text)]
    except tomllib.TOMLDecodeError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _parts(name: str) -> list[str]:
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
