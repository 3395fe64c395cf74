"""Whether a leaf says only what is known here: what is not known is left to Python."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import timedelta
from typing import Any

from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import Comparison
from lifecycle.core.rule.counts import Did, Figure
from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.standing import AgreedTo, InSegment, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.tree import Everyone
from lifecycle.core.rule.where import Where
from lifecycle.core.rule.window import Window

_PARTS: dict[type, frozenset[str]] = {
    Did: frozenset(("names", "at_least", "at_most", "where", "window")),
    Figure: frozenset(("word", "name", "path", "comparison", "where", "window")),
    Compared: frozenset(("of", "path", "comparison")),
    Comparison: frozenset(("ops",)),
    Where: frozenset(("conditions",)),
    Window: frozenset(("far", "near", "since", "until", "since_entry", "before_entry")),
    Listed: frozenset(("ids", "key")),
    InSegment: frozenset(("name",)),
    AgreedTo: frozenset(("topic",)),
    KnownFor: frozenset(("length",)),
    Suppressed: frozenset(),
    RandomPercent: frozenset(("percent", "seed")),
    Everyone: frozenset(),
}
"""What each kind of leaf, and each part of one, is made of."""


def understood(leaf: object) -> bool:
    """Whether SQL reads all that a leaf says; what was added to it later must be at rest."""
    known = _PARTS.get(type(leaf))
    if known is None:
        return False
    for one in fields(leaf):  # type: ignore[arg-type]
        value = getattr(leaf, one.name)
        if one.name not in known:
            if one.default is MISSING or value != one.default:
                return False
        elif isinstance(value, Where | Comparison | Window) and not understood(value):
            return False
    if isinstance(leaf, KnownFor):
        return isinstance(leaf.length, timedelta)
    return not isinstance(leaf, Window) or _same_for_everybody(leaf)


def _same_for_everybody(window: Window) -> bool:
    """Whether its edges are lengths that do not depend on the customer."""
    far: Any = window.far
    near: Any = window.near
    return isinstance(far, timedelta | None) and isinstance(near, timedelta)
