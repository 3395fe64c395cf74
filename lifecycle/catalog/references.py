"""What one file names of another: topics, senders, segments, steps; each must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.project import Project, leaves, walk
from lifecycle.catalog.told import shape_of
from lifecycle.core.campaign import Campaign, Flow

_NAMED: dict[tuple[str, ...], str] = {
    ("topic",): "topic",
    ("enter", "joins"): "segment",
    ("enter", "leaves"): "segment",
    ("sending", "sender"): "sender",
    ("step", "sender"): "sender",
    ("step", "variant", "sender"): "sender",
    ("variant", "sender"): "sender",
}
_LEAVES = (("in_segment", "segment"), ("agreed_to", "topic"), ("in_campaign", "campaign"))
_ENTRY_KEYS = ("since_entry", "before_entry")
EXPECTED = (
    *("entered", "not_entered", "held_out", "sent", "held", "dropped", "skipped", "left"),
    *("finished", "emitted", "awarded", "issued", "called", "notified", "suppressed"),
)
"""What a case may expect; those of a step name it."""
_OF_A_STEP = ("sent", "held", "dropped", "skipped")


def check_references(project: Project) -> Iterator[Problem]:
    """A problem for each name that leads nowhere, and for each circle of segments."""
    known: Mapping[str, Sequence[str] | None] = {
        "topic": project.named_in_settings("topics"),
        "sender": project.named_in_settings("senders"),
        "segment": project.ids(SEGMENTS),
        "campaign": project.ids(CAMPAIGNS),
    }
    for _, document in project.of(CAMPAIGNS):
        for place, value in walk(document.data):
            what = _NAMED.get(shape_of(place))
            if what is not None and isinstance(value, str):
                yield from _known(document, place, what, value, known[what])
    for document in project.ruled:
        yield from _in_rules(project, document, known)
    yield from _circles(project)
    yield from _in_cases(project, known["topic"])


def _known(
    document: Document, place: Place, what: str, name: str, known: Sequence[str] | None
) -> Iterator[Problem]:
    if known is None or name in known:
        return
    homes = {
        "segment": f"make {SEGMENTS}/{name}.toml",
        "campaign": f"make {CAMPAIGNS}/{name}.toml",
        "topic": "add it to [topics] of settings.toml",
    }
    hint = did_you_mean(name, known) or homes.get(what, "add it to [senders] of settings.toml")
    yield document.problem(place, f"there is no {what} “{name}”", hint)


def _in_rules(
    project: Project, document: Document, known: Mapping[str, Sequence[str] | None]
) -> Iterator[Problem]:
    enters = document.file.startswith(f"{CAMPAIGNS}/") and "audience" not in document.data
    for leaf in leaves(document):
        for key, what in _LEAVES:
            if isinstance(name := leaf.said.get(key), str):
                yield from _known(document, (*leaf.place, key), what, name, known[what])
        if isinstance(name := leaf.said.get("was_sent"), str):
            yield from _sent(project, document, (*leaf.place, "was_sent"), name)
        if enters:
            continue
        keys = [key for key in _ENTRY_KEYS if key in leaf.said]
        keys += ["event"] if "event" in leaf.said and "did" not in leaf.said else []
        places: list[Place] = [(*leaf.place, key) for key in keys]
        places += [(*leaf.place, *at) for at, _ in walk(leaf.said) if at and at[-1] == "same_as"]
        for place in places:
            problem = f"`{place[-1]}` reads the event that let the customer in, and here is none"
            yield document.problem(place, problem, "it belongs into the rules of a flow")


def _sent(project: Project, document: Document, place: Place, said: str) -> Iterator[Problem]:
    """Doubts only: what was sent stays sent, though the campaign or the step is no more."""
    campaign, _, step = said.partition("/")
    campaigns = project.ids(CAMPAIGNS)
    if campaign not in campaigns:
        hint = did_you_mean(campaign, campaigns) or "right if it was taken out since"
        yield document.problem(place, f"there is no campaign “{campaign}”", hint, "warning")
        return
    read = project.campaigns.get(campaign)
    if read is None or not step:
        return
    steps = _steps(read)
    if step not in steps:
        hint = did_you_mean(step, steps) or f"its steps: {', '.join(steps)}"
        yield document.problem(place, f"“{campaign}” has no step “{step}”", hint, "warning")


def _steps(campaign: Campaign) -> list[str]:
    return [one.name for one in campaign.step] if isinstance(campaign, Flow) else ["letter"]


def _circles(project: Project) -> Iterator[Problem]:
    named: dict[str, dict[str, Place]] = {}
    for one, document in project.of(SEGMENTS):
        found = named.setdefault(one, {})
        for leaf in leaves(document):
            if isinstance(name := leaf.said.get("in_segment"), str):
                found.setdefault(name, (*leaf.place, "in_segment"))
    for start, document in project.of(SEGMENTS):
        way = _way_back(start, named)
        if way and start == min(way):
            circle = " → ".join((*way, start))
            problem = f"segments go round in a circle: {circle}"
            second = way[1] if len(way) > 1 else start
            yield document.problem(named[start][second], problem, "take one of them out")


def _way_back(start: str, named: Mapping[str, Mapping[str, Place]]) -> list[str]:
    """The shortest way from a segment to itself, without its end; empty when there is none."""
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


def _in_cases(project: Project, topics: Sequence[str] | None) -> Iterator[Problem]:
    campaigns = project.ids(CAMPAIGNS)
    for document in project.case_documents:
        name = document.data.get("campaign")
        if isinstance(name, str) and name not in campaigns:
            hint = did_you_mean(name, campaigns)
            yield document.problem(("campaign",), f"there is no campaign “{name}”", hint)
        for place, value in walk(document.data):
            shape = shape_of(place)
            if shape == ("case", "customer", "agreed_to") and isinstance(value, str):
                yield from _known(document, place, "topic", value, topics)
            if shape == ("case", "happens") and isinstance(value, dict):
                for key in ("at", "event"):
                    if key not in value:
                        yield document.problem(place, f"what happens says its `{key}`")
            if shape == ("case", "expect") and isinstance(value, dict):
                yield from _expected(project, document, place, value, str(name))


def _expected(
    project: Project, document: Document, place: Place, said: dict[str, object], campaign: str
) -> Iterator[Problem]:
    whats = [key for key in said if key in EXPECTED]
    if len(whats) != 1:
        near = next((hint for key in said if (hint := did_you_mean(key, EXPECTED))), "")
        hint = near or 'write sent = "step", or left, entered, dropped, skipped, held …'
        yield document.problem(place, "an expectation says one thing that is expected", hint)
        return
    read = project.campaigns.get(campaign)
    step = said.get("step", said[whats[0]]) if whats[0] in _OF_A_STEP else None
    if read is None or not isinstance(step, str):
        return
    steps = _steps(read)
    if step not in steps:
        problem = f"“{campaign}” has no step “{step}”"
        hint = did_you_mean(step, steps) or f"its steps: {', '.join(steps)}"
        yield document.problem((*place, "step" if "step" in said else whats[0]), problem, hint)
