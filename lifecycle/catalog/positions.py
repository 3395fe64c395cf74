"""Where a key stands in a TOML file: key path to line and column."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Place = tuple[str | int, ...]
Position = tuple[int, int]
_LANGUAGE = Language(tree_sitter_toml.language())
_KEYS = ("bare_key", "quoted_key", "dotted_key")


def positions(text: str) -> Mapping[Place, Position]:
    """The line and column, both from 1, of each key, table and list entry of a legal TOML text.

    A key's position is that of its first mention; a list entry's that of its value.
    """
    tree = Parser(_LANGUAGE).parse(text.encode("utf-8", "surrogatepass"))
    found: dict[Place, Position] = {(): (1, 1)}
    lines = text.encode("utf-8", "surrogatepass").split(b"\n")
    for place, node in _document(tree.root_node):
        row, column = node.start_point
        before = lines[row][:column] if row < len(lines) else b""
        found.setdefault(place, (row + 1, len(before.decode("utf-8", "replace")) + 1))
    return found


def _document(root: Node) -> Iterator[tuple[Place, Node]]:
    counts: dict[Place, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            yield from _pair(node, ())
        elif node.type in ("table", "table_array_element"):
            yield from _table(node, counts)


def _table(node: Node, counts: dict[Place, int]) -> Iterator[tuple[Place, Node]]:
    keys = [child for child in node.named_children if child.type in _KEYS]
    place: Place = ()
    parts = _parts(keys[0]) if keys else []
    for index, part in enumerate(parts):
        place = (*place, part)
        yield place, keys[0]
        if node.type == "table_array_element" and index == len(parts) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
            yield place, keys[0]
    for child in node.named_children:
        if child.type == "pair":
            yield from _pair(child, place)


def _pair(node: Node, below: Place) -> Iterator[tuple[Place, Node]]:
    stack = [(node, below)]
    while stack:
        pair, place = stack.pop()
        key, value = pair.named_children[0], pair.named_children[-1]
        for part in _parts(key):
            place = (*place, part)
            yield place, key
        yield from _values(value, place, stack)


def _values(
    value: Node, place: Place, stack: list[tuple[Node, Place]]
) -> Iterator[tuple[Place, Node]]:
    waiting = [(value, place)]
    while waiting:
        node, at = waiting.pop()
        if node.type == "inline_table":
            pairs = [one for one in node.named_children if one.type == "pair"]
            stack.extend((one, at) for one in reversed(pairs))
        elif node.type == "array":
            entries = [one for one in node.named_children if one.type != "comment"]
            for index, entry in enumerate(entries):
                yield (*at, index), entry
                waiting.append((entry, (*at, index)))


def _parts(key: Node) -> list[str]:
    parts: list[str] = []
    while key.type == "dotted_key":
        parts.append(_name(key.named_children[-1]))
        key = key.named_children[0]
    return [_name(key), *reversed(parts)]


def _name(key: Node) -> str:
    text = (key.text or b"").decode("utf-8", "surrogatepass")
    if key.type == "bare_key":
        return text
    if "\\" in text:
        try:
            return next(iter(tomllib.loads(f"{text} = 0")))
        except tomllib.TOMLDecodeError:
            pass
    return text[1:-1]
