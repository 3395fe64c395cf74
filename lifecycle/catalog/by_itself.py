"""A template that no campaign names, compiled by itself so that it can be looked at."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.compiling import Compiling, Filters
from lifecycle.catalog.folder import TEMPLATES
from lifecycle.render.compile import Afresh, CompiledTemplate, afresh


def with_template(
    catalog: Catalog, name: str, filters: Filters, by: Afresh = afresh
) -> tuple[Catalog, list[CompiledTemplate]]:
    """The catalog with a template in it, in each language it has, and what was compiled for that.

    Nothing is compiled for one that is there already. What was compiled may have problems.
    """
    if name in catalog.templates:
        return catalog, []
    folder = catalog.root / TEMPLATES
    language = catalog.settings.shop.language
    compiling = Compiling(folder, catalog.fingerprint, language, filters, by)
    found = {name: compiling.compile(name)}
    for path in sorted(folder.glob(f"{name}.*.mjml")):
        tag = path.name.removesuffix(".mjml").rpartition(".")[2]
        if tag != language:
            found[f"{name}.{tag}"] = compiling.compile(name, tag)
    templates = MappingProxyType({**catalog.templates, **found})
    return replace(catalog, templates=templates), list(found.values())
