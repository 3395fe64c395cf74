"""What one file names of another: topics, senders, segments, steps; each must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lifecycle.catalog.circles import circles
from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS, SETTINGS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.project import Project, leaves, walk
from lifecycle.catalog.references_cases import in_cases
from lifecycle.catalog.steps import Written, step_names, steps_written
from lifecycle.catalog.tables import shape_of
from lifecycle.core.incentive import KINDS

_NAMED: dict[tuple[str, ...], str] = {
    ("topic",): "topic",
    ("enter", "joins"): "segment",
    ("enter", "leaves"): "segment",
    ("waves", "first"): "segment",
    ("sending", "sender"): "sender",
    ("warm_up", "engaged"): "segment",
}
_LEAVES = (("in_segment", "segment"), ("agreed_to", "topic"), ("in_campaign", "campaign"))
_Known = Mapping[str, Sequence[str] | None]
"""By kind of thing the names there are; None where they cannot be read."""
_ENTRY_KEYS = ("since_entry", "before_entry")


def check_references(project: Project, kinds: Collection[str] | None = None) -> Iterator[Problem]:
    """A problem for each name that leads nowhere, and for each circle of segments.

    `kinds` are the kinds of incentives that hooks make; None where they are not known.
    """
    known: _Known = {
        "topic": project.named_in_settings("topics"),
        "sender": project.named_in_settings("senders"),
        "segment": project.ids(SEGMENTS),
        "campaign": project.ids(CAMPAIGNS),
    }
    settings = project.documents.get(SETTINGS)
    named = [document for _, document in project.of(CAMPAIGNS)]
    for document in [*named, *([settings] if settings is not None else [])]:
        for place, value in walk(document.data):
            what = _NAMED.get(shape_of(place))
            if what is not None and isinstance(value, str):
                yield from _known(document, place, what, value, known[what])
    for document in named:
        yield from _in_steps(project, document, known, kinds)
        yield from _moved(document)
    for document in project.ruled:
        yield from _in_rules(project, document, known)
    yield from circles(project)
    yield from in_cases(project, known["topic"])


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


def _in_rules(project: Project, document: Document, known: _Known) -> Iterator[Problem]:
    enters = document.file.startswith(f"{CAMPAIGNS}/") and not _goes_to_an_audience(document)
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
    written = dict(project.of(CAMPAIGNS)).get(campaign)
    if written is None or not written.data or not step:
        return
    steps = step_names(written)
    if step not in steps:
        hint = did_you_mean(step, steps) or f"its steps: {', '.join(steps)}"
        yield document.problem(place, f"“{campaign}” has no step “{step}”", hint, "warning")


def _goes_to_an_audience(document: Document) -> bool:
    kind = document.data.get("kind")
    return kind in ("broadcast", "series") or (kind != "flow" and "audience" in document.data)


def _in_steps(
    project: Project, document: Document, known: _Known, kinds: Collection[str] | None
) -> Iterator[Problem]:
    for step in steps_written(document):
        for place, said in step.letters():
            if isinstance(name := said.get("sender"), str):
                yield from _known(document, (*place, "sender"), "sender", name, known["sender"])
            yield from _kind(document, (*place, "incentive"), said.get("incentive"), kinds)
        yield from _kind(document, (*step.place, "issue"), step.said.get("issue"), kinds)
        if isinstance(name := step.said.get("join"), str):
            yield from _joined(project, document, step, name)


def _kind(
    document: Document, place: Place, offer: Any, kinds: Collection[str] | None
) -> Iterator[Problem]:
    kind = offer.get("kind") if isinstance(offer, dict) else None
    every = (*KINDS, *sorted(kinds or ()))
    if kinds is None or not isinstance(kind, str) or not kind or kind in every:
        return
    hint = did_you_mean(kind, every) or f"{', '.join(every)}, or a kind that a hook makes"
    yield document.problem((*place, "kind"), f"“{kind}” is no kind of incentive", hint)


def _joined(project: Project, document: Document, step: Written, name: str) -> Iterator[Problem]:
    place = (*step.place, "join")
    yield from _known(document, place, "campaign", name, project.ids(CAMPAIGNS))
    joined = dict(project.of(CAMPAIGNS)).get(name)
    if joined is None:
        return
    kind, status = joined.data.get("kind"), joined.data.get("status", "draft")
    if kind in ("broadcast", "series"):
        problem = f"“{name}” is a {kind}, and only a flow can be joined"
        yield document.problem(place, problem, "name a flow, or let an event begin one")
    elif isinstance(enter := joined.data.get("enter"), dict) and "on_date" in enter:
        problem = f"“{name}” is entered by a date, and cannot be joined"
        yield document.problem(place, problem, "name a flow that an event or a segment enters")
    elif document.data.get("status") == "live" and status in ("draft", "archived"):
        problem = f"“{name}” lets nobody in: it is {status}"
        yield document.problem(place, problem, "take it live first", "warning")


def _moved(document: Document) -> Iterator[Problem]:
    """Where `[migrate]` and `was` lead, and whether they speak of the same step."""
    table = document.data.get("migrate")
    moves = table if isinstance(table, dict) else {}
    names = step_names(document)
    for old, new in moves.items():
        if isinstance(new, str) and new not in names:
            hint = did_you_mean(new, names) or f"the steps are: {', '.join(names)}"
            yield document.problem(("migrate", old), f"there is no step “{new}”", hint)
    for step in steps_written(document):
        was = step.said.get("was")
        if isinstance(was, str) and was in moves:
            problem = f"[migrate] says too where those at “{was}” go"
            yield document.problem((*step.place, "was"), problem, "say it once")
