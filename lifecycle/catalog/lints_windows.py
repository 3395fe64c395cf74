"""Warns of windows: beyond what is kept of events, and negative ones that newcomers meet too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import SEGMENTS, SETTINGS
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import Leaf, Project, leaves
from lifecycle.core.rule.counts import FIGURES
from lifecycle.core.words import WordProblem, length

_LENGTHS = ("within", "between", "during", "held_for")
"""Keys that say how far back a leaf looks."""
_TENURED = (
    *("known_for", "did", "first", "last", "sequence", "share"),
    *("average_of", "smallest_of", "largest_of"),
)
"""Leaves that newcomers do not meet: beside them a negative window needs no tenure."""


def doubtful_windows(project: Project) -> Iterator[Problem]:
    """A warning for each window that is probably not meant so."""
    segments = dict(project.of(SEGMENTS))
    for document in project.ruled:
        for leaf in leaves(document):
            yield from _kept(project, leaf)
            yield from _tenure(leaf, segments)


def _kept(project: Project, leaf: Leaf) -> Iterator[Problem]:
    kept = project.settings.retention.events if project.settings else None
    heads = [key for key in ("did", "was_sent", "held_for", *FIGURES) if key in leaf.said]
    if kept is None or not heads or "since_entry" in leaf.said or "since" in leaf.said:
        return
    key = next((one for one in _LENGTHS if one in leaf.said), heads[0])
    far = _far(leaf.said.get(key)) if key in _LENGTHS else None
    if key not in _LENGTHS or (far is not None and far > kept):
        problem = f"this looks further back than events are kept ({kept.days} days)"
        hint = f"say a window, or a longer [retention] events in {SETTINGS}"
        yield leaf.document.problem((*leaf.place, key), problem, hint, "warning")


def _far(said: object) -> timedelta | None:
    text = said[0] if isinstance(said, list) and said else said
    try:
        return length(text.removesuffix(" ago")) if isinstance(text, str) else None
    except WordProblem:
        return None


def _tenure(leaf: Leaf, segments: Mapping[str, Document]) -> Iterator[Problem]:
    said = leaf.said
    none_at_all = said.get("exactly") == 0 or said.get("at_most") == 0
    key = next((one for one in ("within", "between") if one in said), None)
    if "did" not in said or key is None or _far(said[key]) is None or leaf.negated == none_at_all:
        return
    if ("at_most" in said and not none_at_all) or said.get("at_least") == 0:
        return
    if not _is_tenured(leaf, segments):
        far = str(said[key] if key == "within" else said[key][0]).removesuffix(" ago")
        problem = "this also holds for those who are known for less than that"
        hint = f'if tenure is meant, add {{ known_for = "{far}" }}'
        yield leaf.document.problem((*leaf.place, "did"), problem, hint, "warning")


def _is_tenured(leaf: Leaf, segments: Mapping[str, Document]) -> bool:
    """Whether another leaf that must hold settles the tenure, there or in a segment it names."""
    for other in leaves(leaf.document):
        if other.place[:1] != leaf.place[:1] or other.place == leaf.place or other.negated:
            continue
        if any(key in other.said and not _of_none(other) for key in _TENURED):
            return True
        named = segments.get(str(other.said.get("in_segment")))
        if (
            named is not None
            and named is not leaf.document
            and any(
                key in one.said and not one.negated and not _of_none(one)
                for one in leaves(named)
                for key in _TENURED
            )
        ):
            return True
    return False


def _of_none(leaf: Leaf) -> bool:
    """Whether a count holds for those who did nothing."""
    said = leaf.said
    return "did" in said and (
        said.get("exactly") == 0
        or said.get("at_least") == 0
        or ("at_most" in said and "at_least" not in said)
    )
