"""Reads a document into its definition; what is wrong with it is told at its place."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from lifecycle.catalog.document import Document
from lifecycle.catalog.later import not_yet
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.told import tell
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from lifecycle.core.typed import Definition

Model = TypeVar("Model", bound=Definition)
KINDS: dict[str, type[Flow] | type[Broadcast]] = {"flow": Flow, "broadcast": Broadcast}


def read_settings(document: Document, problems: list[Problem]) -> Settings | None:
    """The settings a document says."""
    return _read(document, Settings, problems)


def read_segment(document: Document, problems: list[Problem]) -> Segment | None:
    """The segment a document says, without its id."""
    return _read(document, Segment, problems)


def read_cases(document: Document, problems: list[Problem]) -> CaseFile | None:
    """The test cases a document says."""
    return _read(document, CaseFile, problems)


def read_campaign(document: Document, problems: list[Problem]) -> Campaign | None:
    """The flow or broadcast a document says, without its id."""
    kind = document.data.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return _read(document, KINDS[kind], problems)
    if kind == "series":
        problems.append(document.problem(("kind",), not_yet('kind = "series"')))
    elif "kind" not in document.data:
        problems.append(document.problem((), "`kind` is missing", 'kind = "flow" or "broadcast"'))
    else:
        hint = did_you_mean(str(kind), KINDS) or 'kind = "flow" or "broadcast"'
        problems.append(document.problem(("kind",), f"“{kind}” is no kind of campaign", hint))
    return None


def _read(document: Document, model: type[Model], problems: list[Problem]) -> Model | None:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems += tell(document, error)
        return None
