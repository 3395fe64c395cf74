"""Routes: what a flow listens to, waits for and counts its moments from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifecycle.core.campaign import Flow
from lifecycle.core.rule.length import attributes_of
from lifecycle.core.send_time import Clock


class Routes:
    """For each event name, the flows that it may end, begin or answer."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        """`flows` are all that somebody may walk, by id."""
        exact: dict[str, list[Flow]] = {}
        self._prefixes: list[tuple[str, Flow]] = []
        for flow in flows:
            for name in sorted(listens_to(flow)):
                if name.endswith("*"):
                    self._prefixes.append((name[:-1], flow))
                else:
                    exact.setdefault(name, []).append(flow)
        self._exact = {name: tuple(found) for name, found in exact.items()}

    def of(self, event_name: str) -> tuple[Flow, ...]:
        """The flows of an event, by id."""
        exact = self._exact.get(event_name, ())
        more = [flow for prefix, flow in self._prefixes if event_name.startswith(prefix)]
        if not more:
            return exact
        every = {(flow.id, flow.version): flow for flow in (*exact, *more)}
        return tuple(flow for _, flow in sorted(every.items()))


def awaited(flow: Flow) -> set[str]:
    """The names of the events that steps of a flow wait for."""
    waits = (place.step.wait_for for place in flow.way.places.values())
    return {name for said in waits if isinstance(said, tuple) for name in said}


def watches(flow: Flow) -> bool:
    """Whether a flow looks whenever facts change: at a rule, or at an instant in the data."""
    steps = [place.step for place in flow.way.places.values()]
    rules = any(one.wait_for is not None and not isinstance(one.wait_for, tuple) for one in steps)
    dated = flow.enter.on_date is not None or any(one.until is not None for one in steps)
    return flow.exit.if_ is not None or rules or dated


def listens_to(flow: Flow) -> set[str]:
    """The names of the events, and `prefix*`, that may begin, end or answer a flow."""
    names = {*(flow.enter.when or ()), *flow.exit.when, *awaited(flow)}
    if flow.enter.joins:
        names.add("segment_joined")
    if flow.enter.leaves:
        names.add("segment_left")
    return names


def timed_by(flow: Flow) -> Iterator[tuple[str, ...]]:
    """The paths of the attributes by which a flow reckons its dates and its waits."""
    if isinstance(flow.enter.on_date, tuple):
        yield flow.enter.on_date
    for place in flow.way.places.values():
        yield from attributes_of(place.step.after, place.step.up_to)
        if place.step.until is not None and place.step.until.customer is not None:
            yield place.step.until.customer


def chooses_hours(flow: Flow) -> bool:
    """Whether some step of a flow, or a variant of one, goes at the customer's best hour."""
    steps = (place.step for place in flow.way.places.values())
    clocks = (clock for step in steps for clock in (step.at, *(one.at for one in step.variant)))
    return any(isinstance(clock, Clock) and clock.best for clock in clocks)
