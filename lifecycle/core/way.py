"""The way through a flow's steps: which follows which, out of branches and back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lifecycle.core.step import MAX_DEPTH, Branch, Split, Step, StepBody, inner
from lifecycle.core.typed import refused

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an enrollment may wait: a step, or a branch that holds its deed itself.

    `id` tells places apart: the step's name, or for a branch without one the name of the step that
    branches and the branch's number. `name` is what decisions say. `after` is the place that
    follows, None after the last; `path` the key path in the file.
    """

    id: str
    name: str
    step: Step
    """A branch that holds its deed itself is a step too."""
    after: str | None
    path: Key
    depth: int


@dataclass(frozen=True, slots=True)
class Way:
    """All places of a flow by id, in the order of the file."""

    first: str | None
    places: Mapping[str, Place]
    old_names: Mapping[str, str]
    """The present name of each step by the one it had before."""

    def find(self, name: str) -> Place | None:
        """The place of that id, or the one that was called so before; None when it is gone."""
        found = self.places.get(name)
        if found is None and name in self.old_names:
            found = self.places.get(self.old_names[name])
        return found

    def after(self, name: str | None) -> Place | None:
        """The place that follows; the first for None; None after the last."""
        if name is None:
            return self.places[self.first] if self.first is not None else None
        here = self.find(name)
        return self.places[here.after] if here is not None and here.after is not None else None

    def into(self, place: Place, steps: Sequence[Step]) -> Place | None:
        """The first of the steps that stand in a place; what follows the place without any."""
        return self.places[steps[0].name] if steps else self.after(place.id)

    def branch(self, place: Place, taken: Branch | Split | None) -> Place | None:
        """Where a branch leads that was taken; None of them goes on after the place."""
        if taken is None:
            return self.after(place.id)
        if taken.step:
            return self.places[taken.step[0].name]
        kind: Sequence[StepBody] = place.step.branch or place.step.split
        if taken.deeds():
            index = next(at for at, one in enumerate(kind) if one is taken)
            return self.places[branch_id(place.id, taken, index)]
        return self.after(place.id)


def branch_id(step: str, branch: Branch | Split, index: int) -> str:
    """What tells a branch apart that holds its deed itself."""
    return branch.name or f"{step}#{index + 1}"


def way_of(steps: tuple[Step, ...]) -> Way:
    """The way through steps. Raises PydanticCustomError where two bear one name."""
    places: dict[str, Place] = {}
    for place in _walk(steps, None, (), 0):
        if place.id in places:
            problem = f"the name “{place.name}” is taken twice"
            hint = "a name is an identity: choose another"
            raise refused(problem, hint, "name", place.path)
        if place.depth > MAX_DEPTH:
            hint = "let an event or a segment lead into a campaign of its own"
            problem = f"steps stand deeper than {MAX_DEPTH} in one another"
            raise refused(problem, hint, "", place.path)
        places[place.id] = place
    old = {one.step.was: one.id for one in places.values() if one.step.was}
    first = steps[0].name if steps else None
    return Way(first, MappingProxyType(places), MappingProxyType(old))


def _walk(steps: Sequence[Step], after: str | None, path: Key, depth: int) -> Iterator[Place]:
    here: Key = path if path else (*path, "step")
    for index, step in enumerate(steps):
        follows = steps[index + 1].name if index + 1 < len(steps) else after
        at: Key = (*here, index)
        yield Place(step.name, step.name, step, follows, at, depth)
        yield from _inside(step.name, step.name, step, follows, at, depth)


def _inside(
    of: str, name: str, body: StepBody, follows: str | None, at: Key, depth: int
) -> Iterator[Place]:
    for key, steps, _ in inner(body):
        yield from _walk(steps, follows, (*at, *key), depth + 1)
    for kind in ("branch", "split"):
        for index, one in enumerate(getattr(body, kind)):
            if one.deeds():
                own = branch_id(of, one, index)
                said = one.name or name
                place: Key = (*at, kind, index)
                yield Place(own, said, _as_step(one, said), follows, place, depth + 1)
                yield from _inside(own, said, one, follows, place, depth + 1)


def _as_step(branch: Branch | Split, name: str) -> Step:
    """The deed of a branch as a step; what it says has been checked already."""
    said = {key: getattr(branch, key) for key in StepBody.model_fields}
    step = Step.model_construct(None, **said)
    object.__setattr__(step, "name", name)
    object.__setattr__(step, "was", branch.was)
    return step
