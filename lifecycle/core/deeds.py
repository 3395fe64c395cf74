"""The deeds of a step beside letters: which branch is taken, what is emitted, set, given, asked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from lifecycle.core.action import (
    Action,
    Award,
    Errand,
    Happen,
    Issue,
    Join,
    SetAttributes,
    Silenced,
)
from lifecycle.core.because import MOST_LEAVES, Because
from lifecycle.core.chance import derived_id, fraction
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.step import Branch, Split
from lifecycle.core.typed import in_language
from lifecycle.core.walk import Walk
from lifecycle.core.way import Place

HELD_BY_A_PAUSE = ("emit", "set", "award", "issue", "call", "notify", "suppress", "join")


def choose(walk: Walk, of: Enrollment, place: Place) -> tuple[Branch | Split | None, str]:
    """The branch that a customer takes, or None, and in words which: the first that holds.

    A split goes by hash, the same for a customer at every visit.
    """
    for index, branch in enumerate(place.step.branch):
        if branch.else_ or walk.holds(branch.if_, of):
            return branch, "else" if branch.else_ else f"branch {index + 1}"
    if place.step.split:
        seed = walk.policy.settings.shop.seed
        drawn = 100 * fraction(seed, "split", walk.flow.id, place.id, walk.facts.customer_id)
        for index, share in enumerate(place.step.split):
            drawn -= share.percent
            if drawn < 0:
                return share, f"share {index + 1}"
    return None, "none"


def because_of(
    walk: Walk, of: Enrollment, place: Place, taken: Branch | Split | None
) -> tuple[Because, ...]:
    """The leaves by which a branch was taken: of its own rule, else of those that do not hold."""
    if isinstance(taken, Branch) and taken.if_ is not None:
        return walk.because(taken.if_, of, "if")
    leaves = (one for branch in place.step.branch for one in walk.because(branch.if_, of, "if"))
    return tuple(islice(leaves, MOST_LEAVES))


def carried_out(walk: Walk, of: Enrollment, place: Place) -> tuple[list[Action], str]:
    """What a step does, or why it is skipped."""
    step, now = place.step, walk.now
    own = derived_id(step.deed, of.id, place.id)
    if step.emit is not None:
        properties = {**of.properties, "campaign": walk.flow.id, "step": place.name}
        event = Event(now, own, step.emit, properties, now)
        return [Happen(event), walk.told(of, place, "emitted", "", step.emit)], ""
    if step.set_ is not None:
        changed = attributes_set(walk.facts.attributes, step.set_)
        return [SetAttributes(changed, now), walk.told(of, place, "set")], ""
    if step.award is not None:
        award = Award(own, step.award, f"{walk.flow.id}/{place.name}", now)
        return [award, walk.told(of, place, "awarded", "", str(step.award))], ""
    if step.issue is not None:
        if not walk.holds(step.issue.given_if, of):
            return [], "given_if does not hold"
        issue = Issue(own, step.issue, of, place.name, now)
        return [issue, walk.told(of, place, "issued", "", step.issue.kind)], ""
    if step.suppress is not None:
        silenced = Silenced(own, step.suppress.until, now)
        return [silenced, walk.told(of, place, "suppressed")], ""
    if step.join is not None:
        event = Event(now, own, of.event_name, of.properties, now)
        return [Join(step.join, event), walk.told(of, place, "joined", "", step.join)], ""
    return _errand(walk, of, place, own), ""


def _errand(walk: Walk, of: Enrollment, place: Place, own: str) -> list[Action]:
    step = place.step
    if step.call is not None:
        said = {"url": step.call.url}
        errand = Errand(own, "call", said, of, place.name, walk.now)
        return [errand, walk.told(of, place, "called", "", step.call.url)]
    if step.notify is not None:
        note = step.notify
        told = [
            in_language(one, walk.facts.locale, walk.policy.settings.shop.language) or ""
            for one in (note.text, note.subject)
        ]
        said = {"to": note.to, "text": told[0], "subject": told[1]}
        errand = Errand(own, "notify", said, of, place.name, walk.now)
        return [errand, walk.told(of, place, "notified", "", note.to)]
    return []


def attributes_set(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The top-level attributes that change, whole; dotted keys and tables reach into them."""
    changed: dict[str, Any] = {}
    for key, value in said.items():
        path = tuple(str(key).split("."))
        top = path[0]
        before = changed.get(top, known.get(top))
        changed[top] = _merged(before, path[1:], value)
    return changed


def _merged(before: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path and not isinstance(value, Mapping):
        return value
    table = dict(before) if isinstance(before, Mapping) else {}
    if path:
        table[path[0]] = _merged(table.get(path[0]), path[1:], value)
        return table
    for key, one in value.items():
        table[key] = _merged(table.get(key), (), one)
    return table
