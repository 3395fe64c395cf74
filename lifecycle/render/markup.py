"""Compiles shielded MJML to HTML with the `mjml` package, and says its complaints in our words."""

from __future__ import annotations

import re
from typing import Any

from mjml import Severity as MjmlSeverity
from mjml import ValidationError, ValidationLevel, ValidationRule, mjml_to_html, validate
from mjml.elements.head import MjAttributes, MjFont

from lifecycle.render.problems import TemplateProblem
from lifecycle.render.shield import WORD, Shielded

BUILT_IN_FONTS = {
    name: f"https://fonts.googleapis.com/css?family={name.replace(' ', '+')}:300,400,500,700"
    for name in ("Open Sans", "Droid Sans", "Lato", "Roboto", "Ubuntu")
}
"""What MJML loads when a template uses one of these names; an mj-font of that name replaces it."""
_WRONG = {ValidationRule.VALID_TAG, ValidationRule.INCLUDE_ERROR}
_ROOT_START = re.compile(r"<mjml[\s>]", re.I)
_ROOT_END = re.compile(r"</mjml\s*>", re.I)
_TABLE = re.compile(
    r"(?P<open><(?P<tag>mj-table|table)\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*(?<!/)>)"
    r"(?P<rows>(?:(?!</?(?:mj-)?table\b).)*)(?P<close></(?P=tag)\s*>)",
    re.S | re.I,
)
_HAS_BODY = re.compile(r"<(tbody|thead|tfoot|caption|colgroup)\b", re.I)
_IMAGE = re.compile(r"<(?:mj-image|img)\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.I)
_ANY_INCLUDE = re.compile(r"<\s*mj-include", re.I)


def to_html(shielded: Shielded, file: str) -> tuple[str, list[TemplateProblem]]:
    """Return the HTML, still shielded, and the problems; the HTML is empty when there is none.

    Jinja that stands before `<mjml>` or after `</mjml>` keeps its place around the HTML.
    """
    problems = list(shielded.problems)
    begin, end = _root(shielded.text)
    if begin < 0:
        problems.append(_at_start(file, "There is no <mjml> … </mjml> in this template"))
    second = _ROOT_START.search(shielded.text, begin + 1)
    if begin >= 0 and second:
        problem = "There is more than one <mjml> in this template"
        problems.append(TemplateProblem(*_origin(shielded, second.start()), "error", problem))
    found = _ANY_INCLUDE.search(shielded.text)
    if found:
        problem = "This mj-include cannot be read: it needs one plain path and nothing inside"
        origin = _origin(shielded, found.start())
        problems.append(TemplateProblem(*origin, "error", problem, 'path="…"'))
    if begin < 0 or any(problem.severity == "error" for problem in problems):
        return "", problems
    root = shielded.text[begin:end]
    before = "\n" * shielded.text.count("\n", 0, begin)
    try:
        for complaint in validate(before + root):
            said = _said(complaint, shielded, file, begin)
            problems += [said] if said else []
        if any(problem.severity == "error" for problem in problems):
            return "", problems
        result = mjml_to_html(
            before + _with_bodies(root),
            custom_components=_components(),
            validation_level=ValidationLevel.SKIP,
        )
    except RecursionError:
        return "", [*problems, _at_start(file, "The template is nested too deep for MJML")]
    except Exception as error:  # the compiler has no closed list of what it raises
        return "", [*problems, _at_start(file, f"MJML cannot compile this: {_plain(error)}")]
    outside = (shielded.text[:begin].strip(), shielded.text[end:].strip())
    html = outside[0] + result.html.strip() + outside[1]
    return _tidy(html), problems


def _origin(shielded: Shielded, offset: int) -> tuple[str, int, int]:
    line = shielded.text.count("\n", 0, offset) + 1
    return shielded.locate(line, offset - shielded.text.rfind("\n", 0, offset))


def _root(text: str) -> tuple[int, int]:
    """Return where the first `<mjml>` begins and the last `</mjml>` ends; -1 for none."""
    start = _ROOT_START.search(text)
    ends = [found.end() for found in _ROOT_END.finditer(text)]
    if start is None or not ends or ends[-1] < start.start():
        return (-1, -1)
    return (start.start(), ends[-1])


def images_without_words(shielded: Shielded) -> list[TemplateProblem]:
    """Warn of each image that says nothing to those who do not see it."""
    problems = []
    for found in _IMAGE.finditer(shielded.text):
        if re.search(r"\balt\s*=", found[0]):
            continue
        origin = _origin(shielded, found.start())
        problem, hint = "This image has no alt text", 'Add alt="…"; alt="" if it is decoration'
        problems.append(TemplateProblem(*origin, "warning", problem, hint))
    return problems


def _components() -> list[type[Any]]:
    """Make the two elements we replace; each compile gets its own memory of what was declared.

    MJML's own fail when a font of a built-in name, a tag or a class is declared a second time.
    Handing the compiler the whole table at once replaces it, which no assertion forbids.
    """
    fonts = dict(BUILT_IN_FONTS)
    tables: dict[str, dict[str, dict[str, Any]]] = {
        "classes": {},
        "classesDefault": {},
        "defaultAttributes": {},
    }

    class ReplacingFont(MjFont):
        def handler(self) -> None:
            fonts[self.getAttribute("name") or ""] = self.getAttribute("href") or ""
            self.context["add"]("fonts", dict(fonts))

    class MergingAttributes(MjAttributes):
        def handler(self) -> None:
            for child in self.props.get("children") or ():
                tag, attributes = child["tagName"], dict(child["attributes"])
                if tag == "mj-raw":
                    continue
                if tag != "mj-class":
                    tables["defaultAttributes"].setdefault(tag, {}).update(attributes)
                    continue
                name = str(attributes.pop("name", ""))
                tables["classes"].setdefault(name, {}).update(attributes)
                inner = tables["classesDefault"].setdefault(name, {})
                for grandchild in child["children"]:
                    inner.setdefault(grandchild["tagName"], {}).update(grandchild["attributes"])
            for table, value in tables.items():
                self.context["add"](table, value)

    return [ReplacingFont, MergingAttributes]


def _said(
    complaint: ValidationError, shielded: Shielded, file: str, start: int
) -> TemplateProblem | None:
    message = complaint.message
    if WORD.search(message) or complaint.rule is ValidationRule.NOT_IMPLEMENTED:
        return None
    origin = (file, 1, 1)
    if complaint.line is not None:
        column = (complaint.column or 0) + 1
        first = shielded.text.count("\n", 0, start) + 1
        if complaint.line == first:
            column += start - shielded.text.rfind("\n", 0, start) - 1
        origin = shielded.locate(complaint.line, column)
    wrong = complaint.rule in _WRONG and complaint.severity is MjmlSeverity.ERROR
    text, hint = f"<{complaint.tag_name}>: {message}", ""
    if complaint.rule is ValidationRule.VALID_TAG:
        text = f"<{complaint.tag_name}> is no element that MJML knows"
        hint = "Check the spelling; plain HTML belongs inside mj-text, mj-table or mj-raw"
    return TemplateProblem(*origin, "error" if wrong else "warning", text, hint)


def _with_bodies(text: str) -> str:
    """Write out the tbody that a browser would imply.

    The inliner would put it behind the mark of a loop, and each turn would then open one more.
    """

    def written(found: re.Match[str]) -> str:
        if _HAS_BODY.search(found["rows"]):
            return found[0]
        return f"{found['open']}<tbody>{found['rows']}</tbody>{found['close']}"

    return _TABLE.sub(written, text)


def _tidy(html: str) -> str:
    """Take out blank lines and the indentation that MJML leaves; nothing of it shows."""
    lines = (line.strip() for line in html.splitlines())
    return "\n".join(line for line in lines if line)


def _at_start(file: str, problem: str) -> TemplateProblem:
    return TemplateProblem(file, 1, 1, "error", problem)


def _plain(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return WORD.sub("…", first[0][:200]) if first else type(error).__name__
