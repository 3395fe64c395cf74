"""Takes the Jinja of a template apart at its top: text that never changes, and slots between.

Guarantee: static texts and slot values put together are, sign by sign, what the whole template
gives. The template stays one program, run from top to bottom, so that what one part sets the next
one sees; only what it prints is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, cast

from jinja2 import TemplateSyntaxError, nodes
from markupsafe import escape

LINKS, PIXEL, PREFIX = "_links", "_pixel", "_prefix"
"""Names in templates: the numbered links, the open pixel, and what a link has before its number."""
GIVEN = frozenset(("unsubscribe_url", "preferences_url", "view_url"))
"""Links of ours whose value is known before a letter is rendered."""
SHORT = {"unsubscribe_url": "u", "preferences_url": "r", "view_url": "v", PREFIX: "l", PIXEL: "o"}
"""Names of the slots of our own links, which travel with each letter."""
_SILENT = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)
"""Statements that print nothing themselves."""


class Way(NamedTuple):
    """What is known of the links of a letter before it is rendered: each way has its own shape."""

    linked: bool
    """Whether our own links are given."""
    tracked: bool
    """Whether links to the web are counted."""
    pixel: bool
    clean: bool = True
    """Whether our own links say the same in HTML as in text: there is nothing in them to escape."""


class Kind(Enum):
    """How a program tells the value of a slot."""

    ONE = "one"
    """It yields one text."""
    MANY = "many"
    """It yields texts until it yields None."""


@dataclass(frozen=True, slots=True)
class Given:
    """A slot whose value is known beforehand, under this name: no blank begins or ends it."""

    name: str


Piece = str | Kind | Given


@dataclass
class _Apart:
    """What is found while a tree is taken apart."""

    way: Way
    targets: tuple[str, ...]
    autoescape: bool
    stored: frozenset[str]
    pieces: list[Piece] = field(default_factory=list)
    body: list[nodes.Node] = field(default_factory=list)

    def link(self, node: nodes.Expr) -> int | None:
        """The place among the targets of the static link that is printed, if it is one."""
        if not (isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const)):
            return None
        named = isinstance(node.node, nodes.Name) and node.node.name == LINKS
        there = node.arg.value in range(len(self.targets))
        return cast(int, node.arg.value) if named and there else None

    def target(self, number: int) -> str:
        """A link that is not counted, as it is written."""
        target = self.targets[number]
        return str(escape(target)) if self.autoescape else target


def take_apart(
    tree: nodes.Template, way: Way, targets: tuple[str, ...], *, autoescape: bool
) -> list[Piece]:
    """Change a tree so that its program tells slot values alone; return what stands in a letter.

    `targets` are those of the static links. Raises TemplateSyntaxError.
    """
    if tree.find(nodes.Extends):
        raise TemplateSyntaxError("extends stands where it cannot", 1)
    names = tree.find_all(nodes.Name)
    stored = frozenset(name.name for name in names if name.ctx != "load")
    apart = _Apart(way, targets, autoescape, stored)
    for node in tree.body:
        if isinstance(node, nodes.Output):
            for child in node.nodes:
                _printed(apart, child)
        elif _is_pixel(node):
            if way.pixel:
                for child in _children(cast(nodes.If, node).body):
                    _printed(apart, child)
        else:
            _statement(apart, node)
    tree.body = apart.body
    return apart.pieces


def asks_for_links(tree: nodes.Template) -> bool:
    """Whether the numbered links are still read by a tree that was taken apart."""
    return any(name.name == LINKS for name in tree.find_all(nodes.Name))


def _statement(apart: _Apart, node: nodes.Node) -> None:
    if node.find(nodes.ScopedEvalContextModifier) is None and not isinstance(
        node, nodes.ScopedEvalContextModifier
    ):
        for output in list(node.find_all(nodes.Output)):
            output.nodes = [piece for child in output.nodes for piece in _inside(apart, child)]
    apart.body.append(node)
    if not isinstance(node, _SILENT):
        apart.pieces.append(Kind.MANY)
        apart.body.append(nodes.Output([], lineno=node.lineno))


def _printed(apart: _Apart, node: nodes.Expr) -> None:
    """Take what is printed at the top: text, a link that is known, or a slot."""
    if isinstance(node, nodes.TemplateData):
        apart.pieces.append(node.data)
        return
    number = apart.link(node)
    if number is not None and apart.way.tracked:
        apart.pieces += [Given(PREFIX), str(number + 1)]
    elif number is not None:
        apart.pieces.append(apart.target(number))
    elif (name := _given(apart, node)) is not None:
        apart.pieces.append(Given(name))
    else:
        apart.pieces.append(Kind.ONE)
        apart.body.append(nodes.Output([node], lineno=node.lineno))


def _inside(apart: _Apart, node: nodes.Expr) -> Iterator[nodes.Expr]:
    """What a loop or a condition prints, its static links written by prefix and number."""
    number = apart.link(node)
    if number is None:
        yield node
    elif apart.way.tracked:
        yield nodes.Name(PREFIX, "load", lineno=node.lineno)
        yield nodes.TemplateData(str(number + 1), lineno=node.lineno)
    else:
        yield nodes.TemplateData(apart.target(number), lineno=node.lineno)


def _given(apart: _Apart, node: nodes.Expr) -> str | None:
    if not isinstance(node, nodes.Name) or node.name in apart.stored:
        return None
    if node.name == PIXEL and apart.way.pixel:
        return PIXEL
    return node.name if apart.way.linked and node.name in GIVEN else None


def _is_pixel(node: nodes.Node) -> bool:
    """Whether this is the condition that the compiler puts around the open pixel."""
    if not (isinstance(node, nodes.If) and isinstance(node.test, nodes.Name)):
        return False
    plain = all(isinstance(inner, nodes.Output) for inner in node.body)
    return node.test.name == PIXEL and plain and not node.elif_ and not node.else_


def _children(body: list[Any]) -> Iterator[nodes.Expr]:
    for output in body:
        yield from output.nodes
