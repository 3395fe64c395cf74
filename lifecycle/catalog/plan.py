"""What differs between two catalogs: campaigns, segments, templates, settings, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.attaching import ENCODED
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step

Kind = Literal["campaign", "segment", "template", "settings"]
What = Literal["added", "changed", "removed"]
_OWN = {"id", "version"}


@dataclass(frozen=True, slots=True)
class Change:
    """One definition that differs; `name` is its id, of settings the table's name."""

    kind: Kind
    name: str
    what: What
    status: tuple[str | None, str | None] | None = None
    """A campaign's status before and after, where it differs; None = not there."""
    steps_added: tuple[str, ...] = ()
    steps_removed: tuple[str, ...] = ()
    steps_changed: tuple[str, ...] = ()
    steps_renamed: tuple[tuple[str, str], ...] = ()
    """Old name and new name, as `was` says."""
    parts: tuple[str, ...] = ()
    """The other keys that differ; `step` among them when the steps' order alone does."""


def compare(old: Catalog | None, new: Catalog) -> list[Change]:
    """Each definition that `new` adds, changes or removes; no old one means that all is added.

    What is written another way and means the same is no change, except in templates.
    """
    return [
        *_settings(old.settings if old else None, new.settings),
        *_segments(old.segments if old else {}, new.segments),
        *_campaigns(old.campaigns if old else {}, new.campaigns),
        *_templates(old.files if old else {}, new.files),
    ]


def alike(one: Campaign, other: Campaign) -> bool:
    """Whether two campaigns say the same, the status apart."""
    return not _differing(one, other, "status")


def _settings(old: Settings | None, new: Settings) -> Iterator[Change]:
    for name in type(new).model_fields:
        before = getattr(old, name) if old is not None else None
        if old is None and name not in new.model_fields_set:
            continue
        if before != getattr(new, name):
            yield Change("settings", name, "added" if before is None else "changed")


def _segments(old: Mapping[str, Segment], new: Mapping[str, Segment]) -> Iterator[Change]:
    for name in _all(old, new):
        before, after = old.get(name), new.get(name)
        parts = _differing(before, after)
        if before is None or after is None or parts:
            yield Change("segment", name, _what(before, after), parts=parts)


def _campaigns(old: Mapping[str, Campaign], new: Mapping[str, Campaign]) -> Iterator[Change]:
    for name in _all(old, new):
        before, after = old.get(name), new.get(name)
        parts = _differing(before, after)
        if before is not None and after is not None and not parts:
            continue
        statuses = (before.status if before else None, after.status if after else None)
        steps = _steps(_walked(before), _walked(after))
        told = {"status", "step"} if any(steps) else {"status"}
        yield Change(
            "campaign",
            name,
            _what(before, after),
            status=statuses if statuses[0] != statuses[1] else None,
            steps_added=steps[0],
            steps_removed=steps[1],
            steps_changed=steps[2],
            steps_renamed=steps[3],
            parts=tuple(part for part in parts if part not in told),
        )


def _steps(
    old: Mapping[str, Step], new: Mapping[str, Step]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    renamed = {
        step.was: name
        for name, step in new.items()
        if step.was is not None and step.was in old and name not in old
    }
    pairs = [(name, name) for name in old if name in new]
    pairs += list(renamed.items())
    return (
        tuple(name for name in new if name not in old and name not in renamed.values()),
        tuple(name for name in old if name not in new and name not in renamed),
        tuple(sorted(after for before, after in pairs if _own(old[before]) != _own(new[after]))),
        tuple(renamed.items()),
    )


def _own(step: Step) -> dict[str, object]:
    """What a step says itself: the steps that stand in it are told on their own."""
    said: dict[str, object] = {
        key: getattr(step, key) for key in Step.model_fields if key not in _INNER
    }
    said["branch"] = [(one.name, one.if_, one.else_) for one in step.branch]
    said["split"] = [(one.name, one.percent) for one in step.split]
    return said


_INNER = ("name", "was", "then", "otherwise", "branch", "split")


def _walked(campaign: Campaign | None) -> Mapping[str, Step]:
    """Every step by the name that tells it apart, those inside branches too."""
    if campaign is None or isinstance(campaign, Broadcast):
        return {}
    if isinstance(campaign, Flow):
        return {place.id: place.step for place in campaign.way.places.values()}
    return {step.name: step for step in campaign.step}


def _templates(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for path in _all(old, new):
        if path.startswith("templates/") and old.get(path) != new.get(path):
            name = path.removeprefix("templates/").removesuffix(ENCODED)
            yield Change("template", name, _what(old.get(path), new.get(path)))


def _differing(old: BaseModel | None, new: BaseModel | None, *but: str) -> tuple[str, ...]:
    """The keys whose values differ between two definitions; none where one is missing."""
    if old is None or new is None:
        return ()
    if type(old) is not type(new):
        return ("kind",)
    keys = (key for key in type(new).model_fields if key not in (*_OWN, *but))
    return tuple(key.removesuffix("_") for key in keys if getattr(old, key) != getattr(new, key))


def _what(old: object, new: object) -> What:
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _all(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return sorted({*old, *new})


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs between two versions."""

    path: str
    what: What


def compare_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[FileChange]:
    """Each file that `new` adds, changes or removes, whatever stands in it."""
    return [
        FileChange(path, _what(old.get(path), new.get(path)))
        for path in _all(old, new)
        if old.get(path) != new.get(path)
    ]
