"""One part of a letter, HTML or text: its static texts, and how the slots between are filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from operator import itemgetter
from typing import Any

from jinja2.exceptions import SecurityError

from lifecycle.render.sandbox import MAX_TEXT
from lifecycle.render.slots import SHORT, Given, Kind, Piece
from lifecycle.render.text_part import tidy_inside

TAKEN_UNSEEN = 64
"""Texts taken from a program before their length is looked at."""
_PRIVATE = range(0xE000, 0xF900)

Filling = Kind | tuple[str | Kind, ...]
"""How one slot is filled: by one value, or by several with blanks around them."""
Told = Iterator[str | None]
"""What a program yields."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one part of a letter is put together: text, slot, text, slot, … text."""

    statics: tuple[str, ...]
    slots: tuple[Filling | Given, ...]
    tidied: bool
    """Whether blanks are tidied, as in a text part."""
    static_length: int
    _chosen: Callable[[tuple[str, ...]], Any] | None = field(init=False, repr=False, compare=False)
    """Chooses the values of all slots among those a program told and those given by name."""

    def __post_init__(self) -> None:
        told = sum(not isinstance(slot, Given) for slot in self.slots)
        place = {name: told + number for number, name in enumerate(SHORT)}
        numbers = count()
        places = [
            place[slot.name] if isinstance(slot, Given) else next(numbers) for slot in self.slots
        ]
        # Of one place it would give the value and no tuple.
        chosen = itemgetter(*places) if len(places) > 1 else None
        object.__setattr__(self, "_chosen", chosen)

    def fill(self, told: Told) -> tuple[str, ...]:
        """The values of the slots that are not given.

        Raises SecurityError when they grow too long, and whatever the program raises.
        """
        values: list[str] = []
        left = MAX_TEXT
        for slot in self.slots:
            if slot is Kind.ONE:
                value = _one(told)
            elif slot is Kind.MANY:
                value = _many(told)
            elif isinstance(slot, tuple):
                value = "".join(
                    [
                        piece
                        if isinstance(piece, str)
                        else _one(told)
                        if piece is Kind.ONE
                        else _many(told)
                        for piece in slot
                    ]
                )
            else:
                continue
            values.append(value)
            left -= len(value)
            if left < 0:
                raise _too_long()
        for _ in told:  # what stands behind the last slot prints nothing, and may yet fail
            raise AssertionError("a program told more than its slots")
        return self._tidied(values) if self.tidied else tuple(values)

    def values(self, filled: Sequence[str], given: Mapping[str, str]) -> tuple[str, ...]:
        """The values of all slots: those a program told, and those `given` by name."""
        if given and self._chosen is not None:
            told_and_given = (*filled, *[given[name] for name in SHORT])
            return self._chosen(told_and_given)  # type: ignore[no-any-return]
        told = iter(filled)
        return tuple(
            [given[slot.name] if isinstance(slot, Given) else next(told) for slot in self.slots]
        )

    def names(self, letter: str, own: str) -> tuple[str, ...]:
        """A name for each slot: those of our links after `own`, numbers after `letter` else."""
        return tuple(
            own + SHORT[slot.name] if isinstance(slot, Given) else f"{letter}{number}"
            for number, slot in enumerate(self.slots)
        )

    def length(self, values: Sequence[str]) -> int:
        """Characters of the part as a whole."""
        return self.static_length + sum(map(len, values))

    def _tidied(self, values: list[str]) -> tuple[str, ...]:
        values = [tidy_inside(value) if "\n" in value else value for value in values]
        if values and not self.statics[0] and not isinstance(self.slots[0], Given):
            values[0] = values[0].lstrip()
        if values and not self.statics[-1] and not isinstance(self.slots[-1], Given):
            values[-1] = values[-1].rstrip()
        return tuple(values)


def html_recipe(pieces: Sequence[Piece]) -> Recipe:
    """The recipe of HTML: each dynamic piece is a slot."""
    draft = _Draft()
    for piece in pieces:
        if isinstance(piece, str):
            draft.statics[-1] += piece
        else:
            draft.slot(piece)
    return draft.recipe(tidied=False)


def text_recipe(pieces: Sequence[Piece]) -> Recipe:
    """The recipe of a text part, in which blanks are tidied.

    Blanks beside a slot belong to it, so that every static text begins and ends with a sign that is
    no blank. Then no run of blanks crosses from one into the other, and tidying each by itself is
    tidying the whole.
    """
    draft = _Draft()
    beside: list[str | Kind] = []
    mark = _unused(pieces)
    static, given = "", list[Given]()
    for piece in [*pieces, None]:
        if isinstance(piece, str):
            static += piece
        elif isinstance(piece, Given):
            static += mark
            given.append(piece)
        else:
            core = static.strip()
            if not core:
                beside += [static] if static else []
            else:
                begin = static.index(core[0])
                draft.filling([*beside, static[:begin]])
                draft.core(tidy_inside(core).split(mark), given)
                beside = [static[begin + len(core) :]]
            beside += [piece] if piece else []
            static, given = "", []
    draft.filling(beside)
    return draft.recipe(tidied=True)


@dataclass
class _Draft:
    """A recipe being written: one static text is always open."""

    statics: list[str] = field(default_factory=lambda: [""])
    slots: list[Filling | Given] = field(default_factory=list)

    def recipe(self, *, tidied: bool) -> Recipe:
        length = sum(map(len, self.statics))
        return Recipe(tuple(self.statics), tuple(self.slots), tidied, length)

    def slot(self, slot: Filling | Given) -> None:
        self.slots.append(slot)
        self.statics.append("")

    def filling(self, pieces: Sequence[str | Kind]) -> None:
        """Add a slot of these pieces; blanks alone, which stand at an end, are no slot."""
        kept = tuple(piece for piece in pieces if piece)
        if any(isinstance(piece, Kind) for piece in kept):
            only = kept[0]
            self.slot(only if len(kept) == 1 and isinstance(only, Kind) else kept)

    def core(self, texts: Sequence[str], given: Sequence[Given]) -> None:
        self.statics[-1] += texts[0]
        for name, text in zip(given, texts[1:], strict=True):
            self.slot(name)
            self.statics[-1] = text


def _unused(pieces: Sequence[Piece]) -> str:
    """A sign that no static text holds; it stands for a given value, and is no blank either."""
    used = {sign for piece in pieces if isinstance(piece, str) for sign in piece}
    return next(chr(code) for code in _PRIVATE if chr(code) not in used)


def _one(told: Told) -> str:
    value = next(told)
    assert value is not None, "a border stands where a value should"
    return value


def _many(told: Told) -> str:
    """All texts up to the next border. Some at a time are taken unseen, which is quicker."""
    pieces = iter(told.__next__, None)
    kept: list[str] = []
    length = 0
    while some := list(islice(pieces, TAKEN_UNSEEN)):
        length += sum(map(len, some))
        if length > MAX_TEXT:
            raise _too_long()
        kept += some
        if len(some) < TAKEN_UNSEEN:
            break
    return "".join(kept)


def _too_long() -> SecurityError:
    return SecurityError(f"the text is longer than {MAX_TEXT} characters")
