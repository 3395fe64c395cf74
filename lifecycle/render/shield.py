"""Shields Jinja before MJML sees it: comments in the text, plain words elsewhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from lifecycle.render.assemble import locate
from lifecycle.render.problems import TemplateProblem
from lifecycle.render.tokens import HERE, MARK, OPEN, Ledger

WORD = re.compile(r"jzq(\d+)qzj")
"""The plain word that stands for token number n."""
SHIELDED = re.compile(r"<!--jzq(\d+)qzj-->|/\*jzq(\d+)qzj\*/|jzq(\d+)qzj")
MAX_NESTING = 100
"""Elements inside one another."""
_NEXT = re.compile(
    r"(?P<comment><!--)|</(?P<close>[a-zA-Z][\w:-]*)[^<>]*>|<(?P<open>[a-zA-Z][\w:-]*)"
)
_IN_TAG = re.compile(
    r"(?P<end>/?>)|(?P<name>[^\s=/>\"']+)\s*=\s*(?P<quote>[\"'])?|(?P<stray>[\"'])"
)
_COMPUTED = re.compile(
    r"(width|height|icon-size|columns|border(-(left|right|top|bottom|width))?"
    r"|(inner-)?padding(-\w+)?|(background|tb)-(width|height))$"
)
_PLAIN = frozenset({"mj-title", "title", "textarea"})
"""Elements whose text knows no comments."""
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


@dataclass(slots=True)
class Shielded:
    """Marked text with shields for marks, and the way back from its offsets to the files."""

    text: str
    problems: list[TemplateProblem]
    ledger: Ledger
    marked: str
    offsets: list[tuple[int, int]] = field(default_factory=list)

    def locate(self, line: int, column: int) -> tuple[str, int, int]:
        """Return where line and column (both from 1) of the shielded text come from."""
        start = 0
        for _ in range(line - 1):
            start = self.text.find("\n", start) + 1
            if start == 0:
                return locate(self.ledger, self.marked, len(self.marked))
        offset = start + column - 1
        index = bisect_right(self.offsets, (offset, len(self.marked) + 1)) - 1
        here, there = self.offsets[index] if index >= 0 else (0, 0)
        return locate(self.ledger, self.marked, there + offset - here)


@dataclass(slots=True)
class _State:
    """Where in the markup we stand."""

    mode: str = "text"
    quote: str = ""
    tag: str = ""
    attribute: str = ""
    stack: list[tuple[str, int]] = field(default_factory=list)
    too_deep: int | None = None
    crossed: list[tuple[str, int]] = field(default_factory=list)


def shield(marked: str, ledger: Ledger) -> Shielded:
    """Replace each mark by what neither MJML nor the inliner can touch; note what cannot work."""
    state = _State()
    out: list[str] = []
    result = Shielded("", [], ledger, marked)
    length, at = 0, 0

    def put(text: str, origin: int) -> None:
        nonlocal length
        result.offsets.append((length, origin))
        out.append(text)
        length += len(text)

    for found in MARK.finditer(marked):
        put(marked[at : found.start()], at)
        _advance(state, marked, at, found.start())
        at = found.end()
        if found[0][0] == OPEN:
            put(_shield_for(int(found[1]), state, result), found.start())
        else:
            assert found[0][0] == HERE
    put(marked[at:], at)
    _advance(state, marked, at, len(marked))
    result.text = "".join(out)
    _note_nesting(state, result)
    return result


def _shield_for(number: int, state: _State, result: Shielded) -> str:
    token = result.ledger.tokens[number]
    word = f"jzq{number}qzj"
    if state.mode == "text":
        inner = state.stack[-1][0] if state.stack else ""
        return word if inner in _PLAIN else f"<!--{word}-->"
    if state.mode == "style":
        return word if token.is_expression else f"/*{word}*/"
    if state.mode == "tag":
        result.problems.append(
            TemplateProblem(
                *token.origin,
                "error",
                f"{token.text[:60]} stands between the attributes of <{state.tag}>",
                "Put Jinja into an attribute's value, or around the whole element",
            )
        )
    elif state.mode == "value" and state.tag.startswith("mj-") and _COMPUTED.match(state.attribute):
        result.problems.append(
            TemplateProblem(
                *token.origin,
                "error",
                f"{token.text[:60]} stands in {state.attribute} of <{state.tag}>, "
                "and MJML reckons with it before anything is known of the customer",
                "Write a fixed number there; use {% if %} around two elements for a choice",
            )
        )
    return word


def _advance(state: _State, text: str, start: int, end: int) -> None:
    position = start
    while position < end:
        match state.mode:
            case "text" | "style":
                position = _through_text(state, text, position, end)
            case "comment":
                close = text.find("-->", position, end)
                state.mode = "text" if close >= 0 else "comment"
                position = close + 3 if close >= 0 else end
            case "value":
                close = text.find(state.quote, position, end)
                state.mode = "tag" if close >= 0 else "value"
                position = close + 1 if close >= 0 else end
            case _:
                position = _through_tag(state, text, position, end)


def _through_text(state: _State, text: str, position: int, end: int) -> int:
    found = _NEXT.search(text, position, end)
    if not found:
        return end
    if state.mode == "style" and (found["close"] or "").lower() not in ("style", "mj-style"):
        return found.end()
    if found["comment"]:
        state.mode = "comment"
    elif found["close"]:
        state.mode = "text"
        _close(state, found["close"].lower(), found.start())
    else:
        state.mode, state.tag, state.attribute = "tag", found["open"].lower(), ""
        state.stack.append((state.tag, found.start()))
        if len(state.stack) > MAX_NESTING and state.too_deep is None:
            state.too_deep = found.start()
    return found.end()


def _through_tag(state: _State, text: str, position: int, end: int) -> int:
    found = _IN_TAG.search(text, position, end)
    if not found:
        return end
    if found["end"]:
        state.mode = "style" if state.tag in ("style", "mj-style") else "text"
        if found["end"] == "/>" or state.tag in _VOID:
            state.mode = "text"
            state.stack.pop()
    elif found["quote"] or found["stray"]:
        state.mode, state.quote = "value", found["quote"] or found["stray"]
    if found["name"]:
        state.attribute = found["name"].lower()
    return found.end()


def _close(state: _State, tag: str, offset: int) -> None:
    """Close an element; only MJML's own elements must be closed in order."""
    while state.stack:
        open_tag, begun = state.stack[-1]
        if open_tag == tag:
            state.stack.pop()
            return
        if not any(name == tag for name, _ in state.stack):
            if tag.startswith("mj"):
                state.crossed.append((f"</{tag}> closes nothing", offset))
            return
        state.stack.pop()
        if open_tag.startswith("mj"):
            state.crossed.append((f"<{open_tag}> is never closed", begun))
    if tag.startswith("mj"):
        state.crossed.append((f"</{tag}> closes nothing", offset))


def _note_nesting(state: _State, result: Shielded) -> None:
    unclosed = [(f"<{tag}> is never closed", at) for tag, at in state.stack if tag[:2] == "mj"]
    for problem, offset in sorted({*state.crossed, *unclosed}, key=lambda pair: pair[1])[:20]:
        origin = locate(result.ledger, result.marked, offset)
        hint = "Each element is closed by </name>, in the order in which they were opened"
        result.problems.append(TemplateProblem(*origin, "error", problem, hint))
    if state.mode in ("tag", "value", "comment"):
        origin = locate(result.ledger, result.marked, len(result.marked))
        what = "comment <!--" if state.mode == "comment" else f"tag <{state.tag}"
        result.problems.append(
            TemplateProblem(*origin, "error", f"The file ends inside a {what}", "Close it")
        )
    if state.too_deep is not None:
        origin = locate(result.ledger, result.marked, state.too_deep)
        result.problems.append(
            TemplateProblem(*origin, "error", f"Elements are nested over {MAX_NESTING} deep")
        )
