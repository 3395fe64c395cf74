"""Steps that nobody reaches, that do nothing, or in which one may wait for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Flow
from lifecycle.core.key import named
from lifecycle.core.step import Branch, Split, Step, StepBody, inner

_TIMES = ("after", "at", "on", "not_on", "until")


def way_sense(document: Document, flow: Flow) -> Iterator[Problem]:
    """A warning for each turn of a flow's way that is probably not meant."""
    yield from _behind_the_end(document, flow.step, ("step",))
    for place in flow.way.places.values():
        for key, steps, _ in inner(place.step):
            yield from _behind_the_end(document, steps, (*place.path, *key))
        yield from _empty(document, place.path, place.step)
        step = place.step
        if step.wait_for is not None and step.up_to is None:
            problem = "whoever this never happens to waits here for ever"
            hint = 'say for how long: up_to = "14 days"'
            yield document.problem((*place.path, "wait_for"), problem, hint, "warning")
        elif isinstance(step.wait_for, tuple) and _ended_by(flow, step.wait_for):
            problem = "[exit] ends the flow with what is waited for here, so nobody goes on"
            hint = "take it out of [exit] `when`, or wait for something else"
            yield document.problem((*place.path, "wait_for"), problem, hint, "warning")
        elif not step.deed and not any(key in step.model_fields_set for key in _TIMES):
            problem = "this step does nothing"
            hint = "say what it does: a `template`, `wait_for`, `branch`, `emit`, `set` …"
            yield document.problem(place.path, problem, hint, "warning")
        elif not step.deed and place.after is None:
            problem = "nothing comes after this wait"
            yield document.problem(place.path, problem, "leave the step out", "warning")


def _ended_by(flow: Flow, awaited: tuple[str, ...]) -> bool:
    return all(any(named(exit_, name) for exit_ in flow.exit.when) for name in awaited)


def _behind_the_end(document: Document, steps: Sequence[Step], place: Place) -> Iterator[Problem]:
    for index, step in enumerate(steps[:-1]):
        if _ends(step):
            problem = f"nobody comes here: “{step.name}” ends the flow for everybody"
            yield document.problem((*place, index + 1), problem, "move it up", "warning")
            return


def _ends(step: StepBody) -> bool:
    """Whether whoever comes to a step leaves the flow in it."""
    if step.only_if is not None:
        return False
    if step.leave:
        return True
    if step.branch:
        return step.branch[-1].else_ is True and all(_way_ends(one) for one in step.branch)
    if step.split:
        return sum(one.percent for one in step.split) >= 100 and all(map(_way_ends, step.split))
    if step.wait_for is not None:
        answered = _list_ends(step.then)
        return answered and (step.up_to is None or _list_ends(step.otherwise))
    return False


def _way_ends(way: Branch | Split) -> bool:
    return _list_ends(way.step) if way.step else _ends(way)


def _list_ends(steps: Sequence[Step]) -> bool:
    return any(_ends(step) for step in steps)


def _empty(document: Document, place: Place, step: Step) -> Iterator[Problem]:
    for index, one in enumerate(step.branch):
        if not one.step and not one.deeds() and index == len(step.branch) - 1:
            problem = "this branch does nothing: who takes none goes on as well"
            yield document.problem((*place, "branch", index), problem, "leave it out", "warning")
    for index, share in enumerate(step.split):
        here = (*place, "split", index)
        if not share.step and not share.deeds() and share.name is None:
            problem = "this share does nothing: what is left over goes on as well"
            yield document.problem(here, problem, "leave it out", "warning")
        elif share.percent == 0:
            yield document.problem((*here, "percent"), "nobody goes this way", "", "warning")
