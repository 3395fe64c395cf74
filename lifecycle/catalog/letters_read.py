"""Which attributes that the engine keeps are read by letters: their templates and their texts."""

from __future__ import annotations

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.templates import written_texts
from lifecycle.core import kept
from lifecycle.render.compile import environment
from lifecycle.render.reads import attributes_in, attributes_in_source


def kept_attributes_read(catalog: Catalog) -> frozenset[tuple[str, ...]]:
    """The paths of the kept attributes that some letter of the catalog may show."""
    found: set[tuple[str, ...]] = set()
    for compiled in catalog.templates.values():
        found |= attributes_in(compiled, kept.LEAVES)
    env = environment({}, {}, autoescape=False)
    for campaign in catalog.campaigns.values():
        for _, source in written_texts(campaign):
            found |= attributes_in_source(env, source, kept.LEAVES)
    return frozenset(found)
