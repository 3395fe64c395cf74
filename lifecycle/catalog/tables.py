"""Which keys each table of a definition knows, read off the models."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from lifecycle.catalog.positions import Place
from lifecycle.core.typed import Definition, RuleField

Shape = tuple[str, ...]
"""A key path without list positions, such as ("step", "variant")."""
SET_BY_CATALOG = ("id", "version")
"""Fields of a model that no file may say."""
_RULE = get_args(RuleField)[1]


@cache
def keys_of(model: type[Definition]) -> dict[str, FieldInfo]:
    """The keys a table may say, as written."""
    return {
        field.alias or name: field
        for name, field in model.model_fields.items()
        if not (name in SET_BY_CATALOG and "version" in model.model_fields)
    }


def table_at(model: type[Definition], place: Place) -> type[Definition] | None:
    """The table at a key path below `model`; None where there is no table with fixed keys."""
    here: type[Definition] | None = model
    free = False
    for part in place:
        if isinstance(part, int):
            continue
        if free:
            free = False
            continue
        field = keys_of(here).get(part) if here is not None else None
        if field is None:
            return None
        here = _definition_in(field.annotation)
        free = _is_mapping(field.annotation)
    return None if free else here


def homes_of(model: type[Definition], key: str) -> Iterator[Shape]:
    """The shapes of the tables in a model that know a key, the outermost first.

    Steps stand in steps: a kind of table counts once, where it stands outermost.
    """
    waiting: deque[tuple[type[Definition], Shape]] = deque([(model, ())])
    met: set[type[Definition]] = {model}
    while waiting:
        table, shape = waiting.popleft()
        if key in keys_of(table):
            yield shape
        for name, field in keys_of(table).items():
            inner = _definition_in(field.annotation)
            if inner is not None and inner not in met and not _is_mapping(field.annotation):
                met.add(inner)
                waiting.append((inner, (*shape, name)))


def is_repeated(model: type[Definition], shape: Shape) -> bool:
    """Whether the table of that shape may come several times: [[step]]."""
    outer = table_at(model, shape[:-1])
    field = keys_of(outer).get(shape[-1]) if outer is not None and shape else None
    return field is not None and _holds(field.annotation, tuple)


def rule_keys(model: type[Definition]) -> list[str]:
    """The keys of a table that take a rule."""
    return [key for key, field in keys_of(model).items() if _RULE in _metadata(field)]


def heading(model: type[Definition], shape: Shape) -> str:
    """A table as people write its heading: [enter], [[step]], [[step.variant]]."""
    name = ".".join(shape)
    return f"[[{name}]]" if is_repeated(model, shape) else f"[{name}]"


def shape_of(place: Place) -> Shape:
    """A key path without its list positions."""
    return tuple(part for part in place if isinstance(part, str))


def _metadata(field: FieldInfo) -> list[Any]:
    found = list(field.metadata)
    for one in get_args(field.annotation):
        found += getattr(one, "__metadata__", ())
    return found


def _definition_in(annotation: Any) -> type[Definition] | None:
    if isinstance(annotation, type) and issubclass(annotation, Definition):
        return annotation
    for one in get_args(annotation):
        found = _definition_in(one)
        if found is not None:
            return found
    return None


def _is_mapping(annotation: Any) -> bool:
    return _holds(annotation, dict)


def _holds(annotation: Any, kind: type) -> bool:
    return get_origin(annotation) is kind or any(_holds(one, kind) for one in get_args(annotation))
