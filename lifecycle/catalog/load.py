"""Loads a project: folder or texts in memory to one checked catalog, with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lifecycle.catalog.catalog import Catalog, Loaded, fingerprint_of
from lifecycle.catalog.document import Document, read_document
from lifecycle.catalog.folder import CAMPAIGNS, CASES, SEGMENTS, SETTINGS, TEMPLATES, gather
from lifecycle.catalog.model import read_campaign, read_cases, read_segment, read_settings
from lifecycle.catalog.problem import Problem, of_file
from lifecycle.core.campaign import Campaign
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings

LIVE = (SETTINGS, f"{CAMPAIGNS}/", f"{SEGMENTS}/", f"{TEMPLATES}/")
"""What a path begins with whose file is put live."""


@dataclass
class Project:
    """What was read of a project so far; models of files with errors are missing or patched."""

    documents: dict[str, Document] = field(default_factory=dict)
    settings: Settings | None = None
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    cases: dict[str, CaseFile] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def load(root: Path) -> Loaded:
    """Load the project in the folder `root`; never raises, whatever its files hold."""
    gathered = gather(root)
    return _built(root, gathered.files, gathered.problems)


def load_settings(root: Path) -> tuple[Settings | None, tuple[Problem, ...]]:
    """Load settings.toml alone; None when it has an error."""
    gathered = gather(root)
    project = Project(problems=[one for one in gathered.problems if one.file == SETTINGS])
    if SETTINGS in gathered.files:
        _read(SETTINGS, gathered.files[SETTINGS], project)
    return project.settings if not project.problems else None, tuple(project.problems)


def from_files(files: Mapping[str, str], root: Path = Path()) -> Loaded:
    """Load a project from texts by relative path, as `Catalog.files` holds them."""
    problems = [] if SETTINGS in files else [of_file(SETTINGS, "settings.toml is missing")]
    return _built(root, files, problems)


def _built(root: Path, files: Mapping[str, str], problems: list[Problem]) -> Loaded:
    project = Project(problems=list(problems))
    for path in sorted(files):
        _read(path, files[path], project)
    found = tuple(sorted(set(project.problems), key=Problem.sort_key))
    if project.settings is None or any(one.severity == "error" for one in found):
        return Loaded(None, found)
    live = {path: files[path] for path in sorted(files) if path.startswith(LIVE)}
    catalog = Catalog(
        root=root,
        fingerprint=fingerprint_of(live),
        settings=project.settings,
        campaigns=MappingProxyType(project.campaigns),
        segments=MappingProxyType(project.segments),
        templates=MappingProxyType({}),
        files=MappingProxyType(live),
        cases=MappingProxyType(project.cases),
        rules=MappingProxyType({one.id: one.match for one in project.segments.values()}),
    )
    return Loaded(catalog, found)


def _read(path: str, text: str, project: Project) -> None:
    folder, _, name = path.rpartition("/")
    if folder.split("/")[0] == TEMPLATES or not path.endswith(".toml"):
        return
    document, problems = read_document(path, text)
    project.problems += problems
    project.documents[path] = document
    if problems:
        return
    told = project.problems
    name = name.removesuffix(".toml")
    version = fingerprint_of({path: text})
    if path == SETTINGS:
        project.settings = read_settings(document, told)
    elif folder == CAMPAIGNS:
        campaign = read_campaign(document, told)
        if campaign is not None:
            project.campaigns[name] = campaign.model_copy(update={"id": name, "version": version})
    elif folder == SEGMENTS:
        segment = read_segment(document, told)
        if segment is not None:
            project.segments[name] = segment.model_copy(update={"id": name, "version": version})
    elif folder == CASES:
        cases = read_cases(document, told)
        if cases is not None:
            project.cases[name] = cases
