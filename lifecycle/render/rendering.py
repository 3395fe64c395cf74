"""Renders letters in batches: here, or in worker processes that nothing a template does can stop.

Guarantee: each letter asked for gets its answer, and what goes wrong with one touches no other.
A template travels to a worker once; of each letter plain data goes out, slot values come back.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts, Rendered, put_together, render, way_of
from lifecycle.render.links import LinkSigner
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.program import Form
from lifecycle.render.room import Answered, Chunk, Spec, rendering_room, told_of
from lifecycle.render.slots import Way
from lifecycle.workers import Done, Runs, Work, Workers, WorkFailed

LETTERS_A_CHUNK = 25
"""Letters that a worker is handed at once; if it ends over them, each is tried by itself."""
LETTER_SECONDS = 2.0
"""How long a chunk may take, and a letter alone: a hundred times what large ones need."""
LETTER_MEMORY_MB = 256
MOST_WORKERS = 4
"""Worker processes for letters, however many processors there are; one is left to the engine."""
MAX_KEPT = 512
"""Templates that are known by number."""
_SAID = {
    "stalled": f"it was not finished within {LETTER_SECONDS:g} seconds",
    "crashed": "the process that rendered it ended",
    "memory": f"it took more than {LETTER_MEMORY_MB} MB",
    "too_large": "it is far too long",
    "raised": "it could not be rendered",
}


def rendering_workers() -> int:
    """How many worker processes render letters on this machine."""
    return max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 1))


class Asked(NamedTuple):
    """One letter to be rendered. `context` is plain data."""

    template: CompiledTemplate
    texts: LetterTexts
    context: Mapping[str, Any]
    links: LinkSigner | None = None


class Rendering(Protocol):
    """Whatever renders letters."""

    def render(self, asked: Sequence[Asked]) -> list[Rendered | BrokenTemplate]:
        """Render letters, in order: each, or why it could not be made."""

    def start(self) -> None:
        """Get ready beside, so that the first letter need not wait."""

    def close(self) -> None:
        """End what was started; nothing is left behind."""


class RenderingHere:
    """Renders in this very process, for replays and tests: bounded in turns and length alone."""

    def render(self, asked: Sequence[Asked]) -> list[Rendered | BrokenTemplate]:
        """Render letters, in order: each, or why it could not be made."""
        return [_rendered(one) for one in asked]

    def start(self) -> None:
        """There is nothing to start."""

    def close(self) -> None:
        """Nothing is left behind."""


class RenderingAside:
    """Renders in worker processes, bounded in time, memory and output. Thread-safe."""

    def __init__(self, root: Path, *, count: int = 1, runs: Runs | None = None) -> None:
        """`root` is the project whose hooks give filters; `count` processes start when needed."""
        self._runs = runs or Workers(
            partial(rendering_room, root),
            count=count,
            seconds=LETTER_SECONDS,
            memory_mb=LETTER_MEMORY_MB,
        )
        self._lock = Lock()
        self._numbers: OrderedDict[int, tuple[int, CompiledTemplate]] = OrderedDict()
        self._last = 0
        self._known: set[int] = set()
        """Numbers of templates that every worker was told, unless it has started since."""
        self._forms: dict[tuple[int, Way], Form] = {}
        self._filters: dict[str, Any] | None = None

    def start(self) -> None:
        """Start the workers beside, so that the first letter need not wait."""
        if isinstance(self._runs, Workers):
            self._runs.start()

    def render(self, asked: Sequence[Asked]) -> list[Rendered | BrokenTemplate]:
        """Render letters, in order: each, or why it could not be made. Raises EnvironmentFailed."""
        with self._lock:
            numbers = [(self._number(one.template), way_of(one.links)) for one in asked]
            told: dict[int, Answered | BrokenTemplate] = {}
            waiting = _chunks(range(len(asked)))
            while waiting:
                chunks = [self._chunk(asked, numbers, places) for places in waiting]
                works = [
                    Work(asked[places[0]].template.name, chunk, again=len(places) == 1)
                    for places, chunk in zip(waiting, chunks, strict=True)
                ]
                self._known |= {number for chunk in chunks for number in chunk.specs}
                waiting = self._heard(asked, numbers, told, waiting, self._runs.run(works))
            forms = [self._forms.get(number) for number in numbers]
        return [
            _put_together(told[place], forms[place], one.links) for place, one in enumerate(asked)
        ]

    def close(self) -> None:
        """End the workers; none is left behind."""
        self._runs.close()

    def _number(self, template: CompiledTemplate) -> int:
        """The number of a template; new filters have the workers begin anew."""
        known = self._numbers.get(id(template))
        if known is not None:
            self._numbers.move_to_end(id(template))
            return known[0]
        filters = dict(template.filters)
        if self._filters is not None and filters != self._filters:
            self._runs.close()
        self._filters = filters
        self._last += 1
        self._numbers[id(template)] = self._last, template
        while len(self._numbers) > MAX_KEPT:
            _, (gone, _) = self._numbers.popitem(last=False)
            self._known.discard(gone)
            self._forms = {key: one for key, one in self._forms.items() if key[0] != gone}
        return self._last

    def _chunk(
        self, asked: Sequence[Asked], numbers: Sequence[tuple[int, Way]], places: Sequence[int]
    ) -> Chunk:
        specs: dict[int, Spec] = {}
        wanted: set[tuple[int, Way]] = set()
        letters = []
        for place in places:
            one, (number, way) = asked[place], numbers[place]
            # A letter by itself comes after a worker ended, and goes to one that knows nothing.
            if number not in specs and (len(places) == 1 or number not in self._known):
                specs[number] = _spec(one.template)
            if (number, way) not in self._forms:
                wanted.add((number, way))
            texts = one.texts
            links = None if one.links is None else told_of(one.links)
            letters.append((number, texts.subject, texts.preheader, one.context, links))
        return Chunk(specs, frozenset(wanted), tuple(letters))

    def _heard(
        self,
        asked: Sequence[Asked],
        numbers: Sequence[tuple[int, Way]],
        told: dict[int, Answered | BrokenTemplate],
        waiting: Sequence[Sequence[int]],
        results: Sequence[Done | WorkFailed],
    ) -> list[Sequence[int]]:
        """Take in what came of chunks; says what is to be asked again."""
        again: list[int] = []
        alone: list[Sequence[int]] = []
        for places, result in zip(waiting, results, strict=True):
            if isinstance(result, Done):
                forms, letters = result.value
                self._forms = {**forms, **self._forms}
                for place, letter in zip(places, letters, strict=True):
                    if letter is None:
                        self._known.discard(numbers[place][0])
                        again.append(place)
                    else:
                        told[place] = letter
            elif len(places) > 1:
                alone += [(place,) for place in places]
            else:
                told[places[0]] = _failed(asked[places[0]].template, result)
        return [*_chunks(again), *alone]


def _chunks(places: Sequence[int]) -> list[Sequence[int]]:
    return [places[at : at + LETTERS_A_CHUNK] for at in range(0, len(places), LETTERS_A_CHUNK)]


def _spec(template: CompiledTemplate) -> Spec:
    """What a worker is told of a template: filters by name, and no problems, for it has none."""
    names = tuple(name for name, _ in template.filters)
    return Spec(replace(template, filters=(), files=(), shown=""), names)


def _rendered(one: Asked) -> Rendered | BrokenTemplate:
    try:
        return render(one.template, one.texts, one.context, one.links)
    except BrokenTemplate as broken:
        return broken


def _put_together(
    told: Answered | BrokenTemplate, form: Form | None, links: LinkSigner | None
) -> Rendered | BrokenTemplate:
    if isinstance(told, BrokenTemplate):
        return told
    assert form is not None, "a letter came without its form"
    try:
        return put_together(form, told.filled(), links)
    except BrokenTemplate as broken:
        return broken


def _failed(template: CompiledTemplate, failed: WorkFailed) -> BrokenTemplate:
    return BrokenTemplate(_SAID[failed.kind], file=f"{template.name}.mjml")
