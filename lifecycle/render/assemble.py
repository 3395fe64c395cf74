"""Puts one template together from its files, none of them outside the templates folder."""

from __future__ import annotations

import re

from lifecycle.render.folder import TemplateFolder
from lifecycle.render.problems import refuse
from lifecycle.render.tokens import MARK, OPEN, TOKEN, Ledger, Token

MAX_DEPTH = 20
"""Files that may include one another in a chain."""
MAX_ASSEMBLED = 1_000_000
"""Characters of a template with everything included."""
_NAMED = r"""(?P<quote>['"])(?P<name>.*?)(?P=quote)"""
_EXTENDS = re.compile(rf"\{{%[-+]?\s*extends\s+{_NAMED}\s*[-+]?%\}}", re.S)
_INCLUDE = re.compile(
    rf"\{{%[-+]?\s*include\s+{_NAMED}(?P<maybe>\s+ignore\s+missing)?"
    r"(\s+with(out)?\s+context)?\s*[-+]?%\}",
    re.S,
)
_IMPORT = re.compile(rf"\{{%[-+]?\s*(?:import|from)\s+{_NAMED}\s+(?:as|import)\s", re.S)
_BLOCK = re.compile(r"\{%[-+]?\s*block\s+(?P<name>\w+)[^%]*%\}", re.S)
_SUPER = re.compile(r"\{\{[-+]?\s*super\s*\(\s*\)\s*[-+]?\}\}")
_COMMENT = re.compile(f"<!--(?!\\[if|\\s*<!|<!)(?:(?!-->)[^{OPEN}])*-->", re.S)
_MJ_INCLUDE = re.compile(
    r"<mj-include\b(?P<attributes>(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*"
    r"(?:/>|>\s*</mj-include\s*>)",
    re.I,
)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HEAD = re.compile(r"<mj-head\b[^>]*>(.*?)</mj-head\s*>", re.S | re.I)
_BODY = re.compile(r"<mj-body\b[^>]*>(.*?)</mj-body\s*>", re.S | re.I)
_HOISTED = frozenset({"set", "endset", "import", "from", "macro", "endmacro"})


class Assembler:
    """Reads one template and all it draws in; `imports` holds the macro files met on the way."""

    def __init__(self, folder: TemplateFolder) -> None:
        self.folder = folder
        self.ledger = Ledger()
        self.imports: dict[str, str] = {}
        self._heads: list[str] = []
        self._size = 0

    def assemble(self, path: str) -> str:
        """Return the marked text of the whole template, with no block or include left in it."""
        text = self._file(path, (path, 1, 1), ())
        text = self._without_blocks(text, {})
        return self._with_heads(text)

    def _file(self, path: str, origin: tuple[str, int, int], chain: tuple[str, ...]) -> str:
        if path in chain:
            raise refuse(*origin, f"{path} draws in itself", "Take the circle out")
        if len(chain) >= MAX_DEPTH:
            raise refuse(*origin, f"Files are included more than {MAX_DEPTH} deep")
        source = self.folder.read(path, origin)
        self._size += len(source)
        if self._size > MAX_ASSEMBLED:
            raise refuse(*origin, "The template is too large with everything it includes")
        text = _COMMENT.sub(_newlines_only, self.ledger.mark(source, path))
        text = self._drawn_in(text, path, (*chain, path))
        text = self._mj_included(text, path, (*chain, path))
        return self._extended(text, (*chain, path))

    def _drawn_in(self, text: str, path: str, chain: tuple[str, ...]) -> str:
        def replaced(found: re.Match[str]) -> str:
            token = self.ledger.tokens[int(found[1])]
            if token.keyword == "include":
                return self._included(token, chain)
            if token.keyword in ("import", "from"):
                self._imported(token, chain)
            return found[0]

        return TOKEN.sub(replaced, text)

    def _included(self, token: Token, chain: tuple[str, ...]) -> str:
        found = _INCLUDE.fullmatch(token.text)
        if not found:
            raise refuse(
                *token.origin,
                "An include must name one file in quotes",
                'Write it like {% include "parts/button.mjml" %}',
            )
        path = self._find(found["name"], token.origin, required=not found["maybe"])
        if path is None:
            return ""
        inner = self._file(path, token.origin, chain)
        if re.search(r"<mjml[\s>]", inner):
            inner = self._split_document(inner)
        after = self.ledger.place(token.file, token.line, token.column)
        return inner + after

    def _imported(self, token: Token, chain: tuple[str, ...]) -> None:
        found = _IMPORT.match(token.text)
        if not found:
            raise refuse(*token.origin, "An import must name one file in quotes")
        name = found["name"]
        path = self._find(name, token.origin)
        assert path is not None
        if name in self.imports:
            return
        text = self._without_blocks(self._file(path, token.origin, chain), {})
        if re.search(r"<mj-|<mjml", text, re.I):
            raise refuse(
                *token.origin,
                f"{path} holds MJML elements, and an imported macro cannot",
                "Use {% include %} for MJML parts; import is for plain HTML",
            )
        self.imports[name] = text

    def _find(
        self, name: str, origin: tuple[str, int, int], *, beside: str = "", required: bool = True
    ) -> str | None:
        try:
            path = self.folder.find(name, beside=beside)
        except ValueError:
            raise refuse(
                *origin,
                f"{name} lies outside the templates folder",
                "Name files by their path inside the templates folder, without ..",
            ) from None
        if path is None and required:
            raise refuse(*origin, f"There is no file {name} in the templates folder")
        return path

    def _mj_included(self, text: str, path: str, chain: tuple[str, ...]) -> str:
        def replaced(found: re.Match[str]) -> str:
            origin = self.locate(text, found.start())
            attributes = {
                key: double or single
                for key, double, single in _ATTRIBUTE.findall(found["attributes"])
            }
            wanted = attributes.get("path", "")
            if not wanted or MARK.search(wanted):
                raise refuse(*origin, "An mj-include must name one file", 'Give it path="…"')
            target = self._find(wanted, origin, beside=path)
            assert target is not None
            inner = self._file(target, origin, chain)
            after = self.ledger.place(*self.locate(text, found.end()))
            match attributes.get("type", "mjml"):
                case "css":
                    inline = ' inline="inline"' if attributes.get("css-inline") == "inline" else ""
                    self._heads.append(f"<mj-style{inline}>{inner}</mj-style>")
                    return after
                case "html":
                    return f"<mj-raw>{inner}</mj-raw>{after}"
                case "mjml":
                    return self._split_document(inner) + after
            raise refuse(*origin, "An mj-include has type mjml, css or html")

        return _MJ_INCLUDE.sub(replaced, text)

    def _split_document(self, inner: str) -> str:
        if not re.search(r"<mjml[\s>]", inner):
            return inner
        self._heads += [found[1] for found in _HEAD.finditer(inner)]
        body = _BODY.search(inner)
        return body[1] if body else ""

    def _with_heads(self, text: str) -> str:
        if not self._heads:
            return text
        extra = "".join(self._heads)
        end = re.search(r"</mj-head\s*>", text, re.I)
        if end:
            return text[: end.start()] + extra + text[end.start() :]
        start = re.search(r"<mjml\b[^>]*>", text, re.I)
        if start:
            return f"{text[: start.end()]}<mj-head>{extra}</mj-head>{text[start.end() :]}"
        return text

    def _extended(self, text: str, chain: tuple[str, ...]) -> str:
        for found in TOKEN.finditer(text):
            token = self.ledger.tokens[int(found[1])]
            if token.keyword != "extends":
                continue
            named = _EXTENDS.fullmatch(token.text)
            if not named:
                raise refuse(*token.origin, "extends must name one file in quotes")
            parent_path = self._find(named["name"], token.origin)
            assert parent_path is not None
            parent = self._file(parent_path, token.origin, chain)
            child = text[found.end() :]
            blocks = {name: inner for name, inner, *_ in self._blocks(child, deep=True)}
            hoisted = self._hoisted(text[: found.start()] + child)
            return hoisted + self._overridden(parent, blocks)
        return text

    def _hoisted(self, child: str) -> str:
        """Keep what a child does outside its blocks: set, import, macro."""
        rest, at = [], 0
        for _, _, start, end in self._blocks(child):
            rest.append(child[at:start])
            at = end
        rest.append(child[at:])
        outside = "".join(rest)
        keep: list[str] = []
        depth, begin = 0, 0
        for found in TOKEN.finditer(outside):
            token = self.ledger.tokens[int(found[1])]
            if token.keyword not in _HOISTED:
                continue
            opens = token.keyword == "macro" or (token.keyword == "set" and "=" not in token.text)
            if opens:
                begin, depth = (begin if depth else found.start()), depth + 1
            elif token.keyword.startswith("end"):
                depth = max(0, depth - 1)
                if depth == 0:
                    keep.append(outside[begin : found.end()])
            elif depth == 0:
                keep.append(found[0])
        return "".join(keep)

    def _blocks(self, text: str, *, deep: bool = False) -> list[tuple[str, str, int, int]]:
        """List the blocks of a text as name, inner text, start and end; outermost only, or all."""
        stack: list[tuple[str, int, int, Token]] = []
        found_blocks: list[tuple[str, str, int, int]] = []
        for found in TOKEN.finditer(text):
            token = self.ledger.tokens[int(found[1])]
            if token.keyword == "block":
                named = _BLOCK.fullmatch(token.text)
                if not named:
                    raise refuse(*token.origin, "A block needs a name", "{% block content %}")
                stack.append((named["name"], found.start(), found.end(), token))
            elif token.keyword == "endblock":
                if not stack:
                    raise refuse(*token.origin, "{% endblock %} without a block")
                name, start, inner, _ = stack.pop()
                if deep or not stack:
                    found_blocks.append((name, text[inner : found.start()], start, found.end()))
        if stack:
            raise refuse(*stack[-1][3].origin, f"The block {stack[-1][0]} is never closed")
        return found_blocks

    def _overridden(self, parent: str, blocks: dict[str, str]) -> str:
        """Put the child's blocks in the parent's place, the marks of the blocks kept."""
        out, at = [], 0
        for name, inner, start, end in self._blocks(parent):
            opening = TOKEN.match(parent, start)
            assert opening is not None
            own = self._overridden(inner, blocks)
            mine = self._with_super(blocks[name], own) if name in blocks else own
            closing = parent[:end].rfind(OPEN)
            out += [parent[at : opening.end()], mine, parent[closing:end]]
            at = end
        out.append(parent[at:])
        return "".join(out)

    def _with_super(self, text: str, original: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            token = self.ledger.tokens[int(found[1])]
            return original if _SUPER.fullmatch(token.text) else found[0]

        return TOKEN.sub(replaced, text)

    def _without_blocks(self, text: str, _: dict[str, str]) -> str:
        self._blocks(text)

        def replaced(found: re.Match[str]) -> str:
            keyword = self.ledger.tokens[int(found[1])].keyword
            return "" if keyword in ("block", "endblock") else found[0]

        return TOKEN.sub(replaced, text)

    def locate(self, text: str, offset: int) -> tuple[str, int, int]:
        """Return the file, line and column that an offset in marked text comes from."""
        return locate(self.ledger, text, offset)


def locate(ledger: Ledger, marked: str, offset: int) -> tuple[str, int, int]:
    """Return the file, line and column that an offset in marked text comes from."""
    file, line, column, at = "", 1, 1, 0
    for found in MARK.finditer(marked, 0, offset):
        if found[0][0] == OPEN:
            token = ledger.tokens[int(found[1])]
            file, line, column = token.file, token.line, token.column + len(token.text)
        else:
            file, line, column = ledger.places[int(found[1])]
        at = found.end()
    between = marked[at:offset]
    breaks = between.count("\n")
    if not breaks:
        return (file, line, column + len(between))
    return (file, line + breaks, len(between) - between.rfind("\n"))


def _newlines_only(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n") or " "
