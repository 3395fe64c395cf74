"""Reads a document into its definition; what is wrong with it is told at its place, all at once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from lifecycle.catalog.document import Document, written
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.tables import SET_BY_CATALOG, keys_of, shape_of, table_at
from lifecycle.catalog.told import told
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from lifecycle.core.step import Branch, Split, Step
from lifecycle.core.typed import Definition
from lifecycle.core.words import shown

Model = TypeVar("Model", bound=Definition)
KINDS: dict[str, type[Flow] | type[Broadcast] | type[Series]] = {
    "flow": Flow,
    "broadcast": Broadcast,
    "series": Series,
}
_KINDS_HINT = 'kind = "flow", "broadcast" or "series"'
MAX_ROUNDS = 12
"""How often a definition is read anew without what was wrong in it, to find the rest."""
INNER_PLACES = 2
"""The parts by which the path to a table that stands right in another is longer."""
_STAND_INS: dict[type[Definition] | None, dict[str, Any]] = {
    Step: {},
    Branch: {"if": {"everyone": True}},
    Split: {"percent": 0},
}
"""Tables of a list that mean nothing: one of them is put where a wrong one stood."""


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
    """The flow, broadcast or series a document says, without its id."""
    kind = document.data.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return _Reading(document, problems).read(KINDS[kind], document.data)
    if "kind" not in document.data:
        problems.append(document.problem((), "`kind` is missing", _KINDS_HINT))
    else:
        hint = did_you_mean(str(kind), KINDS) or _KINDS_HINT
        problem = f"{shown(kind)} is no kind of campaign"
        problems.append(document.problem(("kind",), problem, hint))
    guessed = "broadcast" if "audience" in document.data else "flow"
    guessed = "series" if "anchor" in document.data else guessed
    return _Reading(document, problems).read(KINDS[guessed], {**document.data, "kind": guessed})


class _Reading:
    """One file being read: each round leaves out what was wrong and looks for more."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems
        self.gone: set[Place] = set()
        self.whole: list[Place] = []
        """Tables that are wrong as a whole."""
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
            if len(self.gone) == before and not self._set_aside(model, data):
                break
        return None

    def _set_aside(self, model: type[Model], data: dict[str, Any]) -> bool:
        """Put something harmless where a table is wrong as a whole, to see what else is wrong."""
        found = [place for place in self.whole if place and place not in self.gone]
        for place in found:
            self.gone.add(place)
            self.touched.add(place)
            holder = _holder(data, place)
            table = table_at(model, place)
            if isinstance(holder, list) and isinstance(place[-1], int) and table in _STAND_INS:
                holder[place[-1]] = _stand_in(table, holder[place[-1]], place)
            elif isinstance(holder, dict) and isinstance(place[-1], str):
                outer = table_at(model, place[:-1])
                field = keys_of(outer).get(place[-1]) if outer is not None else None
                if field is not None and not field.is_required():
                    holder.pop(place[-1], None)
                    self.touched.add(place[:-1])
        return bool(found)

    def _take_out(
        self, model: type[Model], data: dict[str, Any], kind: str, loc: Place, context: Any
    ) -> None:
        whole = kind == "word" and not (loc and _is_key(model, loc))
        at = (*loc, *context.get("place", ())) if whole else loc
        if at in self.gone or (whole and self._was_touched(at)):
            return
        if kind == "too_short" and any(one[: len(loc)] == loc for one in self.gone):
            return
        if whole:
            self.touched.add(at)
            self.whole.append(loc)
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

    def _was_touched(self, place: Place) -> bool:
        """Whether a table, or one that stands right in it, lost a key."""
        if not place:
            return place in self.touched
        size = len(place)
        return any(one[:size] == place and len(one) <= size + INNER_PLACES for one in self.touched)

    def _tell(self, model: type[Model], kind: str, loc: Place, context: Any) -> None:
        self.problems += told(self.document, model, kind, loc, context)


def _stand_in(table: type[Definition] | None, said: Any, place: Place) -> dict[str, Any]:
    name = said.get("name") if isinstance(said, dict) else None
    known = {"name": name if isinstance(name, str) and name else f"step {written(place)}"}
    return {**_STAND_INS.get(table, {}), **(known if table is Step else {})}


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
