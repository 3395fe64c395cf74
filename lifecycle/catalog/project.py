"""A project while it is read: its documents, the definitions in them, and what is wrong so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, CASES, SEGMENTS, SETTINGS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Campaign
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings

RULE_KEYS = ("only_if", "if", "audience", "match", "hold_if", "given_if", "wait_for")
"""Keys below which a rule stands; under `wait_for` only where it is a table."""
FREE = ("set", "migrate")
"""Tables of campaigns whose keys are names of the shop's own."""


def keeps_back(problem: Problem) -> bool:
    """Whether a problem keeps the definitions from being used: errors do.

    Those in the marketer's own tests do not: a case that no longer fits the files is a fault of
    the case, told by `check` and by `lifecycle test`.
    """
    return problem.severity == "error" and not problem.file.startswith(f"{CASES}/")


@dataclass
class Project:
    """What was read so far; definitions in files with errors are missing or lack a part."""

    files: dict[str, str]
    unread: frozenset[str] = frozenset()
    """Paths that are there and could not be read; naming them is no second problem."""
    documents: dict[str, Document] = field(default_factory=dict)
    settings: Settings | None = None
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    cases: dict[str, CaseFile] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far keeps the definitions from being used."""
        return any(keeps_back(one) for one in self.problems)

    def of(self, folder: str) -> Iterator[tuple[str, Document]]:
        """The documents of a folder by id."""
        for path, document in self.documents.items():
            where, _, name = path.rpartition("/")
            if where == folder:
                yield name.removesuffix(".toml"), document

    def ids(self, folder: str) -> list[str]:
        """The ids that a folder holds, read well or badly or not at all."""
        paths = (path.rpartition("/") for path in (*self.files, *sorted(self.unread)))
        return [
            name.removesuffix(".toml")
            for where, _, name in paths
            if where == folder and name.endswith(".toml")
        ]

    def named_in_settings(self, key: str) -> list[str] | None:
        """The names in a table of settings.toml; None when the settings cannot be read."""
        document = self.documents.get(SETTINGS)
        if document is None or not document.data:
            return None
        table = document.data.get(key, {})
        return list(table) if isinstance(table, dict) else None

    @property
    def ruled(self) -> Iterator[Document]:
        """The documents in which rules may stand."""
        for path, document in self.documents.items():
            if path == SETTINGS or path.startswith((f"{CAMPAIGNS}/", f"{SEGMENTS}/")):
                yield document

    @property
    def case_documents(self) -> Iterator[Document]:
        """The documents of the marketer's own tests."""
        for _, document in self.of(CASES):
            yield document


@dataclass(frozen=True)
class Leaf:
    """One leaf of a rule as written: where it stands, and whether under `not` or `none`."""

    document: Document
    place: Place
    said: Mapping[str, Any]
    negated: bool


def leaves(document: Document) -> Iterator[Leaf]:
    """Every leaf of every rule in a document, as written."""
    for place, value in rules_written(document):
        yield from _leaves(document, place, value, False)


def rules_written(document: Document) -> Iterator[tuple[Place, Any]]:
    """Every rule in a document, as written, with its place."""
    for place, value in walk(document.data):
        if not place or place[-1] not in RULE_KEYS or any(one in FREE for one in place[:-1]):
            continue
        named = place[-1] == "wait_for" and not isinstance(value, dict)
        if not named and not any(one in RULE_KEYS for one in place[:-1]):
            yield place, value


def walk(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value of a document with its key path, the outer ones first."""
    yield place, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from walk(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from walk(one, (*place, index))


def _leaves(document: Document, place: Place, value: Any, negated: bool) -> Iterator[Leaf]:
    if not isinstance(value, dict):
        return
    branches = [word for word in ("all", "any", "none", "not") if word in value]
    if not branches:
        yield Leaf(document, place, value, negated)
    for word in branches:
        parts = value[word] if isinstance(value[word], list) else [value[word]]
        for index, part in enumerate(parts):
            at = (*place, word) if word == "not" else (*place, word, index)
            yield from _leaves(document, at, part, negated != (word in ("none", "not")))
