"""What a worker process does for letters: it keeps templates by number, and fills their slots."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from lifecycle.hooks import find
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import Filled, LetterTexts, fill, way_of
from lifecycle.render.links import LinkSigner
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.program import Form, program_of
from lifecycle.render.slots import Way

MAX_KEPT = 512
"""Templates that a worker keeps."""


class Spec(NamedTuple):
    """A template as it is sent: without functions, the filters of hooks by their names."""

    template: CompiledTemplate
    filters: tuple[str, ...]


LinksTold = tuple[Any, ...]
LetterAsked = tuple[int, str, str, Mapping[str, Any], LinksTold | None]
"""The template's number, subject, preheader, context and links."""
_LINKS = tuple(one.name for one in fields(LinkSigner))
told_of = attrgetter(*_LINKS)
"""The links of a letter as they are sent: a plain tuple, which packs ten times as fast."""


class Chunk(NamedTuple):
    """Letters for one worker, with the templates it may not know, and the forms not known here."""

    specs: Mapping[int, Spec]
    forms: frozenset[tuple[int, Way]]
    letters: tuple[LetterAsked, ...]


class Answered(NamedTuple):
    """The slot values of one letter."""

    subject: str
    preheader: str
    html: tuple[str, ...]
    text: tuple[str, ...]
    links: dict[int, str]

    def filled(self) -> Filled:
        """The same for putting together."""
        return Filled(*self)


ChunkAnswer = tuple[dict[tuple[int, Way], Form], list[Answered | BrokenTemplate | None]]
"""The forms that were wanted, and of each letter its values; None for an unknown template."""


def rendering_room(root: Path) -> Callable[[Chunk], ChunkAnswer]:
    """The function that answers chunks with the filters of the project in `root`."""
    return _Room(root).answer


class _Room:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._filters: dict[str, Callable[..., Any]] | None = None
        self._templates: OrderedDict[int, CompiledTemplate] = OrderedDict()

    def answer(self, chunk: Chunk) -> ChunkAnswer:
        """Fill the slots of each letter."""
        for number, spec in chunk.specs.items():
            self._keep(number, spec)
        forms: dict[tuple[int, Way], Form] = {}
        return forms, [self._one(asked, chunk.forms, forms) for asked in chunk.letters]

    def _one(
        self,
        asked: LetterAsked,
        wanted: frozenset[tuple[int, Way]],
        forms: dict[tuple[int, Way], Form],
    ) -> Answered | BrokenTemplate | None:
        number, subject, preheader, context, told = asked
        links = None if told is None else LinkSigner(*told)
        template = self._templates.get(number)
        if template is None:
            return None
        way = way_of(links)
        try:
            program = program_of(template, way)
            if (number, way) in wanted:
                forms[number, way] = program.form
            made = fill(program, template, LetterTexts(subject, preheader), context, links)
        except BrokenTemplate as broken:
            return broken
        return Answered(made.subject, made.preheader, made.html, made.text, made.links)

    def _keep(self, number: int, spec: Spec) -> None:
        filters = tuple((name, self._filter(name)) for name in spec.filters)
        self._templates[number] = replace(spec.template, filters=filters)
        while len(self._templates) > MAX_KEPT:
            self._templates.popitem(last=False)

    def _filter(self, name: str) -> Callable[..., Any]:
        if self._filters is None:
            registry, _ = find(self._root)
            self._filters = {one.name: one.function for one in registry.filters.values()}
        return self._filters[name]
