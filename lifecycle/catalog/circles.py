"""Circles: segments that ask for themselves, flows that lead into one another without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, Severity
from lifecycle.catalog.project import Project, leaves
from lifecycle.catalog.steps import steps_written

_Named = dict[str, dict[str, Place]]
"""By id, what it names of its own kind, and where it first does."""


def circles(project: Project) -> Iterator[Problem]:
    """An error for each circle of segments, a warning for each circle of flows."""
    segments: _Named = {}
    for one, document in project.of(SEGMENTS):
        found = segments.setdefault(one, {})
        for leaf in leaves(document):
            if isinstance(name := leaf.said.get("in_segment"), str):
                found.setdefault(name, (*leaf.place, "in_segment"))
    said = ("segments go round in a circle", "take one of them out")
    yield from _told(project, SEGMENTS, segments, said, "error")
    joins: _Named = {}
    entered = _entered_by(project)
    for one, document in project.of(CAMPAIGNS):
        found = joins.setdefault(one, {})
        for step in steps_written(document):
            if isinstance(name := step.said.get("join"), str):
                found.setdefault(name, (*step.place, "join"))
            for name in entered.get(str(step.said.get("emit")), ()):
                found.setdefault(name, (*step.place, "emit"))
    said = ("flows lead into one another in a circle", "let `again` of one of them end it")
    yield from _told(project, CAMPAIGNS, joins, said, "warning")


def _entered_by(project: Project) -> dict[str, list[str]]:
    """By event, the flows that it lets into."""
    found: dict[str, list[str]] = {}
    for one, document in project.of(CAMPAIGNS):
        enter = document.data.get("enter")
        when = enter.get("when") if isinstance(enter, dict) else None
        for name in when if isinstance(when, list) else [when]:
            if isinstance(name, str):
                found.setdefault(name, []).append(one)
    return found


def _told(
    project: Project, folder: str, named: _Named, said: tuple[str, str], severity: Severity
) -> Iterator[Problem]:
    for start, document in project.of(folder):
        way = _way_back(start, named)
        if way and start == min(way):
            circle = " → ".join((*way, start))
            second = way[1] if len(way) > 1 else start
            place = named[start][second]
            yield document.problem(place, f"{said[0]}: {circle}", said[1], severity)


def _way_back(start: str, named: Mapping[str, Mapping[str, Place]]) -> list[str]:
    """The shortest way from one to itself, without its end; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for name in named.get(way[-1], {}):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []
