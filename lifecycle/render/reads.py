"""Which attributes of the customer a template reads, as far as its source tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from jinja2 import TemplateError, nodes

from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.sandbox import LetterEnvironment

Path = tuple[str, ...]
CUSTOMER = "customer"
MOST_KEPT = 500
"""Templates whose answer is kept: each run of a test asks of the same ones again."""


def attributes_in(compiled: CompiledTemplate, named: Collection[str]) -> frozenset[Path]:
    """The paths below `customer` that begin with one of `named`, and such names standing alone.

    `{{ customer.orders.count }}` and `{{ orders.count }}` both read `orders.count`. Where a source
    takes the customer as a whole, each of `named` is read.
    """
    return _attributes_in(compiled, frozenset(named))


@lru_cache(maxsize=MOST_KEPT)
def _attributes_in(compiled: CompiledTemplate, named: frozenset[str]) -> frozenset[Path]:
    if not compiled.ok:
        return frozenset()
    sources = [compiled.html, compiled.text, *(source for _, source in compiled.imports)]
    if not any(_may_read(source, named) for source in sources):
        return frozenset()
    env = environment(dict(compiled.filters), dict(compiled.imports), autoescape=True)
    return frozenset().union(*(attributes_in_source(env, one, named) for one in sources))


def attributes_in_source(
    env: LetterEnvironment, source: str, named: Collection[str]
) -> frozenset[Path]:
    """The same of one source; nothing of one that is no Jinja."""
    if not _may_read(source, named):
        return frozenset()
    try:
        tree = env.parse(source)
    except TemplateError:
        return frozenset()
    found: set[Path] = set()
    for path in _paths(tree):
        if path == (CUSTOMER,):
            found |= {(name,) for name in named}
            continue
        below = path[1:] if path[0] == CUSTOMER else path
        if below[0] in named:
            found.add(below)
    return frozenset(found)


def _may_read(source: str, named: Collection[str]) -> bool:
    """Whether it is worth reading: a name occurs, or the customer without a key behind it."""
    words = "|".join(re.escape(name) for name in sorted(named))
    return re.search(rf"\b(?:{words})\b|\b{CUSTOMER}\b(?!\s*\.)", source) is not None


def _paths(node: nodes.Node) -> Iterator[Path]:
    """The longest path of each name that is read: a name with the keys behind it."""
    path = _path(node)
    if path is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> Path | None:
    if isinstance(node, nodes.Name):
        return (node.name,) if node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return None if before is None else (*before, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _path(node.node)
        return None if before is None else (*before, str(node.arg.value))
    return None
