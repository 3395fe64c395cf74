"""Reads a document into its definition; what is wrong with it is told at its place, all at once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from lifecycle.catalog.document import Document
from lifecycle.catalog.later import not_yet
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.tables import SET_BY_CATALOG, keys_of, table_at
from lifecycle.catalog.told import shape_of, told
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from lifecycle.core.typed import Definition

Model = TypeVar("Model", bound=Definition)
KINDS: dict[str, type[Flow] | type[Broadcast]] = {"flow": Flow, "broadcast": Broadcast}
MAX_ROUNDS = 8
"""How often a definition is read anew without what was wrong in it, to find the rest."""


def read_settings(document: Document, problems: list[Problem]) -> Settings | None:
    """The settings a document says; None when what is wrong leaves none."""
    return _Reading(document, problems).read(Settings, document.data)


def read_segment(document: Document, problems: list[Problem]) -> Segment | None:
    """The segment a document says, without its id."""
    return _Reading(document, problems).read(Segment, document.data)


def read_cases(document: Document, problems: list[Problem]) -> CaseFile | None:
    """The test cases a document says."""
    return _Reading(document, problems).read(CaseFile, document.data)


def read_campaign(document: Document, problems: list[Problem]) -> Campaign | None:
    """The flow or broadcast a document says, without its id."""
    kind = document.data.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return _Reading(document, problems).read(KINDS[kind], document.data)
    if kind == "series":
        problems.append(document.problem(("kind",), not_yet('`kind = "series"`')))
        return None
    if "kind" not in document.data:
        problems.append(document.problem((), "`kind` is missing", 'kind = "flow" or "broadcast"'))
    else:
        hint = did_you_mean(str(kind), KINDS) or 'kind = "flow" or "broadcast"'
        problems.append(document.problem(("kind",), f"“{kind}” is no kind of campaign", hint))
    guessed = "broadcast" if "audience" in document.data else "flow"
    return _Reading(document, problems).read(KINDS[guessed], {**document.data, "kind": guessed})


class _Reading:
    """One file being read: each round leaves out what was wrong and looks for more."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems
        self.gone: set[Place] = set()
        self.touched: set[Place] = set()
        """Tables that lost a key: what is then wrong with them as a whole is no news."""

    def read(self, model: type[Model], said: dict[str, Any]) -> Model | None:
        data = deepcopy(said)
        if "version" in model.model_fields:
            for key in SET_BY_CATALOG:
                if data.pop(key, None) is not None:
                    self._tell(model, "extra_forbidden", (key,), {})
        for _ in range(MAX_ROUNDS):
            try:
                return model.model_validate(data)
            except ValidationError as error:
                # a second list, since taking entries out would move those after them
                found = [
                    (one["type"], one["loc"], one.get("ctx", {}))
                    for one in error.errors(include_url=False)
                    # of a list all of whose entries are wrong pydantic also says that it is empty
                    if not (one["type"] == "too_short" and one["input"])
                ]
            before = len(self.gone)
            for kind, loc, context in found:
                self._take_out(model, data, kind, loc, context)
            if len(self.gone) == before:
                break
        return None

    def _take_out(
        self, model: type[Model], data: dict[str, Any], kind: str, loc: Place, context: Any
    ) -> None:
        whole = kind == "word" and not (loc and _is_key(model, loc))
        if loc in self.gone or (whole and loc in self.touched):
            return
        if kind == "too_short" and any(one[: len(loc)] == loc for one in self.gone):
            return
        if whole:
            self.touched.add(loc)
        self._tell(model, kind, loc, context)
        if whole:
            return
        holder = _holder(data, loc)
        if kind == "rule" and isinstance(holder, dict):
            self.gone.add(loc)
            holder[loc[-1]] = {"everyone": True}
        elif kind == "missing":
            self.gone.add(loc)
            self.touched.add(loc[:-1])
        elif isinstance(holder, dict) and loc[-1] in holder:
            self.gone.add(loc)
            value = holder.pop(loc[-1])
            if not (kind == "extra_forbidden" and _moved(model, data, loc, value)):
                self.touched.add(loc[:-1])
        elif isinstance(holder, list) and isinstance(loc[-1], int):
            self.gone.add(loc)
            self.touched.add(loc[:-1])

    def _tell(self, model: type[Model], kind: str, loc: Place, context: Any) -> None:
        self.problems += told(self.document, model, kind, loc, context)


def _is_key(model: type[Definition], loc: Place) -> bool:
    """Whether the place is one key of a table, not a table as a whole."""
    return table_at(model, loc) is None


def _holder(data: Any, loc: Place) -> Any:
    for part in loc[:-1]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _moved(model: type[Definition], data: dict[str, Any], loc: Place, value: Any) -> bool:
    """Put a misplaced key where it belongs, so that nothing is said to be missing there."""
    for depth in range(len(loc) - 2, -1, -1):
        outer = loc[:depth]
        table = table_at(model, outer)
        holder = _holder(data, (*outer, loc[-1]))
        if (
            table is not None
            and len(shape_of(outer)) < len(shape_of(loc[:-1]))
            and loc[-1] in keys_of(table)
            and isinstance(holder, dict)
            and loc[-1] not in holder
        ):
            holder[str(loc[-1])] = value
            return True
    return False
