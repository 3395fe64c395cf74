"""Reads the leaves on events as written: counts, figures, shares, first and last, sequences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from lifecycle.core.rule.compare import OPS, Comparison, comparison
from lifecycle.core.rule.counts import FIGURES, Did, Figure
from lifecycle.core.rule.edges import EdgeOf
from lifecycle.core.rule.followed import NotFollowed
from lifecycle.core.rule.length import any_length
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.same import Same
from lifecycle.core.rule.sequence import Sequence
from lifecycle.core.rule.share import Measure, Share
from lifecycle.core.rule.tree import Everyone, Rule
from lifecycle.core.rule.where import Where, where
from lifecycle.core.rule.window import WINDOW_KEYS, Window, window
from lifecycle.core.words import WordProblem, number, path, shown

COUNT_KEYS = ("at_least", "at_most", "exactly")
MAX_COUNT = 1_000_000_000
"""The most events that a rule may ask for: databases count no further than 2**63."""
EVENT_HINT = 'write the event as the shop sends it: "order_placed"'
MAX_STEPS = 20
"""The most events that a sequence may ask for."""
MEASURES = ("did", *FIGURES)
"""What may stand on either side of a share."""
EVENT_LEAVES: dict[str, tuple[str, ...]] = {
    "did": (*COUNT_KEYS, "where", "not_followed_by", "same", *WINDOW_KEYS),
    **dict.fromkeys(FIGURES, (*OPS, "where", *WINDOW_KEYS)),
    "share": ("of", *OPS, *WINDOW_KEYS),
    **dict.fromkeys(("first", "last"), ("where", "has", *WINDOW_KEYS)),
    "sequence": ("inside", "same", "without", *WINDOW_KEYS),
}
"""Each leaf on events by its first word, with the keys that may stand beside it."""
_Read = TypeVar("_Read")


def check_keys(
    head: str, raw: Mapping[str, Any], known: Collection[str], problems: RuleProblems
) -> None:
    """Note every key that does not belong beside `head`, with the nearest one that does."""
    for key in raw:
        if key != head and key not in known:
            near = get_close_matches(str(key), known, 1)
            beside = f"known beside it: {', '.join(known)}" if known else "it stands alone"
            hint = f"did you mean `{near[0]}`?" if near else beside
            if key == "held_for":
                hint = "it stands beside `customer`: of events ask by a window"
            problems.add(f"`{key}` does not belong beside `{head}`", hint, key=key)


def compared_beside(
    head: str, raw: Mapping[str, Any], known: Collection[str], problems: RuleProblems
) -> Comparison:
    """Read the operators beside `head`, of which there must be one."""
    if all(key == head or (key in known and key not in OPS) for key in raw):
        problems.add(f"`{head}` is not compared with anything", "write is, at_least, is_set, …")
    return comparison(raw, problems)


def event_names(raw: object) -> tuple[str, ...]:
    """Read one event name, a list of them, or `prefix*`. Raises WordProblem."""
    names = raw if isinstance(raw, list) else [raw]
    if not names:
        raise WordProblem("names no event", EVENT_HINT)
    return tuple(dict.fromkeys(_event_name(name) for name in names))


def _event_name(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise WordProblem(f"an event name is text, not {shown(raw)}", EVENT_HINT)
    if "*" in raw[:-1] or raw == "*":
        raise WordProblem(f"“{raw}”: a * stands at the end alone", 'write "order_*"')
    return raw


def _at(
    key: str, raw: Mapping[str, Any], read: Callable[[Any], _Read], problems: RuleProblems
) -> _Read | None:
    """What is said under a key, if it is there; what is wrong is noted at that key."""
    try:
        return read(raw[key]) if key in raw else None
    except WordProblem as found:
        problems.add(found.problem, found.hint, key=key)
        return None


def _where(raw: Mapping[str, Any], problems: RuleProblems, key: str = "where") -> Where:
    if key not in raw:
        return Where()
    if key == "has" and raw[key] == {}:
        problems.add("`has` says nothing", 'write has = { category = "shoes" }', key=key)
    return where(raw[key], problems.below(key), key)


def _did(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    bounds: dict[str, int] = {}
    for key in COUNT_KEYS:
        if key in raw:
            found = number(raw[key]) if not isinstance(raw[key], str) else None
            if found is None or found != int(found) or not 0 <= found <= MAX_COUNT:
                hint = f"0 to {MAX_COUNT}"
                problems.add(f"`{key}` beside `did` takes a whole number", hint, key=key)
            else:
                bounds[key] = int(found)
    if "exactly" in raw and ("at_least" in raw or "at_most" in raw):
        hint = "keep `exactly`, or say at_least and at_most"
        problems.add("`exactly` stands alone", hint, key="exactly")
    if not any(key in raw for key in COUNT_KEYS):
        bounds["at_least"] = 1
    exactly = bounds.get("exactly")
    did = Did(
        event_names(raw[head]),
        bounds.get("at_least", exactly),
        bounds.get("at_most", exactly),
        _where(raw, problems),
        window(raw, problems),
    )
    same = _at("same", raw, _same, problems)
    if "not_followed_by" not in raw:
        if "same" in raw:
            hint = "add `not_followed_by`, or ask a property with `where`"
            problems.add("`same` stands beside `not_followed_by` or `sequence`", hint, key="same")
        return did
    return NotFollowed(did, _at("not_followed_by", raw, event_names, problems) or (), same)


def _same(raw: object) -> Same:
    if not isinstance(raw, str) or not raw:
        raise WordProblem(f"`same` takes a property, not {shown(raw)}", 'write same = "sku"')
    return Same(path(raw))


def _measured(head: str, raw: object) -> tuple[str, tuple[str, ...]]:
    """The event and the property of a figure."""
    at = path(raw)
    if len(at) < 2:
        raise WordProblem(
            f"`{head}` takes an event and a property", f'{head} = "order_placed.total"'
        )
    if "*" in at[0] or "*" in at[1:]:
        hint = f'write {head} = "order_placed.total"'
        raise WordProblem(f"`{head}` takes one event and one property, without *", hint)
    return at[0], at[1:]


def _figure(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    name, at = _measured(head, raw[head])
    compared = compared_beside(head, raw, EVENT_LEAVES[head], problems)
    return Figure(head, name, at, compared, _where(raw, problems), window(raw, problems))


def _share(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    stretch = window(raw, problems)
    compared = compared_beside(head, raw, EVENT_LEAVES[head], problems)
    if "of" not in raw:
        hint = 'write share = { did = "order_returned" }, of = { did = "order_placed" }'
        problems.add("`share` does not say of what", hint, key=head)
    part, whole = (_measure(key, raw, stretch, problems) for key in ("share", "of"))
    if part is None or whole is None:
        return Everyone()
    return Share(part, whole, compared, stretch)


def _measure(
    key: str, raw: Mapping[str, Any], stretch: Window, problems: RuleProblems
) -> Measure | None:
    """One side of a share; None when it is not there, or cannot be read."""
    said, below = raw.get(key), problems.below(key)
    if key not in raw:
        return None
    heads = [head for head in MEASURES if head in said] if isinstance(said, Mapping) else []
    if not isinstance(said, Mapping) or len(heads) != 1:
        hint = f'write {key} = {{ did = "order_placed" }} or {{ total_of = "order_placed.total" }}'
        below.add(f"`{key}` takes one count or figure, not {shown(said)}", hint)
        return None
    head = heads[0]
    for one in [one for one in said if one in WINDOW_KEYS or one in OPS or one in COUNT_KEYS]:
        what = "window" if one in WINDOW_KEYS else "comparison"
        problem = f"`{one}`: the {what} of a share stands beside `share` and `of`"
        below.add(problem, "move it out of these braces", key=one)
    mine = {one: value for one, value in said.items() if one not in EVENT_LEAVES["share"]}
    check_keys(head, {k: v for k, v in mine.items() if k not in COUNT_KEYS}, ("where",), below)
    conditions = _where(said, below)
    if head == "did":
        names = _at(head, said, event_names, below)
        return None if names is None else Did(names, None, None, conditions, stretch)
    measured = _at(head, said, lambda at: _measured(head, at), below)
    return measured and Figure(head, *measured, Comparison(()), conditions, stretch)


def _edge(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    has = _where(raw, problems, "has")
    conditions = _where(raw, problems)
    return EdgeOf(head, event_names(raw[head]), conditions, has, window(raw, problems))


def _sequence(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    steps = raw[head]
    if not isinstance(steps, list) or not 2 <= len(steps) <= MAX_STEPS:
        hint = 'write sequence = ["cart_updated", "order_placed"]'
        raise WordProblem(f"`sequence` takes a list of 2 to {MAX_STEPS} events", hint)
    without = _at("without", raw, event_names, problems) or ()
    return Sequence(
        tuple(_event_name(step) for step in steps),
        _at("inside", raw, lambda said: any_length(said, zero=False), problems),
        _at("same", raw, _same, problems),
        without,
        window(raw, problems),
    )


EVENT_READERS: dict[str, Callable[[str, Mapping[str, Any], RuleProblems], Rule]] = {
    "did": _did,
    **dict.fromkeys(FIGURES, _figure),
    "share": _share,
    **dict.fromkeys(("first", "last"), _edge),
    "sequence": _sequence,
}
"""By the first word of a leaf, what reads it; each may raise WordProblem about that word."""
