"""Reads and checks the files that letters take along: `attach` names them, below templates/."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, TEMPLATES
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import Project
from lifecycle.core.attaching import KINDS, MAX_ATTACHED_BYTES, kept_as, kind_of
from lifecycle.core.campaign import letters_of

Content = Callable[[str], "str | Problem"]
"""The content of a file by its path below templates/, in base64, or why it cannot be read."""
MEGABYTE = 1024 * 1024


def take_attached(project: Project, content: Content) -> Iterator[Problem]:
    """Put the files that letters take along among the project's texts, each in base64, once."""
    sizes: dict[str, int] = {}
    for name, campaign in project.campaigns.items():
        document = project.documents[f"{CAMPAIGNS}/{name}.toml"]
        for place, letter in letters_of(campaign):
            yield from _names(document, (*place, "attach"), letter.attach)
            for index, path in enumerate(letter.attach):
                if path in sizes or not _is_inside(path) or kind_of(path) is None:
                    continue
                found = content(path)
                sizes[path] = 0
                if isinstance(found, Problem):
                    where = _at(document, (*place, "attach"), index)
                    yield document.problem(where, f"{path}: {found.problem}", found.hint)
                    continue
                problem = _damage(found)
                if problem:
                    yield document.problem(_at(document, (*place, "attach"), index), problem)
                    continue
                sizes[path] = len(b64decode(found))
                project.files[kept_as(path)] = found
                if sum(sizes.values()) > MAX_ATTACHED_BYTES:
                    most = MAX_ATTACHED_BYTES // MEGABYTE
                    problem = f"the files that go with letters come to more than {most} MB"
                    hint = "put the file on your website, and a link into the letter"
                    yield document.problem((*place, "attach"), problem, hint)
                    return


def _names(document: Document, place: Place, paths: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, path in enumerate(paths):
        where = _at(document, place, index)
        name = path.rpartition("/")[2].lower()
        if not _is_inside(path):
            problem = f"“{path}” is no file below {TEMPLATES}/"
            yield document.problem(where, problem, 'write attach = ["files/terms.pdf"]')
        elif kind_of(path) is None:
            hint = f"files that go end in {', '.join(KINDS)}"
            yield document.problem(
                where, f"“{path}” is no kind of file that goes with letters", hint
            )
        elif name in seen:
            yield document.problem(where, f"two files of this letter are called “{name}”")
        seen.add(name)


def _at(document: Document, place: Place, index: int) -> Place:
    """Where a name stands, or the list where its names have no places of their own."""
    return (*place, index) if (*place, index) in document.places else place


def _is_inside(path: str) -> bool:
    inside = PurePosixPath(path)
    odd = {"", ".", ".."} & set(path.split("/"))
    return path.isprintable() and not inside.is_absolute() and not odd and "\\" not in path


def _damage(content: str) -> str:
    try:
        b64decode(content, validate=True)
    except ValueError:
        return "the kept content of this file is damaged"
    return ""
