"""Reads a rule as written into the rule tree; refuses it with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import OPS
from lifecycle.core.rule.held import held_for
from lifecycle.core.rule.length import any_length
from lifecycle.core.rule.mailed import InCampaign, WasSent, sent_name
from lifecycle.core.rule.problem import RuleProblems, RuleRefused
from lifecycle.core.rule.read_events import (
    EVENT_LEAVES,
    EVENT_READERS,
    check_keys,
    compared_beside,
)
from lifecycle.core.rule.standing import AgreedTo, InSegment, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.tree import Branch, Everyone, Rule
from lifecycle.core.rule.window import WINDOW_KEYS, window
from lifecycle.core.words import WordProblem, number, path, shown

MAX_DEPTH = 16
MAX_PARTS = 500
BRANCHES = ("all", "any", "none", "not")
LEAF_KEYS: dict[str, tuple[str, ...]] = {
    "customer": (*OPS, "held_for"),
    "event": OPS,
    **EVENT_LEAVES,
    "in_segment": (),
    "in_campaign": (),
    "was_sent": WINDOW_KEYS,
    "agreed_to": (),
    "known_for": (),
    "suppressed": (),
    "random_percent": ("seed",),
    "everyone": (),
}
"""Each leaf by its first word, with the keys that may stand beside it."""


def read_rule(raw: object) -> Rule:
    """Read a rule: one leaf, or all, any, none, not side by side. Raises RuleRefused."""
    problems = RuleProblems()
    rule = _rule(raw, problems, 1)
    if problems.found:
        raise RuleRefused(tuple(problems.found))
    return rule


def _rule(raw: object, problems: RuleProblems, depth: int) -> Rule:
    if depth > MAX_DEPTH:
        hint = "put the inner part into a segment of its own, and name it: in_segment"
        problems.add(f"rules nest to depth {MAX_DEPTH} at most", hint)
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
        hint = "say several values in one leaf: is_one_of = [ … ]"
        problems.add(f"`{word}` holds more than {MAX_PARTS} rules", hint)
        return Everyone()
    parts = (_rule(part, problems.below(index), depth + 1) for index, part in enumerate(raw))
    return Branch(word, tuple(parts))


def _leaf(raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    heads = [key for key in LEAF_KEYS if key in raw]
    if len(heads) != 1:
        words = " or ".join(f"`{head}`" for head in heads)
        every = (*LEAF_KEYS, *BRANCHES)
        near = [hit for key in raw for hit in get_close_matches(str(key), every, 1)]
        hint = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(LEAF_KEYS)}"
        told = f"{words} are two leaves" if heads else "says nothing that a rule can ask"
        problems.add(told, "put each into a table of its own" if heads else hint)
        return Everyone()
    head = heads[0]
    check_keys(head, raw, LEAF_KEYS[head], problems)
    try:
        return _READERS[head](head, raw, problems)
    except WordProblem as found:
        problems.add(found.problem, found.hint, key=head)
        return Everyone()


def _compared(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    beside = compared_beside(head, raw, LEAF_KEYS[head], problems)
    compared = Compared(head, path(raw[head]), beside)
    if head != "customer" or "held_for" not in raw:
        return compared
    return held_for(raw["held_for"], compared, problems)


def _was_sent(head: str, raw: Mapping[str, Any], problems: RuleProblems) -> Rule:
    return WasSent(*sent_name(raw[head]), window(raw, problems))


def _name(raw: object, what: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise WordProblem(f"`{what}` takes a name, not {shown(raw)}", f'write {what} = "…"')
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
        raise WordProblem(
            "`random_percent` takes a number from 0 to 100", 'write random_percent = 10, seed = "x"'
        )
    return RandomPercent(float(percent), _name(raw.get("seed", "random"), "seed"))


_READERS: dict[str, Callable[[str, Mapping[str, Any], RuleProblems], Rule]] = {
    "customer": _compared,
    "event": _compared,
    **EVENT_READERS,
    "in_segment": lambda head, raw, _: InSegment(_name(raw[head], head)),
    "in_campaign": lambda head, raw, _: InCampaign(_name(raw[head], head)),
    "was_sent": _was_sent,
    "agreed_to": lambda head, raw, _: AgreedTo(_name(raw[head], head)),
    "known_for": lambda head, raw, _: KnownFor(any_length(raw[head])),
    "suppressed": _suppressed,
    "random_percent": _random,
    "everyone": _everyone,
}
