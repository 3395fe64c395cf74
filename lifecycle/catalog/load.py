"""Loads a project: folder or texts in memory to one checked catalog, with every problem at once."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from lifecycle.catalog.attached import take_attached
from lifecycle.catalog.brought_along import brought_along
from lifecycle.catalog.catalog import Catalog, Loaded, fingerprint_of
from lifecycle.catalog.compiling import Filters
from lifecycle.catalog.document import read_document
from lifecycle.catalog.folder import (
    CAMPAIGNS,
    CASES,
    SEGMENTS,
    SETTINGS,
    TEMPLATES,
    Gathered,
    gather,
    no_attached,
    no_list,
    read_attached,
    read_list,
)
from lifecycle.catalog.lints import lint
from lifecycle.catalog.members import Listing, Lists
from lifecycle.catalog.model import read_campaign, read_cases, read_segment, read_settings
from lifecycle.catalog.problem import Problem, of_file, of_the_sound
from lifecycle.catalog.project import Project
from lifecycle.catalog.references import check_references
from lifecycle.catalog.sense import check_sense
from lifecycle.catalog.templates import Templates
from lifecycle.core.attaching import kept_as
from lifecycle.core.settings import Settings
from lifecycle.render.compile import Afresh, afresh

READ_AGAIN = 5
"""So often a folder is read once more that changes while it is read."""
LIVE = (SETTINGS, f"{CAMPAIGNS}/", f"{SEGMENTS}/", f"{TEMPLATES}/")
"""What a path begins with whose file is put live."""


def load(
    root: Path,
    *,
    filters: Filters | None = None,
    events: Collection[str] = (),
    incentives: Collection[str] | None = None,
    by: Afresh = afresh,
) -> Loaded:
    """Load the project in the folder `root`; never raises, whatever its files hold.

    `filters` are the hooks' own template filters by name, `events` the names their triggers make,
    `incentives` the kinds of incentives that they make; where none are handed over, as for what
    is live already, any kind is taken. `by` compiles the templates that are not known yet.
    """
    gathered = _settled(root)
    project = _read_all(gathered.files, gathered.problems, partial(read_list, root))
    project.problems += take_attached(project, partial(read_attached, root))
    return _checked(root, project, root / TEMPLATES, _Hooked(filters or {}, events, incentives), by)


def _settled(root: Path) -> Gathered:
    """The files as they stand still: read again while somebody saves them."""
    gathered = gather(root)
    for _ in range(READ_AGAIN):
        again = gather(root)
        if again.files == gathered.files:
            break
        gathered = again
    return gathered


def load_settings(root: Path) -> tuple[Settings | None, tuple[Problem, ...]]:
    """Load settings.toml alone; None when it has an error."""
    gathered = gather(root, only_settings=True)
    project = _read_all(gathered.files, gathered.problems, _kept_in(gathered.files))
    settings = None if project.has_errors else project.settings
    return settings, tuple(sorted(set(project.problems), key=Problem.sort_key))


def from_files(
    files: Mapping[str, str],
    root: Path = Path(),
    *,
    filters: Filters | None = None,
    events: Collection[str] = (),
    incentives: Collection[str] | None = None,
) -> Loaded:
    """Load a project from texts by relative path, as `Catalog.files` holds them."""
    problems = [] if SETTINGS in files else [of_file(SETTINGS, "settings.toml is missing")]
    project = _read_all(files, problems, _kept_in(files))
    project.problems += take_attached(
        project, lambda path: files[kept] if (kept := kept_as(path)) in files else no_attached(path)
    )
    with tempfile.TemporaryDirectory(prefix="lifecycle-") as folder:
        _write_templates(files, Path(folder))
        return _checked(root, project, Path(folder), _Hooked(filters or {}, events, incentives))


def _read_all(files: Mapping[str, str], problems: list[Problem], lists: Lists) -> Project:
    unread = frozenset(one.file for one in problems if one.file not in files)
    project = Project(dict(files), unread, problems=list(problems))
    listing = Listing(lists)
    for path in sorted(files):
        _read(path, files[path], project, listing)
    for path, text in brought_along(project.settings, project.files):
        project.files[path] = text
        _read(path, text, project, listing)
    project.files |= listing.files
    project.problems += listing.problems
    return project


def _kept_in(files: Mapping[str, str]) -> Lists:
    """The lists among texts in memory."""
    return lambda path: files[path] if path in files else no_list(path)


@dataclass(frozen=True, slots=True)
class _Hooked:
    """What the shop's own code adds to what definitions may name."""

    filters: Filters
    events: Collection[str]
    incentives: Collection[str] | None


def _checked(
    root: Path, project: Project, folder: Path, hooked: _Hooked, by: Afresh = afresh
) -> Loaded:
    project.problems += check_references(project, hooked.incentives)
    project.problems += of_the_sound(check_sense(project), project.problems)
    templates = Templates(project, folder, hooked.filters, by)
    project.problems += templates.check()
    project.problems += of_the_sound(lint(project, hooked.events), project.problems)
    found = tuple(sorted(set(project.problems), key=Problem.sort_key))
    if project.settings is None or project.has_errors:
        return Loaded(None, found)
    live = {path: project.files[path] for path in sorted(project.files) if path.startswith(LIVE)}
    catalog = Catalog(
        root=root,
        fingerprint=fingerprint_of(live),
        settings=project.settings,
        campaigns=MappingProxyType(project.campaigns),
        segments=MappingProxyType(project.segments),
        templates=MappingProxyType(templates.compiled),
        files=MappingProxyType(live),
        cases=MappingProxyType(project.cases),
        rules=MappingProxyType({one.id: one.rule for one in project.segments.values()}),
    )
    return Loaded(catalog, found)


def _write_templates(files: Mapping[str, str], folder: Path) -> None:
    for path, text in files.items():
        inside = PurePosixPath(path)
        if inside.parts[:1] != (TEMPLATES,) or ".." in inside.parts or "\0" in path:
            continue
        file = folder.joinpath(*inside.parts[1:])
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", errors="replace", newline="")


def _read(path: str, text: str, project: Project, listing: Listing) -> None:
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
            segment, lists = listing.settled(document, segment)
            version = fingerprint_of({path: text, **lists})
            project.segments[name] = segment.model_copy(update={"id": name, "version": version})
    elif folder == CASES:
        cases = read_cases(document, told)
        if cases is not None:
            project.cases[name] = cases
