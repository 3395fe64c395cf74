"""The steps of a campaign as written, at any depth, whether or not they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.core.campaign import LETTER

_LISTS = ("step", "then", "otherwise", "branch", "split")
"""Keys under which steps stand, or branches that may hold a deed themselves."""


@dataclass(frozen=True, slots=True)
class Written:
    """A step or a branch as written, and where it stands."""

    place: Place
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name it bears; empty without one."""
        name = self.said.get("name")
        return name if isinstance(name, str) else ""

    def letters(self) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """The table itself and those of its variants."""
        yield self.place, self.said
        variants = self.said.get("variant")
        for index, one in enumerate(variants if isinstance(variants, list) else ()):
            if isinstance(one, dict):
                yield (*self.place, "variant", index), one


def steps_written(document: Document) -> Iterator[Written]:
    """Every step and every branch of a campaign, the outer ones first; a broadcast is one itself.

    It ends for any file, since no document nests deeper than `document.MAX_DEPTH`.
    """
    if document.data.get("kind") == "broadcast":
        yield Written((), document.data)
        return
    yield from _below(document.data, (), ("step",))


def _below(said: Mapping[str, Any], place: Place, keys: tuple[str, ...]) -> Iterator[Written]:
    for key in keys:
        listed = said.get(key)
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(one, dict):
                at: Place = (*place, key, index)
                yield Written(at, one)
                yield from _below(one, at, _LISTS)


def step_names(document: Document) -> list[str]:
    """The names of the steps of a campaign, in the order of the file."""
    if document.data.get("kind") == "broadcast":
        return [LETTER]
    return [one.name for one in steps_written(document) if one.name]


def emitted(documents: Iterable[Document]) -> set[str]:
    """The events that steps of these campaigns make."""
    names = (step.said.get("emit") for one in documents for step in steps_written(one))
    return {name for name in names if isinstance(name, str)}
