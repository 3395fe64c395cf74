"""Versions in use: flows as they were, for those who entered under them and still walk them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.catalog.catalog import Catalog, campaign_rules
from lifecycle.catalog.document import read_document
from lifecycle.catalog.folder import CAMPAIGNS
from lifecycle.catalog.load import from_files
from lifecycle.catalog.model import read_campaign
from lifecycle.catalog.plan import alike
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Flow, letters_of
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.made_from import template_name
from lifecycle.core.migration import LEAVES, STAYS, Going, going
from lifecycle.core.rule.tree import Rule
from lifecycle.hooks import Registry
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.folder import locale_suffixes
from lifecycle.store import builds, campaign_versions, catalog_versions
from lifecycle.store.builds import LEAVE, MOVE
from lifecycle.store.campaign_versions import Kept

Pinned = Mapping[tuple[str, str], Flow]


@dataclass(frozen=True, slots=True)
class Moving:
    """People of one campaign who are being moved since its file changed at `since`."""

    flow: Flow | None
    """As it is live; None where the file is gone."""
    since: datetime
    lets_go: bool
    """Whether those leave of whose step the file says nothing."""

    def going(self, of: Enrollment) -> Going:
        """What becomes of an enrollment; one that came to its step since then stays."""
        came = of.decided_at or of.entered_at
        return STAYS if came > self.since else self.said(of.version, of.step or "")

    def said(self, version: str, step: str) -> Going:
        """What becomes of those who wait at a step of a version; no step: only letters are out."""
        otherwise = LEAVES if self.lets_go else STAYS
        if self.flow is None:
            return otherwise
        if version == self.flow.version or not step:
            return STAYS
        return going(self.flow, step) or otherwise


@dataclass(frozen=True, slots=True)
class Versions:
    """What is still in use though it is no longer live.

    `flows` are pinned by campaign and version, with the status that is live. `rules` and
    `templates` are the last there were of segments and letters whose files are gone; `moving` are
    the campaigns whose people are being moved.
    """

    flows: Pinned = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    templates: Mapping[str, CompiledTemplate] = field(default_factory=dict)
    moving: Mapping[str, Moving] = field(default_factory=dict)

    def template(
        self, name: str, locale: str | None, language: str | None
    ) -> CompiledTemplate | None:
        """The last template of a name whose file is gone."""
        if not self.templates:
            return None
        for suffix in locale_suffixes(locale, language):
            if f"{name}{suffix}" in self.templates:
                return self.templates[f"{name}{suffix}"]
        return None


NO_VERSIONS = Versions()


def versions_of(catalog: Catalog) -> dict[str, str]:
    """The version of each flow as it is live."""
    return {name: one.version for name, one in catalog.campaigns.items() if isinstance(one, Flow)}


def keep_versions(connection: Connection, catalog: Catalog, number: int) -> None:
    """Keep the flows of definitions that go live, for those who will enter under them."""
    campaign_versions.keep(
        connection,
        [
            Kept(name, version, number, catalog.files[f"{CAMPAIGNS}/{name}.toml"])
            for name, version in sorted(versions_of(catalog).items())
        ],
    )


def in_use(
    connection: Connection, catalog: Catalog, hooks: Registry, *, alone: bool = True
) -> Versions:
    """The versions under which somebody is still under way while `catalog` is live.

    Where the worker is not `alone`, others may for a moment still let people in under the
    definitions before: these are in use too.
    """
    live = versions_of(catalog)
    kept = campaign_versions.under_way(connection, live)
    if not alone:
        number = catalog_versions.latest_number(connection) - 1
        known = set(kept)
        kept += [
            one for one in campaign_versions.lately(connection, live, number) if one not in known
        ]
    flows = dict(_pinned(kept, catalog))
    moving = dict(_moving(connection, catalog))
    if not flows:
        return Versions(moving=moving)
    wanted = {(one.campaign, one.version): one.number for one in kept}
    rules, templates = _no_longer_there(
        catalog, flows, lambda key: _older(connection, wanted[key], catalog, hooks)
    )
    return Versions(flows, rules, templates, moving)


def _pinned(kept: Iterable[Kept], catalog: Catalog) -> Iterator[tuple[tuple[str, str], Flow]]:
    """Flows as they were, where that is another thing than what is live.

    Pausing, archiving and drafting apply to everybody; a flow whose file is gone is walked on.
    """
    for one in kept:
        flow = flow_as_it_was(one)
        live = catalog.campaigns.get(one.campaign)
        if flow is None or (live is not None and not isinstance(live, Flow)):
            continue
        status = live.status if live is not None else "live"
        flow = flow.model_copy(update={"status": status})
        if live is None or not alike(flow, live):
            yield (one.campaign, one.version), flow


def flow_as_it_was(kept: Kept) -> Flow | None:
    """The flow that a kept text says; None where this version of lifecycle cannot read it."""
    problems: list[Problem]
    document, problems = read_document(f"{CAMPAIGNS}/{kept.campaign}.toml", kept.text)
    found = None if problems else read_campaign(document, problems)
    errors = [one for one in problems if one.severity == "error"]
    if not isinstance(found, Flow) or errors:
        problem = errors[0].problem if errors else "it is no flow"
        log.warned("older_version_unreadable", campaign=kept.campaign, problem=problem)
        return None
    return found.model_copy(update={"id": kept.campaign, "version": kept.version})


def _no_longer_there(
    catalog: Catalog, flows: Pinned, older: Callable[[tuple[str, str]], Catalog | None]
) -> tuple[dict[str, Rule], dict[str, CompiledTemplate]]:
    """The rules and templates that pinned flows name and whose files are gone."""
    rules: dict[str, Rule] = {}
    templates: dict[str, CompiledTemplate] = {}
    for key, flow in flows.items():
        segments = _gone_segments(catalog, flow)
        letters = {one for one in _templates_of(flow) if catalog.template(one) is None}
        if not segments and not letters:
            continue
        before = older(key)
        if before is None:
            continue
        while segments:
            name = segments.pop()
            if name in before.rules and name not in catalog.rules:
                rules[name] = before.rules[name]
                segments |= rules[name].needs().segments - catalog.rules.keys() - rules.keys()
        for name, compiled in before.templates.items():
            if any(name == one or name.startswith(f"{one}.") for one in letters):
                templates[name] = compiled
    return rules, templates


def _gone_segments(catalog: Catalog, flow: Flow) -> set[str]:
    named: set[str] = set()
    for _, rule in campaign_rules(flow):
        named |= rule.needs().segments
    return named - catalog.rules.keys()


def _templates_of(flow: Flow) -> Iterator[str]:
    for _, letter in letters_of(flow):
        for variant in (None, *letter.variant):
            name = template_name(flow, letter, variant)
            if name is not None:
                yield name


def _older(
    connection: Connection, number: int, catalog: Catalog, hooks: Registry
) -> Catalog | None:
    version = catalog_versions.numbered(connection, number)
    if version is None:
        return None
    filters = {name: one.function for name, one in hooks.filters.items()}
    return from_files(
        version.files, catalog.root, filters=filters, events=tuple(hooks.triggers)
    ).catalog


def _moving(connection: Connection, catalog: Catalog) -> Iterator[tuple[str, Moving]]:
    for build in builds.under_way(connection):
        if build.kind in (MOVE, LEAVE):
            flow = catalog.campaigns.get(build.name)
            known = flow if isinstance(flow, Flow) else None
            yield build.name, Moving(known, build.begun_at, build.kind == LEAVE)
