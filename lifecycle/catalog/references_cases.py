"""What the marketer's own tests name: campaigns, steps, variants, topics; each must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean
from lifecycle.catalog.project import Project, walk
from lifecycle.catalog.steps import step_names, steps_written
from lifecycle.catalog.tables import shape_of

EXPECTED = (
    *("entered", "not_entered", "held_out", "sent", "held", "dropped", "skipped", "left"),
    *("finished", "emitted", "awarded", "issued", "called", "notified", "suppressed"),
)
"""What a case may expect; those of a letter name its step."""
_OF_A_STEP = ("sent", "held", "dropped", "skipped")
_AGREED = (("case", "customer", "agreed_to"), ("case", "happens", "customer", "agreed_to"))


def in_cases(project: Project, topics: Sequence[str] | None) -> Iterator[Problem]:
    """A problem for each name in a case that leads nowhere, and each thing that is left unsaid."""
    campaigns = project.ids(CAMPAIGNS)
    written = dict(project.of(CAMPAIGNS))
    for document in project.case_documents:
        name = document.data.get("campaign")
        if isinstance(name, str) and name not in campaigns:
            hint = did_you_mean(name, campaigns) or f"make {CAMPAIGNS}/{name}.toml"
            yield document.problem(("campaign",), f"there is no campaign “{name}”", hint)
        campaign = written.get(name) if isinstance(name, str) else None
        campaign = campaign if campaign is not None and campaign.data else None
        for place, value in walk(document.data):
            yield from _one(document, place, value, campaign, topics)


def _one(
    document: Document,
    place: Place,
    value: Any,
    campaign: Document | None,
    topics: Sequence[str] | None,
) -> Iterator[Problem]:
    shape = shape_of(place)
    if shape in _AGREED and isinstance(value, str):
        if topics is not None and value not in topics:
            hint = did_you_mean(value, topics) or "add it to [topics] of settings.toml"
            yield document.problem(place, f"there is no topic “{value}”", hint)
    elif shape == ("case", "variant") and isinstance(value, str) and campaign is not None:
        variants = _variants(campaign)
        if value not in variants:
            hint = did_you_mean(value, variants) or f"its variants: {', '.join(variants)}"
            hint = hint if variants else "it has no variants"
            problem = f"“{_id(campaign)}” has no variant “{value}”"
            yield document.problem(place, problem, hint)
    elif shape == ("case", "happens") and isinstance(value, dict):
        if "at" not in value:
            yield document.problem(place, "what happens says its `at`")
        if "event" not in value and "customer" not in value:
            hint = "or customer = { … }, where something of the customer changes"
            yield document.problem(place, "what happens says its `event`", hint)
    elif shape == ("case", "expect") and isinstance(value, dict):
        yield from _expected(document, place, value, campaign)


def _expected(
    document: Document, place: Place, said: Mapping[str, Any], campaign: Document | None
) -> Iterator[Problem]:
    whats = [key for key in said if key in EXPECTED]
    if len(whats) != 1:
        near = next((hint for key in said if (hint := did_you_mean(key, EXPECTED))), "")
        hint = near or 'write sent = "step", or left, entered, dropped, skipped, held …'
        yield document.problem(place, "an expectation says one thing that is expected", hint)
        return
    (what,) = whats
    key = "step" if "step" in said else what if what in _OF_A_STEP else None
    if key is None or campaign is None:
        return
    step, steps = said[key], step_names(campaign)
    if isinstance(step, str) and step not in steps:
        problem = f"“{_id(campaign)}” has no step “{step}”"
        hint = did_you_mean(step, steps) or f"its steps: {', '.join(steps)}"
        yield document.problem((*place, key), problem, hint)


def _id(campaign: Document) -> str:
    return campaign.file.rpartition("/")[2].removesuffix(".toml")


def _variants(campaign: Document) -> list[str]:
    names = [
        one.get("name")
        for step in steps_written(campaign)
        for place, one in step.letters()
        if "variant" in place
    ]
    return [name for name in names if isinstance(name, str)]
