"""Reads a project folder's definition files as text: never outside it, never a file too large."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle.catalog.problem import Problem, of_file
from lifecycle.core.attaching import ENCODED, MAX_ATTACHED_BYTES

MAX_FILE = 256 * 1024
"""Bytes of one definition file."""
MAX_LIST = 4 * 1024 * 1024
"""Bytes of one list of customers."""
MAX_FILES = 2_000
"""Definition files of one project."""
SETTINGS = "settings.toml"
CAMPAIGNS, SEGMENTS, TEMPLATES, CASES = "campaigns", "segments", "templates", "tests/campaigns"
_ENDINGS = {
    CAMPAIGNS: (".toml",),
    SEGMENTS: (".toml",),
    CASES: (".toml",),
    TEMPLATES: (".mjml", ".html", ".txt", ".css"),
}
_QUIET = (".md", ".csv", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
"""Files that may lie beside definitions without a word."""


@dataclass(slots=True)
class Gathered:
    """The texts found, by path relative to the project with slashes, and what could not be read."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def gather(root: Path, *, only_settings: bool = False) -> Gathered:
    """Read settings.toml, campaigns/, segments/, templates/ and tests/campaigns/ below `root`."""
    found = Gathered()
    whole = _real(root)
    if whole is None or not whole.is_dir():
        found.problems.append(of_file(SETTINGS, f"{root} is no project folder"))
        return found
    if os.path.lexists(whole / SETTINGS):
        _take(whole, SETTINGS, found)
    else:
        hint = "lifecycle init DIR writes a project with one"
        found.problems.append(of_file(SETTINGS, "settings.toml is missing", hint))
    for folder, endings in () if only_settings else _ENDINGS.items():
        for path in _listed(whole, folder, found):
            _sort_out(whole, path, folder, endings, found)
    return found


def read_list(root: Path, path: str) -> str | Problem:
    """The text of a list of customers that a segment names, or why it cannot be read."""
    found = Gathered()
    whole = _real(root)
    if whole is None or not os.path.lexists(whole / path):
        return no_list(path)
    _take(whole, path, found, MAX_LIST)
    return found.files[path] if path in found.files else found.problems[0]


def read_attached(root: Path, path: str) -> str | Problem:
    """The content, in base64, of a file below templates/ that goes with letters.

    A copy of definitions holds it as text in base64 already.
    """
    place = f"{TEMPLATES}/{path}"
    whole = _real(root)
    if whole is not None and os.path.lexists(whole / place):
        problem = _refused(whole, place)
        if problem is not None:
            return problem
        try:
            with (whole / place).open("rb") as file:
                return b64encode(file.read(MAX_ATTACHED_BYTES + 1)).decode("ascii")
        except OSError as error:
            return of_file(place, f"this file cannot be read: {_reason(error)}")
    found = Gathered()
    if whole is not None and os.path.lexists(whole / f"{place}{ENCODED}"):
        _take(whole, f"{place}{ENCODED}", found, 2 * MAX_ATTACHED_BYTES)
    for text in found.files.values():
        return text
    return found.problems[0] if found.problems else no_attached(path)


def no_attached(path: str) -> Problem:
    """The problem of a file that is to go with a letter and is not there."""
    return of_file(f"{TEMPLATES}/{path}", "there is no such file", f"put it below {TEMPLATES}/")


def no_list(path: str) -> Problem:
    """The problem of a list that is not there."""
    hint = "put it beside the segment, or mend the name"
    return of_file(path, "there is no such file", hint)


def _sort_out(
    root: Path, path: str, folder: str, endings: tuple[str, ...], found: Gathered
) -> None:
    name = path.rsplit("/", 1)[-1]
    if name.startswith("."):
        return
    if name.endswith(endings):
        _take(root, path, found)
    elif folder != TEMPLATES and not name.endswith(_QUIET):
        hint = f"the name of a file in {folder}/ ends in .toml"
        found.problems.append(of_file(path, "this file is not read", hint, severity="warning"))


def _listed(root: Path, folder: str, found: Gathered) -> Iterator[str]:
    waiting = [folder]
    count = 0
    while waiting:
        here = waiting.pop()
        top = _real(root / here)
        if not os.path.lexists(root / here):
            continue
        if top is None or not top.is_relative_to(root) or not top.is_dir():
            found.problems.append(of_file(here, "this is no folder inside the project"))
            continue
        try:
            names = sorted(os.listdir(top))
        except OSError as error:
            found.problems.append(of_file(here, f"the folder cannot be read: {_reason(error)}"))
            continue
        for name in names:
            path = f"{here}/{name}"
            count += 1
            if count > MAX_FILES:
                found.problems.append(of_file(folder, f"this folder holds over {MAX_FILES} files"))
                return
            plain_folder = (root / path).is_dir() and not (root / path).is_symlink()
            if plain_folder and not name.endswith(_ENDINGS[folder]):
                waiting += [path] if not name.startswith((".", "__")) else []
            else:
                yield path


def _take(root: Path, path: str, found: Gathered, most: int = MAX_FILE) -> None:
    problem = _refused(root, path)
    if problem is not None:
        found.problems.append(problem)
        return
    try:
        with (root / path).open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        found.problems.append(of_file(path, f"this file cannot be read: {_reason(error)}"))
        return
    if len(raw) > most:
        problem = of_file(path, f"this file is larger than {most // 1024} KB")
        found.problems.append(problem)
        return
    _decode(path, raw, found)


def _refused(root: Path, path: str) -> Problem | None:
    if not path.isprintable():
        return of_file(path, "the file's name holds characters that cannot be shown", "rename it")
    real = _real(root / path)
    if real is None:
        return of_file(path, "this link leads nowhere")
    if not real.is_relative_to(root):
        return of_file(path, "this link leads out of the project", "put the file itself here")
    if real.is_dir():
        return of_file(path, "this is a folder, not a file", "rename it")
    if not real.is_file():
        return of_file(path, "this is not an ordinary file")
    return None


def _decode(path: str, raw: bytes, found: Gathered) -> None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        hint = "save it with the encoding UTF-8"
        found.problems.append(of_file(path, "this file is UTF-16 text, not UTF-8", hint))
        return
    try:
        found.files[path] = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = "save it with the encoding UTF-8"
        found.problems.append(of_file(path, "this file is not UTF-8 text", hint, line=line))


def _real(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()
