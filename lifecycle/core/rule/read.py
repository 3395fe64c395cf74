"""Reads a rule as written into the rule tree; refuses it with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import OPS, OPS_LATER, Comparison, comparison
from lifecycle.core.rule.counts import FIGURES, Did, Figure
from lifecycle.core.rule.problem import RuleProblems, RuleRefused
from lifecycle.core.rule.standing import AgreedTo, InSegment, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.tree import Branch, Everyone, Rule
from lifecycle.core.rule.where import Where, where
from lifecycle.core.rule.window import WINDOW_KEYS, WINDOW_KEYS_LATER, window
from lifecycle.core.words import WordProblem, length, number, path, shown

MAX_DEPTH = 16
MAX_PARTS = 500
BRANCHES = ("all", "any", "none", "not")
_WINDOW = (*WINDOW_KEYS, *WINDOW_KEYS_LATER)
_OPS = (*OPS, *OPS_LATER)
_LATER = (*OPS_LATER, *WINDOW_KEYS_LATER)
_COUNT = ("at_least", "at_most", "exactly")
MAX_COUNT = 1_000_000_000
"""The most events that a rule may ask for: databases count no further than 2**63."""
LEAF_KEYS: dict[str, tuple[str, ...]] = {
    "customer": _OPS,
    "event": _OPS,
    "did": (*_COUNT, "where", *_WINDOW),
    **dict.fromkeys(FIGURES, (*_OPS, "where", *_WINDOW)),
    "in_segment": (),
    "agreed_to": (),
    "known_for": (),
    "suppressed": (),
    "random_percent": ("seed",),
    "everyone": (),
}
"""Each leaf by its first word, with the keys that may stand beside it."""
LEAVES_LATER = ("share", "first", "last", "sequence", "in_campaign", "was_sent", "not_followed_by")


def read_rule(raw: object) -> Rule:
    """Read a rule: one leaf, or all, any, none, not side by side. Raises RuleRefused."""
    problems = RuleProblems()
    rule = _rule(raw, problems, 1)
    if problems.found:
        raise RuleRefused(tuple(problems.found))
    return rule


def _rule(raw: object, problems: RuleProblems, depth: int) -> Rule:
    if depth > MAX_DEPTH:
        problems.add(f"rules nest to depth {MAX_DEPTH} at most")
        return Everyone()
    if not isinstance(raw, Mapping):
        problems.add(f"a rule is a table, not {shown(raw)}", 'write { did = "order_placed" }')
        return Everyone()
    branches = [word for word in BRANCHES if word in raw]
    if not branches:
        return _leaf(raw, problems)
    for key in raw:
        if key not in BRANCHES:
            problems.add(
                f"`{key}` cannot stand beside {', '.join(branches)}",
                "put it into a leaf of its own inside `all`",
                key=key,
            )
    parts = [_branch(word, raw[word], problems.below(word), depth) for word in branches]
    return parts[0] if len(parts) == 1 else Branch("all", tuple(parts))


def _branch(word: str, raw: object, problems: RuleProblems, depth: int) -> Rule:
    if word == "not":
        return Branch("not", (_rule(raw, problems, depth + 1),))
    if not isinstance(raw, list):
        problems.add(f"`{word}` takes a list of rules", f"write {word} = [ {{ … }}, {{ … }} ]")
        return Everyone()
    if not raw:
        problems.add(f"`{word}` holds no rule", "an empty list says nothing: leave it out")
    if len(raw) > MAX_PARTS:
        problems.add(f"`{word}` holds more than {MAX_PARTS} rules")
        return Everyone()
    parts = (_rule(part, problems.below(index), depth + 1) for index, part in enumerate(raw))
    return Branch(word, tuple(parts))


def _leaf(raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    for key in LEAVES_LATER:
        if key in raw:
            problems.add(f"`{key}` is not carried out yet", key=key)
            return Everyone()
    heads = [key for key in LEAF_KEYS if key in raw]
    if len(heads) != 1:
        words = " or ".join(f"`{head}`" for head in heads)
        every = (*LEAF_KEYS, *BRANCHES, *LEAVES_LATER)
        near = [hit for key in raw for hit in get_close_matches(str(key), every, 1)]
        hint = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(LEAF_KEYS)}"
        told = f"{words} are two leaves" if heads else "says nothing that a rule can ask"
        problems.add(told, "put each into a table of its own" if heads else hint)
        return Everyone()
    head = heads[0]
    for key in raw:
        if key != head and key not in LEAF_KEYS[head]:
            near = get_close_matches(str(key), LEAF_KEYS[head], 1)
            beside = [one for one in LEAF_KEYS[head] if one not in _LATER]
            known = f"known beside it: {', '.join(beside)}" if beside else "it stands alone"
            hint = f"did you mean `{near[0]}`?" if near else known
            problems.add(f"`{key}` does not belong beside `{head}`", hint, key=key)
    try:
        return _READERS[head](head, raw, problems)
    except WordProblem as found:
        problems.add(found.problem, found.hint, key=head)
        return Everyone()


def _compared(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    return Compared(head, path(raw[head]), _comparison(head, raw, problems))


def _comparison(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Comparison:
    if all(key == head or (key in LEAF_KEYS[head] and key not in _OPS) for key in raw):
        problems.add(f"`{head}` is not compared with anything", "write is, at_least, is_set, …")
    return comparison(raw, problems)


def _where(raw: Mapping[str, Any], problems: RuleProblems) -> Where:
    return where(raw["where"], problems.below("where")) if "where" in raw else Where()


def event_names(raw: object) -> tuple[str, ...]:
    """Read one event name, a list of them, or `prefix*`. Raises WordProblem."""
    names = raw if isinstance(raw, list) else [raw]
    if not names:
        raise WordProblem("names no event")
    for name in names:
        if not isinstance(name, str) or not name:
            raise WordProblem(f"an event name is text, not {shown(name)}")
        if "*" in name[:-1] or name == "*":
            raise WordProblem(f"“{name}”: a * stands at the end alone", 'write "order_*"')
    return tuple(dict.fromkeys(names))


def _did(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    bounds: dict[str, int] = {}
    for key in _COUNT:
        if key in raw:
            found = number(raw[key]) if not isinstance(raw[key], str) else None
            if found is None or found != int(found) or not 0 <= found <= MAX_COUNT:
                hint = f"0 to {MAX_COUNT}"
                problems.add(f"`{key}` beside `did` takes a whole number", hint, key=key)
            else:
                bounds[key] = int(found)
    if "exactly" in raw and ("at_least" in raw or "at_most" in raw):
        problems.add("`exactly` stands alone", key="exactly")
    if not any(key in raw for key in _COUNT):
        bounds["at_least"] = 1
    exactly = bounds.get("exactly")
    return Did(
        event_names(raw[head]),
        bounds.get("at_least", exactly),
        bounds.get("at_most", exactly),
        _where(raw, problems),
        window(raw, problems),
    )


def _figure(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    at = path(raw[head])
    if len(at) < 2:
        raise WordProblem(
            f"`{head}` takes an event and a property", f'{head} = "order_placed.total"'
        )
    if "*" in at[0]:
        raise WordProblem(f"`{head}` takes one event, without *")
    compared = _comparison(head, raw, problems)
    return Figure(head, at[0], at[1:], compared, _where(raw, problems), window(raw, problems))


def _name(raw: object, what: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise WordProblem(f"`{what}` takes a name, not {shown(raw)}")
    return raw


def _true(head: str, raw: Mapping[str, Any]) -> None:
    if raw[head] is not True:
        raise WordProblem(f"`{head}` takes true", "for the opposite write { not = { … } }")


def _everyone(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    _true(head, raw)
    return Everyone()


def _suppressed(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    _true(head, raw)
    return Suppressed()


def _random(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    percent = number(raw[head])
    if percent is None or not 0 <= percent <= 100:
        raise WordProblem("`random_percent` takes a number from 0 to 100")
    return RandomPercent(float(percent), _name(raw.get("seed", "random"), "seed"))


_READERS: dict[str, Callable[[str, Mapping[str, Any], RuleProblems], Rule]] = {
    "customer": _compared,
    "event": _compared,
    "did": _did,
    **dict.fromkeys(FIGURES, _figure),
    "in_segment": lambda head, raw, _: InSegment(_name(raw[head], head)),
    "agreed_to": lambda head, raw, _: AgreedTo(_name(raw[head], head)),
    "known_for": lambda head, raw, _: KnownFor(length(raw[head])),
    "suppressed": _suppressed,
    "random_percent": _random,
    "everyone": _everyone,
}
