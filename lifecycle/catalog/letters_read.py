"""Which attributes that the engine keeps are read by letters: their templates and their texts."""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.templates import written_texts
from lifecycle.core import kept
from lifecycle.core.campaign import Campaign
from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.reads import attributes_in, attributes_in_source


def kept_attributes_read(
    catalog: Catalog,
    campaigns: Iterable[Campaign] = (),
    templates: Iterable[CompiledTemplate] = (),
) -> frozenset[tuple[str, ...]]:
    """The paths of the kept attributes that some letter of the catalog may show.

    `campaigns` and `templates` are such as are no longer in it and still send.
    """
    found: set[tuple[str, ...]] = set()
    for compiled in (*catalog.templates.values(), *templates):
        found |= attributes_in(compiled, kept.LEAVES)
    env = environment({}, {}, autoescape=False)
    for campaign in (*catalog.campaigns.values(), *campaigns):
        for _, source in written_texts(campaign):
            found |= attributes_in_source(env, source, kept.LEAVES)
    return frozenset(found)
