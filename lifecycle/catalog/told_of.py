"""What rules as written speak of: events, their properties, attributes, and the bounds they set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.project import Leaf, leaves
from lifecycle.core.rule.compare import NUMBER_OPS, OPS
from lifecycle.core.rule.counts import FIGURES
from lifecycle.core.words import number

Path = tuple[str, ...]
NAMING = ("did", "first", "last", "sequence", "without", "not_followed_by")
"""Keys of a leaf that name events."""
CONDITIONS = ("where", "has")
"""Keys of a leaf under which conditions on properties stand."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing a rule speaks of. `names` are the events; without one it is an attribute.

    `path` is the property's or attribute's, empty for an event by itself; `bounds` the numbers
    that it is compared with; `summed` says that its values are added up, and `apart` that the rule
    itself keeps currencies apart.
    """

    document: Document
    place: Place
    names: tuple[str, ...] = ()
    path: Path = ()
    bounds: tuple[tuple[str, Decimal], ...] = ()
    summed: bool = False
    apart: bool = False


def spoken(document: Document) -> Iterator[Spoken]:
    """All that the rules of a document speak of."""
    enter = document.data.get("enter")
    entry = _texts(enter.get("when")) if isinstance(enter, dict) else ()
    for leaf in leaves(document):
        yield from _leaf(leaf, entry)


def _leaf(leaf: Leaf, entry: tuple[str, ...]) -> Iterator[Spoken]:
    said, document = leaf.said, leaf.document
    for key in ("share", "of"):
        if isinstance(inner := said.get(key), dict):
            yield from _leaf(Leaf(document, (*leaf.place, key), inner, leaf.negated), entry)
    names = tuple(name for key in NAMING for name in _texts(said.get(key)))
    for key in NAMING:
        for name in _texts(said.get(key)):
            yield Spoken(document, (*leaf.place, key), (name,))
    if isinstance(path := said.get("customer"), str):
        yield Spoken(document, (*leaf.place, "customer"), (), _path(path), _bounds(said))
    if isinstance(path := said.get("event"), str) and entry:
        yield Spoken(document, (*leaf.place, "event"), entry, _path(path), _bounds(said))
    for key in FIGURES:
        if isinstance(path := said.get(key), str):
            first, *rest = path.split(".")
            names = (first,)
            summed = key in ("total_of", "average_of")
            bounds = () if key in ("total_of", "distinct_of") else _bounds(said)
            place = (*leaf.place, key)
            yield Spoken(document, place, names)
            apart = _keeps_apart(said.get("where"))
            yield Spoken(document, place, names, tuple(rest), bounds, summed, apart)
    for key in CONDITIONS:
        if isinstance(conditions := said.get(key), dict):
            yield from _conditions(document, (*leaf.place, key), names, conditions, ())
    if isinstance(same := said.get("same"), str):
        yield Spoken(document, (*leaf.place, "same"), names, _path(same))


def _conditions(
    document: Document, place: Place, names: tuple[str, ...], said: Mapping[str, Any], above: Path
) -> Iterator[Spoken]:
    for key, value in said.items():
        path, here = (*above, *_path(key)), (*place, key)
        if isinstance(value, dict) and not any(word in value for word in OPS):
            yield from _conditions(document, here, names, value, path)
        else:
            bounds = _bounds(value) if isinstance(value, dict) else ()
            yield Spoken(document, here, names, path, bounds)


def _keeps_apart(where: Any) -> bool:
    """Whether conditions, at whatever depth, speak of a currency."""
    if not isinstance(where, dict):
        return False
    return any(_path(key)[-1] == "currency" or _keeps_apart(one) for key, one in where.items())


def _bounds(said: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    found = ((word, number(said[word])) for word in NUMBER_OPS if word in said)
    return tuple((word, bound) for word, bound in found if bound is not None)


def _texts(said: Any) -> tuple[str, ...]:
    listed = said if isinstance(said, list) else [said]
    return tuple(one for one in listed if isinstance(one, str) and one)


def _path(said: str) -> Path:
    return tuple(said.split("."))
